/** What a network spends on devices that are many, away or invented. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import type { NetworkInterfaceInfo } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import sinon from 'sinon';
import { Network } from '../../../lib/miio';
import { encodeHelloReply } from '../../simulators/home/wire';
import { Puppet } from './puppet';

const NOBODY = '127.54.14.9';
const card: NetworkInterfaceInfo = {
  address: '127.54.14.1',
  cidr: '127.54.14.1/24',
  netmask: '255.255.255.0',
  family: 'IPv4',
  mac: '',
  internal: false,
};

describe('the network of miIO devices', () => {
  let puppets: Puppet[] = [];
  let network: Network;

  afterEach(async () => {
    await network.close();
    await Promise.all(puppets.map((puppet) => puppet.close()));
    puppets = [];
  });

  it('asks many devices for their model without a warning', async () => {
    const warned = sinon.spy();
    process.on('warning', warned);
    network = new Network();
    for (let n = 1; n <= 12; n++) {
      const puppet = await Puppet.open(`127.54.14.${100 + n}`);
      puppet.did = BigInt(n);
      puppets.push(puppet);
      await network.device({ address: puppet.address, port: puppet.port, token: Puppet.token }).call('echo');
      // Not answered: all questions stay open at a time.
      puppet.onRequest = () => undefined;
    }
    const addresses = puppets.map(({ address, port }) => `${address}:${port}`).join(' ');
    assert.equal((await network.discover({ addresses, timeoutMs: 300 })).length, 12);
    assert.ok(puppets.every(({ requests }) => requests.at(-1)?.method === 'miIO.info'));
    await nextTurn();
    process.off('warning', warned);
    assert.deepEqual(warned.args, []);
  });

  it('asks few of the devices that a liar invents, tokens included', async () => {
    network = new Network();
    const liar = await Puppet.open();
    puppets.push(liar);
    const greeted = new Set<number>();
    liar.onHello = (from) => {
      // The hello of every further socket port is that of a conversation.
      greeted.add(from.port);
      if (liar.hellos > 1) return;
      for (let did = 1n; did <= 200n; did++) {
        liar.send(encodeHelloReply(did, 1, Buffer.alloc(16, Number(did))), from);
      }
    };
    const found = await network.discover({ addresses: `${liar.address}:${liar.port}`, timeoutMs: 500 });
    assert.ok(found.length > 100, 'they are shown');
    // Three of the search; a conversation says hello twice in this time, three times at most.
    assert.equal(greeted.size, 2, 'the search and the conversations');
    assert.ok(liar.hellos <= 3 + 4 * 3, `${liar.hellos} hellos`);
  });

  it('drops the conversation in which it has asked for a model', async () => {
    network = new Network();
    const puppet = await Puppet.open();
    puppets.push(puppet);
    const askers = new Set<number>();
    puppet.onHello = (from) =>
      puppet.send(encodeHelloReply(puppet.did, puppet.stamp, Buffer.from(Puppet.token, 'hex')), from);
    puppet.onRequest = (request) => {
      askers.add(request.from.port);
      puppet.result(request, { model: 'a.b.c' });
    };
    const where = { addresses: `${puppet.address}:${puppet.port}`, timeoutMs: 300 };
    assert.equal((await network.discover(where))[0]?.model, 'a.b.c');
    await network.device({ address: puppet.address, port: puppet.port, token: Puppet.token }).call('echo');
    assert.equal(puppet.requests.length, 2);
    assert.equal(askers.size, 2, 'the socket of the first conversation was closed with it');
  });

  it('searches once for all devices that keep silent', async () => {
    let broadcasts = 0;
    network = new Network({
      interfaces: () => ({ lo: [card] }),
      createSocket: (options) => {
        const socket = createSocket(options);
        const setBroadcast = sinon.stub(socket, 'setBroadcast');
        setBroadcast.callsFake((flag) => {
          broadcasts++;
          setBroadcast.wrappedMethod.call(socket, flag);
        });
        return socket;
      },
    });
    const absent = Array.from({ length: 20 }, (_, n) =>
      network.device({ address: NOBODY, port: 1_000 + n, token: '0'.repeat(32), deviceId: `${n + 1}` }),
    );
    const failed = absent.map((device) =>
      device.call('echo', [], { timeoutMs: 1_000 }).catch(({ code }) => code),
    );
    assert.deepEqual(new Set(await Promise.all(failed)), new Set(['TIMEOUT']));
    assert.equal(broadcasts, 1, 'sockets that broadcast');
  });
});
