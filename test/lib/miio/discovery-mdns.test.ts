/** What mDNS adds to a search: models, names, and devices that no broadcast reaches. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { NetworkInterfaceInfo } from 'node:os';
import sinon from 'sinon';
import { type DiscoveryOptions, discover, type FoundDevice } from '../../../lib/miio/discovery';
import { Home, hiddenPlug, lamp, purifier } from '../../simulators/home';
import { Announcer, freePort } from './announcer';

const network: NetworkInterfaceInfo = {
  address: '127.54.10.1',
  cidr: '127.54.10.1/24',
  netmask: '255.255.255.0',
  family: 'IPv4',
  mac: '',
  internal: false,
};
const lampName = 'yeelink-light-lamp1_miio100000001';

describe('miIO discovery by mDNS', () => {
  let home: Home;
  let announcer: Announcer;

  before(async () => {
    const byBroadcast = [lamp({ address: '127.54.10.11' }), purifier({ address: '127.54.10.12' })];
    home = await Home.start(byBroadcast, { broadcast: { address: '127.54.10.255', port: 54_321 } });
  });
  beforeEach(async () => {
    announcer = await Announcer.open('127.54.10.2');
  });
  afterEach(() => announcer.close());
  after(() => home.close());

  async function search(options: Partial<DiscoveryOptions> = {}): Promise<Map<string, FoundDevice>> {
    const found = await discover({
      timeoutMs: 150,
      interfaces: () => ({ lo: [network] }),
      mdnsPort: announcer.port,
      resolve: async (address) => address,
      ...options,
    });
    return new Map(found.map((device) => [device.deviceId, device]));
  }

  it('tells model and name of a device that the broadcast finds', async () => {
    announcer.announce(lampName, '127.54.10.11');
    const found = await search();
    assert.equal(found.size, 2);
    const { stamp: _, ...device } = found.get('100000001') ?? { stamp: 0 };
    assert.deepEqual(device, {
      address: '127.54.10.11',
      port: 54_321,
      deviceId: '100000001',
      name: lampName,
      model: 'yeelink.light.lamp1',
    });
    assert.ok(!('model' in (found.get('200000002') ?? {})), 'nothing is invented');
  });

  it('tells the model of a device by its address where the name has no id', async () => {
    announcer.announce('rockrobo', '127.54.10.12');
    assert.equal((await search()).get('200000002')?.model, 'rockrobo.vacuum.v1');
  });

  it('finds a device that no broadcast reaches, at the port that it tells', async () => {
    const quiet = await Home.start([hiddenPlug({ address: '127.54.11.13', port: 0 })]);
    try {
      const [plug] = quiet.devices;
      assert.ok(plug);
      const hello = sinon.spy();
      plug.on('hello', hello);
      announcer.announce(`chuangmi-plug-m1_miio${plug.did}`, plug.address, plug.port);
      const found: FoundDevice[] = [];
      const { stamp, ...device } = (await search({ onFound: (one) => found.push(one) })).get(plug.did) ?? {};
      assert.equal(typeof stamp, 'number', 'it has answered hello');
      assert.deepEqual(device, {
        address: '127.54.11.13',
        port: plug.port,
        deviceId: plug.did,
        name: `chuangmi-plug-m1_miio${plug.did}`,
        model: 'chuangmi.plug.m1',
      });
      assert.equal(found.find(({ deviceId }) => deviceId === plug.did)?.model, 'chuangmi.plug.m1');
      assert.equal(hello.callCount, 1, 'asked once, though announced again and again');
    } finally {
      await quiet.close();
    }
  });

  it('does not believe in a device that answers no hello, nor in the id of another', async () => {
    announcer.announce('yeelink-light-color1_miio4711', '127.54.10.99');
    announcer.announce('yeelink-light-color1_miio4712', '127.54.10.11');
    const found = await search();
    assert.deepEqual([...found.keys()].sort(), ['100000001', '200000002']);
    assert.ok(!('model' in (found.get('100000001') ?? {})));
  });

  it('is heard by every interface, and finds each device once', async () => {
    announcer.announce(lampName, '127.54.10.11');
    const second = { ...network, address: '127.54.10.3', cidr: '127.54.10.3/24' };
    const seen: string[] = [];
    const interfaces = () => ({ lo: [network], wlan0: [second] });
    const found = await search({ interfaces, onFound: ({ deviceId }) => seen.push(deviceId) });
    assert.deepEqual(seen.sort(), ['100000001', '200000002']);
    assert.equal(found.get('100000001')?.model, 'yeelink.light.lamp1');
    assert.equal(announcer.questions, 6, 'each asks three times');
  });

  it('is asked for again, since a packet may be lost', async () => {
    await search();
    assert.equal(announcer.questions, 3);
  });

  it('is left alone where addresses are given', async () => {
    announcer.announce(lampName, '127.54.10.11');
    const found = await search({ addresses: '127.54.10.11' });
    assert.ok(!('model' in (found.get('100000001') ?? {})));
    assert.equal(announcer.questions, 0);
  });

  it('says hello at once to who is announced, not when it is time for the next hello', async () => {
    const quiet = await Home.start([hiddenPlug({ address: '127.54.11.13', port: 0 })]);
    const [plug] = quiet.devices;
    assert.ok(plug);
    announcer.announce('chuangmi-plug-m1_miio300000003', plug.address, plug.port);
    const ended = new AbortController();
    const startedAt = performance.now();
    const onFound = ({ deviceId }: FoundDevice) => deviceId === plug.did && ended.abort();
    const found = await search({ timeoutMs: 10_000, onFound, signal: ended.signal });
    await quiet.close();
    assert.ok(found.has(plug.did));
    assert.ok(performance.now() - startedAt < 1_000, 'the next hello is after 1500 ms');
  });

  it('says three hellos to an announced device that is not there, however often it is announced', async () => {
    announcer.announce('yeelink-light-color1_miio4711', '127.54.10.99', 12_345);
    const ports = await hellosOf(search);
    assert.equal(ports.filter((port) => port === 12_345).length, 3);
  });

  it('says hello to 256 announced devices at most', async () => {
    for (let port = 40_001; port <= 40_300; port++) announcer.lie(port);
    const ports = new Set(await hellosOf(search));
    assert.equal(ports.size, 1 + 256, 'and the broadcast');
  });

  it('takes nothing from a search when its port is in use, or no interface has multicast', async () => {
    const taken = createSocket('udp4').bind(await freePort());
    await once(taken, 'listening');
    assert.equal((await search({ mdnsPort: taken.address().port })).size, 2);
    taken.close();
    const elsewhere = { ...network, address: '192.0.2.77', cidr: '192.0.2.77/24' };
    const found = await search({ interfaces: () => ({ lo: [network], gone: [elsewhere] }) });
    assert.equal(found.size, 2);
  });

  it('takes nothing from a search when nonsense arrives', async () => {
    const liar = createSocket({ type: 'udp4' });
    const shout = () => {
      for (const bytes of ['', '00'.repeat(12), 'ff'.repeat(600), `000084000000ffff${'00'.repeat(4)}c00c`]) {
        liar.send(Buffer.from(bytes, 'hex'), announcer.port, '224.0.0.251');
      }
    };
    liar.bind(0, '127.54.10.4');
    await once(liar, 'listening');
    liar.setMulticastInterface('127.54.10.4');
    announcer.announce(lampName, '127.54.10.11');
    const found = await search({ onFound: shout, timeoutMs: 300 });
    liar.close();
    assert.equal(found.get('100000001')?.model, 'yeelink.light.lamp1');
  });
});

/** The ports to which a search says hello. */
async function hellosOf(
  search: (options: Partial<DiscoveryOptions>) => Promise<unknown>,
): Promise<unknown[]> {
  const sent: sinon.SinonSpy[] = [];
  await search({
    createSocket: (kind) => {
      const socket = typeof kind === 'string' ? createSocket(kind) : createSocket(kind);
      sent.push(sinon.spy(socket, 'send'));
      return socket;
    },
  });
  return sent.flatMap(({ args }) => args.map(([, port]) => port));
}
