import assert from 'node:assert/strict';
import sinon from 'sinon';
import { OpenCalls } from '../../../lib/aliyun/open-calls';

describe('Open calls of the cloud', () => {
  const call = { id: '1', topic: 't' };
  let clock: sinon.SinonFakeTimers;
  let calls: OpenCalls;

  beforeEach(() => {
    clock = sinon.useFakeTimers();
    calls = new OpenCalls();
  });
  afterEach(() => clock.restore());

  const open = (limitMs = 1000, expired = () => undefined) => calls.open(call, limitMs, expired);

  it('are handed out once, while open and for a minute after the answer', () => {
    assert.equal(open(), true);
    assert.equal(open(), false);
    calls.settle(call);
    clock.tick(59_999);
    assert.equal(open(), false);
    clock.tick(1);
    assert.equal(open(), true);
  });

  it('are answered once', () => {
    open();
    assert.equal(calls.settle(call), true);
    assert.equal(calls.settle(call), false);
  });

  it('are told apart by topic and id', () => {
    open();
    assert.equal(calls.isOpen({ id: '1', topic: 'other' }), false);
    assert.equal(
      calls.open({ id: '2', topic: 't' }, 1000, () => undefined),
      true,
    );
  });

  it('expire once, and cannot be answered then', () => {
    const expired = sinon.fake();
    open(1000, expired);
    clock.tick(999);
    assert.equal(expired.callCount, 0);
    clock.tick(1);
    assert.equal(calls.settle(call), false);
    clock.tick(100_000);
    assert.equal(expired.callCount, 1);
  });

  it('are remembered up to a bound, the oldest of them no longer', () => {
    const numbered = (id: number) => ({ id: `${id}`, topic: 't' });
    const isNew = (id: number) => calls.open(numbered(id), 1000, () => undefined);
    for (let id = 0; id < 10_000; id++) {
      assert.equal(isNew(id), true);
      calls.settle(numbered(id));
    }
    assert.deepEqual([isNew(0), isNew(9_999)], [true, false]);
  });

  it('are not taken any more when very many are open', () => {
    const isTaken = (id: number) => calls.open({ id: `${id}`, topic: 't' }, 1000, () => undefined);
    for (let id = 0; id < 10_000; id++) assert.equal(isTaken(id), true);
    assert.equal(isTaken(10_000), false);
    calls.settle({ id: '0', topic: 't' });
    assert.equal(isTaken(10_000), true);
  });

  it('do not expire when answered, and leave no timer after clear', () => {
    const expired = sinon.fake();
    open(1000, expired);
    calls.settle(call);
    calls.open({ id: '2', topic: 't' }, 1000, expired);
    calls.clear();
    assert.equal(clock.countTimers(), 0);
    assert.equal(expired.callCount, 0);
  });
});
