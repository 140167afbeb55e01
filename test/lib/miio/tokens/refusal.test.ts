/** What a person is told when there is nothing to find, and that nothing worse happens. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, truncateSync } from 'node:fs';
import { constants, deflateSync } from 'node:zlib';
import { extractTokens } from '../../../../lib/miio/tokens';
import { fails, PASSWORD, useFixtures } from './fixtures';

describe('a file without tokens', () => {
  const fixtures = useFixtures();
  const extract = (path: string, password?: string) => extractTokens({ path }, { password });
  const fixture = (name: string, password?: string) => extract(fixtures.file(name), password);

  it('of a newer Mi Home is refused with the reason', () =>
    fails(fixture('hidden.sqlite'), { code: 'CONFIG', reason: 'tokensNone', text: /hidden.*5\.0\.19/ }));

  for (const name of ['empty.ab', 'nothing.ab', 'header.ab']) {
    it(`of Android 12 is refused with the reason (${name})`, () =>
      fails(fixture(name), { code: 'CONFIG', reason: 'tokensBackupEmpty', text: /Android 12/ }));
  }

  it('of another program is refused with what is wanted', async () => {
    const unknown = { code: 'CONFIG', reason: 'tokensUnknownFile', text: /miio2\.db/ } as const;
    await fails(fixture('music.sqlite'), unknown);
    await fails(extract(fixtures.write('blank', '')), unknown);
    await fails(extract(fixtures.write('photo', Buffer.from('ffd8ffe000104a464946', 'hex'))), unknown);
    await fails(extract(fixtures.write('letter', 'Dear Sir')), unknown);
    await fails(extract(fixtures.write('zeros', Buffer.alloc(4_096))), unknown);
  });

  it('that holds a token of nobody has none', () =>
    fails(extract(fixtures.write('nobody', `{"token":"${'ab'.repeat(16)}","name":"Lamp"}`)), {
      code: 'CONFIG',
      reason: 'tokensNone',
    }));

  it('that is not there, or no file, is refused', async () => {
    await fails(fixture('absent'), { code: 'CONFIG', reason: 'tokensUnreadable', text: /absent.*ENOENT/ });
    execFileSync('mkfifo', [fixtures.file('pipe')]);
    await fails(fixture('pipe'), { code: 'CODEC', reason: 'tokensDamaged', text: /pipe.*no file/ });
  });

  it('is called as its owner calls it', () =>
    fails(extractTokens({ path: fixtures.file('absent'), name: 'miio2.db' }), {
      code: 'CONFIG',
      reason: 'tokensUnreadable',
      text: /^miio2\.db cannot/,
    }));
});

describe('an encrypted backup', () => {
  const fixtures = useFixtures();

  it('asks for its password, and refuses a wrong one', async () => {
    for (const version of [1, 2, 3, 4, 5]) {
      const path = fixtures.file(`encrypted-${version}.ab`);
      await fails(extractTokens({ path }), { code: 'AUTH', reason: 'tokensPasswordMissing' });
      await fails(extractTokens({ path }, { password: 'no' }), {
        code: 'AUTH',
        reason: 'tokensPasswordWrong',
      });
    }
  });

  it('is refused when its header asks for work without end, or is none', async () => {
    const [magic, version, packed, encryption, ...secrets] = readFileSync(
      fixtures.file('encrypted-3.ab'),
      'latin1',
    )
      .split('\n', 9)
      .map(String);
    const [salt, other, , iv, blob] = secrets;
    const headers = {
      endless: [magic, version, packed, encryption, salt, other, '9999999', iv, blob],
      negative: [magic, version, packed, encryption, salt, other, '-1', iv, blob],
      odd: [magic, version, packed, encryption, 'abc', other, '1000', iv, blob],
      short: [magic, version, packed, encryption, salt, other, '1000', 'abcd', blob],
      cut: [magic, version, packed, encryption, salt],
      newer: [magic, '6', packed, 'none'],
      foreign: [magic, version, packed, 'DES'],
    };
    for (const [name, lines] of Object.entries(headers)) {
      const path = fixtures.write(name, `${lines.join('\n')}\nbody`);
      await fails(extractTokens({ path }, { password: PASSWORD }), {
        code: 'CODEC',
        reason: 'tokensDamaged',
      });
    }
  });
});

describe('a damaged file', () => {
  const fixtures = useFixtures();

  for (const name of ['packed-5.ab', 'stored-5.ab', 'encrypted-5.ab', 'pax.tar']) {
    it(`is told as such, wherever it is cut off (${name})`, async () => {
      const whole = readFileSync(fixtures.file(name));
      // The last bytes of a tar are a filling that nobody misses.
      for (const part of [0.2, 0.5, 0.8]) {
        const path = fixtures.write('cut', whole.subarray(0, Math.floor(whole.length * part)));
        const damaged = { code: 'CODEC', reason: 'tokensDamaged', text: /^cut is damaged/ } as const;
        await fails(extractTokens({ path }, { password: PASSWORD }), damaged);
      }
    });
  }

  it('is no bomb: what unpacks to more than half a gigabyte is left', async () => {
    const zeros = deflateSync(Buffer.alloc(2 ** 24), { finishFlush: constants.Z_FULL_FLUSH });
    // Each flushed part unpacks alone, so that they can be put in a row; the first two bytes are the stream's header.
    const parts = [zeros, ...Array.from({ length: 32 }, () => zeros.subarray(2))];
    const path = fixtures.write(
      'bomb',
      Buffer.concat([Buffer.from('ANDROID BACKUP\n5\n1\nnone\n'), ...parts]),
    );
    await fails(extractTokens({ path }), { code: 'CONFIG', reason: 'tokensTooLarge', text: /512 MB/ });
  });

  it('is no database of any size', async () => {
    const path = fixtures.write('huge', readFileSync(fixtures.file('android.sqlite')));
    truncateSync(path, 65 * 2 ** 20);
    await fails(extractTokens({ path }), { code: 'CONFIG', reason: 'tokensTooLarge', text: /64 MB/ });
  });

  it('leads to no other: links in a folder are not followed', async () => {
    mkdirSync(fixtures.file('links'));
    symlinkSync(fixtures.file('android.sqlite'), fixtures.file('links/miio2.db'));
    symlinkSync(fixtures.file('links'), fixtures.file('links/again'));
    await fails(extractTokens({ path: fixtures.file('links') }), {
      code: 'CONFIG',
      reason: 'tokensUnknownFile',
    });
  });
});
