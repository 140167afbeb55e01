import assert from 'node:assert/strict';
import sinon from 'sinon';
import { OneByOne } from '../../../../lib/aliyun/functions/one-by-one';
import { deferred } from '../../../../lib/wait';

describe('requests one by one', () => {
  let clock: sinon.SinonFakeTimers;
  let line: OneByOne<string>;
  let sent: string[];

  beforeEach(() => {
    clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    line = new OneByOne();
    sent = [];
  });
  afterEach(() => sinon.restore());

  const ask = (name: string, sending: () => Promise<void> = async () => undefined, timeoutMs = 1000) => {
    const send = () => {
      sent.push(name);
      return sending();
    };
    return outcomeOf(line.ask(send, timeoutMs, () => new Error(`${name} is late`)));
  };

  it('are sent when the one before is answered', async () => {
    const first = ask('first');
    const second = ask('second');
    await clock.tickAsync(1);
    assert.deepEqual(sent, ['first']);
    assert.equal(line.resolve('one'), true);
    await clock.tickAsync(1);
    assert.deepEqual(sent, ['first', 'second']);
    assert.equal(line.reject(new Error('no')), true);
    assert.deepEqual(await Promise.all([first, second]), ['one', 'no']);
    assert.equal(clock.countTimers(), 0);
  });

  it('end when their time is over, and the next is sent', async () => {
    const first = ask('first');
    await clock.tickAsync(400);
    const second = ask('second');
    await clock.tickAsync(600);
    assert.equal(await first, 'first is late');
    assert.deepEqual(sent, ['first', 'second']);
    line.resolve('two');
    assert.equal(await second, 'two');
  });

  it('count the time they stand in line, and are not sent then', async () => {
    const first = ask('first', undefined, 2000);
    const second = ask('second');
    await clock.tickAsync(1000);
    assert.equal(await second, 'second is late');
    line.resolve('one');
    assert.equal(await first, 'one');
    await clock.tickAsync(1);
    assert.deepEqual(sent, ['first']);
    assert.equal(clock.countTimers(), 0);
  });

  it('fail with what is in the way of the sending, which ends a little later than their time', async () => {
    const obstacle = deferred<void>();
    const first = ask('first', () => obstacle.promise);
    await clock.tickAsync(1000);
    obstacle.reject(new Error('not connected'));
    assert.equal(await first, 'not connected');
  });

  it('fail with what is in the way of the one before them', async () => {
    const obstacle = deferred<void>();
    const all = ['first', 'second', 'third'].map((name) => ask(name, () => obstacle.promise));
    await clock.tickAsync(1);
    obstacle.reject(new Error('not connected'));
    assert.deepEqual(await Promise.all(all), Array(3).fill('not connected'));
    assert.deepEqual(sent, ['first']);
    assert.equal(clock.countTimers(), 0);
  });

  it('are late when their time was over before they were sent', async () => {
    const sending = deferred<void>();
    const first = ask('first', () => sending.promise);
    await clock.tickAsync(1500);
    sending.resolve(undefined);
    assert.equal(await first, 'first is late');
  });

  it('take a reply that comes before the sending is confirmed', async () => {
    const sending = deferred<void>();
    const first = ask('first', () => sending.promise);
    const second = ask('second');
    assert.equal(line.resolve('one'), true);
    sending.reject(new Error('not connected'));
    await clock.tickAsync(1);
    assert.equal(await first, 'one');
    line.resolve('two');
    assert.equal(await second, 'two');
  });

  it('end all when the line is closed, and an answer to nobody is told as such', async () => {
    const all = [ask('first'), ask('second')];
    line.rejectAll(new Error('closed'));
    assert.deepEqual(await Promise.all(all), ['closed', 'closed']);
    assert.deepEqual([line.resolve('one'), line.reject(new Error('no'))], [false, false]);
    assert.equal(clock.countTimers(), 0);
  });
});

/** What it resolves with, or the message it rejects with. */
function outcomeOf(work: Promise<string>): Promise<string> {
  return work.catch((error: Error) => error.message);
}
