/** Nonsense on everything that a device has subscribed: it neither fails nor believes it, and goes on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fc from 'fast-check';
import { isRecord } from '../../../../lib/untrusted';
import { Bench, settle, sys } from '../bench';
import { everythingListens, type Listening } from './listening';

const WORDS = ['x', 'x_reply', 'post_reply', 'set', 'push', '__proto__', 'constructor'];
const MB = 1024 * 1024;

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

const HOSTILE: readonly [string, string | Buffer][] = [
  ['empty', ''],
  ['a zero byte', Buffer.alloc(1)],
  ['no UTF-8', Buffer.from('ff00feffc0', 'hex')],
  ['JSON that is cut off', '{"id":"1","version":"1.0","params":{"pow'],
  ['null', 'null'],
  ['a number', '1e999'],
  ['a list', '[{"id":"1","params":{}}]'],
  ['without an id', '{"method":"thing.service.property.set","params":{"power":1}}'],
  ['an id that is an object', '{"id":{},"params":{"power":1}}'],
  ['an id of 1 MB', JSON.stringify({ id: 'i'.repeat(MB), params: {} })],
  ['params of 1 MB', JSON.stringify({ id: 'huge', params: { text: 't'.repeat(MB) } })],
  ['1 MB of zeros', Buffer.alloc(MB)],
  ['a thousand levels', `{"id":"deep","params":{"a":${deep(1_000)}}}`],
  ['a hundred thousand levels', `{"id":"deeper","params":${deep(100_000)}}`],
  ['params that are a list', '{"id":"list","params":[1,2]}'],
  ['params that are null', '{"id":"null","params":null,"code":200}'],
  ['a method that is a number', '{"id":"method","method":7,"params":{},"code":200}'],
  [
    'a prototype',
    '{"id":"proto","params":{"__proto__":{"polluted":1},"a":1},"code":200,"data":{"__proto__":{"polluted":1}}}',
  ],
  ['a constructor', '{"id":"made","params":{"constructor":{"prototype":{"polluted":1}}},"code":200}'],
  ['a code that is no number', '{"id":"code","code":"fine","data":{}}'],
  [
    'names of methods of objects',
    '{"id":"toString","method":"__proto__","params":{"hasOwnProperty":1},"code":200}',
  ],
];

describe('Aliyun downlinks that are hostile', function () {
  this.timeout(60_000);
  let bench: Bench;
  let lamp: Listening;

  beforeEach(async () => {
    bench = await Bench.start();
    lamp = await everythingListens(bench);
  });
  afterEach(() => bench.close());

  /** It is connected as before, obeys, calls and answers. */
  async function assertWell(): Promise<void> {
    await settle(bench.lamp);
    assert.deepEqual(await bench.lamp.setProperties({ power: 1 }), { code: 200, data: {} });
    await lamp.device.postProperties({ power: 1 });
    assert.deepEqual([lamp.device.state, bench.lamp.connects], ['connected', 1]);
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  }

  it('reach a device that listens to everything', () => {
    const topics = lamp.topics(['x']);
    for (const end of ['/user/x', '/thing/x', '/rrpc/request/x', '/thing/config/x', '/thing/model/x']) {
      assert.ok(
        topics.some((topic) => topic.endsWith(end)),
        end,
      );
    }
    assert.ok(topics.some((topic) => topic.startsWith('/shadow/get/')));
    assert.ok(topics.some((topic) => topic.startsWith('/ota/device/upgrade/')));
    assert.ok(topics.some((topic) => topic.startsWith('/ext/ntp/')));
  });

  for (const [name, payload] of HOSTILE) {
    it(`do no harm: ${name}`, async () => {
      for (const topic of lamp.topics(payload.length > 100_000 ? ['x'] : WORDS)) {
        bench.lamp.publish(topic, payload);
      }
      await assertWell();
      assertHarmless(lamp.heard);
    });
  }

  it('do no harm, whatever the bytes', async () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((list) => Buffer.from(list));
    const json = fc.record(
      {
        id: fc.oneof(fc.nat().map(String), fc.nat(), fc.jsonValue()),
        method: fc.oneof(fc.constant('thing.service.property.set'), fc.jsonValue()),
        params: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
        code: fc.oneof(fc.constant(200), fc.jsonValue()),
        data: fc.jsonValue(),
        payload: fc.jsonValue(),
        timestamp: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const payload = fc.oneof(
      bytes,
      json.map((value) => JSON.stringify(value)),
    );
    const topic = fc.constantFrom(...lamp.topics(WORDS));
    const message = fc.record({ topic, payload });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 50, maxLength: 100 }), async (messages) => {
        for (const one of messages) bench.lamp.publish(one.topic, one.payload);
        await assertWell();
      }),
      { numRuns: 15 },
    );
    assertHarmless(lamp.heard);
  });

  it('on topics that nobody knows are dropped', async () => {
    const session = bench.lamp.link.session;
    assert.ok(session);
    for (const topic of [
      `${sys}/thing`,
      `${sys}/thing/`,
      `${sys}/thing/service/`,
      `${sys}/thing/service/a/b/c`,
      `${sys}/rrpc/request/`,
      '/sys/another/device/thing/service/property/set',
      `/ext/rrpc/1/sys/another/device/thing/service/x`,
      `${sys}/${'x/'.repeat(500)}`,
      '$SYS/broker/uptime',
    ]) {
      // As no honest broker would: without a subscription.
      session.client.publish(
        {
          ...{ cmd: 'publish', qos: 0, retain: false, dup: false },
          topic,
          payload: '{"id":"1","params":{"power":1}}',
        },
        () => undefined,
      );
    }
    await assertWell();
    assert.equal(lamp.heard.filter(isRecord).length, 1, 'the one set of assertWell');
  });

  it('are neither handed out nor answered any more when the first of them has closed the device', async () => {
    const answers: unknown[] = [];
    bench.lamp.on('reply', (reply) => answers.push(reply));
    const offline = once(bench.lamp, 'offline');
    let closing: Promise<void> | undefined;
    const sets: unknown[] = [];
    lamp.device.onPropertySet('auto', ({ id }) => {
      sets.push(id);
      closing = lamp.device.close();
    });
    for (const id of numbers(50)) {
      bench.lamp.publish(`${sys}/thing/service/property/set`, `{"id":"${id}","params":{"power":1}}`);
      bench.lamp.publish(`${sys}/rrpc/request/${id}`, `{"id":"${id}","method":"thing.service.x"}`);
    }
    await offline;
    await closing;
    assert.deepEqual([sets, answers, lamp.device.state], [['0'], [], 'closed']);
  });
});

/** Nobody was handed anything with a prototype in it, or deeper than a flow can walk. */
function assertHarmless(heard: readonly unknown[]): void {
  for (const what of heard) {
    const text = JSON.stringify(what, (_key, value) => (Buffer.isBuffer(value) ? value.length : value));
    assert.doesNotMatch(text, /"__proto__":/);
    assert.doesNotMatch(text, /\[{40}/);
  }
}
