/** A search for tokens that its caller has ended: it says so, stops reading, and leaves nothing. */
import assert from 'node:assert/strict';
import { constants, deflateSync } from 'node:zlib';
import { extractTokens } from '../../../../lib/miio/tokens';
import { readDatabases } from '../../../../lib/miio/tokens/database';
import { openSource } from '../../../../lib/miio/tokens/source';
import { fails, PASSWORD, useFixtures } from './fixtures';

describe('a search for tokens that is cancelled', () => {
  const fixtures = useFixtures();
  const aborted = { code: 'CANCELLED', reason: 'aborted', text: /cancelled by the caller/ } as const;

  for (const name of ['android.sqlite', 'folder', 'gnu.tar', 'encrypted-5.ab', 'miot.xml']) {
    it(`ends before it has begun (${name})`, () =>
      fails(
        extractTokens({ path: fixtures.file(name) }, { password: PASSWORD, signal: AbortSignal.abort() }),
        aborted,
      ));
  }

  for (const name of ['android.sqlite', 'folder', 'gnu.tar', 'encrypted-5.ab']) {
    it(`ends while it is under way (${name})`, async () => {
      const caller = new AbortController();
      const tokens = extractTokens(
        { path: fixtures.file(name) },
        { password: PASSWORD, signal: caller.signal },
      );
      setImmediate(() => caller.abort());
      await fails(tokens, aborted);
    });
  }

  it('reads no further in an archive', async () => {
    const zeros = deflateSync(Buffer.alloc(2 ** 24), { finishFlush: constants.Z_FULL_FLUSH });
    const path = fixtures.write(
      'long.ab',
      Buffer.concat([Buffer.from('ANDROID BACKUP\n5\n1\nnone\n'), zeros]),
    );
    const { members } = await openSource(path, { file: 'long', password: '', signal: AbortSignal.abort() });
    await assert.rejects(members[Symbol.asyncIterator]().next(), { name: 'AbortError' });
  });

  it('ends the process that reads databases', async () => {
    const reading = readDatabases([fixtures.file('android.sqlite')], 30_000, AbortSignal.abort());
    await assert.rejects(reading, { name: 'AbortError' });
  });
});
