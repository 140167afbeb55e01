/** `--extract-tokens`: the table, the password, and tokens only for whom asks for them. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { CODES, DONE } from '../../../lib/cli/exit-codes';
import { LAMP, PASSWORD, PLUG, useFixtures } from '../miio/tokens/fixtures';
import { makeEndlessDatabase } from './endless-database';
import { json, miioCli } from './program';

describe('miio-cli --extract-tokens', () => {
  const fixtures = useFixtures();
  const extract = (name: string) => ['--extract-tokens', fixtures.file(name)];

  it('shows a table without the tokens, and says how to see them', async () => {
    const { exitCode, stdout, stderr } = await miioCli(extract('android.sqlite'));
    assert.equal(exitCode, DONE);
    assert.deepEqual(stdout.trimEnd().split('\n'), [
      'NAME  MODEL                MAC                ADDRESS       ID         TOKEN',
      'Lamp  yeelink.light.lamp1  28:6C:07:AA:BB:01  192.168.1.20  100000001  found',
      '插座  chuangmi.plug.m1     28:6C:07:AA:BB:02  192.168.1.21  100000002  found',
    ]);
    assert.match(stderr, /--show-token/);
  });

  it('shows the tokens with --show-token', async () => {
    const { stdout, stderr } = await miioCli([...extract('android.sqlite'), '--show-token']);
    assert.match(stdout, new RegExp(`^Lamp .*  ${LAMP.token}$`, 'm'));
    assert.equal(stderr, '');
  });

  it('gives JSON, with the tokens only if they are asked for', async () => {
    const hidden = await miioCli([...extract('android.sqlite'), '--json']);
    assert.doesNotMatch(hidden.stdout, /[0-9a-f]{32}/);
    const shown = await miioCli([...extract('android.sqlite'), '--json', '--show-token']);
    assert.deepEqual(json(shown), [LAMP, PLUG]);
  });

  it('asks for the password of an encrypted backup, and shows nothing of it', async () => {
    const { exitCode, stdout, stderr } = await miioCli(extract('encrypted-5.ab'), { typed: [PASSWORD] });
    assert.equal(exitCode, DONE);
    assert.match(stdout, /^Lamp /m);
    assert.match(stderr, /^Password of the backup: \n/);
    assert.ok(!(stdout + stderr).includes(PASSWORD));
  });

  it('takes it from the environment, and says when it is wrong', async () => {
    const right = await miioCli(extract('encrypted-5.ab'), { env: { MIIO_BACKUP_PASSWORD: PASSWORD } });
    assert.equal(right.exitCode, DONE);
    const wrong = await miioCli(extract('encrypted-5.ab'), { env: { MIIO_BACKUP_PASSWORD: 'falsch' } });
    assert.deepEqual([wrong.exitCode, wrong.stdout], [CODES.AUTH, '']);
    assert.doesNotMatch(wrong.stderr, /falsch/);
  });

  it('says what to use where nobody can be asked', async () => {
    const { exitCode, stderr } = await miioCli(extract('encrypted-5.ab'));
    assert.equal(exitCode, CODES.CONFIG);
    assert.match(stderr, /use MIIO_BACKUP_PASSWORD/);
  });

  it('says what is wrong with a file', async () => {
    assert.equal((await miioCli(extract('nowhere.db'))).exitCode, CODES.CONFIG);
    const music = await miioCli(extract('music.sqlite'));
    assert.deepEqual([music.exitCode, music.stdout], [CODES.CONFIG, '']);
    assert.match(music.stderr, /^music\.sqlite /);
  });

  it('gives nothing more after Ctrl-C', async () => {
    const ended = await miioCli(extract('android.sqlite'), { signal: AbortSignal.abort() });
    assert.deepEqual(ended, { exitCode: CODES.CANCELLED, stdout: '', stderr: 'interrupted\n' });
  });

  it('is ended by Ctrl-C while it reads, and leaves no copy of a database', async () => {
    makeEndlessDatabase(fixtures.file('endless.db'));
    const interrupted = new AbortController();
    const ending = miioCli(extract('endless.db'), { signal: interrupted.signal });
    const copies = () =>
      readdirSync(fixtures.file('tmp'), { recursive: true }).filter((name) => String(name).endsWith('0.db'));
    while (copies().length === 0) await setTimeout(5);
    interrupted.abort();
    assert.deepEqual(await ending, { exitCode: CODES.CANCELLED, stdout: '', stderr: 'interrupted\n' });
    assert.deepEqual(copies(), []);
  });
});
