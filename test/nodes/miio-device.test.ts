import assert from 'node:assert/strict';
import { Home, hiddenPlug, lamp } from '../simulators/home';
import { helper, load, useNodeRed } from '../support/flow';

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

describe('miio-device dialog', () => {
  useNodeRed();
  let home: Home;
  beforeEach(async () => {
    home = await Home.start([lamp({ port: 0, helloToken: 'disclosed' }), hiddenPlug({ port: 0 })]);
  });
  afterEach(() => home.close());

  async function post(path: string, body: object): Promise<Answer> {
    const { status, body: answer } = await helper.request().post(path).send(body);
    return { status, body: answer };
  }
  const target = () => {
    const [device] = home.devices;
    assert.ok(device);
    return device;
  };

  it('scans, tells who discloses a token and which model that is, but no token', async () => {
    await load([{ id: 'd', type: 'miio-device' }]);
    const addresses = home.devices.map(({ port }) => `127.0.0.1:${port}`).join(' ');
    const { status, body } = await post('/miio-device/discover', { addresses });
    assert.equal(status, 200);
    const devices = body.devices as Record<string, unknown>[];
    assert.deepEqual(
      devices.map(({ deviceId, tokenDisclosed, model }) => [deviceId, tokenDisclosed, model]).sort(),
      [
        [target().did, true, 'yeelink.light.lamp1'],
        [home.devices[1]?.did, false, undefined],
      ].sort(),
    );
    assert.doesNotMatch(JSON.stringify(body), new RegExp(target().token));
  }).timeout(10_000);

  it('answers bad addresses with 400 and a sentence', async () => {
    await load([{ id: 'd', type: 'miio-device' }]);
    const { status, body } = await post('/miio-device/discover', { addresses: '300.1.1.1' });
    assert.equal(status, 400);
    assert.match(String(body.error), /300\.1\.1\.1/);
  });

  it('tests the values as typed, before deploy', async () => {
    await load([{ id: 'd', type: 'miio-device' }]);
    const { address, port, token, did } = target();
    const { body } = await post('/miio-device/test', { id: 'new', address, port: String(port), token });
    assert.deepEqual(body, { ok: true, model: 'yeelink.light.lamp1', firmware: '1.0.0', deviceId: did });
  });

  it('tests with the stored token where the field is unchanged', async () => {
    const { address, port, token } = target();
    await load([{ id: 'd', type: 'miio-device', address, port }], { d: { token } });
    const { body } = await post('/miio-device/test', { id: 'd', address, port, token: '__PWRD__' });
    assert.equal(body.ok, true);
  });

  it('says that the token is missing where it was cleared, though one is stored', async () => {
    const { address, port, token } = target();
    await load([{ id: 'd', type: 'miio-device', address, port }], { d: { token } });
    for (const typed of ['', '  ']) {
      const { body } = await post('/miio-device/test', { id: 'd', address, port, token: typed });
      assert.equal(body.ok, false);
      assert.match(String(body.error), /token is missing/);
    }
  });

  it('says that the token is missing of a new device that has none', async () => {
    await load([{ id: 'd', type: 'miio-device' }]);
    const { address, port } = target();
    for (const typed of ['', '__PWRD__']) {
      const { body } = await post('/miio-device/test', { id: 'new', address, port, token: typed });
      assert.match(String(body.error), /token is missing/);
    }
  });

  it('tests what is written as an environment variable', async () => {
    await load([{ id: 'd', type: 'miio-device' }]);
    const { address, port, token } = target();
    process.env.TEST_DIALOG_TOKEN = token;
    const typed = ['$', '{TEST_DIALOG_TOKEN}'].join('');
    const { body } = await post('/miio-device/test', { id: 'new', address, port, token: typed });
    assert.equal(body.ok, true);
  });

  it('says what is wrong with a wrong token, and does not repeat it', async () => {
    await load([{ id: 'd', type: 'miio-device' }]);
    const { address, port } = target();
    const token = 'ab'.repeat(16);
    const { body } = await post('/miio-device/test', { id: 'new', address, port, token });
    assert.equal(body.ok, false);
    assert.match(String(body.error), /token/);
    assert.doesNotMatch(JSON.stringify(body), new RegExp(token));
  }).timeout(10_000);

  it('answers missing settings and nonsense with a sentence, never with a crash', async () => {
    await load([{ id: 'd', type: 'miio-device' }]);
    assert.match(String((await post('/miio-device/test', {})).body.error), /address is missing/);
    assert.match(
      String((await post('/miio-device/test', { address: '1.2.3.4' })).body.error),
      /token is missing/,
    );
    assert.match(String((await post('/miio-device/test', { address: { a: 1 }, token: [] })).body.error), /./);
  });
});
