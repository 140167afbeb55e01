/** True packets at the wrong time or from the wrong place: recorded, early, late, twice, or of somebody else. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { encodeHelloReply, tokenBytes } from '../../../simulators/home/wire';
import { because, Client } from '../conversation';
import { Puppet, type Request } from '../puppet';
import { OTHER_TOKEN, Stage } from './stage';

describe('a miIO session', () => {
  let stage: Stage;
  let puppet: Puppet;
  let client: Client;

  beforeEach(async () => {
    stage = await Stage.open();
    ({ puppet, client } = stage);
  });
  afterEach(() => stage.close());

  const lieTo = ({ id }: { id: number }) => stage.sealed({ id, result: ['lie'] });

  describe('does not take for the answer', () => {
    it('answers recorded earlier in this session', async () => {
      const recorded: Buffer[] = [];
      stage.beforeAnswer(({ id }) => {
        for (const old of recorded) stage.arrive(old);
        recorded.push(stage.sealed({ id, result: ['old'] }));
      });
      for (let n = 0; n < 5; n++) assert.deepEqual(await client.result('get'), ['true']);
    });

    it('answers recorded in an earlier session, since no two begin with the same id', async () => {
      const recorded: Buffer[] = [];
      const record = ({ id }: Request) => void recorded.push(stage.sealed({ id, result: ['old'] }));
      stage.beforeAnswer(record);
      const earlier = new Client(puppet);
      for (let n = 0; n < 5; n++) await earlier.call('get');
      await earlier.close();
      stage.beforeAnswer(() => {
        for (const old of recorded) stage.arrive(old);
      });
      for (let n = 0; n < 5; n++) assert.deepEqual(await client.result('get'), ['true']);
    });

    it('one from another port, or from another address', async () => {
      const neighbour = createSocket('udp4').bind(0, puppet.address).unref();
      const elsewhere = createSocket('udp4').bind(puppet.port, '127.54.6.1').unref();
      await Promise.all([once(neighbour, 'listening'), once(elsewhere, 'listening')]);
      stage.beforeAnswer(async (request) => {
        for (const liar of [neighbour, elsewhere]) {
          await new Promise((sent) =>
            liar.send(lieTo(request), request.from.port, request.from.address, sent),
          );
        }
      });
      assert.deepEqual(await client.result('get'), ['true']);
      for (const liar of [neighbour, elsewhere]) liar.close();
    });

    for (const [name, did] of [
      ['of the next device', 4712n],
      ['of nobody, 0', 0n],
      ['of everybody, all ff', 2n ** 64n - 1n],
      ['with its lower half ff', 0xffff_ffffn],
      ['with another upper half', (1n << 32n) + 4711n],
    ] as const) {
      it(`one with the id ${name}`, async () => {
        stage.beforeAnswer(({ id }) => puppet.send(stage.sealed({ id, result: ['lie'] }, { did })));
        assert.deepEqual(await client.result('get'), ['true']);
      });
    }

    it('one that comes before its request was sent', async () => {
      const { id } = await client.call('get');
      const early = [1, 2, 3].map((more) => stage.sealed({ id: id + more, result: ['early'] }));
      for (const answer of early) stage.arrive(answer);
      stage.beforeAnswer(() => undefined);
      const answers = [client.result('get'), client.result('get'), client.result('get')];
      for (const answer of early.slice(1)) stage.arrive(answer);
      assert.deepEqual(await Promise.all(answers), [['true'], ['true'], ['true']]);
    });

    it('one that comes while it still says hello', async () => {
      await client.call('get');
      const later = new Client(
        { address: puppet.address, port: puppet.port, token: Puppet.token },
        { socket: stage.socket },
      );
      puppet.onHello = (from) => {
        for (let id = 1; id < 100; id++) stage.arrive(stage.sealed({ id, result: ['early'] }));
        puppet.send(puppet.helloReply(), from);
      };
      stage.beforeAnswer(() => undefined);
      assert.deepEqual(await later.result('get'), ['true']);
      await later.close();
    });

    it('the second of two that differ', async () => {
      puppet.onRequest = ({ id }) => {
        puppet.send(stage.sealed({ id, result: ['first'] }));
        puppet.send(stage.sealed({ id, result: ['second'] }));
      };
      for (let n = 0; n < 3; n++) assert.deepEqual(await client.result('get'), ['first']);
    });

    it('an error behind the result, or a result behind the error', async () => {
      puppet.onRequest = ({ id }) => {
        puppet.send(stage.sealed({ id, result: ['first'] }));
        puppet.send(stage.sealed({ id, error: { code: -1, message: 'second' } }));
      };
      assert.deepEqual(await client.result('get'), ['first']);
      puppet.onRequest = ({ id }) => {
        puppet.send(stage.sealed({ id, error: { code: -1, message: 'first' } }));
        puppet.send(stage.sealed({ id, result: ['second'] }));
      };
      await assert.rejects(client.call('get'), because('deviceRefused', /-1 first/));
    });

    it('the one to a command whose time was over', async () => {
      await client.warmUp();
      const late: Request[] = [];
      puppet.onRequest = (request) => late.push(request);
      await assert.rejects(client.call('get', [], { timeoutMs: 150 }), { code: 'TIMEOUT' });
      stage.beforeAnswer(() => {
        for (const request of late) stage.arrive(lieTo(request));
      });
      assert.deepEqual(await client.result('get'), ['true']);
    });

    it('the one to a command that was aborted', async () => {
      const late: Request[] = [];
      const controller = new AbortController();
      puppet.onRequest = (request) => {
        late.push(request);
        controller.abort();
      };
      const { signal } = controller;
      await assert.rejects(client.call('get', [], { signal }), because('aborted'));
      stage.beforeAnswer(() => {
        for (const request of late) stage.arrive(lieTo(request));
      });
      assert.deepEqual(await client.result('get'), ['true']);
    });
  });

  it('is silent after close, whatever still arrives', async () => {
    const closed = new Promise<Request>((resolve) => {
      puppet.onRequest = (request) => {
        client.session.close();
        resolve(request);
      };
    });
    await assert.rejects(client.call('get'), because('closed'));
    const request = await closed;
    const heard = puppet.hellos + puppet.requests.length;
    for (const datagram of [lieTo(request), puppet.helloReply(), request.datagram]) stage.arrive(datagram);
    await nextTurn();
    await assert.rejects(client.call('get'), because('closed'));
    assert.equal(puppet.hellos + puppet.requests.length, heard);
    assert.equal(client.session.state, 'closed');
    assert.deepEqual(client.states.slice(-1), ['closed']);
  });

  describe('does not believe in a hello', () => {
    it('that it has not said', async () => {
      await client.warmUp();
      stage.arrive(puppet.helloReply(999n, 77));
      stage.beforeAnswer(() => stage.arrive(puppet.helloReply(888n, 88)));
      for (let n = 0; n < 3; n++) assert.deepEqual(await client.result('get'), ['true']);
      assert.deepEqual(
        [...new Set(puppet.requests.map(({ did, stamp }) => `${did} ${stamp}`))],
        ['4711 1000'],
      );
      assert.equal(client.session.deviceId, '4711');
    });

    it('of its own, sent back', async () => {
      puppet.onHello = (from) => {
        puppet.send(Buffer.from(`21310020${'ff'.repeat(28)}`, 'hex'), from);
        if (puppet.hellos > 1) puppet.send(puppet.helloReply(), from);
      };
      assert.deepEqual(await client.result('get'), ['ok']);
      assert.equal(client.session.deviceId, '4711');
    });

    it('that another address answers', async () => {
      const elsewhere = await Puppet.open('127.54.6.1');
      elsewhere.did = 999n;
      puppet.onHello = (from) => {
        elsewhere.send(elsewhere.helloReply(), from);
        stage.arrive(elsewhere.helloReply(), elsewhere);
        puppet.send(puppet.helloReply(), from);
      };
      const result = await client.result('get').finally(() => elsewhere.close());
      assert.deepEqual(result, ['ok']);
      assert.equal(client.session.deviceId, '4711');
    });

    it('that two devices answer: the first is spoken to, and stays', async () => {
      puppet.onHello = (from) => {
        puppet.send(puppet.helloReply(), from);
        puppet.send(puppet.helloReply(999n, 77), from);
      };
      for (let n = 0; n < 2; n++) assert.deepEqual(await client.result('get'), ['ok']);
      assert.deepEqual(new Set(puppet.requests.map(({ did }) => did)), new Set([4711n]));
    });

    it('of another device when it knows the id of its own', async () => {
      puppet.onHello = (from) => {
        puppet.send(puppet.helloReply(999n, 77), from);
        puppet.send(puppet.helloReply(), from);
      };
      assert.deepEqual(await client.result('get', [], { deviceId: '4711' }), ['ok']);
      assert.deepEqual(
        new Set(puppet.requests.map(({ did, stamp }) => `${did} ${stamp}`)),
        new Set(['4711 1000']),
      );
    });
  });

  for (const [what, field] of [
    ['another token', tokenBytes(OTHER_TOKEN)],
    ['an MSUB block', Buffer.from('MSUB....PUB.\xfe...', 'latin1')],
  ] as const) {
    it(`keeps its own token when a hello is answered with ${what}`, async () => {
      puppet.onHello = (from) => puppet.send(encodeHelloReply(puppet.did, puppet.stamp, field), from);
      assert.deepEqual(await client.result('get'), ['ok']);
    });
  }

  it('does not leak a token into the error that a wrong one leads to', async () => {
    puppet.onRequest = ({ id }) =>
      puppet.send(stage.sealed({ id, result: ['lie'] }, { token: tokenBytes(OTHER_TOKEN) }));
    await assert.rejects(client.call('get', [], { timeoutMs: 200 }), (error: unknown) => {
      const text = `${String(error)} ${JSON.stringify(error)}`;
      assert.doesNotMatch(text, new RegExp(`${Puppet.token}|${OTHER_TOKEN}`, 'i'));
      return because('tokenOther')(error);
    });
  });
});
