/** Where the thing model comes from, and when it is asked for again. */
import assert from 'node:assert/strict';
import sinon from 'sinon';
import { FROM_CLOUD, ModelSource } from '../../../../lib/aliyun/model';
import { Backoff } from '../../../../lib/backoff';
import { MialinkError } from '../../../../lib/errors';
import { deferred } from '../../../../lib/wait';
import { Reports } from '../bench';

const TSL = { properties: [{ identifier: 'power', dataType: { type: 'bool', specs: {} } }] };
const noReply = new MialinkError('noReply', { device: 'Lamp', operation: 'thing model', timeoutMs: 5 });
const refused = new MialinkError('cloudRefused', {
  device: 'Lamp',
  operation: 'it',
  code: 5159,
  message: '',
});
const away = new MialinkError('closed', { device: 'Lamp' });

describe('the source of the thing model', () => {
  let clock: sinon.SinonFakeTimers;
  let reports: Reports;
  /** How often the cloud was asked. */
  let asked: number;
  /** The cloud's reply; what it throws is what the request rejects with. */
  let reply: () => unknown;

  beforeEach(() => {
    clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    reports = new Reports();
    asked = 0;
    reply = () => TSL;
  });
  afterEach(() => sinon.restore());

  const source = (given: unknown) =>
    new ModelSource({
      channel: {
        label: 'Lamp',
        request: async () => {
          asked += 1;
          return { id: '1', code: 200, message: '', data: await reply() };
        },
      },
      given,
      whenConnected: async (timeoutMs) => timeoutMs,
      logger: reports,
      retry: new Backoff(1_000, 600_000, () => 0),
    });
  const fails = (problem: Error) => () => {
    throw problem;
  };
  const settled = () => clock.tickAsync(0);

  it('asks the cloud for none that is given, and for none where none is wanted', async () => {
    for (const given of [TSL, JSON.stringify(TSL), undefined, '']) {
      const models = source(given);
      models.resume();
      await settled();
      assert.deepEqual([asked, models.isAwaited, models.current !== undefined], [0, false, Boolean(given)]);
    }
    assert.throws(() => source('{'), { reason: 'modelInvalid' });
  });

  it('asks at each connect, and keeps the last one until there is another', async () => {
    const models = source(FROM_CLOUD);
    assert.equal(models.isAwaited, true);
    models.resume();
    await settled();
    const first = models.current;
    assert.ok(first);
    models.pause(away);
    assert.equal(models.current, first);
    models.resume();
    assert.equal(models.isAwaited, false);
    await settled();
    assert.equal(asked, 2);
    assert.notEqual(models.current, first);
    await clock.tickAsync(3_600_000);
    assert.equal(asked, 2);
  });

  it('asks again after a lost reply, and only two make the posts go without', async () => {
    reply = fails(noReply);
    const models = source(FROM_CLOUD);
    models.resume();
    await settled();
    assert.deepEqual([asked, models.isAwaited], [1, true]);
    await clock.tickAsync(1_000);
    assert.deepEqual([asked, models.isAwaited], [2, false]);
    reply = () => TSL;
    await clock.tickAsync(2_000);
    assert.ok(models.current);
    assert.deepEqual(reports.reasons, ['noReply']);
  });

  it('has posts go without when the cloud refuses, or gives no model, and asks ever more rarely', async () => {
    for (const answer of [fails(refused), () => ({ properties: 5 })]) {
      asked = 0;
      reply = answer;
      const models = source(FROM_CLOUD);
      models.resume();
      await settled();
      assert.deepEqual([models.isAwaited, models.current], [false, undefined]);
      await clock.tickAsync(24 * 3_600_000);
      assert.ok(asked > 140 && asked < 160, `${asked} times a day`);
      models.pause(away);
      const soFar = asked;
      await clock.tickAsync(24 * 3_600_000);
      assert.equal(asked, soFar, 'not while it is away');
    }
    assert.deepEqual(reports.reasons, ['cloudRefused', 'modelInvalid']);
  });

  it('lets a post wait for half of its time', async () => {
    const answer = deferred<unknown>();
    reply = () => answer.promise;
    const models = source(FROM_CLOUD);
    models.resume();
    const first = models.whenSettled(1_000, 'it');
    await clock.tickAsync(500);
    assert.equal(await first, 500);
    const second = models.whenSettled(1_000, 'it');
    await clock.tickAsync(100);
    answer.resolve(TSL);
    await settled();
    assert.equal(await second, 900);
    assert.equal(await models.whenSettled(1_000, 'it'), 1_000);
  });

  it('tells who waits when the connection is lost, and hears nothing of what was asked on it', async () => {
    const answer = deferred<unknown>();
    reply = () => answer.promise;
    const models = source(FROM_CLOUD);
    models.resume();
    const waiting = [
      assert.rejects(models.whenSettled(1_000, 'it'), away),
      assert.rejects(models.settled(), away),
    ];
    await settled();
    models.pause(away);
    await Promise.all(waiting);
    answer.resolve(TSL);
    await settled();
    assert.deepEqual([models.isAwaited, models.current], [true, undefined]);
    reply = () => TSL;
    models.resume();
    await models.settled();
    assert.ok(models.current);
  });
});
