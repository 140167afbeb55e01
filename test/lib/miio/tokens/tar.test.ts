import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { isTar, tarMembers } from '../../../../lib/miio/tokens/tar';
import { useFixtures } from './fixtures';

/** The bytes in pieces, as a stream gives them. */
async function* inPieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function read(archive: AsyncIterable<Buffer>): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for await (const { name, content } of tarMembers(archive)) {
    const pieces: Buffer[] = [];
    for await (const piece of content) pieces.push(piece);
    found.set(name, Buffer.concat(pieces));
  }
  return found;
}

/** A header with a right checksum. */
function header(fields: { name?: string; size?: string; type?: string }): Buffer {
  const block = Buffer.alloc(512);
  block.write(fields.name ?? 'file', 0, 100);
  block.write(fields.size ?? '00000000000', 124, 12, 'latin1');
  block.write(fields.type ?? '0', 156);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

describe('a tar archive', () => {
  const fixtures = useFixtures();

  for (const kind of ['gnu', 'pax']) {
    it(`of ${kind} gives its files whole, by their long names, in pieces of any length`, async () => {
      const archive = await readFile(fixtures.file(`${kind}.tar`));
      const folder = `apps/com.xiaomi.smarthome/${'f'.repeat(60)}/${'g'.repeat(60)}`;
      for (const length of [100, 512, 10_000, archive.length]) {
        const found = await read(inPieces(archive, length));
        assert.deepEqual(
          [...found].map(([name, content]) => [name, content.length]),
          [
            ['apps/com.xiaomi.smarthome/_manifest', 23],
            [`${folder}/${'h'.repeat(120)}.bin`, 70_001],
            [`${folder}/music.db`, 8_192],
            ['apps/com.xiaomi.smarthome/db/miio2.db', 8_192],
          ],
        );
        const database = found.get('apps/com.xiaomi.smarthome/db/miio2.db');
        assert.ok(database?.equals(await readFile(fixtures.file('android.sqlite'))));
      }
    });
  }

  it('has a prefix before its names in ustar', async () => {
    const found = await read(inPieces(await readFile(fixtures.file('ustar.tar')), 512));
    assert.ok(
      [...found.keys()].some((name) => /^apps\/com\.xiaomi\.smarthome\/f{60}\/g{60}\/music\.db$/.test(name)),
    );
  });

  it('gives the next file also when one was not read, or not to its end', async () => {
    const archive = await readFile(fixtures.file('pax.tar'));
    const names: string[] = [];
    for await (const { name, content } of tarMembers(inPieces(archive, 1_000))) {
      names.push(name.split('/').at(-1) ?? '');
      if (names.length === 2) for await (const _ of content) break;
    }
    assert.deepEqual([names.length, names.at(-1)], [4, 'miio2.db']);
  });

  it('gives no links, folders or devices, whatever size they tell', async () => {
    const types = ['1', '2', '3', '4', '5', '6'];
    const entries = types.map((type) => header({ name: `type${type}`, size: '00000001000', type }));
    const archive = Buffer.concat([...entries, header({ name: 'last' }), Buffer.alloc(1_024)]);
    assert.deepEqual([...(await read(inPieces(archive, 512))).keys()], ['last']);
  });

  it('is broken where a size, a name or an attribute is none', async () => {
    const gigabyte = '10000000000';
    const attribute = (text: string) =>
      Buffer.concat([header({ type: 'x', size: '00000000012' }), Buffer.from(text.padEnd(512, '\0'))]);
    const broken = {
      'no number': header({ size: '99999999999' }),
      'too large a number': header({ size: '\xff'.repeat(12) }),
      'a name of a gigabyte': header({ type: 'L', size: gigabyte }),
      'attributes of a gigabyte': header({ type: 'x', size: gigabyte }),
      'an attribute without length': attribute('path=x\n'),
      'an attribute of length 0': attribute('0 path=x\n'),
      'a file that is not there': header({ size: gigabyte }),
    };
    for (const [what, archive] of Object.entries(broken)) {
      await assert.rejects(read(inPieces(archive, 512)), /archive/, what);
    }
  });

  it('gives its stream back when its reader gives up', async () => {
    let isClosed = false;
    const archive = await readFile(fixtures.file('pax.tar'));
    const stream = async function* () {
      try {
        yield* inPieces(archive, 512);
      } finally {
        isClosed = true;
      }
    };
    for await (const _ of tarMembers(stream())) break;
    assert.ok(isClosed);
  });

  it('of any bytes is files or an error, never more than there was', async () => {
    const archive = await readFile(fixtures.file('pax.tar'));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 3_000 }),
      fc.tuple(fc.nat(archive.length - 1), fc.nat(255)).map(([at, byte]) => {
        const changed = Buffer.from(archive);
        changed[at] = byte;
        return changed;
      }),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (content) => {
        const buffer = Buffer.from(content);
        const isSeen = isTar(buffer);
        const found = await read(inPieces(buffer, 700)).catch((error) => {
          assert.match(String(error), /archive/);
          return new Map<string, Buffer>();
        });
        const total = [...found.values()].reduce((sum, one) => sum + one.length, 0);
        assert.ok(total <= buffer.length);
        assert.ok(isSeen || found.size === 0);
      }),
      { numRuns: 300 },
    );
  });
});
