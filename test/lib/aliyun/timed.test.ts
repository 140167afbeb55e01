import assert from 'node:assert/strict';
import { isTimed, withTimes } from '../../../lib/aliyun/timed';

describe('a value with its time', () => {
  it('is told from a struct that has a member called value', () => {
    for (const given of [{ value: 1 }, { value: 1, time: 5 }, { value: undefined }])
      assert.ok(isTimed(given));
    const others = [
      1,
      null,
      [],
      'value',
      {},
      { time: 5 },
      { value: 21, unit: 'C' },
      Object.create({ value: 1 }),
    ];
    for (const given of others) assert.ok(!isTimed(given), JSON.stringify(given));
  });

  it('keeps the time that it has, and gets the one of now otherwise', () => {
    const params = { a: 1, b: { value: 2, time: 5 }, c: { value: 3 }, d: { value: 4, unit: 'C' } };
    assert.deepEqual(withTimes(params, 9), {
      a: { value: 1, time: 9 },
      b: { value: 2, time: 5 },
      c: { value: 3, time: 9 },
      d: { value: { value: 4, unit: 'C' }, time: 9 },
    });
  });
});
