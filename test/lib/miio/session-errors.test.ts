/** A device that answers with an error of its own: which commands are sent again, when, and what is said at the end. */
import assert from 'node:assert/strict';
import { MialinkError } from '../../../lib/errors';
import { because, Client } from './conversation';
import { Puppet, type Request } from './puppet';

describe('a miIO session with a device that refuses', () => {
  let puppet: Puppet;
  let client: Client;
  let askedAt: number[];

  beforeEach(async () => {
    puppet = await Puppet.open();
    client = new Client(puppet);
    await client.warmUp('work');
    puppet.requests.length = 0;
    askedAt = [];
  });

  afterEach(async () => {
    await client.close();
    await puppet.close();
  });

  const refuse = ({ id }: Request, code: number, message = 'no') =>
    puppet.send(puppet.packet({ id, error: { code, message } }));
  /** Answers the first commands with these errors, and ["ok"] afterwards; 'silence' answers nothing. */
  const answer = (...codes: (number | 'silence')[]) => {
    puppet.onRequest = (request) => {
      askedAt.push(performance.now());
      const code = codes.shift();
      if (code === undefined) puppet.result(request, ['ok']);
      else if (code !== 'silence') refuse(request, code);
    };
  };
  const ids = () => puppet.requests.map(({ id }) => id);
  /** The milliseconds between the commands. */
  const pauses = () => askedAt.slice(1).map((at, index) => at - (askedAt[index] ?? at));

  it('asks again at once, under a new id, where its microcontroller answered nonsense', async () => {
    answer(-30001, -9998);
    assert.deepEqual(await client.result('work'), ['ok']);
    assert.equal(new Set(ids()).size, 3);
    assert.ok(Math.max(...pauses()) < 150, `${pauses()} ms`);
  });

  it('asks again after a pause that grows where it is busy or its microcontroller is asleep', async () => {
    answer(-30012, -9999);
    assert.deepEqual(await client.result('work'), ['ok']);
    const [first = 0, second = 0] = pauses();
    assert.ok(first >= 350 && first < 700, `${first} ms`);
    assert.ok(second >= 700 && second < 1_200, `${second} ms`);
  });

  it('asks again once where it has tried enough itself', async () => {
    answer(-30011, -30011);
    await assert.rejects(client.call('work'), because('deviceRefused', /-30011 no \(it is busy/));
    assert.equal(ids().length, 2);
  });

  it('does not ask again what it has refused for good', async () => {
    for (const code of [-30020, -32601, -5001, -10000, -4]) {
      answer(code);
      await assert.rejects(client.call('work'), because('deviceRefused'));
    }
    assert.equal(ids().length, 5);
  });

  it('asks no more often than the retries allow, and says then what the device said', async () => {
    answer(-30001, -30001, -30001, -30001, -30001);
    await assert.rejects(client.call('work', [], { retries: 2 }), (error) => {
      assert.ok(error instanceof MialinkError);
      assert.deepEqual(error.peer, { code: -30001, message: 'no' });
      return because('deviceRefused', /microcontroller answered nonsense/)(error);
    });
    assert.equal(ids().length, 3);
    await assert.rejects(client.call('work', [], { retries: 0 }), because('deviceRefused'));
    assert.equal(ids().length, 4);
  });

  it('takes -9999 for the answer where that is wanted, and others for what they are', async () => {
    const options = { retries: 3, repeatsUnheard: false };
    answer(-9999);
    await assert.rejects(client.call('work', [], options), because('deviceRefused', /-9999/));
    assert.equal(ids().length, 1);
    answer(-30001);
    await client.call('work', [], options);
    assert.equal(ids().length, 3);
  });

  it('counts lost answers and refusals together', async () => {
    answer('silence', 'silence', 'silence', -30001, -30001);
    await assert.rejects(client.call('work', [], { retries: 1 }), because('deviceRefused'));
    assert.equal(new Set(ids()).size, 2);
  });

  it('says at the deadline what the device said, not that it kept silent', async () => {
    answer(-9999, -9999, -9999, -9999);
    const startedAt = performance.now();
    const failed = client.call('work', [], { timeoutMs: 700 });
    await assert.rejects(
      failed,
      because('deviceRefused', /-9999 no \(its microcontroller did not answer in time/),
    );
    assert.ok(performance.now() - startedAt < 850, 'the pause does not outlast the deadline');
    assert.equal(client.session.state, 'connected');
  });

  it('counts an error that comes twice only once', async () => {
    puppet.onRequest = (request) => {
      if (puppet.requests.length > 2) puppet.result(request, ['ok']);
      else for (const _ of [1, 2, 3]) refuse(request, -30001);
    };
    assert.deepEqual(await client.result('work', [], { retries: 2 }), ['ok']);
    assert.equal(ids().length, 3);
  });

  it('does not believe a result under an id that was refused already', async () => {
    puppet.onRequest = (request) => {
      refuse(request, -30012);
      const [first] = puppet.requests;
      if (puppet.requests.length === 2 && first) setTimeout(() => puppet.result(first, ['late']), 50);
    };
    await assert.rejects(client.call('work', [], { timeoutMs: 1_500 }), because('deviceRefused'));
  });

  it('takes unknown_method in place of a result for the refusal that it is', async () => {
    for (const result of [['unknown_method'], 'unknown_method']) {
      puppet.onRequest = (request) => puppet.result(request, result);
      await assert.rejects(client.call('work'), (error) => {
        assert.ok(error instanceof MialinkError);
        assert.deepEqual(error.peer, { code: '', message: 'unknown_method' });
        return because('deviceRefused', /does not know this method/)(error);
      });
    }
  });

  it('tells that a device may have no MIoT on the local network', async () => {
    answer(-10000);
    const failed = client.call('get_properties', [{ did: 'x', siid: 2, piid: 1 }]);
    await assert.rejects(failed, because('deviceRefused', /may have no MIoT on the local network/));
  });
});
