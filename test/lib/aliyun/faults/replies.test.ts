/** Replies that belong to nobody, come twice, come from elsewhere, or never. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fc from 'fast-check';
import type { AliyunDevice } from '../../../../lib/aliyun';
import { acknowledged, Bench, problemOf, settle, sys } from '../bench';

const REPLY = `${sys}/thing/event/property/post_reply`;

describe('Aliyun replies', () => {
  let bench: Bench;
  let device: AliyunDevice;

  beforeEach(async () => {
    bench = await Bench.start();
    device = await bench.connectedDevice();
  });
  afterEach(() => bench.close());

  /** A post that the cloud does not answer, and its id. */
  async function unanswered(): Promise<{ post: ReturnType<typeof acknowledged>; id: string }> {
    bench.cloud.knobs.dropReplies = true;
    const post = acknowledged(device.postProperties({ power: 1 }));
    const [{ id }] = await once(bench.lamp, 'post');
    bench.cloud.knobs.dropReplies = false;
    return { post, id };
  }

  const say = (topic: string, message: object) => bench.lamp.publish(topic, JSON.stringify(message));

  it('of another id, or on another topic, do not settle a request, and its own does', async () => {
    const { post, id } = await unanswered();
    const others = [
      String(Number(id) + 1),
      ` ${id}`,
      `${id} `,
      `0${id}`,
      `${id}.0`,
      '',
      '__proto__',
      null,
      [id],
    ];
    for (const other of others) say(REPLY, { id: other, code: 500, message: 'forged' });
    for (const path of [
      'thing/event/alarm/post_reply',
      'thing/service/x_reply',
      'thing/event/property/batch/post_reply',
    ]) {
      say(`${sys}/${path}`, { id, code: 500, message: 'forged' });
    }
    await settle(bench.lamp);
    say(REPLY, { id, code: 200, data: { from: 'the cloud' } });
    assert.deepEqual((await post).data, { from: 'the cloud' });
  });

  it('that come again later settle nothing else', async () => {
    const { post, id } = await unanswered();
    for (const code of [200, 500, 200]) say(REPLY, { id, code });
    assert.equal((await post).code, 200);
    const next = acknowledged(device.postProperties({ power: 2 }));
    say(REPLY, { id, code: 500 });
    assert.equal((await next).code, 200);
    assert.deepEqual(bench.reports.warnings, []);
  });

  it('by the thousand, of requests that nobody made, leave nothing behind and are not warned of', async () => {
    for (let id = 0; id < 5_000; id += 1) say(REPLY, { id: `${id}`, code: 200 });
    await settle(bench.lamp);
    assert.equal((await acknowledged(device.postProperties({ power: 1 }))).code, 200);
    assert.deepEqual([device.waiting.unanswered, bench.reports.warnings.length], [0, 0]);
  });

  it('whatever they hold, settle no request of another id', async () => {
    const { post, id } = await unanswered();
    const reply = fc.record(
      { id: fc.oneof(fc.string(), fc.nat(), fc.jsonValue()), code: fc.jsonValue(), data: fc.jsonValue() },
      { requiredKeys: [] },
    );
    const forged = fc
      .sample(reply, 500)
      .filter((one) => JSON.stringify(one.id) !== JSON.stringify(id) && one.id !== Number(id));
    for (const one of forged) say(REPLY, one);
    await settle(bench.lamp);
    assert.equal(device.waiting.unanswered, 1);
    say(REPLY, { id, code: 200 });
    await post;
  });

  it('that never come are told with what was asked and how long it was waited', async () => {
    bench.cloud.knobs.dropReplies = true;
    // No more than may go at once.
    const posts = Array.from({ length: 12 }, (_, n) =>
      problemOf(device.postProperties({ n }, { timeoutMs: 100 })),
    );
    const problems = await Promise.all(posts);
    assert.deepEqual(
      new Set(problems.map(({ code, reason }) => `${code} ${reason}`)),
      new Set(['TIMEOUT noReply']),
    );
    assert.match(problems[0]?.message ?? '', /lamp:1@home.*property post.*100 ms/);
    assert.equal(device.waiting.unanswered, 0);
    bench.cloud.knobs.dropReplies = false;
    assert.equal((await acknowledged(device.postProperties({ power: 1 }))).code, 200);
  });
});
