import assert from 'node:assert/strict';
import sinon, { type SinonFakeTimers } from 'sinon';
import { Repeats, Stamps } from '../../../../lib/miio/push/repeats';

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

  it('are known by their packet, however long ago it came', () => {
    assert.equal(repeats.isRepeat(7, checksum(1)), false);
    for (const minutes of [9, 2, 1_000_000]) {
      clock.tick(minutes * 60_000);
      assert.equal(repeats.isRepeat(7, checksum(1)), true, `${minutes} minutes later`);
      assert.equal(repeats.isRepeat(7, checksum(minutes + 1)), false, 'the id is as good as new');
    }
  });

  it('take no more memory in a flood, the newest are known', () => {
    for (let id = 1; id <= 5_000; id++) repeats.isRepeat(id, checksum(id));
    assert.equal(repeats.isRepeat(4_999, checksum(100_000)), true);
    assert.equal(repeats.isRepeat(1, checksum(100_001)), false);
  });
});

describe('the stamps of the calls of a device', () => {
  let stamps: Stamps;
  beforeEach(() => {
    stamps = new Stamps();
  });

  it('may rise or stand still', () => {
    for (const stamp of [0, 0, 0, 5, 5, 1_700_000_000, 1_700_000_000]) {
      assert.equal(stamps.isStale(stamp), false, String(stamp));
    }
  });

  it('may be a little behind: a call that was not acknowledged comes again behind newer ones', () => {
    stamps.isStale(1_000);
    for (const stamp of [995, 990]) assert.equal(stamps.isStale(stamp), false, String(stamp));
    assert.equal(stamps.isStale(989), true, 'the newest counts');
  });

  it('are stale when a newer one was accepted, from the first second to the last', () => {
    stamps.isStale(1_000);
    for (const stamp of [0, 1, 500, 989]) assert.equal(stamps.isStale(stamp), true, String(stamp));
    assert.equal(stamps.isStale(1_001), false);
  });

  it('go on when the 32 bits are over', () => {
    stamps.isStale(0xffff_fff0);
    assert.equal(stamps.isStale(5), false);
    assert.equal(stamps.isStale(0xffff_fff0), true);
  });

  it('begin anew when the device has restarted', () => {
    stamps.isStale(1_000);
    stamps.forget();
    assert.equal(stamps.isStale(3), false);
    assert.equal(stamps.isStale(1_000), false);
  });
});
