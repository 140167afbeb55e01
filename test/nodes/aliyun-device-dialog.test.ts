/** The buttons of the dialog of aliyun-device: what the admin routes behind them answer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cloud } from '../simulators/cloud';
import { LAMP, sinks } from '../support/aliyun';
import { helper, load, node, statusText, useNodeRed } from '../support/flow';

const WRONG_SECRET = '11112222333344445555666677778888';
const PRODUCT = { productKey: LAMP.productKey, productSecret: 'pr0duc75ec2e7', dynamicRegistration: true };
/** What the editor sends for a password that was not touched. */
const UNTOUCHED = '__PWRD__';
const PROPERTY = { id: 'property', type: 'aliyun-property', device: 'lamp', wires: [['out']] };
const { deviceSecret } = LAMP;

describe('the dialog of aliyun-device', () => {
  useNodeRed();
  let userDir: string;
  let cloud: Cloud;
  /** All that the routes have answered. */
  let answered: string;
  beforeEach(async () => {
    answered = '';
    userDir = await mkdtemp(join(tmpdir(), 'mialink-'));
    helper.settings({ userDir } as never);
    cloud = await Cloud.start({ devices: [LAMP], products: [PRODUCT] });
  });
  afterEach(async () => {
    await helper.unload();
    await cloud.close();
    await rm(userDir, { recursive: true });
    for (const secret of [deviceSecret, WRONG_SECRET, PRODUCT.productSecret]) {
      assert.ok(!answered.includes(secret), 'an answer has told a secret');
    }
  });
  const lamp = () => cloud.device(LAMP.deviceName);
  const connected = () => statusText('property', 'aliyun-property.status.connected');

  const fields = () => ({
    productKey: LAMP.productKey,
    deviceName: LAMP.deviceName,
    endpoint: `127.0.0.1:${cloud.tlsPort}`,
    authEndpoint: `127.0.0.1:${cloud.authPort}`,
    ca: cloud.ca,
  });
  const deploy = (more: object = {}, credentials: Record<string, string> = { deviceSecret }) =>
    load([{ id: 'lamp', type: 'aliyun-device', ...fields(), ...more }, PROPERTY, ...sinks('property')], {
      lamp: credentials,
    });
  /** A flow that has the node's type, and none of its nodes. */
  const deployNothing = () => load([{ id: 'other', type: 'aliyun-device' }]);

  async function ask(route: string, body: object): Promise<Record<string, unknown>> {
    const { body: answer, text } = await helper.request().post(`/aliyun-device/${route}`).send(body);
    answered += text;
    return answer;
  }
  const test = (more: object = {}) => ask('test', { id: 'lamp', ...fields(), ...more });

  describe('tests', () => {
    it('the values as typed, before they are deployed', async () => {
      await deployNothing();
      const { ok, host, ms } = await test({ id: 'new', deviceSecret });
      assert.deepEqual([ok, host, typeof ms], [true, '127.0.0.1', 'number']);
      assert.equal(lamp().connects, 1);
    }).timeout(6_000);

    it('the values as typed, and says what is wrong with them', async () => {
      await deployNothing();
      const { ok, error, forgettable } = await test({ id: 'new', deviceSecret: WRONG_SECRET });
      assert.deepEqual([ok, forgettable], [false, false]);
      assert.match(String(error), /lamp-1 .*DeviceSecret is wrong/);
    });

    it('a setting that is missing or malformed without asking anybody', async () => {
      await deployNothing();
      assert.match(String((await ask('test', {})).error), /productKey is missing/);
      assert.match(String((await test({ deviceSecret: '' })).error), /deviceSecret is missing/);
      assert.match(String((await test({ deviceSecret, keepalive: [7] })).error), /keepalive must be/);
      assert.match(String((await test({ deviceSecret, thingModel: '{}' })).error), /no valid TSL/);
      assert.equal(lamp().connects, 0);
    });

    it('with the deployed secret where the password was not touched', async () => {
      await deploy({ keepalive: 60 });
      await connected();
      const { ok, deployed } = await test({ deviceSecret: UNTOUCHED, keepalive: 90 });
      assert.deepEqual([ok, deployed], [true, undefined]);
    });

    it('without a secret where it was cleared', async () => {
      await deploy();
      assert.match(String((await test({ deviceSecret: '' })).error), /deviceSecret is missing/);
    });

    it('what is written as an environment variable', async () => {
      await deployNothing();
      process.env.TEST_DIALOG_SECRET = deviceSecret;
      for (const [open, shut] of ['{}', '()']) {
        const typed = `$${open}TEST_DIALOG_SECRET${shut}`;
        assert.equal((await test({ id: 'new', deviceSecret: typed })).ok, true);
      }
    }).timeout(8_000);

    it('nobody who is connected with the same settings: he is not thrown out', async () => {
      await deploy();
      await connected();
      const { ok, deployed, host } = await test({ deviceSecret: UNTOUCHED });
      assert.deepEqual([ok, deployed, host], [true, true, '127.0.0.1']);
      assert.equal(lamp().connects, 1);
      assert.equal(lamp().online, true);
    });

    it('with other settings beside the deployed one, which comes back', async () => {
      await deploy({ keepalive: 60 });
      await connected();
      assert.equal((await test({ deviceSecret: UNTOUCHED, keepalive: 90 })).ok, true);
      while (!lamp().online || lamp().connects < 3) await once(lamp(), 'online');
      await connected();
    });

    it('with a private key that a password field has put into one line', async () => {
      await deployNothing();
      const { cert, key } = await cloud.issueCertificate(LAMP.deviceName);
      const oneLine = key.trim().replace(/\r?\n/g, ' ');
      const x509 = { signIn: 'x509', endpoint: `127.0.0.1:${cloud.x509Port}` };
      assert.equal((await test({ ...x509, clientCert: cert, clientKey: oneLine })).ok, true);
      const path = join(userDir, 'key.pem');
      await writeFile(path, key);
      assert.equal((await test({ ...x509, clientCert: cert, clientKey: path })).ok, true);
      const { error } = await test({ ...x509, clientCert: cert, clientKey: WRONG_SECRET });
      assert.match(String(error), /the file that clientKey names cannot be read \(ENOENT\)/);
    }).timeout(8_000);
  });

  describe('with a registration', () => {
    const byHttps = {
      id: 'lamp',
      registration: 'https',
      deviceSecret: '',
      productSecret: PRODUCT.productSecret,
    };
    const stored = () => readdir(join(userDir, 'aliyun-devices')).catch((): string[] => []);

    it('registers by its test, and offers to forget what the cloud refuses since', async () => {
      await deployNothing();
      assert.equal((await test(byHttps)).ok, true);
      assert.equal((await stored()).length, 1);
      lamp().resetActivation();
      lamp().renewSecret();
      const refused = await test(byHttps);
      assert.deepEqual([refused.ok, refused.forgettable], [false, true]);
      assert.deepEqual(await ask('forget', { ...fields(), ...byHttps }), { ok: true });
      assert.deepEqual(await stored(), []);
      assert.equal((await test(byHttps)).ok, true);
    }).timeout(10_000);

    it('says what the cloud says of a registration', async () => {
      await deployNothing();
      const { error, forgettable } = await test({ ...byHttps, productSecret: WRONG_SECRET });
      assert.match(String(error), /signature of the registration \(6600 .*check the ProductSecret/);
      assert.equal(forgettable, false);
    });
  });

  describe('makes a debug report', () => {
    const report = async (id = 'lamp') => String((await ask('report', { id })).text);

    it('of the versions, the settings, the state and how it came to it, without a secret', async () => {
      const { cert, key } = await cloud.issueCertificate(LAMP.deviceName);
      const extras = { clientExtras: 'mid=s3cre7', clientCert: cert, registration: 'https' };
      await deploy(extras, { deviceSecret, productSecret: PRODUCT.productSecret, clientKey: key });
      await connected();
      lamp().cut();
      await statusText('property', 'aliyun-property.status.disconnected');
      await connected();
      const text = await report();
      const told = JSON.parse(text);
      assert.match(told.versions.package, /^\d+\.\d+\.\d+/);
      assert.match(told.versions.mqtt, /^5\./);
      assert.equal(told.versions.node, process.version);
      assert.equal(told.settings.deviceSecret, 'set');
      assert.equal(told.settings.keepalive, 300);
      assert.deepEqual(told.settings.clientExtras, ['mid']);
      assert.equal(told.state, 'connected');
      assert.ok(told.subscriptions > 5);
      assert.deepEqual(told.waiting, { inLine: 0, unanswered: 0, kept: 0, dropped: 0 });
      assert.deepEqual(told.users, ['aliyun-property']);
      const states = told.changes.map(({ state }: { state: string }) => state);
      assert.deepEqual(states, ['connecting', 'connected', 'disconnected', 'connecting', 'connected']);
      assert.match(told.changes[2].problem, /lost its connection/);
      const secrets = [
        deviceSecret,
        PRODUCT.productSecret,
        's3cre7',
        ...key.split(/\r?\n/),
        ...cert.split(/\r?\n/),
      ];
      for (const secret of secrets.filter((line) => line.trim() !== ''))
        assert.ok(!text.includes(secret), secret);
    });

    it('of no secret that a registration has given', async () => {
      await deploy({ registration: 'https' }, { productSecret: PRODUCT.productSecret });
      await connected();
      const [name = ''] = await readdir(join(userDir, 'aliyun-devices'));
      const given = JSON.parse(await readFile(join(userDir, 'aliyun-devices', name), 'utf8'));
      const text = await report();
      assert.ok(given.deviceSecret.length > 10 && !text.includes(given.deviceSecret));
      assert.equal(JSON.parse(text).settings.deviceSecret, 'missing');
    });

    it('of what is wrong with the settings, and of a device that nobody uses', async () => {
      await deploy({ keepalive: 7 });
      const wrong = JSON.parse(await report());
      assert.deepEqual([wrong.state, wrong.problem.reason], ['misconfigured', 'settingInvalid']);
      await helper.unload();
      await load([{ id: 'lamp', type: 'aliyun-device', ...fields() }], { lamp: { deviceSecret } });
      assert.equal(JSON.parse(await report()).state, 'unused');
      assert.equal(JSON.parse(await report('nobody')).deployed, false);
      assert.equal(JSON.parse(await report('tab')).deployed, false);
    });
  });

  describe('offers the identifiers of the thing model', () => {
    const TSL = {
      properties: [
        { identifier: 'On', name: 'On or off', accessMode: 'rw', dataType: { type: 'bool', specs: {} } },
      ],
      events: [{ identifier: 'Low', name: 'Battery low', type: 'alert', outputData: [] }],
      services: [{ identifier: 'Blink', name: 'Blink', callType: 'async', inputData: [], outputData: [] }],
    };
    const model = (more: object) => ask('model', { id: 'lamp', ...fields(), ...more });
    const assertOffered = (found: Record<string, unknown>) => {
      const names = ['properties', 'events', 'services'].map(
        (kind) => (found[kind] as { identifier: string }[])[0],
      );
      assert.deepEqual(
        names.map((one) => one?.identifier),
        ['On', 'Low', 'Blink'],
      );
    };

    it('as typed, without a secret', async () => {
      await deployNothing();
      assertOffered(await model({ thingModel: JSON.stringify(TSL) }));
      const path = join(userDir, 'tsl.json');
      await writeFile(path, JSON.stringify(TSL));
      assertOffered(await model({ thingModel: path, thingModelType: 'file' }));
    });

    it('that the cloud has given to the deployed device', async () => {
      lamp().setModel(TSL as never);
      await deploy({ thingModelType: 'cloud' });
      await connected();
      const given = () => node('property') && model({ thingModelType: 'cloud' });
      let found = await given();
      while ((found.events as unknown[]).length === 0) found = await given();
      assertOffered(found);
    });

    it('which are none without a model, and an error says why where it is none', async () => {
      await deployNothing();
      assert.deepEqual(await model({}), { properties: [], events: [], services: [] });
      assert.deepEqual(await model({ thingModelType: 'cloud' }), {
        properties: [],
        events: [],
        services: [],
      });
      assert.match(String((await model({ thingModel: '{"a":1}' })).error), /no valid TSL/);
      assert.match(String((await model({ thingModel: 'no/such' })).error), /thingModel names.*ENOENT/);
    });
  });
});
