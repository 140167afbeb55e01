/** The order in which posts were accepted, whatever becomes of each. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
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
