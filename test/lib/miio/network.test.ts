/** Sessions and sockets that are shared, kept a while, found again, and closed for good. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { NetworkInterfaceInfo } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import sinon from 'sinon';
import { type DeviceSettings, Network } from '../../../lib/miio';
import { Home, lamp, purifier, type SimulatedDevice } from '../../simulators/home';
import { because, pluggedIn } from './conversation';

describe('the network of miIO devices', () => {
  let simulated: SimulatedDevice;
  let settings: DeviceSettings;
  let network: Network;

  beforeEach(async () => {
    simulated = await pluggedIn();
    settings = { address: simulated.address, port: simulated.port, token: simulated.token, timeoutMs: 2_000 };
    network = new Network();
  });

  afterEach(async () => {
    await network.close();
    await simulated.stop();
  });

  it('has one session for all who use the same device', async () => {
    const [one, other] = [network.device(settings), network.device({ ...settings, name: 'same' })];
    const first = await one.call('echo');
    assert.equal(other.state, 'connected');
    assert.equal((await other.call('echo')).id, first.id + 1);
  });

  it('sends one command at a time, whether the device id is given or not', async () => {
    const known = network.device({ ...settings, deviceId: simulated.did });
    const first = await network.device(settings).call('echo');
    assert.equal((await known.call('echo')).id, first.id + 1);
  });

  it('keeps a wrong device id from one user only', async () => {
    const mistaken = network.device({ ...settings, deviceId: '4711', timeoutMs: 600 });
    await assert.rejects(mistaken.call('echo'), because('otherDevice'));
    assert.equal(mistaken.deviceId, '4711');
    await network.device(settings).call('echo');
  });

  it('shows a wrong device id to the one who has it, and to nobody else', async () => {
    const right = network.device(settings);
    const wrong = network.device({ ...settings, deviceId: '4711', timeoutMs: 700 });
    const states = { right: [] as string[], wrong: [] as string[] };
    await right.call('echo');
    right.on('state', (state) => states.right.push(state));
    wrong.on('state', (state) => states.wrong.push(state));
    wrong.watch();
    await assert.rejects(wrong.call('echo'), because('otherDevice'));
    assert.equal(wrong.state, 'disconnected');
    assert.equal(right.state, 'connected');
    await right.call('echo');
    assert.deepEqual(states, { right: [], wrong: [] });
  });

  it('has another session for another token or port', async () => {
    await network.device(settings).call('echo');
    assert.equal(network.device({ ...settings, token: '0'.repeat(32) }).state, 'idle');
    assert.equal(network.device({ ...settings, port: 9 }).state, 'idle');
  });

  it('keeps a session for its other users when one closes', async () => {
    network = new Network({ keepUnusedMs: 0 });
    const [one, other] = [network.device(settings), network.device(settings)];
    await one.call('echo');
    one.close();
    await nextTurn();
    assert.equal(other.state, 'connected');
    await other.call('echo');
  });

  it('keeps an unused session for a minute, then closes it', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const message = async () => {
        const device = network.device(settings);
        const { id } = await device.call('echo');
        await nextTurn();
        device.close();
        return id;
      };
      const id = await message();
      clock.tick(59_000);
      assert.equal(await message(), id + 1, 'the same session');
      clock.tick(59_000);
      assert.equal(await message(), id + 2, 'its time began anew');
      clock.tick(61_000);
      assert.notEqual(await message(), id + 3, 'another session');
    } finally {
      clock.restore();
    }
  });

  it('knows how much a device bears after its session was closed', async () => {
    const home = await Home.start([lamp({ port: 0, maxProperties: 1 })]);
    const [{ address, port, token, received } = simulated] = home.devices;
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const requests: number[] = [];
    for (const _ of ['learns', 'knows']) {
      const device = network.device({ address, port, token });
      const before = received.length;
      await device.properties.get([{ name: 'power' }, { name: 'bright' }, { name: 'ct' }]);
      requests.push(received.length - before);
      device.close();
      clock.tick(61_000);
    }
    clock.restore();
    // Three, two, and each alone; then each alone at once.
    assert.deepEqual(requests, [5, 3]);
    await home.close();
  });

  it('serves any number of users of one device without a warning', async () => {
    const warned = sinon.spy();
    process.on('warning', warned);
    const devices = Array.from({ length: 30 }, () => network.device(settings));
    for (const one of devices) devices[0]?.on('state', () => one.state);
    await Promise.all(devices.map((device) => device.call('echo')));
    await nextTurn();
    process.off('warning', warned);
    assert.deepEqual(warned.args, []);
  });

  it('resolves host names', async () => {
    const device = network.device({ ...settings, address: 'localhost' });
    await device.call('echo');
    assert.equal(device.address, '127.0.0.1');
  });

  it('says TRANSPORT for a host name that nobody knows, and names it', async () => {
    // A label of 64 letters is no name: the resolver refuses it without asking anybody.
    const address = `${'a'.repeat(64)}.invalid`;
    const device = network.device({ ...settings, address, timeoutMs: 200 });
    const unknown = because('addressUnknown', /host name a+\.invalid cannot be resolved \(ENOTFOUND\)/);
    await assert.rejects(device.call('echo'), unknown);
    await assert.rejects(device.call('echo'), { code: 'TRANSPORT' });
    assert.equal(device.state, 'disconnected');
  });

  it('says which bind address is not of this machine', async () => {
    const device = network.device({ ...settings, bindAddress: '192.0.2.77', timeoutMs: 200 });
    await assert.rejects(device.call('echo'), because('socketFailed', /192\.0\.2\.77 .+ the bind address$/));
  });

  it('speaks from the bind address', async () => {
    const device = network.device({ ...settings, bindAddress: '127.54.8.9' });
    const [[{ from }]] = await Promise.all([once(simulated, 'command'), device.call('echo')]);
    assert.equal(from.address, '127.54.8.9');
  });

  it('leaves no timer behind when a device is given back after the end', async () => {
    const device = network.device(settings);
    await network.close();
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    device.close();
    const timers = clock.countTimers();
    clock.restore();
    assert.equal(timers, 0);
  });

  it('close cancels what is under way, and all that is asked afterwards', async () => {
    simulated.faults.silent = true;
    const device = network.device(settings);
    const command = device.call('echo');
    const search = network.discover({ addresses: '127.54.8.1', timeoutMs: 15_000 });
    await once(simulated, 'hello');
    const closed = network.close();
    await assert.rejects(command, because('closed'));
    assert.deepEqual(await search, []);
    await closed;
    assert.equal(device.state, 'closed');
    await assert.rejects(device.call('echo'), because('closed'));
    assert.throws(() => network.device(settings), because('closed'));
    assert.deepEqual(await network.discover({ addresses: '127.0.0.1', timeoutMs: 15_000 }), []);
  });
});

describe('a miIO device with an id that gets another address', () => {
  const network = { address: '127.54.9.1', cidr: '127.54.9.1/24', netmask: '255.255.255.0', mac: '' };
  const card: NetworkInterfaceInfo = { ...network, family: 'IPv4', internal: false };
  const broadcast = { address: '127.54.9.255', port: 54_321 };
  const moved = lamp({ address: '127.54.9.12', methods: { echo: (params) => params } });
  const settings = { address: '127.54.9.11', token: moved.token, deviceId: moved.did, timeoutMs: 4_000 };
  let home: Home;
  let devices: Network;

  beforeEach(() => {
    devices = new Network({ interfaces: () => ({ lo: [card] }) });
  });

  afterEach(async () => {
    await devices.close();
    await home.close();
  });

  it('is found there by broadcast', async () => {
    home = await Home.start([moved], { broadcast });
    const device = devices.device(settings);
    assert.deepEqual((await device.call('echo', ['here'])).result, ['here']);
    assert.equal(device.address, '127.54.9.12');
    const { durationMs } = await device.call('echo', ['again']);
    assert.ok(durationMs < 100, 'the new address is remembered');
  });

  it('is found there also when another device has taken its old one', async () => {
    home = await Home.start([moved, purifier({ address: '127.54.9.11' })], { broadcast });
    const device = devices.device(settings);
    assert.deepEqual((await device.call('echo', ['here'])).result, ['here']);
    assert.equal(home.device('200000002').received.length, 0);
  });

  it('is found where discovery has seen it, also when nobody knows its id beforehand', async () => {
    home = await Home.start([lamp({ ...moved, address: '127.54.9.11' })]);
    const { deviceId: _, ...anybody } = settings;
    const device = devices.device(anybody);
    await device.call('echo', ['before']);
    await home.close();
    home = await Home.start([moved], { broadcast });
    await devices.discover({ timeoutMs: 100 });
    assert.equal(device.address, '127.54.9.11', 'it was not heard at the new one');
    assert.deepEqual((await device.call('echo', ['after'])).result, ['after']);
    assert.equal(device.address, '127.54.9.12');
  });

  it('stays where it answers, whatever discovery has seen elsewhere', async () => {
    const impostor = lamp({ address: '127.54.9.12', token: '0'.repeat(32), did: moved.did });
    home = await Home.start([lamp({ ...moved, address: '127.54.9.11' }), impostor], { broadcast });
    const device = devices.device(settings);
    await device.call('echo', ['before']);
    await devices.discover({ addresses: '127.54.9.12', timeoutMs: 100 });
    for (let n = 0; n < 3; n++) await device.call('echo', [n]);
    assert.equal(device.address, '127.54.9.11');
    assert.equal(home.devices[1]?.received.length, 0);
  });

  it('is not looked for any more after close', async () => {
    home = await Home.start([{ ...moved, did: '5' }], { broadcast });
    const [other] = home.devices;
    assert.ok(other);
    const command = devices.device(settings).call('echo');
    await once(other, 'hello');
    await devices.close();
    await assert.rejects(command, because('closed'));
    const hello = sinon.spy();
    other.on('hello', hello);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(hello.callCount, 0);
  });
});
