/** A body in many pieces, gathered while its consumer is busy. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { gather } from '../../../../../lib/aliyun/ota/download/gather';

const LONG_MS = 600_000;
const MB = 1024 * 1024;

async function all(
  pieces: AsyncIterable<Buffer>,
  busy: () => Promise<void> = async () => {},
): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of pieces) {
    copies.push(Buffer.from(piece));
    await busy();
    // It was ours until now.
    assert.ok(piece.equals(copies.at(-1) ?? Buffer.alloc(0)));
  }
  return Buffer.concat(copies);
}

const afterOthers = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a gathered body', () => {
  it('has all bytes in their order, however they come and however busy the consumer is', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 600_000 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), async (lengths, isBusy) => {
        const chunks = lengths.map((length) => randomBytes(length));
        const body = Readable.from(chunks, { objectMode: false });
        const busy = isBusy ? afterOthers : undefined;
        assert.ok((await all(gather(body, LONG_MS), busy)).equals(Buffer.concat(chunks)));
      }),
      { numRuns: 40 },
    );
  });

  it('comes in few pieces when the consumer is busy', async () => {
    const body = new PassThrough({ highWaterMark: MB });
    for (let count = 0; count < 40; count++) body.write(randomBytes(1000));
    body.end();
    let pieces = 0;
    await all(gather(body, LONG_MS), async () => {
      pieces++;
      await afterOthers();
    });
    assert.ok(pieces <= 3, `${pieces} pieces`);
  });

  it('waits for its consumer', async () => {
    let made = 0;
    const body = new Readable({
      read() {
        made += 16_384;
        this.push(Buffer.alloc(16_384));
      },
    });
    const pieces = gather(body, LONG_MS);
    await pieces.next();
    for (let turn = 0; turn < 200; turn++) await afterOthers();
    assert.ok(made < MB, `${made} bytes were read for nobody`);
    await pieces.return(undefined);
    assert.ok(body.destroyed);
  });

  it('gives what has come before it throws what the body ends with', async () => {
    const body = new PassThrough();
    const pieces = gather(body, LONG_MS);
    const first = pieces.next();
    body.write('begun');
    assert.equal(String((await first).value), 'begun');
    body.write('more');
    await afterOthers();
    body.destroy(new Error('cut'));
    await afterOthers();
    assert.equal(String((await pieces.next()).value), 'more');
    await assert.rejects(pieces.next(), /cut/);
  });

  it('throws when the body is destroyed without a word', async () => {
    const body = new PassThrough();
    const next = gather(body, LONG_MS).next();
    body.destroy();
    await assert.rejects(next, /[Pp]remature close/);
  });

  it('does not count as dripping while it waits for its consumer', async () => {
    const body = Readable.from([randomBytes(MB), randomBytes(MB)], { objectMode: false });
    const pieces = gather(body, 20);
    const first = (await pieces.next()).value?.length ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(first + (await all(pieces)).length, 2 * MB);
  });
});
