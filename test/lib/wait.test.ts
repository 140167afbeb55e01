/** Waiting for an event or for the time to pass, whichever is first, without a timer left over. */
import assert from 'node:assert/strict';
import sinon from 'sinon';
import { deferred, timePassed } from '../../lib/wait';

describe('timePassed', () => {
  let clock: sinon.SinonFakeTimers;

  beforeEach(() => {
    clock = sinon.useFakeTimers();
  });

  afterEach(() => clock.restore());

  it('is true when the time was over first', async () => {
    const waiting = timePassed(100, deferred<void>().promise);
    clock.tick(100);
    assert.equal(await waiting, true);
  });

  it('is true after the time when there is no event at all', async () => {
    const waiting = timePassed(100);
    clock.tick(100);
    assert.equal(await waiting, true);
  });

  it('is false as soon as one of the events has settled, either way', async () => {
    const never = deferred<void>().promise;
    const done = deferred<string>();
    const failed = deferred<string>();
    const waits = [timePassed(100, never, done.promise), timePassed(100, failed.promise, never)];
    done.resolve('done');
    failed.reject(new Error('failed'));
    assert.deepEqual(await Promise.all(waits), [false, false]);
    assert.equal(clock.countTimers(), 0, 'no timer outlives the wait');
  });

  it('is false when the event was there before', async () => {
    assert.equal(await timePassed(0, Promise.resolve()), false);
    assert.equal(await timePassed(100, Promise.reject(new Error('gone'))), false);
  });
});

describe('deferred', () => {
  it('settles once, from outside', async () => {
    const { promise, resolve, reject } = deferred<number>();
    resolve(1);
    resolve(2);
    reject(new Error('too late'));
    assert.equal(await promise, 1);
  });

  it('is no unhandled rejection when nobody awaits it, and still rejects who does', async () => {
    const unhandled = sinon.spy();
    process.on('unhandledRejection', unhandled);
    const { promise, reject } = deferred<number>();
    reject(new Error('refused'));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    assert.equal(unhandled.callCount, 0);
    await assert.rejects(promise, /refused/);
  });
});
