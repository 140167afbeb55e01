/** The help and the catalogue: every switch explained, every text there and used. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { SWITCHES } from '../../../lib/cli/arguments';
import { CODES, DEFECT, DONE, exitCodeOf, NOTHING_FOUND, UNWRITTEN } from '../../../lib/cli/exit-codes';
import texts from '../../../lib/cli/locales/en-US.json';
import { UsageError } from '../../../lib/cli/texts';
import { type ErrorCode, MialinkError, type Reason } from '../../../lib/errors';
import { reasons } from '../../../lib/reasons';
import { miioCli } from './program';

const CLI = path.join(__dirname, '../../../lib/cli');

describe('the help of miio-cli', () => {
  it('is on stdout, and explains every switch, variable and exit code', async () => {
    const { exitCode, stdout, stderr } = await miioCli(['--help']);
    assert.deepEqual([exitCode, stderr], [DONE, '']);
    for (const name of Object.keys(SWITCHES)) {
      assert.match(stdout, new RegExp(`^  --${name}( [A-Za-z]+)? {2,}\\S`, 'm'), name);
    }
    for (const name of ['MIIO_TOKEN', 'MIIO_BACKUP_PASSWORD', 'MIIO_WIFI_PASSWORD']) {
      assert.match(stdout, new RegExp(`^  ${name} {2,}\\S`, 'm'), name);
    }
    for (const code of [DONE, NOTHING_FOUND, DEFECT, UNWRITTEN, ...Object.values(CODES)]) {
      assert.match(stdout, new RegExp(`^  ${code} {2,}\\S`, 'm'), String(code));
    }
    assert.match(stdout, /shell’s history/);
  });

  it('fits into a terminal of 110 columns, its meanings in one column', async () => {
    const { stdout } = await miioCli([]);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 110, line);
    const column =
      stdout.indexOf('look for devices') - stdout.lastIndexOf('\n', stdout.indexOf('look for devices'));
    for (const [, start = ''] of stdout.matchAll(/^( {2}-.*? {2,})\S/gm))
      assert.equal(start.length, column - 1);
  });

  it('is told with the version on request', async () => {
    assert.deepEqual(await miioCli(['--version']), { exitCode: DONE, stdout: '1.2.3\n', stderr: '' });
  });
});

describe('the texts of miio-cli', () => {
  const sources = readdirSync(CLI)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(path.join(CLI, file), 'utf8'))
    .join('\n');

  it('are all used', () => {
    assert.deepEqual(
      Object.keys(texts).filter((key) => !sources.includes(`'${key}'`)),
      [],
    );
  });
});

describe('the exit code', () => {
  it('tells the kind of every failure of the library', () => {
    const wanted: Record<ErrorCode, number> = {
      CONFIG: 2,
      TRANSPORT: 3,
      TIMEOUT: 4,
      AUTH: 5,
      CODEC: 6,
      DEVICE: 7,
      CANCELLED: 130,
    };
    for (const reason of Object.keys(reasons) as Reason[]) {
      const error = new MialinkError(reason);
      assert.equal(exitCodeOf(error), wanted[error.code], reason);
    }
  });

  it('tells wrong usage, and a defect of the program', async () => {
    assert.equal(exitCodeOf(new UsageError('taskMissing')), 2);
    assert.equal(exitCodeOf(new TypeError('x is undefined')), 70);
  });
});
