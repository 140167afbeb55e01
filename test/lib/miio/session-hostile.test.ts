/** Packets that no honest device sends: none of them settles a command wrongly, and none keeps it from settling. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as pass } from 'node:timers/promises';
import { type Corruption, spoilAnswer } from '../../simulators/home/faults';
import { encodeHelloReply, tokenBytes } from '../../simulators/home/wire';
import { because, Client } from './conversation';
import { Puppet, type Request } from './puppet';

const OTHER_TOKEN = 'ff0102030405060708090a0b0c0d0e0f';

describe('a miIO session among liars', () => {
  let puppet: Puppet;
  let client: Client;

  beforeEach(async () => {
    puppet = await Puppet.open();
    client = new Client(puppet);
  });

  afterEach(async () => {
    await client.close();
    await puppet.close();
  });

  /** Before each true answer the puppet does this. */
  const beforeAnswer = (lie: (request: Request) => void | Promise<void>) => {
    puppet.onRequest = async (request) => {
      await lie(request);
      puppet.result(request, ['true']);
    };
  };
  const spoilt = (corruption: Corruption, request: Request) => {
    const envelope = { did: puppet.did, stamp: puppet.stamp, token: tokenBytes(Puppet.token) };
    return spoilAnswer(corruption, envelope, { id: request.id }, request.datagram, Math.random);
  };

  for (const corruption of ['checksum', 'truncate', 'garbage', 'reflect', 'otherToken'] as const) {
    it(`waits on for the true answer when a spoilt one comes first: ${corruption}`, async () => {
      beforeAnswer((request) => puppet.send(spoilt(corruption, request)));
      assert.deepEqual(await client.result('get'), ['true']);
      assert.equal(puppet.requests.length, 1);
    });
  }

  const strangers: [string, (request: Request) => object | string][] = [
    ['a request of the device itself with the same id', ({ id }) => ({ id, method: 'props', params: {} })],
    ['a request that pretends to have a result', ({ id }) => ({ id, method: 'props', result: ['lie'] })],
    ['an answer to an id of nobody', ({ id }) => ({ id: id + 1, result: ['lie'] })],
    ['an id as text', ({ id }) => ({ id: String(id), result: ['lie'] })],
    ['no object', () => '["lie"]'],
    ['an empty plaintext', () => '\0'],
  ];
  for (const [name, body] of strangers) {
    it(`does not take for the answer: ${name}`, async () => {
      beforeAnswer((request) => puppet.send(puppet.packet(body(request))));
      assert.deepEqual(await client.result('get'), ['true']);
    });
  }

  it('does not take an answer from another port or another address', async () => {
    const neighbour = createSocket('udp4').bind(0, puppet.address);
    const elsewhere = createSocket('udp4').bind(puppet.port, '127.54.6.1');
    await Promise.all([once(neighbour.unref(), 'listening'), once(elsewhere.unref(), 'listening')]);
    beforeAnswer(async ({ id, from }) => {
      const lie = puppet.packet({ id, result: ['lie'] });
      for (const liar of [neighbour, elsewhere]) {
        await new Promise((sent) => liar.send(lie, from.port, from.address, sent));
      }
    });
    assert.deepEqual(await client.result('get'), ['true']);
    for (const liar of [neighbour, elsewhere]) liar.close();
  });

  it('does not take an answer with another device id', async () => {
    beforeAnswer(({ id }) => {
      puppet.did++;
      puppet.result({ id }, ['lie']);
      puppet.did--;
    });
    assert.deepEqual(await client.result('get'), ['true']);
  });

  it('does not take an old answer, recorded and sent again', async () => {
    const recorded: Buffer[] = [];
    beforeAnswer(({ id }) => {
      for (const old of recorded) puppet.send(old);
      recorded.push(puppet.packet({ id, result: ['old'] }));
    });
    for (let n = 0; n < 4; n++) assert.deepEqual(await client.result('get'), ['true']);
  });

  it('does not listen to the answer of a hello that it has not sent', async () => {
    await client.warmUp();
    puppet.send(puppet.helloReply(999n, 77));
    beforeAnswer(() => puppet.send(puppet.helloReply(888n, 88)));
    for (let n = 0; n < 3; n++) assert.deepEqual(await client.result('get'), ['true']);
    for (const { did, stamp } of puppet.requests) {
      assert.equal(did, 4711n);
      assert.equal(stamp, 1000);
    }
    assert.equal(client.session.deviceId, '4711');
  });

  it('does not listen to the late answer of a hello whose command is answered', async () => {
    await client.warmUp('get');
    puppet.onHello = () => undefined;
    puppet.onRequest = (request) => {
      if (puppet.hellos > 1) puppet.result(request, ['true']);
    };
    assert.deepEqual(await client.result('get'), ['true']);
    puppet.send(puppet.helloReply(puppet.did, 5));
    await pass(50);
    puppet.onRequest = (request) => puppet.result(request, ['next']);
    assert.deepEqual(await client.result('get'), ['next']);
    assert.equal(puppet.requests.at(-1)?.stamp, 1_000);
  });

  it('never takes its token from the answer to a hello', async () => {
    puppet.onHello = (from) =>
      puppet.send(encodeHelloReply(puppet.did, puppet.stamp, tokenBytes(OTHER_TOKEN)), from);
    assert.deepEqual(await client.result('get'), ['ok']);
  });

  it('does not take its own hello, sent back, for an answer', async () => {
    puppet.onHello = (from) => {
      puppet.send(Buffer.from(`21310020${'ff'.repeat(28)}`, 'hex'), from);
      if (puppet.hellos > 1) puppet.send(puppet.helloReply(), from);
    };
    assert.deepEqual(await client.result('get'), ['ok']);
    assert.equal(client.session.deviceId, '4711');
  });

  it('says CODEC when the answer is beyond repair, at once if its id can be read', async () => {
    puppet.onRequest = (request) => puppet.send(puppet.packet(`{"id":${request.id},"result":[net]`));
    const startedAt = performance.now();
    await assert.rejects(client.call('get'), because('answerUnreadable', /not JSON/));
    assert.ok(performance.now() - startedAt < 1_000);
    assert.equal(client.session.state, 'connected');
    puppet.onRequest = () => puppet.send(puppet.packet('\0'));
    await assert.rejects(client.call('get', [], { timeoutMs: 300 }), because('answerUnreadable'));
  });

  it('takes an answer with nothing but the id for null', async () => {
    puppet.onRequest = (request) => puppet.send(spoilt('noResult', request));
    assert.equal(await client.result('get'), null);
  });

  it('answers an error that is a bare text, or has no code', async () => {
    puppet.onRequest = ({ id }) => puppet.send(puppet.packet({ id, error: 'unknown_method' }));
    await assert.rejects(
      client.call('get'),
      because('deviceRefused', /refused get: unknown_method \(it does not know this method/),
    );
    puppet.onRequest = ({ id }) => puppet.send(puppet.packet({ id, error: { message: 'busy' } }));
    await assert.rejects(client.call('get'), because('deviceRefused', /refused get: busy$/));
  });

  it('does not leak the token of a reflected or spoilt packet into an error', async () => {
    puppet.onRequest = (request) => puppet.send(spoilt('otherToken', request));
    await assert.rejects(client.call('get', [], { timeoutMs: 200 }), (error: unknown) => {
      const text = `${String(error)} ${JSON.stringify(error)}`;
      assert.doesNotMatch(text, new RegExp(`${Puppet.token}|${OTHER_TOKEN}`, 'i'));
      return because('tokenOther')(error);
    });
  });

  it('survives a flood of garbage', async () => {
    beforeAnswer(() => {
      for (let size = 0; size < 200; size++) puppet.send(Buffer.alloc(size, 0x21));
      for (const size of [32, 48, 64]) {
        const datagram = Buffer.alloc(size, 0x31);
        datagram.writeUInt16BE(0x2131, 0);
        datagram.writeUInt16BE(size, 2);
        puppet.send(datagram);
      }
    });
    assert.deepEqual(await client.result('get'), ['true']);
  });
});
