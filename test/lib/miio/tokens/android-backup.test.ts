import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { openBackup } from '../../../../lib/miio/tokens/android-backup';
import { PASSWORD, useFixtures } from './fixtures';

/** Well inside the header: its lines are text of a known length. */
const HEADER_BYTES = 500;
/** Of the line that says whether it is packed: `0` there is no error, but another archive. */
const PACKED_AT = 'ANDROID BACKUP\n5\n'.length;

describe('an Android backup', () => {
  const fixtures = useFixtures();

  async function unpack(content: Buffer): Promise<Buffer> {
    const path = fixtures.write('changed.ab', content);
    const tar = await openBackup(path, content.subarray(0, 4_096), 'changed.ab', PASSWORD);
    return Buffer.concat(await tar.toArray());
  }

  it('is its archive', async () => {
    const archive = readFileSync(fixtures.file('pax.tar'));
    for (const name of ['packed-1.ab', 'stored-5.ab', 'encrypted-5.ab'])
      assert.ok((await unpack(readFileSync(fixtures.file(name)))).equals(archive), name);
  });

  it('is refused when it does not say whether it is packed', async () => {
    const changed = readFileSync(fixtures.file('packed-1.ab'));
    for (const byte of [0x00, 0x32, 0x0a]) {
      changed[PACKED_AT] = byte;
      await assert.rejects(unpack(changed));
    }
  });

  it('with any other byte in its header is the same archive or an error', async () => {
    const archive = readFileSync(fixtures.file('pax.tar'));
    const backup = readFileSync(fixtures.file('encrypted-5.ab'));
    await fc.assert(
      fc.asyncProperty(fc.nat(HEADER_BYTES), fc.nat(255), async (at, byte) => {
        fc.pre(at !== PACKED_AT || byte !== 0x30);
        const changed = Buffer.from(backup);
        changed[at] = byte;
        const found = await unpack(changed).catch((error: unknown) => error);
        assert.ok(found instanceof Error || (Buffer.isBuffer(found) && found.equals(archive)));
      }),
      { numRuns: 100 },
    );
  });
});
