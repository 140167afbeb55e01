/** The order in which posts were accepted, whatever becomes of each. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import sinon from 'sinon';
import { PostOrder } from '../../../lib/aliyun/post-order';

describe('the order of posts', () => {
  it('gives each its turn when all before it have left, in whatever order those go', async () => {
    const order = new PostOrder();
    const [one, two, three, four] = [order.take(), order.take(), order.take(), order.take()];
    const turns: number[] = [];
    void three.turn().then(() => turns.push(3));
    void four.turn().then(() => turns.push(4));
    two.leave();
    await nextTurn();
    assert.deepEqual(turns, []);
    one.leave();
    await nextTurn();
    assert.deepEqual(turns, [3]);
    three.leave();
    three.leave();
    await nextTurn();
    assert.deepEqual(turns, [3, 4]);
  });

  it('gives the first its turn at once', async () => {
    await new PostOrder().take().turn();
  });

  it('lets nobody wait for long behind one that is not answered', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const order = new PostOrder();
    order.take();
    const [two, three] = [order.take(), order.take()];
    const turns: number[] = [];
    void two.turn().then(() => turns.push(2));
    void three.turn().then(() => turns.push(3));
    await clock.tickAsync(999);
    assert.deepEqual(turns, []);
    await clock.tickAsync(1);
    assert.deepEqual(turns, [2, 3]);
    two.leave();
    three.leave();
    assert.equal(clock.countTimers(), 0);
  });

  it('leaves no timer behind', () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const order = new PostOrder();
    const [one, two] = [order.take(), order.take()];
    void two.turn();
    one.leave();
    two.leave();
    assert.equal(clock.countTimers(), 0);
  });

  it('tells that somebody waits, until he has left', () => {
    const order = new PostOrder();
    const [first, second] = [order.take(), order.take()];
    assert.ok(!order.isWaitedIn);
    void second.turn();
    assert.ok(order.isWaitedIn);
    first.leave();
    second.leave();
    assert.ok(!order.isWaitedIn);
  });
});
