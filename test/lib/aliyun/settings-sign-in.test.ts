import assert from 'node:assert/strict';
import fc from 'fast-check';
import { generate } from 'selfsigned';
import { signIn } from '../../../lib/aliyun/identity';
import { type AliyunSettings, checkSettings } from '../../../lib/aliyun/settings';
import { MialinkError } from '../../../lib/errors';

const identity = { productKey: 'a1b2c3d4e5f', deviceName: 'lamp' };
const triple = { ...identity, deviceSecret: 'very-secret' };

function problemOf(settings: AliyunSettings): MialinkError {
  try {
    checkSettings(settings);
  } catch (error) {
    if (error instanceof MialinkError) return error;
    throw error;
  }
  throw new Error('the settings were accepted');
}

describe('Aliyun settings of the sign-in', () => {
  let clientCert: string;
  let clientKey: string;

  before(async () => {
    const made = await generate([{ name: 'commonName', value: 'lamp' }], { keyType: 'ec' });
    clientCert = made.cert;
    clientKey = made.private;
  });

  const x509 = (more: Partial<AliyunSettings> = {}): AliyunSettings => ({
    ...identity,
    signIn: 'x509',
    clientCert,
    clientKey,
    ...more,
  });

  it('have defaults that sign in by the secret', () => {
    const { signIn, certificate, registration, bootstrap, mqttVersion, ...others } = checkSettings(triple);
    assert.deepEqual(
      { signIn, certificate, registration, bootstrap, mqttVersion },
      {
        signIn: 'secret',
        certificate: undefined,
        registration: 'none',
        bootstrap: false,
        mqttVersion: 4,
      },
    );
    const { autoSubscribe, clientExtras, uplinkRate, outbox, outboxSizeMb, outboxAgeHours } = others;
    assert.deepEqual(
      { autoSubscribe, clientExtras, uplinkRate, outbox, outboxSizeMb, outboxAgeHours },
      {
        autoSubscribe: false,
        clientExtras: {},
        uplinkRate: 30,
        outbox: 'off',
        outboxSizeMb: 10,
        outboxAgeHours: 168,
      },
    );
  });

  it('need no secret with a client certificate, and then one host', () => {
    const { certificate, endpoint } = checkSettings(x509({ instanceId: 'iot-1', region: 'us-west-1' }));
    assert.deepEqual(certificate, { cert: clientCert.trim(), key: clientKey.trim() });
    assert.equal(endpoint.url, 'mqtts://x509.itls.cn-shanghai.aliyuncs.com:1883');
    assert.equal(checkSettings(x509({ endpoint: 'own.example' })).endpoint.host, 'own.example');
  });

  it('need no secret where a registration gets it, but that of the product', () => {
    const checked = checkSettings({ ...identity, registration: 'https', productSecret: ' ps ' });
    assert.deepEqual([checked.registration, checked.productSecret], ['https', 'ps']);
    const problem = problemOf({ ...triple, registration: 'https' });
    assert.deepEqual([problem.reason, problem.values.field], ['tripleMissing', 'productSecret']);
  });

  for (const field of ['clientCert', 'clientKey'] as const) {
    it(`name ${field} when it is missing`, () => {
      const problem = problemOf(x509({ [field]: '' }));
      assert.deepEqual([problem.reason, problem.values.field], ['tripleMissing', field]);
    });
  }

  it('refuse what is no certificate or no key, and show neither', async () => {
    const other = await generate([{ name: 'commonName', value: 'lamp' }], { keyType: 'ec' });
    for (const [field, more, rule] of [
      ['clientCert', { clientCert: clientKey }, /certificate in PEM/],
      ['clientKey', { clientKey: clientCert }, /private key in PEM without a passphrase/],
      ['clientKey', { clientKey: other.private }, /private key of clientCert/],
    ] as const) {
      const problem = problemOf(x509(more));
      assert.equal(problem.values.field, field);
      assert.match(problem.message, rule);
      assert.doesNotMatch(`${problem.stack}${JSON.stringify(problem)}${problem.cause}`, /BEGIN|MI[A-Z]/);
    }
  });

  const wrong: [keyof AliyunSettings, Partial<AliyunSettings>][] = [
    ['transport', { signIn: 'x509', transport: 'tcp' }],
    ['bootstrap', { signIn: 'x509', bootstrap: true }],
    ['bootstrap', { registration: 'mqtt', productSecret: 'x', bootstrap: true }],
    ['bootstrap', { registration: 'mqtt-unregistered', productSecret: 'x', bootstrap: true }],
    ['endpoint', { endpoint: '1883' }],
    ['endpoint', { endpoint: '999.1.1.1' }],
    ['authEndpoint', { authEndpoint: 'a..b' }],
    ['registration', { signIn: 'x509', registration: 'mqtt', productSecret: 'x' }],
    ['transport', { registration: 'mqtt', productSecret: 'x', transport: 'ws' }],
    ['transport', { registration: 'mqtt-unregistered', productSecret: 'x', transport: 'tcp' }],
    ['productSecret', { registration: 'https', productSecret: 'x'.repeat(65) }],
    ['authEndpoint', { authEndpoint: 'https://x' }],
    ['uplinkRate', { uplinkRate: -1 }],
    ['uplinkRate', { uplinkRate: 10_001 }],
    ['uplinkRate', { uplinkRate: Number.NaN }],
    ['outboxSizeMb', { outboxSizeMb: 0 }],
    ['outboxSizeMb', { outboxSizeMb: 1025 }],
    ['outboxAgeHours', { outboxAgeHours: -1 }],
    ['clientExtras', { clientExtras: { 'a b': '1' } }],
    ['clientExtras', { clientExtras: { a: '1,securemode=3' } }],
    ['clientExtras', { clientExtras: { a: '1|' } }],
    ['clientExtras', { clientExtras: { a: '' } }],
    ['clientExtras', { clientExtras: { authType: 'register' } }],
    ['clientExtras', { clientExtras: { _ss: '0' } }],
    ['clientExtras', { clientExtras: { a: 'x'.repeat(65) } }],
  ];
  for (const [field, values] of wrong) {
    it(`refuse ${JSON.stringify(values).slice(0, 70)}`, () => {
      const problem = problemOf({ ...triple, ...(values.signIn ? x509() : {}), ...values });
      assert.deepEqual([problem.reason, problem.values.field], ['settingInvalid', field]);
      assert.doesNotMatch(problem.message, /xxx/);
    });
  }

  const unknown: Record<string, string> = {
    signIn: 'psk',
    registration: 'coap',
    outbox: 'tape',
    signMethod: 'hmacsha512',
    transport: 'udp',
    mqttVersion: '3',
  };
  for (const [field, value] of Object.entries(unknown)) {
    it(`refuse a ${field} that is unknown, as a flow written by hand may have it`, () => {
      const settings: AliyunSettings = JSON.parse(JSON.stringify({ ...triple, [field]: value }));
      assert.equal(problemOf(settings).values.field, field);
    });
  }

  it('take no limit at all where 0 stands for it', () => {
    const { uplinkRate, outboxAgeHours } = checkSettings({ ...triple, uplinkRate: 0, outboxAgeHours: 0 });
    assert.deepEqual([uplinkRate, outboxAgeHours], [0, 0]);
  });

  it('never let a key of the clientId forge another one', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (clientExtras) => {
        let extras: Record<string, string>;
        try {
          extras = checkSettings({ ...triple, clientExtras }).clientExtras;
        } catch (error) {
          return error instanceof MialinkError && error.values.field === 'clientExtras';
        }
        const { clientId } = signIn(triple, { secureMode: 2, extras });
        const [, keys = ''] = clientId.split('|');
        const pairs = keys.split(',').map((pair) => pair.split('='));
        return (
          clientId.split('|').length === 3 &&
          pairs.every((pair) => pair.length === 2) &&
          pairs.length === 2 + Object.keys(clientExtras).length
        );
      }),
    );
  });
});
