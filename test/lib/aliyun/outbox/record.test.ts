/** A text as a line with its checksum: what was damaged is noticed, and harms no other line. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { crc32 } from '../../../../lib/aliyun/outbox/crc32';
import { LINE_OVERHEAD, lineOf, readLine } from '../../../../lib/aliyun/outbox/record';

const text = fc.json({ depthSize: 'small' }).filter((json) => !json.includes('\n'));

function textsIn(bytes: Buffer): (string | undefined)[] {
  const texts = [];
  for (let line = readLine(bytes, 0); line; line = readLine(bytes, line.end)) texts.push(line.text);
  return texts;
}

describe('a line of the outbox', () => {
  it('has the CRC-32 that everybody computes', () => {
    assert.equal(crc32(Buffer.from('123456789')), 0xcb_f4_39_26);
    assert.equal(crc32(Buffer.alloc(0)), 0);
    assert.equal(lineOf('123456789').toString(), 'cbf43926 123456789\n');
    assert.equal(lineOf('').toString(), '00000000 \n');
  });

  it('gives back every text, also between others', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(text, fc.constant('温度 ☀ ́'))), (texts) => {
        assert.deepEqual(textsIn(Buffer.concat(texts.map(lineOf))), texts);
      }),
    );
    assert.equal(lineOf('温度').length, Buffer.byteLength('温度') + LINE_OVERHEAD);
  });

  it('is no line as long as its end is missing', () => {
    const line = lineOf('{"n":1}');
    for (let length = 0; length < line.length; length++) {
      assert.equal(readLine(line.subarray(0, length), 0), undefined);
    }
    assert.equal(readLine(line, line.length), undefined);
  });

  it('is seen to be damaged whichever bit of it is turned, and the one behind it is not', () => {
    const [line, next] = [lineOf('{"n":1}'), lineOf('{"n":2}')];
    for (let bit = 0; bit < line.length * 8; bit++) {
      const bytes = Buffer.concat([line, next]);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const texts = textsIn(bytes);
      assert.ok(!texts.includes('{"n":1}'), `bit ${bit}`);
      // Without the end of the line both are one.
      if (bit >> 3 < line.length - 1) assert.equal(texts.at(-1), '{"n":2}', `bit ${bit}`);
    }
  });

  it('is read from any bytes without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const lineFeeds = bytes.filter((byte) => byte === 0x0a).length;
        assert.equal(textsIn(Buffer.from(bytes)).length, lineFeeds);
      }),
    );
  });
});
