/** Requests that wait for an answer: each settles once, and no timer keeps the program running. */
import assert from 'node:assert/strict';
import sinon from 'sinon';
import { Pending } from '../../lib/pending';

describe('the table of pending requests', () => {
  let clock: sinon.SinonFakeTimers;
  let pending: Pending<number, string>;
  const late = () => new Error('too late');

  beforeEach(() => {
    clock = sinon.useFakeTimers();
    pending = new Pending();
  });

  afterEach(() => sinon.restore());

  it('gives each answer to whoever waits for it', async () => {
    const [one, two] = [pending.wait(1, 100, late), pending.wait(2, 100, late)];
    assert.equal(pending.size, 2);
    assert.ok(pending.resolve(2, 'second'));
    assert.ok(pending.resolve(1, 'first'));
    assert.deepEqual(await Promise.all([one, two]), ['first', 'second']);
    assert.equal(pending.size, 0);
  });

  it('keeps the program running as long as somebody waits', () => {
    const started = sinon.spy(globalThis, 'setTimeout');
    void pending.wait(1, 100, late);
    void pending.wait(2, 200, late);
    const [timer] = started.returnValues;
    assert.equal(clock.countTimers(), 1);
    pending.resolve(1, 'first');
    assert.ok(timer?.hasRef());
    pending.resolve(2, 'second');
    assert.ok(!timer?.hasRef());
    void pending.wait(3, 100, late);
    assert.ok(timer?.hasRef());
  });

  it('rejects each in its own time', async () => {
    const [slow, quick] = [pending.wait(1, 300, late), pending.wait(2, 100, late)];
    clock.tick(100);
    await assert.rejects(quick, /too late/);
    assert.ok(pending.has(1));
    clock.tick(200);
    await assert.rejects(slow, /too late/);
  });

  it('refuses a second wait for one key, and settles the first', async () => {
    const first = pending.wait(1, 100, late);
    await assert.rejects(pending.wait(1, 100, late), /waited for already/);
    pending.resolve(1, 'answer');
    assert.equal(await first, 'answer');
  });

  it('rejects one by its key', async () => {
    const request = pending.wait(1, 100, late);
    assert.ok(pending.has(1));
    assert.ok(pending.reject(1, new Error('refused')));
    await assert.rejects(request, /refused/);
    assert.ok(!pending.has(1));
  });

  it('rejects what is not answered in time, with an error made only then', async () => {
    const made = sinon.spy(late);
    const request = pending.wait(1, 100, made);
    clock.tick(99);
    assert.equal(made.callCount, 0);
    clock.tick(1);
    await assert.rejects(request, /too late/);
    assert.equal(pending.size, 0);
  });

  it('says so when nobody waits for an answer, or not any more', () => {
    assert.ok(!pending.resolve(1, 'stray'));
    assert.ok(!pending.reject(1, new Error('stray')));
    void pending.wait(1, 100, late);
    assert.ok(pending.resolve(1, 'first'));
    assert.ok(!pending.resolve(1, 'second'));
  });

  it('resolves all with one value, and keeps none', async () => {
    const requests = [1, 2, 3].map((key) => pending.wait(key, 100, late));
    pending.resolveAll('connected');
    assert.deepEqual(await Promise.all(requests), ['connected', 'connected', 'connected']);
    assert.deepEqual([pending.size, clock.countTimers()], [0, 0]);
  });

  it('rejects all at the end, and can be used again', async () => {
    const requests = [1, 2, 3].map((key) => pending.wait(key, 100, late));
    pending.rejectAll(new Error('closed'));
    for (const request of requests) await assert.rejects(request, /closed/);
    assert.equal(clock.countTimers(), 0);
    const again = pending.wait(1, 100, late);
    pending.resolve(1, 'fresh');
    assert.equal(await again, 'fresh');
  });
});
