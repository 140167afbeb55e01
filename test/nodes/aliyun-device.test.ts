import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAMP, lights, sinks, useCloud } from '../support/aliyun';
import { helper, load, nextError, nextMessage, node, statusText } from '../support/flow';

const WRONG_SECRET = '11112222333344445555666677778888';

describe('aliyun-device', () => {
  const bench = useCloud();

  const flow = [
    { id: 'property', type: 'aliyun-property', device: 'lamp', wires: [['out']] },
    ...sinks('property'),
  ];
  const event = { id: 'event', type: 'aliyun-event', device: 'lamp', event: 'low', wires: [['out']] };

  function post(payload: unknown = { Brightness: 1 }) {
    const out = nextMessage('out');
    node('property').receive({ payload });
    return out;
  }
  function failedPost() {
    const caught = nextError('errors');
    node('property').receive({ payload: { Brightness: 1 } });
    return caught;
  }
  const BUSY = 'blue dot aliyun-property.status.busy';
  const MISCONFIGURED = 'red ring aliyun-property.status.misconfigured';
  const NO_DEVICE = 'red ring aliyun-property.status.no-device';

  it('shares one connection among its nodes, and closes it after the last', async () => {
    await bench.load([event, ...flow]);
    await statusText('property', 'aliyun-property.status.connected');
    await statusText('event', 'aliyun-event.status.connected');
    await post();
    const out = nextMessage('out');
    node('event').receive({});
    await out;
    assert.equal(bench.lamp.connects, 1);

    await node('event').close(false);
    await post();
    const offline = once(bench.lamp, 'offline');
    await node('property').close(false);
    await offline;
    assert.equal(bench.lamp.connects, 1);
  });

  describe('beside another aliyun-device with the same triple', () => {
    const flowOfTwo = (more: Record<string, unknown>) => [
      bench.lampNode(),
      bench.lampNode({ id: 'twin', ...more }),
      ...flow,
      { ...event, device: 'twin' },
    ];
    const secrets = (twin: string) => ({
      lamp: { deviceSecret: LAMP.deviceSecret },
      twin: { deviceSecret: twin },
    });

    it('shares its connection, and closes it after the last', async () => {
      await load(flowOfTwo({}), secrets(LAMP.deviceSecret));
      await statusText('property', 'aliyun-property.status.connected');
      await statusText('event', 'aliyun-event.status.connected');
      await post();
      await node('property').close(false);
      const out = nextMessage('out');
      node('event').receive({});
      await out;
      const offline = once(bench.lamp, 'offline');
      await node('event').close(false);
      await offline;
      assert.equal(bench.lamp.connects, 1);
    });

    for (const [field, more, secret] of [
      ['deviceSecret', {}, WRONG_SECRET],
      ['transport', { transport: 'wss' }, LAMP.deviceSecret],
      ['endpoint', { endpoint: 'example.com:1883' }, LAMP.deviceSecret],
      ['keepalive', { keepalive: 60 }, LAMP.deviceSecret],
      ['outbox', { outbox: 'memory' }, LAMP.deviceSecret],
      ['outboxSizeMb', { outboxSizeMb: '20' }, LAMP.deviceSecret],
      ['mqttVersion', { mqttVersion: 5 }, LAMP.deviceSecret],
      ['clientExtras', { clientExtras: 'mid=7' }, LAMP.deviceSecret],
      ['thingModel', { thingModelType: 'cloud' }, LAMP.deviceSecret],
    ] as const) {
      it(`fails with CONFIG where its ${field} differs, and leaves the other alone`, async () => {
        await load(flowOfTwo(more), secrets(secret));
        await statusText('property', 'aliyun-property.status.connected');
        assert.equal(lights('event').at(-1), 'red ring aliyun-event.status.misconfigured');
        const caught = nextError('errors');
        node('event').receive({});
        const { code, message } = await caught;
        assert.equal(code, 'CONFIG');
        assert.match(message, new RegExp(`lamp-1 .*${field} must be the same in all aliyun-device nodes`));
        assert.doesNotMatch(message, new RegExp(WRONG_SECRET));
        await post();
        assert.equal(bench.lamp.connects, 1);
      });
    }
  });

  it('does not connect as long as no node uses it', async () => {
    await bench.load(sinks('nobody'));
    await new Promise(setImmediate);
    assert.equal(bench.lamp.connects, 0);
    assert.equal(bench.cloud.log.length, 0);
  });

  it('says what it is doing, from connecting to connected', async () => {
    await bench.load(flow);
    await statusText('property', 'aliyun-property.status.connected');
    assert.deepEqual(lights('property'), [
      'yellow ring aliyun-property.status.connecting',
      'green dot aliyun-property.status.connected',
    ]);
  });

  it('reads its certificate authority from a file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mialink-'));
    try {
      const ca = join(directory, 'ca.pem');
      await writeFile(ca, bench.cloud.ca);
      await bench.load(flow, undefined, bench.lampNode({ ca }));
      assert.deepEqual((await post()).payload, {});
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('stays misconfigured until a deploy when its CA file comes later: a part of its nodes would be deaf', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mialink-'));
    try {
      const ca = join(directory, 'ca.pem');
      await bench.load(flow, undefined, bench.lampNode({ ca }));
      await writeFile(ca, bench.cloud.ca);
      assert.equal((await failedPost()).code, 'CONFIG');
      await helper.unload();
      await bench.load(flow, undefined, bench.lampNode({ ca }));
      assert.deepEqual((await post()).payload, {});
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('takes blanks for the defaults, as an older flow has them', async () => {
    const blank = {
      outbox: 'off',
      registration: 'none',
      gateway: '',
      thingModel: '',
      signIn: '',
      mqttVersion: '',
    };
    const lamp = bench.lampNode({
      ...blank,
      outboxSizeMb: '',
      uplinkRate: '',
      clientExtras: '',
      bootstrap: '',
    });
    await bench.load(flow, undefined, lamp);
    assert.deepEqual((await post()).payload, {});
  });

  it('does not talk to a cloud whose certificate it does not trust', async () => {
    await bench.load(flow, undefined, bench.lampNode({ ca: '', timeoutMs: 500 }));
    await statusText('property', 'aliyun-property.status.disconnected');
    const { code, message } = await failedPost();
    assert.equal(code, 'TRANSPORT');
    assert.match(message, /certificate of 127\.0\.0\.1 .*lamp-1 .*field CA/);
    assert.equal(bench.lamp.connects, 0);
  });

  it('takes settings from environment variables, as numbers or as text', async () => {
    process.env.TEST_KEEPALIVE = '60';
    process.env.TEST_LAMP_SECRET = LAMP.deviceSecret;
    const lamp = bench.lampNode({ keepalive: '$(TEST_KEEPALIVE)', timeoutMs: 3_000, cleanSession: 'false' });
    await bench.load(flow, '$(TEST_LAMP_SECRET)', lamp);
    assert.deepEqual((await post()).payload, {});
  });

  for (const [what, fields, text] of [
    ['no ProductKey', { productKey: '' }, /lamp-1 .*productKey is missing/],
    ['no DeviceName', { deviceName: undefined }, /deviceName is missing/],
    ['no DeviceSecret', { secret: '' }, /lamp-1 .*deviceSecret is missing/],
    ['an unreadable CA', { ca: 'no/such/ca.pem' }, /lamp-1.*CA is neither.*no such file/],
    ['a CA that is none', { ca: '-----BEGIN CERTIFICATE-----\nno' }, /lamp-1 .*CA is neither/],
    ['a keepalive that is no number', { keepalive: 'soon' }, /lamp-1 .*keepalive must be.*30 to 1200/],
    ['a timeout that is no number', { timeoutMs: '5 s' }, /lamp-1 .*timeoutMs must be a number/],
    ['no DeviceSecret and an unreadable CA', { secret: '', ca: 'no/such/ca.pem' }, /deviceSecret is missing/],
    ['an unknown outbox', { outbox: 'disk' }, /lamp-1 .*outbox must be one of off, memory, file, not disk/],
    ['a registration without ProductSecret', { registration: 'https' }, /lamp-1 .*productSecret is missing/],
    ['a gateway', { gateway: 'hub' }, /gateway must be blank, .*not hub/],
    ['a thing model that is none', { thingModel: '{}' }, /lamp-1 .*thing model is no valid TSL/],
    ['no file of a thing model', { thingModel: 'no/tsl' }, /lamp-1 .*thingModel names.*ENOENT/],
    ['an unknown source of a thing model', { thingModelType: 'url' }, /thingModelType must be one of json/],
    ['an MQTT version that is none', { mqttVersion: '3' }, /lamp-1 .*mqttVersion must be 4/],
    [
      'a reserved key of the clientId',
      { clientExtras: 'securemode=3' },
      /lamp-1 .*clientExtras must be keys/,
    ],
    ['a key of the clientId without value', { clientExtras: 'mid' }, /lamp-1 .*clientExtras must be texts/],
    ['X.509 without a certificate', { signIn: 'x509' }, /lamp-1 .*clientCert is missing/],
    [
      'no file of a certificate',
      { signIn: 'x509', clientCert: 'no/pem' },
      /lamp-1.*clientCert names.*ENOENT/,
    ],
    ['an unknown transport', { transport: 'udp' }, /lamp-1 .*transport must be one of tls.*not udp/],
    ['an unknown sign method', { signMethod: 'crc' }, /lamp-1 .*signMethod must be one of hmacsha256/],
    ['an endpoint that is none', { endpoint: 'a b' }, /lamp-1 .*endpoint must be host/],
  ] as const) {
    it(`fails with CONFIG at each message, and shows it, with ${what}`, async () => {
      const { secret, ...lampFields } = { secret: LAMP.deviceSecret, ...fields };
      await bench.load(flow, secret, bench.lampNode(lampFields));
      for (let time = 0; time < 2; time++) {
        const { code, message } = await failedPost();
        assert.equal(code, 'CONFIG');
        assert.match(message, text);
      }
      const again = [BUSY, MISCONFIGURED];
      assert.deepEqual(lights('property'), [MISCONFIGURED, ...again, ...again]);
      assert.equal(bench.lamp.connects, 0);
    });
  }

  for (const [what, device] of [
    ['no device is chosen', ''],
    ['the chosen device is gone', 'gone'],
    ['what is chosen is no device', 'out'],
  ] as const) {
    it(`fails with CONFIG where ${what}`, async () => {
      await load([
        { id: 'property', type: 'aliyun-property', device, wires: [['out']] },
        ...sinks('property'),
      ]);
      const { code, message } = await failedPost();
      assert.equal(code, 'CONFIG');
      assert.match(message, /aliyun-property: no device is chosen.*choose a device/);
      assert.deepEqual(lights('property'), [NO_DEVICE, BUSY, NO_DEVICE]);
    });
  }

  it('fails with AUTH at once when the cloud refuses the secret, and does not tell it', async () => {
    await bench.load(flow, WRONG_SECRET);
    await statusText('property', 'aliyun-property.status.refused');
    assert.equal(lights('property').at(-1), 'red ring aliyun-property.status.refused');
    const begin = performance.now();
    const { code, message } = await failedPost();
    assert.ok(performance.now() - begin < 1_000);
    assert.equal(code, 'AUTH');
    assert.match(message, /refused the sign-in of lamp-1 .*CONNACK 4.*DeviceSecret/);
    assert.doesNotMatch(message, new RegExp(WRONG_SECRET));
  });

  it('starts without a broker, fails after timeoutMs, and recovers alone when the broker is back', async () => {
    await bench.cloud.stopBroker();
    await bench.load(flow, undefined, bench.lampNode({ timeoutMs: 400 }));
    await statusText('property', 'aliyun-property.status.disconnected');
    const begin = performance.now();
    const { code, message } = await failedPost();
    const waitedMs = performance.now() - begin;
    assert.ok(waitedMs >= 395 && waitedMs < 1_500, `it waited ${waitedMs} ms`);
    assert.equal(code, 'TRANSPORT');
    assert.match(message, /property post was not sent: lamp-1 .*(connect|connection) to 127\.0\.0\.1/);

    await bench.cloud.startBroker();
    await statusText('property', 'aliyun-property.status.connected');
    assert.deepEqual((await post({ Brightness: 9 })).payload, {});
    assert.equal(bench.lamp.properties.Brightness?.value, 9);
  });

  it('fails with TRANSPORT when the connection is lost in a post, and comes back', async () => {
    await bench.load(flow);
    await statusText('property', 'aliyun-property.status.connected');
    bench.cloud.knobs.dropReplies = true;
    bench.lamp.once('post', () => bench.lamp.cut());
    const { code, message } = await failedPost();
    assert.equal(code, 'TRANSPORT');
    assert.match(message, /lamp-1 .*lost its connection/);
    bench.cloud.knobs.dropReplies = false;
    await statusText('property', 'aliyun-property.status.connected');
    assert.deepEqual((await post()).payload, {});
    assert.equal(bench.lamp.connects, 2);
  });
});
