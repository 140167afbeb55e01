/** Who lies to a search: what is found is who has answered hello, once, and nothing else. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { NetworkInterfaceInfo } from 'node:os';
import sinon from 'sinon';
import { type DiscoveryOptions, discover, type FoundDevice } from '../../../../lib/miio/discovery';
import { encodeHello, encodeHelloReply } from '../../../simulators/home/wire';
import { Announcer } from '../announcer';
import { Puppet } from '../puppet';
import { recording } from './stage';

describe('a search among liars', () => {
  let puppet: Puppet;
  let opened: Socket[];

  beforeEach(async () => {
    puppet = await Puppet.open();
    opened = [];
  });
  afterEach(() => puppet.close());

  const search = (options: Partial<DiscoveryOptions> = {}): Promise<FoundDevice[]> =>
    discover({
      addresses: `127.0.0.1:${puppet.port}`,
      timeoutMs: 120,
      resolve: async (address) => address,
      createSocket: recording(opened),
      ...options,
    });
  const found = async (options?: Partial<DiscoveryOptions>) =>
    (await search(options)).map(({ deviceId }) => deviceId);
  /** Each hello is answered so. */
  const answers = (...datagrams: Buffer[]) => {
    puppet.onHello = (from) => {
      for (const datagram of datagrams) puppet.send(datagram, from);
    };
  };

  const nobodies: [string, () => Buffer][] = [
    ['its own hello, sent back', encodeHello],
    ['the id 0', () => puppet.helloReply(0n)],
    ['the id of everybody', () => puppet.helloReply(2n ** 64n - 1n)],
    ['a packet with data', () => puppet.packet({ id: 1, result: ['ok'] })],
    ['an answer with a byte too many', () => Buffer.concat([puppet.helloReply(), Buffer.alloc(1)])],
    ['an answer with a byte missing', () => puppet.helloReply().subarray(0, 31)],
    ['an answer whose length says more', () => withLength(puppet.helloReply(), 48)],
    ['an answer whose length says less', () => withLength(puppet.helloReply(), 16)],
    [
      'a longer datagram whose length says hello',
      () => Buffer.concat([puppet.helloReply(), Buffer.alloc(16)]),
    ],
    ['nothing', () => Buffer.alloc(0)],
    ['64 KB of nothing', () => Buffer.alloc(65_507)],
  ];
  for (const [what, lie] of nobodies) {
    it(`finds nobody who answers with ${what}, and still hears the truth behind it`, async () => {
      answers(lie());
      assert.deepEqual(await found(), []);
      answers(lie(), puppet.helloReply());
      assert.deepEqual(await found(), ['4711']);
    });
  }

  for (const [what, field] of [
    ['an MSUB block', Buffer.from('MSUB....PUB.\xfe...', 'latin1')],
    ['zeros', Buffer.alloc(16)],
    ['ff', Buffer.alloc(16, 0xff)],
  ] as const) {
    it(`takes no token from ${what}`, async () => {
      answers(encodeHelloReply(4711n, 5, field));
      const [device] = await search();
      assert.deepEqual(device, { address: '127.0.0.1', port: puppet.port, deviceId: '4711', stamp: 5 });
    });
  }

  it('takes a device once that answers a hundred times, as it was at first', async () => {
    const others = Array.from({ length: 99 }, (_, n) => encodeHelloReply(4711n, n, Buffer.alloc(16, n + 1)));
    answers(puppet.helloReply(), ...others);
    const onFound = sinon.spy();
    const devices = await search({ onFound });
    assert.equal(onFound.callCount, 1);
    assert.deepEqual(devices, [{ address: '127.0.0.1', port: puppet.port, deviceId: '4711', stamp: 1000 }]);
  });

  it('does not hear who was not asked: another port, another address', async () => {
    const neighbour = createSocket('udp4').bind(0, '127.0.0.1').unref();
    const elsewhere = createSocket('udp4').bind(puppet.port, '127.54.6.3').unref();
    await Promise.all([once(neighbour, 'listening'), once(elsewhere, 'listening')]);
    puppet.onHello = (from) => {
      for (const liar of [neighbour, elsewhere]) liar.send(puppet.helloReply(999n), from.port, from.address);
    };
    assert.deepEqual(await found(), []);
    for (const liar of [neighbour, elsewhere]) liar.close();
  });

  it('does not hear who was not asked in a large network, of which hosts end like a broadcast', async () => {
    const stranger = await Puppet.open('127.0.0.9');
    const heard = sinon.spy();
    const createSocketThatIsLiedTo: DiscoveryOptions['createSocket'] = (options) => {
      const socket = createSocket(options).on('message', heard);
      socket.once('listening', () => {
        stranger.send(stranger.helloReply(), { address: '127.0.0.1', port: socket.address().port });
      });
      return socket;
    };
    const large = { addresses: '127.54.16.0/23', timeoutMs: 300, createSocket: createSocketThatIsLiedTo };
    assert.deepEqual(await found(large), []);
    assert.equal(heard.callCount, 1);
    await stranger.close();
  });

  it('hears nobody after its end', async () => {
    puppet.onHello = () => undefined;
    const onFound = sinon.spy();
    const devices = await search({ onFound, timeoutMs: 60 });
    for (const socket of opened) {
      socket.emit('message', puppet.helloReply(), { address: '127.0.0.1', port: puppet.port });
    }
    assert.deepEqual(devices, []);
    assert.ok(opened.length > 0);
    for (const socket of opened) assert.throws(() => socket.address(), 'it is closed');
  });

  it('goes on when whoever is told of a device throws', async () => {
    answers(puppet.helloReply(1n), puppet.helloReply(2n));
    const onFound = () => {
      throw new Error('a bug in a flow');
    };
    assert.deepEqual(await found({ onFound }), ['1', '2']);
  });

  it('loses no device when its socket fails under way', async () => {
    puppet.onHello = (from) => {
      puppet.send(puppet.helloReply(), from);
      setImmediate(() => opened[0]?.emit('error', new Error('ENETDOWN')));
    };
    assert.deepEqual(await found(), ['4711']);
  });
});

describe('a search that hears mDNS', () => {
  const card: NetworkInterfaceInfo = {
    address: '127.54.12.1',
    cidr: '127.54.12.1/24',
    netmask: '255.255.255.0',
    family: 'IPv4',
    mac: '',
    internal: false,
  };
  let announcer: Announcer;

  beforeEach(async () => {
    announcer = await Announcer.open('127.54.12.2');
  });
  afterEach(() => announcer.close());

  const search = (options: Partial<DiscoveryOptions> = {}) =>
    discover({
      timeoutMs: 250,
      interfaces: () => ({ lo: [card] }),
      mdnsPort: announcer.port,
      resolve: async (address) => address,
      ...options,
    });

  it('finds nobody who is only announced, whatever the name', async () => {
    for (const name of [
      '__proto__',
      'constructor',
      'a-b-c_miio4711',
      'rockrobo',
      `${'x'.repeat(60)}_miio1`,
    ]) {
      announcer.announce(name, '127.54.12.99');
    }
    assert.deepEqual(await search(), []);
    assert.ok(!('deviceId' in {}));
  });

  it('does not say hello to addresses of many hosts, or of none', async () => {
    for (const [n, address] of ['224.0.0.251', '255.255.255.255', '0.0.0.0'].entries()) {
      announcer.announce(`a-b-c_miio${n + 1}`, address, 5_000 + n);
    }
    const opened: Socket[] = [];
    const sends: sinon.SinonSpy[] = [];
    await search({
      createSocket: (options) => {
        const socket = recording(opened)(options);
        sends.push(sinon.spy(socket, 'send'));
        return socket;
      },
    });
    const asked = sends.flatMap(({ args }) => args.map(([, , address]) => address));
    assert.deepEqual(new Set(asked), new Set(['127.54.12.255']));
  });
});

function withLength(packet: Buffer, length: number): Buffer {
  const copy = Buffer.from(packet);
  copy.writeUInt16BE(length, 2);
  return copy;
}
