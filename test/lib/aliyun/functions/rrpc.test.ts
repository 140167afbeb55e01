/** Calls of the cloud that want an answer, whatever is said in them. */
import assert from 'node:assert/strict';
import sinon from 'sinon';
import { Rrpc, type RrpcCall } from '../../../../lib/aliyun/functions/rrpc';
import { MialinkError } from '../../../../lib/errors';
import { FakeChannel } from './fake-channel';

const own = '/a1b2c3d4e5f/lamp-1';

describe('an RRPC', () => {
  let clock: sinon.SinonFakeTimers;
  let channel: FakeChannel;
  let rrpc: Rrpc;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    channel = new FakeChannel();
    rrpc = new Rrpc(channel);
  });
  afterEach(() => {
    rrpc.close();
    assert.equal(clock.countTimers(), 0, 'no timer outlives the device');
    sinon.restore();
  });

  function collect(...names: string[]): { calls: RrpcCall[]; stop: () => void } {
    const calls: RrpcCall[] = [];
    return { calls, stop: rrpc.onCall((call) => calls.push(call), names) };
  }
  async function assertLate(work: Promise<void>): Promise<void> {
    await assert.rejects(work, (error) => error instanceof MialinkError && error.reason === 'replyLate');
  }

  it('without a topic is handed out with its bytes, and answered on the topic of its id', async () => {
    const { calls } = collect();
    channel.arrive(`/sys${own}/rrpc/request/10203`, Buffer.from([0, 255, 1]));
    const [call] = calls;
    assert.deepEqual(calls, [
      { mid: '10203', topic: `/sys${own}/rrpc/request/10203`, payload: Buffer.from([0, 255, 1]) },
    ]);
    await rrpc.answer(call ?? assert.fail(), Buffer.from([7]));
    assert.deepEqual(channel.published, [
      { topic: `/sys${own}/rrpc/response/10203`, payload: Buffer.from([7]), qos: 0 },
    ]);
  });

  for (const [slashes, between] of [
    ['one slash', ''],
    ['two slashes', '/'],
  ]) {
    it(`on a custom topic, with ${slashes} after its id, is answered on the very topic it came on`, async () => {
      const { calls } = collect('user/get');
      const topic = `/ext/rrpc/88${between}${own}/user/get`;
      channel.arrive(topic, 'status?');
      assert.deepEqual(calls, [{ mid: '88', topic, payload: Buffer.from('status?') }]);
      await rrpc.answer({ mid: '88', topic }, 'fine');
      assert.deepEqual(channel.published, [{ topic, payload: 'fine', qos: 0 }]);
    });
  }

  it('goes to those who listen to its topic only', () => {
    const [withoutTopic, get, any] = [collect(), collect('user/get'), collect('user/+')];
    channel.arrive(`/ext/rrpc/1${own}/user/get`, 'a');
    channel.arrive(`/ext/rrpc/2${own}/user/set`, 'b');
    channel.arrive(`/sys${own}/rrpc/request/3`, 'c');
    const mids = [withoutTopic, get, any].map(({ calls }) => calls.map(({ mid }) => mid));
    assert.deepEqual(mids, [['3'], ['1'], ['1', '2']]);
  });

  it('that is a service of the thing model is left to those who handle services', () => {
    const { calls } = collect();
    for (const method of ['thing.service.restart', 'thing.service.property.set']) {
      channel.arrive(`/sys${own}/rrpc/request/1`, JSON.stringify({ id: '1', method, params: {} }));
    }
    assert.deepEqual(calls, []);
    for (const other of ['{"id":"1","method":"hello"}', '{"id":"1"}', '{', '', 'null', '{"method":5}']) {
      channel.arrive(`/sys${own}/rrpc/request/${calls.length}`, other);
    }
    assert.equal(calls.length, 6);
  });

  it('is handed out once, though two topics of who listens match', () => {
    const { calls } = collect('user/get', 'user/+');
    channel.arrive(`/ext/rrpc/1${own}/user/get`, 'x');
    assert.equal(calls.length, 1);
  });

  it('is handed out once, though it arrives again', () => {
    const { calls } = collect();
    channel.arrive(`/sys${own}/rrpc/request/1`, 'x');
    channel.arrive(`/sys${own}/rrpc/request/1`, 'x');
    assert.equal(calls.length, 1);
  });

  it('is handed out to the others, though the first who listens fails', () => {
    rrpc.onCall(() => {
      throw new Error('broken');
    });
    const { calls } = collect();
    channel.arrive(`/sys${own}/rrpc/request/1`, 'x');
    assert.equal(calls.length, 1);
  });

  it('is answered once', async () => {
    const { calls } = collect();
    channel.arrive(`/sys${own}/rrpc/request/1`, 'x');
    const [call] = calls;
    assert.ok(call);
    await rrpc.answer(call, 'first');
    await assertLate(rrpc.answer(call, 'second'));
    assert.equal(channel.published.length, 1);
  });

  it('may be answered again where nothing was sent', async () => {
    const { calls } = collect();
    channel.arrive(`/sys${own}/rrpc/request/1`, 'x');
    const call = calls[0] ?? assert.fail();
    const away = new MialinkError('notConnected');
    channel.untilConnected = async () => Promise.reject(away);
    await assert.rejects(rrpc.answer(call, 'first'), away);
    channel.untilConnected = async () => undefined;
    await rrpc.answer(call, 'second');
    assert.deepEqual(
      channel.published.map(({ payload }) => payload),
      ['second'],
    );
  });

  it('is forgotten after seven seconds, not before', async () => {
    const { calls } = collect();
    channel.arrive(`/sys${own}/rrpc/request/1`, 'x');
    channel.arrive(`/sys${own}/rrpc/request/2`, 'x');
    const [one, two] = calls;
    assert.ok(one && two);
    clock.tick(6_999);
    await rrpc.answer(one, 'in time');
    clock.tick(1);
    await assertLate(rrpc.answer(two, 'too late'));
    assert.equal(channel.published.length, 1);
  });

  it('is not answered where nobody was called', async () => {
    await assertLate(rrpc.answer({ mid: '1', topic: `/sys${own}/rrpc/request/1` }, 'x'));
    await assertLate(rrpc.answer({ mid: '1', topic: '/a1other/lamp-2/update' }, 'x'));
    assert.deepEqual(channel.published, []);
  });

  it('is not subscribed any more when nobody listens', () => {
    const { calls, stop } = collect();
    const other = collect('user/get');
    assert.equal(channel.subscriptions.length, 3);
    stop();
    other.stop();
    assert.deepEqual(channel.subscriptions, []);
    channel.arrive(`/sys${own}/rrpc/request/1`, 'x');
    assert.deepEqual(calls, []);
  });

  it('on the topic of another device cannot be listened to', () => {
    assert.throws(
      () => collect('user/get', '/a1other/lamp-2/user/get'),
      (error) => error instanceof MialinkError && error.reason === 'topicForeign',
    );
    assert.deepEqual(channel.subscriptions, []);
  });
});
