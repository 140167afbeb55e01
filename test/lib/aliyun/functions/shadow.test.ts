import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import sinon from 'sinon';
import { Shadow, type ShadowDocument } from '../../../../lib/aliyun/functions/shadow';
import { MialinkError } from '../../../../lib/errors';
import { problemOf } from '../bench';
import { SendingChannel } from './sending-channel';

const UPDATE = '/shadow/update/a1b2c3d4e5f/lamp-1';
const GET = '/shadow/get/a1b2c3d4e5f/lamp-1';

describe('the shadow', () => {
  let channel: SendingChannel;
  let shadow: Shadow;

  beforeEach(() => {
    channel = new SendingChannel();
    shadow = new Shadow(channel);
  });
  afterEach(() => {
    shadow.close();
    sinon.restore();
  });

  const reply = (payload: object, more: object = {}) =>
    channel.deliver(GET, {
      method: 'reply',
      payload: { status: 'success', ...payload },
      timestamp: 5,
      ...more,
    });
  const refuse = (errorcode: unknown, errormessage: string) =>
    channel.deliver(GET, {
      method: 'reply',
      payload: { status: 'error', content: { errorcode, errormessage } },
    });
  const control = (desired: unknown, version: number) =>
    channel.deliver(GET, { method: 'control', payload: { status: 'success', state: { desired } }, version });
  /** All that was published, without the tokens. */
  const messages = () =>
    channel.published.map(({ payload }) => {
      const { clientToken, ...message } = payload as Record<string, unknown>;
      assert.equal(typeof clientToken, 'string');
      return message;
    });
  /** As if the document had been seen in this version. */
  const seen = async (version: number) => {
    const got = shadow.get();
    await reply({ state: {} }, { version });
    await got;
    channel.published.length = 0;
  };

  it('gives what was reported and what is wished, asked for with QoS 1', async () => {
    const got = shadow.get();
    assert.deepEqual(messages(), [{ method: 'get' }]);
    assert.deepEqual([channel.published[0]?.topic, channel.published[0]?.qos], [UPDATE, 1]);
    assert.deepEqual(channel.filters, [GET]);
    await reply({ state: { reported: { power: 1 }, desired: { power: 0 } }, metadata: {}, version: 7 });
    const expected = {
      reported: { power: 1 },
      desired: { power: 0 },
      metadata: {},
      version: 7,
      timestamp: 5,
    };
    assert.deepEqual(await got, expected);
  });

  it('counts the version on from the last one seen', async () => {
    await seen(7);
    const first = shadow.update({ power: 1 });
    await reply({ version: 8 });
    assert.equal((await first).version, 8);
    await control({ power: 0 }, 12);
    const second = shadow.clearDesired();
    await reply({});
    await second;
    const third = shadow.delete(['power']);
    await reply({ version: 14 });
    await third;
    assert.deepEqual(messages(), [
      { method: 'update', state: { reported: { power: 1 } }, version: 8 },
      { method: 'update', state: { desired: 'null' }, version: 13 },
      { method: 'delete', state: { reported: { power: 'null' } }, version: 14 },
    ]);
  });

  it('asks for the version before the first change of a connection', async () => {
    for (const version of [41, 60]) {
      channel.published.length = 0;
      const updated = shadow.update({ power: 1 });
      await setImmediate();
      assert.deepEqual(messages(), [{ method: 'get' }]);
      await reply({ state: {} }, { version });
      assert.deepEqual(messages()[1], {
        method: 'update',
        state: { reported: { power: 1 } },
        version: version + 1,
      });
      await reply({ version: version + 1 });
      await updated;
      channel.connect();
    }
  });

  it('begins with version 1 where there is no document yet, which is no error of get', async () => {
    const got = shadow.get();
    await refuse(407, 'the shadow is null');
    assert.deepEqual(await got, { reported: {}, desired: {}, metadata: {}, version: 0 });
    const updated = shadow.update({ power: 1 });
    await reply({ version: 1 });
    await updated;
    assert.equal(channel.lastMessage.version, 1);
  });

  it('takes the version that it is given, and starts anew with -1', async () => {
    const updated = shadow.update({ power: 1 }, { version: 99 });
    assert.equal(channel.lastMessage.version, 99);
    await reply({});
    await updated;
    const reset = shadow.delete('all', { version: -1 });
    assert.deepEqual(channel.lastMessage.state, { reported: 'null' });
    assert.equal(channel.lastMessage.version, -1);
    await reply({});
    await reset;
    const next = shadow.update({ power: 0 });
    assert.equal(channel.lastMessage.version, 1);
    await reply({});
    await next;
  });

  it('refuses a version that is none before it sends anything', async () => {
    for (const version of [1.5, -2, Number.NaN]) {
      const problem = await problemOf(shadow.update({ power: 1 }, { version }));
      assert.equal(problem.code, 'CONFIG');
      assert.match(problem.message, /lamp-1 .*version must be a whole number .*-1/);
    }
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    assert.equal((await problemOf(shadow.update(circle))).reason, 'payloadInvalid');
    assert.deepEqual(channel.published, []);
  });

  it('tells a version conflict in words, and asks for the version then', async () => {
    await seen(7);
    const failure = problemOf(shadow.update({ power: 1 }));
    await refuse('409', 'version conflict');
    const { code, peer, message } = await failure;
    assert.deepEqual([code, peer], ['DEVICE', { code: 409, message: 'version conflict' }]);
    assert.match(
      message,
      /lamp-1 .*refused shadow update: 409 version conflict; .*changed meanwhile: try again/,
    );
    channel.published.length = 0;
    const again = shadow.update({ power: 1 });
    await setImmediate();
    await reply({ state: {} }, { version: 30 });
    await reply({});
    await again;
    assert.deepEqual(messages().at(-1)?.version, 31);
  });

  it('tells what else the cloud refuses in the words of the cloud', async () => {
    const failure = problemOf(shadow.get());
    await refuse(500, 'out of order');
    const { code, peer, message } = await failure;
    assert.deepEqual([code, peer], ['DEVICE', { code: 500, message: 'out of order' }]);
    assert.match(message, /refused shadow get: 500 out of order$/);
  });

  it('has one request on its way at a time, and the version of each is that of its turn', async () => {
    await seen(1);
    const all = [shadow.update({ a: 1 }), shadow.update({ b: 2 }), shadow.update({ c: 3 })];
    for (let turn = 1; turn <= 3; turn += 1) {
      await setImmediate();
      assert.equal(channel.published.length, turn);
      await reply({ version: turn + 1 });
    }
    assert.deepEqual(
      (await Promise.all(all)).map(({ version }) => version),
      [2, 3, 4],
    );
    assert.deepEqual(
      messages().map(({ version }) => version),
      [2, 3, 4],
    );
  });

  it('fails in time when no reply comes, and does not take a late one for that of the next', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const late = problemOf(shadow.get());
    const { clientToken } = channel.lastMessage;
    await clock.tickAsync(5000);
    const { code, reason, values } = await late;
    assert.deepEqual([code, reason, values.timeoutMs], ['TIMEOUT', 'noReply', 5000]);
    const got = shadow.get();
    await reply({ state: { reported: { old: 1 } } }, { clientToken });
    await reply({ state: { reported: { fresh: 1 } } }, { clientToken: channel.lastMessage.clientToken });
    assert.deepEqual((await got).reported, { fresh: 1 });
  });

  it('needs no more than the time limit for the version and the change together', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const late = problemOf(shadow.update({ power: 1 }));
    await clock.tickAsync(3000);
    await reply({ state: {} }, { version: 1 });
    await clock.tickAsync(2000);
    assert.equal((await late).reason, 'noReply');
  });

  it('fails as the sending does', async () => {
    const obstacle = new MialinkError('notConnected', { device: channel.label });
    channel.send = () => Promise.reject(obstacle);
    const problems = [shadow.get(), shadow.get(), shadow.update({ power: 1 })].map(problemOf);
    assert.deepEqual(await Promise.all(problems), [obstacle, obstacle, obstacle]);
  });

  it('hands each wish to whoever listens, as long as he listens', async () => {
    const heard: ShadowDocument[][] = [[], []];
    const [stop] = heard.map((documents) => shadow.onControl((document) => documents.push(document)));
    await control({ power: 0 }, 2);
    stop?.();
    await control({ power: 1 }, 3);
    assert.deepEqual(
      heard.map((documents) => documents.map(({ desired, version }) => [desired, version])),
      [
        [[{ power: 0 }, 2]],
        [
          [{ power: 0 }, 2],
          [{ power: 1 }, 3],
        ],
      ],
    );
  });

  it('takes no wish for a reply, and nothing else that is none', async () => {
    const got = shadow.get();
    await control({ power: 0 }, 2);
    for (const nonsense of ['', '{', '[]', '{"method":"reply"}', 'x'.repeat(300_000)]) {
      await channel.deliver(GET, nonsense);
    }
    await reply({ state: { reported: { power: 1 } } });
    assert.deepEqual((await got).reported, { power: 1 });
    await reply({ state: {} });
  });

  it('ends what waits when it is closed, and hears nothing any more', async () => {
    const failures = [shadow.get(), shadow.get()].map(problemOf);
    shadow.close();
    for (const failure of failures) assert.equal((await failure).reason, 'closed');
    assert.deepEqual(channel.filters, []);
  });
});
