import assert from 'node:assert/strict';
import { once } from 'node:events';
import fc from 'fast-check';
import sinon from 'sinon';
import type { AliyunDevice, PropertySet, ServiceCall } from '../../../lib/aliyun';
import type { MialinkError } from '../../../lib/errors';
import { Bench, problemOf, settle, stopTime, sys, untilState } from './bench';

const setTopic = `${sys}/thing/service/property/set`;

/** The next of what a listener is called with. */
function next<Value>(register: (handler: (value: Value) => void) => void): Promise<Value> {
  return new Promise((resolve) => register(resolve));
}

describe('Aliyun downlinks', () => {
  let bench: Bench;
  let device: AliyunDevice;

  beforeEach(async () => {
    bench = await Bench.start();
    device = await bench.connectedDevice();
  });
  afterEach(async () => {
    sinon.restore();
    await bench.close();
  });

  /** Everything the device answers. */
  const answers = () => {
    const seen: { topic: string; id: string; code: number }[] = [];
    bench.lamp.on('reply', ({ topic, id, code }) => {
      if (id !== 'mark') seen.push({ topic, id, code });
    });
    return seen;
  };

  const settled = () => settle(bench.lamp);

  describe('property set', () => {
    it('is handed out and answered 200', async () => {
      const set = next<PropertySet>((handler) => device.onPropertySet('auto', handler));
      const answer = await bench.lamp.setProperties({ power: 1 });
      const { id, ...rest } = await set;
      assert.deepEqual(rest, {
        method: 'thing.service.property.set',
        topic: setTopic,
        params: { power: 1 },
      });
      assert.equal(typeof id, 'string');
      assert.deepEqual(answer, { code: 200, data: {} });
    });

    it('of two users is answered once, and each gets a copy of its own', async () => {
      const seen = answers();
      const given: unknown[] = [];
      const spoil = ({ params }: PropertySet) => {
        given.push({ ...params });
        params.power = 'spoilt';
      };
      device.onPropertySet('auto', spoil);
      device.onPropertySet('auto', (set) => spoil(set));
      await bench.lamp.setProperties({ power: 1 });
      await settled();
      assert.deepEqual(given, [{ power: 1 }, { power: 1 }]);
      assert.equal(seen.length, 1);
    });

    it('is left to the manual one of two users, who answers once', async () => {
      const seen = answers();
      device.onPropertySet('auto', () => undefined);
      const set = next<PropertySet>((handler) => device.onPropertySet('manual', handler));
      const answer = bench.lamp.setProperties({ power: 1 });
      const request = await set;
      await settled();
      assert.deepEqual(seen, []);
      await device.answer(request, { code: 100_001, data: { why: 'locked' } });
      assert.deepEqual(await answer, { code: 100_001, data: { why: 'locked' } });
      const problem = await problemOf(device.answer(request));
      assert.deepEqual([problem.code, problem.reason], ['TIMEOUT', 'replyLate']);
    });

    it('is answered once when two answers come at the same time', async () => {
      const seen = answers();
      const set = next<PropertySet>((handler) => device.onPropertySet('manual', handler));
      const answer = bench.lamp.setProperties({ power: 1 });
      const request = await set;
      const results = await Promise.allSettled([device.answer(request), device.answer(request)]);
      await answer;
      await settled();
      assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      assert.equal(seen.length, 1);
    });

    it('is not answered when nobody listens, or nobody any more', async () => {
      const seen = answers();
      const stop = device.onPropertySet('auto', () => assert.fail('it was called'));
      stop();
      await assert.rejects(bench.lamp.setProperties({ power: 1 }, { timeoutMs: 50 }));
      assert.deepEqual(seen, []);
    });

    it('is handed out and answered once though it arrives twice', async () => {
      const seen = answers();
      const handler = sinon.fake();
      device.onPropertySet('auto', handler);
      for (let time = 0; time < 2; time += 1) bench.lamp.publish(setTopic, '{"id":7,"params":{"power":1}}');
      await settled();
      assert.equal(handler.callCount, 1);
      assert.deepEqual(seen, [{ topic: `${setTopic}_reply`, id: '7', code: 200 }]);
    });

    it('that comes synchronously is answered where it came from', async () => {
      device.onPropertySet('auto', () => undefined);
      assert.equal((await bench.lamp.invokeService('property.set', { power: 1 }, { sync: true })).code, 200);
    });

    it('is answered though a listener throws or rejects', async () => {
      device.onPropertySet('auto', () => {
        throw new Error('first bug');
      });
      device.onPropertySet('auto', async () => {
        throw new Error('second bug');
      });
      const other = sinon.fake();
      device.onPropertySet('auto', other);
      assert.equal((await bench.lamp.setProperties({ power: 1 })).code, 200);
      assert.equal(other.callCount, 1);
      assert.match(bench.reports.lines.join(), /first bug.*second bug/);
    });

    it('may be answered again when the answer could not be sent', async () => {
      await device.close();
      device = await bench.connectedDevice({ timeoutMs: 50 });
      const set = next<PropertySet>((handler) => device.onPropertySet('manual', handler));
      bench.lamp.publish(setTopic, '{"id":"9","params":{}}');
      const request = await set;
      await bench.cloud.stopBroker();
      await untilState(device, 'disconnected');
      assert.equal((await problemOf(device.answer(request))).code, 'TRANSPORT');
      await bench.cloud.startBroker();
      await untilState(device, 'connected');
      const reply = once(bench.lamp, 'reply');
      await device.answer(request);
      assert.equal((await reply)[0].id, '9');
    });
  });

  describe('service', () => {
    for (const sync of [false, true, 'ext'] as const) {
      it(`is handed out and answered on its topic (sync: ${sync})`, async () => {
        device.onService('brighten', async (call) => {
          assert.deepEqual([call.service, call.sync, call.params], ['brighten', sync !== false, { by: 2 }]);
          await device.answer(call, { data: { level: 9 } });
        });
        const answer = await bench.lamp.invokeService('brighten', { by: 2 }, { sync });
        assert.deepEqual(answer, { code: 200, data: { level: 9 } });
      });
    }

    it('goes to those who listen to it or to all, and to nobody else', async () => {
      const [its, all, other] = [sinon.fake(), sinon.fake(), sinon.fake()];
      device.onService('brighten', its);
      device.onService('', all);
      device.onService('dim', other);
      bench.lamp.publish(`${sys}/thing/service/brighten`, '{"id":"1","params":{}}');
      await settled();
      assert.deepEqual([its.callCount, all.callCount, other.callCount], [1, 1, 0]);
    });

    it('that is synchronous is answered 504 after 7 s, its listener told, and a late answer refused', async () => {
      const clock = stopTime();
      const told: [MialinkError, ServiceCall][] = [];
      const called = next<ServiceCall>((handler) =>
        device.onService('brighten', handler, (problem, call) => told.push([problem, call])),
      );
      const answer = bench.lamp.invokeService('brighten', {}, { sync: true });
      const call = await called;
      await clock.tickAsync(6999);
      assert.equal(told.length, 0);
      await clock.tickAsync(1);
      assert.equal((await answer).code, 504);
      assert.deepEqual(
        told.map(([{ code, reason }, { id }]) => [code, reason, id]),
        [['TIMEOUT', 'serviceUnanswered', call.id]],
      );
      assert.equal((await problemOf(device.answer(call))).reason, 'replyLate');
    });

    it('that is asynchronous may be answered for 60 s', async () => {
      const clock = stopTime();
      const told = sinon.fake();
      const calls: ServiceCall[] = [];
      device.onService('', (call) => calls.push(call), told);
      for (const id of ['1', '2']) bench.lamp.publish(`${sys}/thing/service/brighten`, `{"id":"${id}"}`);
      await settled();
      const [first, second] = calls;
      assert.ok(first && second);
      await clock.tickAsync(59_999);
      const reply = once(bench.lamp, 'reply');
      await device.answer(first);
      assert.equal((await reply)[0].topic, `${sys}/thing/service/brighten_reply`);
      await clock.tickAsync(1);
      assert.equal((await problemOf(device.answer(second))).reason, 'replyLate');
      assert.equal(told.callCount, 0);
    });

    for (const [topic, method] of [
      [`${sys}/thing/service/_LivingLink.reset`, undefined],
      [`${sys}/rrpc/request/1`, 'thing.service._LivingLink.reset'],
    ]) {
      it(`may have a dot in its identifier, on …${topic?.slice(sys.length)}`, async () => {
        const called = next<ServiceCall>((handler) => device.onService('_LivingLink.reset', handler));
        bench.lamp.publish(topic ?? '', JSON.stringify({ id: '1', method }));
        assert.equal((await called).service, '_LivingLink.reset');
      });
    }

    it('is not answered after the device was closed', async () => {
      const clock = stopTime();
      const told = sinon.fake();
      const called = next<ServiceCall>((handler) => device.onService('', handler, told));
      bench.lamp.publish(`${sys}/rrpc/request/1`, '{"id":"1","method":"thing.service.brighten"}');
      const call = await called;
      await device.close();
      await clock.tickAsync(10_000);
      assert.equal(told.callCount, 0);
      assert.equal((await problemOf(device.answer(call))).reason, 'replyLate');
    });
  });

  describe('malformed', () => {
    const topics: [string, string][] = [
      [setTopic, `${setTopic}_reply`],
      [`${sys}/thing/service/brighten`, `${sys}/thing/service/brighten_reply`],
      [`${sys}/rrpc/request/5`, `${sys}/rrpc/response/5`],
    ];
    for (const [topic, replyTopic] of topics) {
      it(`on …${topic.slice(sys.length)} is answered 460 when it has an id, otherwise warned of once`, async () => {
        const seen = answers();
        const handler = sinon.fake();
        device.onPropertySet('auto', handler);
        device.onService('', handler);
        bench.lamp.publish(topic, '{"id":"3","params":[1,2]}');
        bench.lamp.publish(topic, 'nonsense');
        bench.lamp.publish(topic, '{"params":{}}');
        await settled();
        assert.deepEqual(seen, [{ topic: replyTopic, id: '3', code: 460 }]);
        assert.deepEqual(bench.reports.reasons, ['downlinkMalformed']);
        assert.equal(handler.callCount, 0);
      });
    }

    it('is a synchronous request whose method is no service', async () => {
      const seen = answers();
      device.onService('', () => assert.fail('it was called'));
      for (const [id, method] of [
        ['3', 'thing.reset'],
        ['4', 'thing.service.property.get'],
      ]) {
        bench.lamp.publish(`${sys}/rrpc/request/5`, JSON.stringify({ id, method }));
      }
      await settled();
      const topic = `${sys}/rrpc/response/5`;
      assert.deepEqual(seen, [
        { topic, id: '3', code: 460 },
        { topic, id: '4', code: 460 },
      ]);
    });

    it('messages of any kind leave the device working', async () => {
      device.onPropertySet('auto', () => undefined);
      device.onService('', () => undefined);
      const topic = fc.constantFrom(
        setTopic,
        `${sys}/thing/service/x`,
        `${sys}/rrpc/request/1`,
        `/ext/rrpc/1${sys}/thing/service/x`,
        `${sys}/thing/event/property/post_reply`,
        `${sys}/thing/property/desired/what`,
      );
      const payload = fc.oneof(fc.json(), fc.string(), fc.constant('{"id":"1","params":{"__proto__":1}}'));
      for (const [where, what] of fc.sample(fc.tuple(topic, payload), 100)) bench.lamp.publish(where, what);
      await settled();
      assert.equal((await bench.lamp.setProperties({ power: 1 })).code, 200);
      assert.equal(bench.lamp.connects, 1);
    });
  });
});
