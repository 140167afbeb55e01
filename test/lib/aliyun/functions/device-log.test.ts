/** The device's log: whether the cloud wants it, what is sent then, and what becomes of the rest. */
import assert from 'node:assert/strict';
import { DeviceLog } from '../../../../lib/aliyun/functions/device-log';
import type { LogItem } from '../../../../lib/aliyun/functions/log-entry';
import { MialinkError } from '../../../../lib/errors';
import { deferred } from '../../../../lib/wait';
import { FakeChannel } from './fake-channel';

describe('the log of a device', () => {
  let channel: FakeChannel;
  let log: DeviceLog;
  /** What the cloud says when it is asked; what it throws, it refuses. */
  let mode: () => unknown;
  /** Called with each lot. */
  let take: (lot: LogItem[]) => unknown;
  let modes: string[];
  let failures: [string, number][];
  beforeEach(() => {
    mode = () => ({ getType: 'content', content: { mode: 1 } });
    take = () => ({});
    channel = new FakeChannel();
    channel.answer = (method, params) => (method === 'thing.log.post' ? take(params as LogItem[]) : mode());
    log = new DeviceLog(channel);
    [modes, failures] = [[], []];
    log.on('mode', (now) => modes.push(now));
    log.on('failed', ({ reason }, count) => failures.push([reason, count]));
  });
  afterEach(() => log.close());

  const post = (count: number, from = 0) =>
    log.post(Array.from({ length: count }, (_, index) => ({ content: `entry ${from + index}` })));
  const lots = () =>
    channel.requests
      .filter(({ method }) => method === 'thing.log.post')
      .map(({ params }) => (params as LogItem[]).map(({ logContent }) => logContent));
  /** All that was sent, in order. */
  const sent = () => lots().flat();
  const asked = () => channel.requests.filter(({ method }) => method === 'thing.config.log.get');
  const push = (params: unknown) => channel.call('thing.config.log.push', params);
  const settled = () => new Promise(setImmediate);
  const lost = () => new MialinkError('connectionLost', { device: 'lamp', host: 'cloud', cause: 'cut' });

  it('asks at each connect whether it is wanted', async () => {
    assert.deepEqual(asked(), []);
    channel.connect();
    await settled();
    const params = { configScope: 'device', getType: 'content' };
    assert.deepEqual(asked(), [{ method: 'thing.config.log.get', params }]);
    assert.equal(log.mode, 'on');
    mode = () => ({ content: { mode: '0' } });
    channel.connect();
    await settled();
    assert.deepEqual(modes, ['on', 'unknown', 'off']);
  });

  it('is sent in lots of forty, one after the other, in its order', async () => {
    channel.connect();
    await settled();
    const first = deferred<void>();
    take = () => first.promise;
    post(50);
    post(50, 50);
    await settled();
    assert.equal(lots().length, 1, 'the second lot waits for the reply to the first');
    first.resolve();
    await settled();
    assert.deepEqual(
      lots().map(({ length }) => length),
      [40, 40, 20],
    );
    assert.deepEqual(
      sent(),
      Array.from({ length: 100 }, (_, index) => `entry ${index}`),
    );
  });

  it('is dropped and counted while the cloud does not want it', async () => {
    mode = () => ({ content: { mode: 0 } });
    channel.connect();
    await settled();
    post(3);
    await settled();
    assert.deepEqual([sent(), log.dropped, log.mode], [[], 3, 'off']);
    assert.equal(asked().length, 1);
  });

  it('follows the switch in the console, and answers its push', async () => {
    mode = () => ({ content: { mode: 0 } });
    channel.connect();
    await settled();
    assert.deepEqual(await push({ getType: 'content', content: { mode: 1 } }), {});
    post(1);
    await settled();
    assert.deepEqual(sent(), ['entry 0']);
    assert.deepEqual(await push({ content: { mode: 0 } }), {});
    post(1);
    await settled();
    assert.deepEqual([sent().length, log.dropped], [1, 1]);
    assert.deepEqual(modes, ['off', 'on', 'off']);
  });

  it('answers a push that says nothing with 460, and stays as it was', async () => {
    channel.connect();
    await settled();
    for (const params of [
      {},
      null,
      [],
      'x',
      { content: 1 },
      { content: { mode: 2 } },
      { content: { mode: true } },
    ]) {
      assert.deepEqual(await push(params), { code: 460 });
    }
    assert.equal(log.mode, 'on');
  });

  it('is kept until it is known whether it is wanted: the last thousand entries', async () => {
    mode = () => {
      throw new MialinkError('notConnected', { device: 'lamp', host: 'c', cause: 'x', operation: 'y' });
    };
    post(600);
    post(500, 600);
    await settled();
    assert.deepEqual([sent(), log.dropped, failures], [[], 100, []]);
    mode = () => ({ content: { mode: 1 } });
    channel.connect();
    await settled();
    assert.deepEqual([sent().length, sent()[0], sent().at(-1)], [1_000, 'entry 100', 'entry 1099']);
  });

  it('is dropped when it turns out that it was not wanted', async () => {
    mode = () => ({ content: { mode: 0 } });
    post(5);
    await settled();
    assert.deepEqual([sent(), log.dropped, log.mode], [[], 5, 'off']);
  });

  it('goes again after the next connect where the connection broke on the way', async () => {
    channel.connect();
    await settled();
    take = () => {
      throw lost();
    };
    post(41);
    await settled();
    assert.equal(log.mode, 'unknown');
    take = () => ({});
    channel.connect();
    await settled();
    assert.deepEqual(
      lots().map(({ length }) => length),
      [40, 40, 1],
    );
    assert.deepEqual([failures, log.dropped], [[], 0]);
  });

  it('tells what the cloud has refused, and goes on with the next lot', async () => {
    channel.connect();
    await settled();
    let count = 0;
    take = () => {
      count += 1;
      if (count === 1) throw channel.refusal(460);
      return {};
    };
    post(60);
    await settled();
    assert.deepEqual(failures, [['cloudRefused', 40]]);
    assert.deepEqual(
      lots().map(({ length }) => length),
      [40, 20],
    );
  });

  it('tells when the cloud does not say whether it is wanted, and asks again with the next entries', async () => {
    mode = () => ({ content: {} });
    channel.connect();
    await settled();
    assert.deepEqual([failures, log.mode], [[['downlinkMalformed', 0]], 'unknown']);
    mode = () => {
      throw channel.refusal(6717);
    };
    post(1);
    await settled();
    assert.deepEqual(failures.at(-1), ['cloudRefused', 0]);
    mode = () => ({ content: { mode: 1 } });
    post(1, 1);
    await settled();
    assert.deepEqual(sent(), ['entry 0', 'entry 1']);
  });

  it('goes on though who listens fails', async () => {
    log.prependListener('mode', () => {
      throw new Error('broken');
    });
    channel.connect();
    await settled();
    post(1);
    await settled();
    assert.deepEqual(sent(), ['entry 0']);
  });

  it('says nothing any more after its end', async () => {
    channel.connect();
    await settled();
    const reply = deferred<void>();
    take = () => reply.promise;
    post(80);
    log.close();
    reply.resolve();
    await settled();
    assert.equal(lots().length, 1);
    channel.connect();
    await settled();
    assert.deepEqual([asked().length, await push({ content: { mode: 1 } })], [1, undefined]);
    assert.deepEqual(failures, []);
  });
});
