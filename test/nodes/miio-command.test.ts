import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Home, lamp, type SimulatedDevice } from '../simulators/home';
import {
  helper,
  load,
  nextError,
  nextMessage,
  node,
  statuses,
  statusText,
  useNodeRed,
} from '../support/flow';

const WRONG_TOKEN = '00112233445566778899aabbccddeeff';

describe('miio-command', () => {
  useNodeRed();
  let home: Home;
  let device: SimulatedDevice;

  beforeEach(async () => {
    home = await Home.start([lamp({ port: 0 })]);
    const [first] = home.devices;
    assert.ok(first);
    device = first;
  });
  afterEach(() => home.close());

  function lampNode(more: Record<string, unknown> = {}) {
    return {
      id: 'lamp',
      type: 'miio-device',
      name: 'desk lamp',
      address: '127.0.0.1',
      port: device.port,
      ...more,
    };
  }
  function commandNode(more: Record<string, unknown> = {}) {
    return { id: 'command', type: 'miio-command', device: 'lamp', wires: [['out']], ...more };
  }
  const sinks = [
    { id: 'out', type: 'helper' },
    { id: 'catch', type: 'catch', wires: [['errors']] },
    { id: 'errors', type: 'helper' },
    { id: 'complete', type: 'complete', scope: ['command'], wires: [['completed']] },
    { id: 'completed', type: 'helper' },
  ];
  const load_ = (nodes: Parameters<typeof load>[0], token = device.token) => load(nodes, { lamp: { token } });

  it('sends method and params of its fields and keeps the rest of the message', async () => {
    await load_([lampNode(), commandNode({ method: 'get_prop', params: '["power","bright"]' }), ...sinks]);
    const out = nextMessage('out');
    const completed = nextMessage('completed');
    node('command').receive({ payload: 'go', topic: 'lamp', req: 7 } as never);
    const message = await out;
    assert.deepEqual(message.payload, ['off', 80]);
    assert.equal(message.topic, 'lamp');
    assert.equal(message.req, 7);
    const { id, durationMs, ...known } = message.miio as Record<string, unknown>;
    assert.deepEqual(known, {
      address: '127.0.0.1',
      deviceId: device.did,
      method: 'get_prop',
      params: ['power', 'bright'],
    });
    assert.equal(typeof id, 'number');
    assert.equal(typeof durationMs, 'number');
    assert.equal((await completed)._msgid, message._msgid);
  });

  it('takes a blank method and blank params from the message, then from the payload', async () => {
    await load_([lampNode(), commandNode(), ...sinks]);
    for (const [message, method, params] of [
      [{ method: 'set_bright', params: [5], payload: { method: 'toggle' } }, 'set_bright', [5]],
      [{ payload: { method: 'set_power', params: ['on'] } }, 'set_power', ['on']],
      [{ payload: { method: 'toggle' } }, 'toggle', []],
    ] as const) {
      const out = nextMessage('out');
      node('command').receive(message as never);
      assert.deepEqual((await out).payload, ['ok']);
      const last = device.executed.at(-1);
      assert.deepEqual([last?.method, last?.params], [method, params]);
    }
  });

  it('evaluates typed inputs', async () => {
    await load_([
      lampNode(),
      commandNode({ method: 'do', methodType: 'msg', params: '[payload * 2]', paramsType: 'jsonata' }),
      ...sinks,
    ]);
    const out = nextMessage('out');
    node('command').receive({ do: 'set_bright', payload: 21 } as never);
    await out;
    assert.equal(device.get('bright'), 42);
  });

  it('tells a JSON error in the params field to the Catch node and stays alive', async () => {
    await load_([lampNode(), commandNode({ method: 'get_prop', params: '["power"' }), ...sinks]);
    const caught = nextError('errors');
    node('command').receive({});
    const { code, message } = await caught;
    assert.equal(code, 'CONFIG');
    assert.match(message, /params.*JSON/);
  });

  it('fails with DEVICE, the code in text and msg.miio, and sends nothing', async () => {
    await load_([lampNode(), commandNode({ method: 'fly' }), ...sinks]);
    const caught = nextError('errors');
    node('out').once('input', () => assert.fail('a failure sends no message'));
    node('command').receive({ topic: 't' });
    const { code, message, at } = await caught;
    assert.equal(code, 'DEVICE');
    assert.match(message, /desk lamp .*fly.*-32601 Method not found/);
    assert.equal((at.miio as { code: number }).code, -32601);
    assert.equal((at.miio as { message: string }).message, 'Method not found.');
    assert.equal(at.topic, 't');
    assert.deepEqual(statuses('command').at(-1), {
      fill: 'red',
      shape: 'dot',
      text: 'miio-command.status.failed',
    });
  });

  it('shows connected, busy and done', async () => {
    await load_([lampNode(), commandNode({ method: 'toggle' }), ...sinks]);
    await statusText('command', 'miio-command.status.connected');
    const out = nextMessage('out');
    node('command').receive({});
    await out;
    const [before, busy, done] = statuses('command').slice(-3);
    assert.deepEqual(before, { fill: 'green', shape: 'dot', text: 'miio-command.status.connected' });
    assert.deepEqual(busy, { fill: 'blue', shape: 'dot', text: 'miio-command.status.busy' });
    assert.deepEqual(done, { fill: 'green', shape: 'dot', text: 'miio-command.status.done' });
  });

  it('says that an absent device is disconnected, and recovers alone when it is plugged in', async function () {
    this.timeout(30_000);
    await device.stop();
    await load_([lampNode({ timeoutMs: 300 }), commandNode({ method: 'toggle' }), ...sinks]);
    const caught = nextError('errors');
    node('command').receive({});
    assert.equal((await caught).code, 'TIMEOUT');
    await device.start();
    await statusText('command', 'miio-command.status.connected');
    const out = nextMessage('out');
    node('command').receive({});
    assert.deepEqual((await out).payload, ['ok']);
  });

  it('fails with AUTH when the token is wrong, naming the token but not telling it', async () => {
    await load_([lampNode({ timeoutMs: 500 }), commandNode({ method: 'toggle' }), ...sinks], WRONG_TOKEN);
    const caught = nextError('errors');
    node('command').receive({});
    const { code, message } = await caught;
    assert.equal(code, 'AUTH');
    assert.match(message, /token/);
    assert.doesNotMatch(message, new RegExp(WRONG_TOKEN));
  });

  for (const [what, lampFields, token, field] of [
    ['no token', {}, '', /token is missing/],
    ['a malformed token', {}, 'abc', /32 hexadecimal digits/],
    ['no address', { address: '' }, WRONG_TOKEN, /address is missing/],
    ['a port that is none', { port: 'x' }, WRONG_TOKEN, /port must be/],
    ['a device id that is none', { deviceId: 'x1' }, WRONG_TOKEN, /device id must be/],
  ] as const) {
    it(`fails with CONFIG at each message, and shows it, with ${what}`, async () => {
      await load_([lampNode(lampFields), commandNode({ method: 'toggle' }), ...sinks], token);
      for (let time = 0; time < 2; time++) {
        const caught = nextError('errors');
        node('command').receive({});
        const { code, message } = await caught;
        assert.equal(code, 'CONFIG');
        assert.match(message, field);
      }
      assert.deepEqual(statuses('command')[0], {
        fill: 'red',
        shape: 'ring',
        text: 'miio-command.status.misconfigured',
      });
    });
  }

  it('says which setting is missing: method, device', async () => {
    await load_([lampNode(), commandNode(), ...sinks]);
    const noMethod = nextError('errors');
    node('command').receive({ payload: 1 });
    assert.match((await noMethod).message, /method is missing/);

    await helper.unload();
    await load([commandNode({ device: 'gone' }), ...sinks]);
    const noDevice = nextError('errors');
    node('command').receive({});
    const { code, message } = await noDevice;
    assert.equal(code, 'CONFIG');
    assert.match(message, /choose a device/);
    assert.equal(statuses('command')[0]?.text, 'miio-command.status.no-device');
  });

  it('speaks to the device of the message where none is chosen', async () => {
    await load([commandNode({ device: '', method: 'toggle' }), ...sinks]);
    const out = nextMessage('out');
    const { port, token, did } = device;
    node('command').receive({ device: { address: '127.0.0.1', port, deviceId: did, token } } as never);
    assert.deepEqual((await out).payload, ['ok']);

    const caught = nextError('errors');
    node('command').receive({ device: { address: '127.0.0.1', port } } as never);
    const { code, message } = await caught;
    assert.equal(code, 'CONFIG');
    assert.match(message, /token is missing/);
  });

  it('sends exactly one datagram with retries 0', async () => {
    device.faults.silentCommands = true;
    await load_([lampNode({ timeoutMs: 2_500 }), commandNode({ method: 'toggle', retries: '0' }), ...sinks]);
    const caught = nextError('errors');
    node('command').receive({});
    await caught;
    assert.equal(device.received.length, 1);
  });

  it('takes retries from the message where the field is blank', async () => {
    device.faults.silentCommands = true;
    await load_([lampNode({ timeoutMs: 1_500 }), commandNode({ method: 'toggle' }), ...sinks]);
    const caught = nextError('errors');
    node('command').receive({ retries: 0 } as never);
    await caught;
    assert.equal(device.received.length, 1);
  });

  it('says what is wrong with an expression, and takes no object for a method', async () => {
    await load_([lampNode(), commandNode({ method: '$error("no lamp")', methodType: 'jsonata' }), ...sinks]);
    const broken = nextError('errors');
    node('command').receive({});
    assert.match((await broken).message, /method.*no lamp/);

    await helper.unload();
    await load_([lampNode(), commandNode(), ...sinks]);
    const missing = nextError('errors');
    node('command').receive({ method: { a: 1 } } as never);
    assert.match((await missing).message, /method is missing/);
  });

  it('takes settings from environment variables, as numbers or as text', async () => {
    process.env.TEST_LAMP_PORT = String(device.port);
    process.env.TEST_LAMP_TOKEN = device.token;
    await load_(
      [lampNode({ port: '$(TEST_LAMP_PORT)' }), commandNode({ method: 'toggle' }), ...sinks],
      '$(TEST_LAMP_TOKEN)',
    );
    const out = nextMessage('out');
    node('command').receive({});
    assert.deepEqual((await out).payload, ['ok']);
  });

  it('settles a command under way with CANCELLED when the flow is stopped, and sends nothing more', async () => {
    device.faults.silentCommands = true;
    await load_([lampNode(), commandNode({ method: 'toggle' }), ...sinks]);
    const command = node('command');
    const sent = once(device, 'command');
    command.receive({});
    await sent;
    const failed: string[] = [];
    command.error = ((error: { code?: string }) => failed.push(error.code ?? '')) as never;
    await helper.unload();
    assert.deepEqual(failed, ['CANCELLED']);
  });

  it('takes many messages at once, each answered, without a warning of Node.js', async () => {
    await load_([lampNode(), commandNode({ method: 'toggle' }), ...sinks]);
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.name);
    process.on('warning', note);
    const answers: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      node('out').on('input', ({ payload }) => {
        if (answers.push(payload) === 40) resolve();
      });
    });
    for (let message = 0; message < 40; message++) node('command').receive({});
    await all;
    process.off('warning', note);
    assert.deepEqual(warnings, []);
    assert.equal(device.executed.length, 40);
  });

  it('answers two messages in order with two nodes on one device', async () => {
    await load_([
      lampNode(),
      commandNode({ method: 'set_bright' }),
      commandNode({ id: 'reader', method: 'get_prop', params: '["bright"]' }),
      ...sinks,
    ]);
    const first = nextMessage('out');
    node('command').receive({ params: [33] } as never);
    node('reader').receive({});
    assert.deepEqual((await first).payload, ['ok']);
    assert.deepEqual((await nextMessage('out')).payload, [33]);
  });
});
