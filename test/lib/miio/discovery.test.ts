/** Who is found, once, by address, name, network and broadcast; and who is not. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { NetworkInterfaceInfo } from 'node:os';
import sinon from 'sinon';
import { type DiscoveryOptions, discover, type FoundDevice } from '../../../lib/miio/discovery';
import { Home, hiddenPlug, lamp, purifier } from '../../simulators/home';
import { because } from './conversation';
import { Puppet } from './puppet';

/** The network 127.54.5.0/24: all of 127.0.0.0/8 is this machine. */
const network: NetworkInterfaceInfo = {
  address: '127.54.5.1',
  cidr: '127.54.5.1/24',
  netmask: '255.255.255.0',
  family: 'IPv4',
  mac: '',
  internal: false,
};

/** No mDNS of this machine is to hear the tests. */
const UNUSED_PORT = 5_354;

function search(options: Partial<DiscoveryOptions>): Promise<FoundDevice[]> {
  return discover({
    timeoutMs: 120,
    mdnsPort: UNUSED_PORT,
    resolve: async (address) => (address === 'lamp.local' ? '127.54.5.11' : address),
    ...options,
  });
}
const ids = (devices: FoundDevice[]) => devices.map(({ deviceId }) => deviceId).sort();

describe('miIO discovery', () => {
  let home: Home;

  before(async () => {
    home = await Home.start(
      [
        lamp({ address: '127.54.5.11', helloToken: 'disclosed' }),
        purifier({ address: '127.54.5.12' }),
        hiddenPlug({ address: '127.54.5.13', stamp: 4711 }),
      ],
      { broadcast: { address: '127.54.5.255', port: 54_321 } },
    );
  });

  after(() => home.close());

  afterEach(() => {
    for (const { faults } of home.devices) {
      Object.assign(faults, { duplicate: false, lossIn: 0, random: Math.random });
    }
  });

  it('finds everybody by the broadcast of every interface', async () => {
    const found = await search({ interfaces: () => ({ lo: [network] }) });
    assert.deepEqual(ids(found), ['100000001', '200000002', '300000003']);
  });

  it('tells address, port, id, clock, and the token only of a device that discloses it', async () => {
    const found = await search({ addresses: '127.54.5.11 127.54.5.12 127.54.5.13' });
    const byId = new Map(found.map((device) => [device.deviceId, device]));
    const { stamp, ...disclosed } = byId.get('100000001') ?? { stamp: 0 };
    assert.ok(stamp >= 1_000);
    assert.deepEqual(disclosed, {
      address: '127.54.5.11',
      port: 54_321,
      deviceId: '100000001',
      token: home.device('100000001').token,
    });
    assert.ok(!('token' in (byId.get('200000002') ?? {})), 'hidden by ff');
    const plug = byId.get('300000003');
    assert.ok(plug && !('token' in plug), 'hidden by zeros');
    assert.ok(plug.stamp >= 4_711);
  });

  it('finds a device once that two interfaces reach', async () => {
    const hello = sinon.spy();
    home.device('100000001').on('hello', hello);
    const second = { ...network, address: '127.54.5.2', cidr: '127.54.5.2/24' };
    const seen: string[] = [];
    const found = await search({
      interfaces: () => ({ eth0: [network], wlan0: [second] }),
      onFound: ({ deviceId }) => seen.push(deviceId),
    });
    assert.deepEqual(ids(found), ['100000001', '200000002', '300000003']);
    assert.deepEqual(seen.sort(), ids(found));
    const askers = new Set(hello.args.map(([{ address }]) => address));
    assert.deepEqual([...askers].sort(), ['127.54.5.1', '127.54.5.2'], 'each from its own address');
  });

  it('tells the host name by which a device was found, and what the name tells', async () => {
    const resolve = async () => '127.54.5.11';
    const nameAndModel = async (addresses: string) => {
      const [{ name, model } = {}] = await search({ addresses, resolve });
      return { name, model };
    };
    assert.deepEqual(await nameAndModel('lamp.local'), { name: 'lamp.local', model: undefined });
    assert.deepEqual(await nameAndModel('yeelink-light-lamp1_miio100000001.lan'), {
      name: 'yeelink-light-lamp1_miio100000001.lan',
      model: 'yeelink.light.lamp1',
    });
    const formerly = await nameAndModel('yeelink-light-color1_miio77');
    assert.deepEqual(formerly, { name: undefined, model: undefined }, 'the name of another device');
  });

  it('finds by host name, and by network', async () => {
    assert.deepEqual(ids(await search({ addresses: 'lamp.local' })), ['100000001']);
    assert.deepEqual(ids(await search({ addresses: '127.54.5.8/29' })), [
      '100000001',
      '200000002',
      '300000003',
    ]);
    assert.deepEqual(ids(await search({ addresses: '127.54.5.13/32, 127.54.5.11' })), [
      '100000001',
      '300000003',
    ]);
  });

  it('asks a whole /24 and hears everybody', async () => {
    const found = await search({ addresses: '127.54.5.0/24', timeoutMs: 300 });
    assert.equal(found.length, 3);
  });

  it('tells each device once, as it is found', async () => {
    const seen: string[] = [];
    for (const { faults } of home.devices) faults.duplicate = true;
    const addresses = '127.54.5.255 127.54.5.11';
    const found = await search({ addresses, onFound: ({ deviceId }) => seen.push(deviceId) });
    assert.deepEqual(seen.sort(), ids(found));
    assert.equal(seen.length, 3);
  });

  it('says hello again, since a packet may be lost', async () => {
    const { faults } = home.device('100000001');
    let heard = 0;
    faults.lossIn = 0.5;
    faults.random = () => (heard++ < 2 ? 0 : 1);
    assert.deepEqual(ids(await search({ addresses: '127.54.5.11' })), ['100000001']);
    assert.equal(heard, 3);
  });

  it('does not bother again who has answered', async () => {
    const hello = sinon.spy();
    home.device('100000001').on('hello', hello);
    await search({ addresses: '127.54.5.11' });
    assert.equal(hello.callCount, 1);
  });

  it('finds nobody where nobody answers', async () => {
    assert.deepEqual(await search({ addresses: '127.54.5.99', timeoutMs: 50 }), []);
  });

  it('says so where no interface can broadcast', async () => {
    const loopback = { ...network, internal: true };
    for (const interfaces of [() => ({}), () => ({ lo: [loopback] })]) {
      await assert.rejects(search({ interfaces }), because('noBroadcast', /enter addresses/));
    }
  });

  it('leaves by the interface that has the bind address', async () => {
    const hello = sinon.spy();
    home.device('200000002').on('hello', hello);
    const interfaces = () => ({
      lo: [network, { ...network, cidr: '127.54.7.1/24', address: '127.54.7.1' }],
    });
    assert.equal((await search({ interfaces, bindAddress: '127.54.5.1' })).length, 3);
    assert.equal(hello.firstCall.args[0].address, '127.54.5.1');
    assert.equal((await search({ interfaces, bindAddress: '127.54.7.1' })).length, 0);
    await assert.rejects(
      search({ interfaces, bindAddress: '127.54.8.1' }),
      because('socketFailed', /54\.8\.1/),
    );
  });

  it('ends early with what it has, when it is told to', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const startedAt = performance.now();
    const onFound = () => controller.abort();
    const found = await search({ addresses: '127.54.5.11 127.54.5.99', timeoutMs: 5_000, onFound, signal });
    assert.equal(found.length, 1);
    assert.ok(performance.now() - startedAt < 1_000);
    assert.deepEqual(await search({ addresses: '127.54.5.11', timeoutMs: 5_000, signal }), []);
  });

  it('refuses what it does not understand, before anything is sent', async () => {
    await assert.rejects(search({ addresses: '127.54.5.11 10.0.0.300' }), because('targetInvalid'));
    await assert.rejects(search({ addresses: '10.0.0.0/8' }), because('targetTooLarge'));
  });

  it('goes on when one of several names is unknown, and fails when all are', async () => {
    const resolve = async (address: string) => {
      if (address === 'nobody.local') throw new Error('ENOTFOUND');
      return address;
    };
    assert.equal((await search({ addresses: 'nobody.local 127.54.5.11', resolve })).length, 1);
    await assert.rejects(search({ addresses: 'nobody.local', resolve }), /ENOTFOUND/);
  });

  it('fails with the cause when nothing can be sent, and leaves no socket open', async () => {
    const sockets: Socket[] = [];
    const options: Partial<DiscoveryOptions> = {
      addresses: '127.54.5.11 127.54.5.12',
      timeoutMs: 50,
      createSocket: (kind) => {
        const socket = typeof kind === 'string' ? createSocket(kind) : createSocket(kind);
        sockets.push(socket);
        return socket;
      },
    };
    const wrong = search({ ...options, bindAddress: '192.0.2.77' });
    const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
    await assert.rejects(wrong, because('socketFailed', /192\.0\.2\.77/));
    assert.equal((await search(options)).length, 2);
    await closed;
    for (const socket of sockets) assert.throws(() => socket.address(), { code: /NOT_RUNNING|EBADF/ });
  });
});

describe('miIO discovery among liars', () => {
  let puppet: Puppet;

  beforeEach(async () => {
    puppet = await Puppet.open();
  });

  afterEach(() => puppet.close());

  it('ignores garbage, its own hello sent back, and a device without id', async () => {
    const lies = [
      Buffer.from('garbage'),
      Buffer.from(`21310020${'ff'.repeat(28)}`, 'hex'),
      puppet.packet({ id: 1, result: ['ok'] }),
      puppet.helloReply(0n),
    ];
    puppet.onHello = (from) => {
      for (const lie of lies) puppet.send(lie, from);
    };
    assert.deepEqual(await search({ addresses: `127.0.0.1:${puppet.port}` }), []);
    puppet.onHello = (from) => puppet.send(puppet.helloReply(), from);
    assert.deepEqual(ids(await search({ addresses: `127.0.0.1:${puppet.port}` })), ['4711']);
  });

  it('ignores who was not asked, unless everybody was', async () => {
    const stranger = createSocket('udp4').bind(0, '127.0.0.1');
    await once(stranger.unref(), 'listening');
    puppet.onHello = (from) => stranger.send(puppet.helloReply(12n), from.port, from.address);
    assert.deepEqual(await search({ addresses: `127.0.0.1:${puppet.port}`, timeoutMs: 100 }), []);
    stranger.close();
  });

  it('listens to a liar with ever new ids up to a limit', async () => {
    const liar = { address: '127.0.0.1', port: puppet.port };
    puppet.onHello = () => undefined;
    const found = await search({
      addresses: `127.0.0.1:${puppet.port}`,
      timeoutMs: 100,
      createSocket: (kind) => {
        const socket = typeof kind === 'string' ? createSocket(kind) : createSocket(kind);
        socket.once('listening', () => {
          for (let did = 1n; did <= 10_100n; did++) socket.emit('message', puppet.helloReply(did), liar);
        });
        return socket;
      },
    });
    assert.equal(found.length, 10_000);
  });

  it('knows an id of 64 bit', async () => {
    puppet.did = 2n ** 64n - 2n;
    const found = await search({ addresses: `127.0.0.1:${puppet.port}`, timeoutMs: 100 });
    assert.deepEqual(ids(found), ['18446744073709551614']);
  });
});
