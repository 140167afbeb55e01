/** The models of found devices: who is asked, what is remembered, what is believed. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import sinon from 'sinon';
import { MialinkError } from '../../../lib/errors';
import type { FoundDevice } from '../../../lib/miio/discovery';
import { type AskInfo, KnownModels, Questions } from '../../../lib/miio/discovery-models';
import { deferred } from '../../../lib/wait';

function found(deviceId: string, more: Partial<FoundDevice> = {}): FoundDevice {
  return { address: '10.0.0.1', port: 54_321, deviceId, stamp: 1, ...more };
}

describe('the models of found devices', () => {
  const askInfo = sinon.stub<Parameters<AskInfo>, ReturnType<AskInfo>>();
  let models: KnownModels;

  beforeEach(() => {
    askInfo.reset();
    askInfo.resolves(undefined);
    models = new KnownModels(askInfo);
  });

  const modelOf = (device: FoundDevice) => models.complete([device])[0]?.model;

  it('are asked for once, and remembered for later searches', async () => {
    askInfo.resolves({ model: 'yeelink.light.lamp1' });
    models.ask(found('1'), new Questions());
    models.ask(found('1'), new Questions());
    await nextTurn();
    assert.deepEqual(models.complete([found('1'), found('2')]), [
      found('1', { model: 'yeelink.light.lamp1' }),
      found('2'),
    ]);
    models.ask(found('1'), new Questions());
    assert.equal(askInfo.callCount, 1);
    assert.deepEqual(askInfo.firstCall.args, [found('1')]);
  });

  it('are left out until the device has answered: a search does not wait', async () => {
    const answer = deferred<{ model: string }>();
    askInfo.returns(answer.promise);
    models.ask(found('1'), new Questions());
    assert.ok(!('model' in (models.complete([found('1')])[0] ?? {})));
    answer.resolve({ model: 'a.b.c' });
    await nextTurn();
    assert.equal(modelOf(found('1')), 'a.b.c');
  });

  const searchAgain = async (): Promise<number> => {
    askInfo.resetHistory();
    models.ask(found('1'), new Questions());
    await nextTurn();
    return askInfo.callCount;
  };

  it('are asked for again after an hour when the device did not tell', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['performance'] });
    const failures = [
      () => askInfo.rejects(new Error('no answer')),
      () => askInfo.throws(new Error('no such device')),
      () => askInfo.resolves({}),
      () => askInfo.resolves({ model: 'no model' }),
    ];
    for (const fail of failures) {
      fail();
      assert.equal(await searchAgain(), 1, String(fail));
      clock.tick(59 * 60_000);
      assert.equal(await searchAgain(), 0, String(fail));
      clock.tick(60_000);
    }
    askInfo.resolves({ model: 'a.b.c' });
    assert.equal(await searchAgain(), 1);
    assert.equal(modelOf(found('1')), 'a.b.c');
  });

  it('are asked for in the next search when the device was not asked, or wanted for something else', async () => {
    assert.equal(await searchAgain(), 1);
    askInfo.rejects(new MialinkError('aborted', { device: 'lamp' }));
    assert.equal(await searchAgain(), 1);
    assert.equal(await searchAgain(), 1);
  });

  it('remember thousands of the devices that did not tell, the last ones', async () => {
    askInfo.resolves({});
    for (let n = 0; n <= 4_096; n++) {
      models.ask(found(`${n}`), new Questions());
      await nextTurn();
    }
    assert.equal(await searchAgain(), 0);
    askInfo.resetHistory();
    models.ask(found('0'), new Questions());
    assert.equal(askInfo.callCount, 1);
  });

  it('are not asked for where the name tells them, and remembered all the same', () => {
    models.ask(found('1', { model: 'a.b.c' }), new Questions());
    assert.equal(askInfo.callCount, 0);
    assert.equal(modelOf(found('1', { model: 'a.b.c' })), 'a.b.c');
    assert.equal(modelOf(found('1')), 'a.b.c', 'announced in the search before');
  });

  it('are not believed when they are no names', async () => {
    for (const [n, model] of [7, null, {}, '', 'a b', '<script>', 'x'.repeat(65)].entries()) {
      askInfo.resolves({ model });
      models.ask(found(`${n}`), new Questions());
      await nextTurn();
      assert.equal(askInfo.callCount, n + 1);
      assert.equal(modelOf(found(`${n}`)), undefined, String(model));
    }
  });

  it('are asked of sixteen at a time, and of the next when one has answered', async () => {
    const answers = Array.from({ length: 20 }, () => deferred<undefined>());
    for (const [call, { promise }] of answers.entries()) askInfo.onCall(call).returns(promise);
    const questions = new Questions();
    for (let n = 0; n < 20; n++) models.ask(found(`${n}`, { address: `10.0.0.${n}` }), questions);
    assert.equal(askInfo.callCount, 16);
    answers[3]?.resolve(undefined);
    answers[4]?.reject(new Error('no answer'));
    await nextTurn();
    assert.equal(askInfo.callCount, 18);
    for (const { resolve } of answers) resolve(undefined);
    await nextTurn();
    assert.equal(askInfo.callCount, 20);
  });

  it('are asked of four at one address and of 256 in a search, whatever they claim to be', async () => {
    const ask = async (hosts: number, questions: Questions) => {
      askInfo.resetHistory();
      for (let n = 0; n < 10 * hosts; n++) {
        models.ask(found(`${n}`, { address: `10.0.0.${n % hosts}` }), questions);
        await nextTurn();
      }
      return askInfo.callCount;
    };
    assert.equal(await ask(1, new Questions()), 4);
    assert.equal(await ask(1, new Questions()), 4, 'again in the next search');
    assert.equal(await ask(100, new Questions()), 256);
  });

  it('wait in a queue that has an end', async () => {
    const silent = deferred<undefined>();
    askInfo.returns(silent.promise);
    for (let n = 0; n < 1_000; n++) models.ask(found(`${n}`), new Questions());
    askInfo.resolves(undefined);
    silent.resolve(undefined);
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    assert.equal(askInfo.callCount, 16 + 256);
  });

  it('are forgotten from the oldest on, when somebody invents thousands', () => {
    const invented = Array.from({ length: 4_096 }, (_, index) => found(`${index}`, { model: 'a.b.c' }));
    models.complete(invented);
    assert.equal(modelOf(found('0')), 'a.b.c');
    models.complete([found('4096', { model: 'a.b.c' })]);
    assert.equal(modelOf(found('0')), undefined);
    assert.equal(modelOf(found('1')), 'a.b.c');
    assert.equal(modelOf(found('4096')), 'a.b.c');
  });
});
