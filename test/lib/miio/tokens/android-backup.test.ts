import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { openBackup } from '../../../../lib/miio/tokens/android-backup';
import { PASSWORD, useFixtures } from './fixtures';

/** Well inside the header: its lines are text of a known length. */
const HEADER_BYTES = 500;

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

  it('with any other byte in its header is the same archive or an error', async () => {
    const archive = readFileSync(fixtures.file('pax.tar'));
    const backup = readFileSync(fixtures.file('encrypted-5.ab'));
    await fc.assert(
      fc.asyncProperty(fc.nat(HEADER_BYTES), fc.nat(255), async (at, byte) => {
        const changed = Buffer.from(backup);
        changed[at] = byte;
        const found = await unpack(changed).catch((error: unknown) => error);
        assert.ok(found instanceof Error || (Buffer.isBuffer(found) && found.equals(archive)));
      }),
      { numRuns: 100 },
    );
  });
});
