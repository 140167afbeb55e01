import assert from 'node:assert/strict';
import fc from 'fast-check';
import { crc16 } from '../../../../../lib/aliyun/ota/download/crc16';
import { bitwiseCrc } from './stream-frame';

describe('CRC-16/ARC', () => {
  it('has the check value of the catalogue', () => {
    assert.equal(crc16(Buffer.from('123456789')), 0xbb3d);
  });

  it('of nothing is 0', () => {
    assert.equal(crc16(Buffer.alloc(0)), 0);
  });

  it('is that of the definition for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => crc16(bytes) === bitwiseCrc(bytes)));
  });
});
