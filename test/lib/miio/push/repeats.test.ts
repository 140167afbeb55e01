import assert from 'node:assert/strict';
import sinon, { type SinonFakeTimers } from 'sinon';
import { Repeats } from '../../../../lib/miio/push/repeats';

const checksum = (number: number): Buffer => Buffer.from([number >> 16, number >> 8, number]);

describe('the repeats of a call', () => {
  let clock: SinonFakeTimers;
  let repeats: Repeats;

  beforeEach(() => {
    clock = sinon.useFakeTimers({ toFake: ['performance'] });
    repeats = new Repeats();
  });
  afterEach(() => clock.restore());

  it('are known by their id for five seconds, however they are packed', () => {
    assert.equal(repeats.isRepeat(7, checksum(1)), false);
    clock.tick(4_900);
    assert.equal(repeats.isRepeat(7, checksum(2)), true);
    assert.equal(repeats.isRepeat(8, checksum(3)), false);
    clock.tick(200);
    assert.equal(repeats.isRepeat(7, checksum(4)), false, 'the id is counted from the first');
  });

  it('are known by their packet for ten minutes', () => {
    assert.equal(repeats.isRepeat(7, checksum(1)), false);
    clock.tick(9 * 60_000);
    assert.equal(repeats.isRepeat(7, checksum(1)), true);
    clock.tick(2 * 60_000);
    assert.equal(repeats.isRepeat(7, checksum(1)), false);
  });

  it('take no more memory in a flood, the newest are known', () => {
    for (let id = 1; id <= 5_000; id++) repeats.isRepeat(id, checksum(id));
    assert.equal(repeats.isRepeat(4_999, checksum(100_000)), true);
    assert.equal(repeats.isRepeat(1, checksum(100_001)), false);
  });
});
