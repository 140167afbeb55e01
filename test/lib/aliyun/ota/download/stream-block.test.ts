import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  blockRequest,
  parseBlockReply,
  type StreamBlock,
} from '../../../../../lib/aliyun/ota/download/stream-block';
import { blockFrame, frame } from './stream-frame';

const stream = { streamId: 1_397_345, fileId: 1 };
const file = Buffer.from('the bytes of a firmware');

function blockOf(message: Buffer): StreamBlock {
  const reply = parseBlockReply(message);
  assert.equal(reply.kind, 'block', JSON.stringify(reply));
  return reply.kind === 'block' ? reply.block : assert.fail();
}

/** Why it is not taken; `id` is there if it can be read. */
function causeOf(message: Buffer): [cause: string, id: string | undefined] {
  const reply = parseBlockReply(message);
  return reply.kind === 'malformed' ? [reply.cause, reply.id] : assert.fail(JSON.stringify(reply));
}

describe('The request for a block', () => {
  it('has the form of the document', () => {
    assert.deepEqual(blockRequest({ id: '7', stream, offset: 5120, size: 256 }), {
      id: '7',
      version: '1.0',
      params: { fileInfo: { streamId: 1_397_345, fileId: 1 }, fileBlock: { size: 256, offset: 5120 } },
    });
  });

  it('carries the token that the cloud gave', () => {
    const request = blockRequest({ id: '7', stream, offset: 0, size: 256, fileToken: '1bb8' });
    assert.deepEqual(request, {
      id: '7',
      version: '1.0',
      params: { fileToken: '1bb8', fileInfo: stream, fileBlock: { size: 256, offset: 0 } },
    });
  });
});

describe('A block of a file', () => {
  it('is read byte for byte from the example written by hand', () => {
    const json = '{"id":"123456","code":200,"data":{"bSize":9,"bOffset":2,"fileLength":1238848}}';
    const message = Buffer.concat([
      Buffer.from([0, json.length]),
      Buffer.from(json),
      Buffer.from('123456789'),
      Buffer.from('3dbb', 'hex'),
    ]);
    const reply = parseBlockReply(message);
    const block = { offset: 2, bytes: Buffer.from('123456789'), fileLength: 1_238_848, fileToken: undefined };
    assert.deepEqual(reply, { kind: 'block', id: '123456', block });
  });

  it('is a part of the message and not a copy', () => {
    const message = blockFrame('1', file, 0, file.length);
    assert.equal(blockOf(message).bytes.buffer, message.buffer);
  });

  it('is read whatever its bytes, its place and its token', () => {
    const anyFile = fc.uint8Array({ minLength: 1, maxLength: 2000 });
    fc.assert(
      fc.property(
        anyFile,
        fc.nat(),
        fc.integer({ min: 1, max: 2000 }),
        fc.boolean(),
        (bytes, at, size, has) => {
          const offset = at % bytes.length;
          const more = has ? { fileToken: 'secret' } : {};
          const block = blockOf(blockFrame('42', bytes, offset, size, more));
          assert.deepEqual([...block.bytes], [...bytes.subarray(offset, offset + size)]);
          assert.equal(block.offset, offset);
          assert.equal(block.fileLength, bytes.length);
          assert.equal(block.fileToken, has ? 'secret' : undefined);
        },
      ),
    );
  });

  it('may have its numbers as text and its id as a number', () => {
    const data = { bSize: '3', bOffset: '0', fileLength: '3' };
    const reply = parseBlockReply(frame({ id: 5, code: '200', data }, Buffer.from('abc')));
    assert.equal(reply.kind, 'block');
    assert.equal(reply.id, '5');
  });

  it('may be as large as the document allows, and no larger', () => {
    const large = Buffer.alloc(131_073, 7);
    assert.equal(blockOf(blockFrame('1', large, 0, 131_072)).bytes.length, 131_072);
    assert.deepEqual(causeOf(blockFrame('1', large, 0, 131_073)), ['its block has 131073 bytes', '1']);
  });

  it('is not taken when a bit of it has changed on the way', () => {
    fc.assert(
      fc.property(fc.nat(file.length * 8 - 1), (bit) => {
        const message = blockFrame('1', file, 0, file.length);
        const at = message.length - 2 - file.length + (bit >> 3);
        message[at] = (message[at] ?? 0) ^ (1 << (bit & 7));
        assert.deepEqual(causeOf(message), ['the checksum of its block is wrong', '1']);
      }),
    );
  });

  it('is not taken when its checksum has the bytes in the other order', () => {
    const message = frame(
      { id: '1', code: 200, data: { bSize: 9, bOffset: 0, fileLength: 9 } },
      Buffer.from('123456789'),
      0x3dbb,
    );
    assert.deepEqual(causeOf(message), ['the checksum of its block is wrong', '1']);
  });

  it('is not taken when it is not what its head says', () => {
    const head = (data: unknown) => ({ id: '1', code: 200, data });
    const bad: [unknown, string][] = [
      [{ bSize: 24, bOffset: 0, fileLength: 24 }, 'it is not as long as it says'],
      [{ bSize: 22, bOffset: 0, fileLength: 24 }, 'it is not as long as it says'],
      [{ bSize: 23, bOffset: 1, fileLength: 23 }, 'its block ends behind the file'],
      [{ bSize: 0, bOffset: 0, fileLength: 23 }, 'its block has 0 bytes'],
      [{ bSize: 1e9, bOffset: 0, fileLength: 1e9 }, 'its block has 1000000000 bytes'],
      [{ bSize: -23, bOffset: 0, fileLength: 23 }, 'it lacks bSize, bOffset or fileLength'],
      [{ bSize: 23, bOffset: 0.5, fileLength: 24 }, 'it lacks bSize, bOffset or fileLength'],
      [{ bSize: 23, bOffset: 0 }, 'it lacks bSize, bOffset or fileLength'],
      [[], 'it has no data'],
      [undefined, 'it has no data'],
    ];
    for (const [data, cause] of bad) assert.deepEqual(causeOf(frame(head(data), file)), [cause, '1']);
  });
});

describe('A reply for a block', () => {
  it('is a refusal with the words of the cloud, with and without a frame', () => {
    const head = { id: '9', code: 460, msg: 'file size has exceeded the limit 16 MB', data: {} };
    const refusal = { kind: 'refusal', id: '9', code: 460, message: head.msg };
    assert.deepEqual(parseBlockReply(frame(head, Buffer.alloc(0))), refusal);
    assert.deepEqual(parseBlockReply(frame(head, Buffer.alloc(0)).subarray(0, -2)), refusal);
    const plain = { id: '9', code: 429, message: 'too many requests' };
    assert.deepEqual(parseBlockReply(Buffer.from(JSON.stringify(plain))), { kind: 'refusal', ...plain });
    assert.deepEqual(parseBlockReply(Buffer.from('{"id":"9","code":500}')), {
      kind: 'refusal',
      id: '9',
      code: 500,
      message: '',
    });
  });

  it('is bounded: words, token, head and depth', () => {
    const words = parseBlockReply(frame({ id: '9', code: 1, msg: 'x'.repeat(3000) }, file));
    assert.equal(words.kind === 'refusal' && words.message.length, 256);
    assert.equal(blockOf(blockFrame('1', file, 0, 9, { fileToken: 'x'.repeat(300) })).fileToken, undefined);
    assert.match(causeOf(frame({ id: '9', code: 200, pad: 'x'.repeat(4096) }, file))[0], /head/);
    assert.match(causeOf(Buffer.from(`{"id":"9","code":1,"pad":"${'x'.repeat(4096)}"}`))[0], /head/);
    const deep = Buffer.from(`{"id":"9","code":1,"pad":${'['.repeat(40)}${']'.repeat(40)}}`);
    assert.match(causeOf(deep)[0], /head/);
  });

  it('without an id, a code or a head is nothing', () => {
    const nothing = [
      Buffer.alloc(0),
      Buffer.from([0]),
      Buffer.from([0xff, 0xff, 1]),
      Buffer.from([0, 0]),
      frame([], file),
      frame({ code: 200 }, file),
      frame({ id: 'x'.repeat(65), code: 200 }, file),
    ];
    for (const message of nothing) assert.equal(causeOf(message)[1], undefined);
    assert.deepEqual(causeOf(frame({ id: '1' }, file)), ['it has no id or no code', '1']);
  });

  it('of any bytes is a block, a refusal or a cause, and never throws', () => {
    const anyBytes = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
    const heads = fc.oneof(
      fc.jsonValue(),
      fc.record({
        id: fc.jsonValue(),
        code: fc.oneof(fc.jsonValue(), fc.constant(200)),
        msg: fc.jsonValue(),
        data: fc.oneof(
          fc.jsonValue(),
          fc.record({ bSize: fc.jsonValue(), bOffset: fc.nat(50), fileLength: fc.jsonValue() }),
          fc.record({ bSize: fc.nat(50), bOffset: fc.nat(50), fileLength: fc.nat(99) }),
        ),
      }),
    );
    const framed = fc
      .tuple(heads, fc.uint8Array({ maxLength: 50 }), fc.nat(0xffff))
      .map(([head, bytes, crc]) => frame(head, bytes, crc));
    const plain = heads.map((head) => Buffer.from(JSON.stringify(head)));
    fc.assert(
      fc.property(fc.oneof(anyBytes, framed, plain), (message) => {
        const reply = parseBlockReply(message);
        if (reply.kind === 'block') assert.ok(reply.block.bytes.length > 0);
        else assert.ok(reply.kind === 'refusal' ? reply.code !== 200 : reply.cause !== '');
      }),
      { numRuns: 2000 },
    );
  });
});
