import assert from 'node:assert/strict';
import { type Ending, Retry } from '../../../lib/aliyun/retry';

const refused: Ending = { kind: 'refused' };
const failed: Ending = { kind: 'failed' };
const lostAfter = (connectedMs: number): Ending => ({ kind: 'lost', connectedMs });

function assertWait(retry: Retry, ending: Ending, minMs: number, maxMs: number): void {
  const { waitMs } = retry.next(ending);
  assert.ok(waitMs >= minMs && waitMs <= maxMs, `${waitMs} ms is not within ${minMs} to ${maxMs} ms`);
}

describe('Aliyun retry', () => {
  it('tries a failed connection again after 1 s at most, then later, never later than after a minute', () => {
    const retry = new Retry();
    assertWait(retry, failed, 750, 1000);
    assertWait(retry, failed, 1500, 2000);
    for (let time = 0; time < 20; time += 1) retry.next(failed);
    assertWait(retry, failed, 45_000, 60_000);
  });

  it('is quick again after a connection', () => {
    const retry = new Retry();
    for (let time = 0; time < 10; time += 1) retry.next(failed);
    retry.connected();
    assertWait(retry, lostAfter(3_600_000), 750, 1000);
  });

  it('waits 30 s at least after a refusal, and 10 minutes in the end', () => {
    const retry = new Retry();
    assertWait(retry, refused, 30_000, 40_000);
    assertWait(retry, refused, 60_000, 80_000);
    for (let time = 0; time < 10; time += 1) retry.next(refused);
    assertWait(retry, refused, 450_000, 600_000);
  });

  it('suspects another client at the third short connection in a row, and is slow from then on', () => {
    const retry = new Retry();
    const seen = [1, 2, 3, 4].map(() => {
      retry.connected();
      return retry.next(lostAfter(500));
    });
    assert.deepEqual(
      seen.map(({ takenTimes }) => takenTimes),
      [0, 0, 1, 2],
    );
    assert.deepEqual(
      seen.map(({ waitMs }) => waitMs >= 30_000),
      [false, false, true, true],
    );
  });

  it('knows at once of another client when the cloud tells, and is slow', () => {
    const retry = new Retry();
    const { waitMs, takenTimes } = retry.next({ kind: 'taken' });
    assert.equal(takenTimes, 1);
    assert.ok(waitMs >= 30_000);
    assert.equal(retry.next({ kind: 'taken' }).takenTimes, 2);
  });

  it('does not suspect another client when the broker was away in between', () => {
    const retry = new Retry();
    for (let time = 0; time < 5; time += 1) {
      assert.equal(retry.next(lostAfter(500)).takenTimes, 0);
      retry.next(failed);
    }
  });

  it('forgets the suspicion after a connection that lasted', () => {
    const retry = new Retry();
    for (let time = 0; time < 3; time += 1) retry.next(lostAfter(500));
    retry.connected();
    assert.equal(retry.next(lostAfter(10_000)).takenTimes, 0);
    assert.equal(retry.next(lostAfter(500)).takenTimes, 0);
    assertWait(retry, refused, 30_000, 40_000);
  });
});
