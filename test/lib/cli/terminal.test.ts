/** Where the program writes and whom it asks. */
import assert from 'node:assert/strict';
import { Terminal } from '../../../lib/cli/terminal';
import { UsageError } from '../../../lib/cli/texts';
import { MialinkError } from '../../../lib/errors';
import { streams } from './program';

const ERASE_LINE = '\r\u001b[K';
const never = new AbortController().signal;

describe('the terminal', () => {
  it('shows progress on one line of stderr, and erases it before anything else', () => {
    const { written, ...all } = streams(true);
    const terminal = new Terminal(all);
    terminal.progress('1');
    terminal.progress('2');
    terminal.tell('oh');
    terminal.print('done');
    terminal.endProgress();
    assert.deepEqual(written, {
      stderr: `${ERASE_LINE}1${ERASE_LINE}2${ERASE_LINE}oh\n`,
      stdout: 'done\n',
    });
  });

  it('shows none where nobody looks', () => {
    const { written, ...all } = streams(false);
    const terminal = new Terminal(all);
    terminal.progress('1');
    terminal.endProgress();
    assert.deepEqual(written, { stderr: '', stdout: '' });
  });

  it('asks on stderr, and shows what is typed unless it is a secret', async () => {
    const { written, ...all } = streams(true);
    const terminal = new Terminal(all);
    const answer = terminal.ask('Name? ', '--name', never);
    all.stdin.write('Anna\r');
    assert.equal(await answer, 'Anna');
    assert.match(written.stderr, /Name\? (?:.|\n)*Anna/);
    const secret = terminal.askSecret('Password: ', 'PASSWORD', never);
    all.stdin.write('gehe\u007fim ü\r');
    assert.equal(await secret, 'gehim ü');
    assert.ok(written.stderr.endsWith('Password: \n'));
    assert.equal(written.stdout, '');
  });

  it('keeps blanks around a password', async () => {
    const { written: _, ...all } = streams(true);
    const secret = new Terminal(all).askSecret('Password: ', 'PASSWORD', never);
    all.stdin.write(' a b \n');
    assert.equal(await secret, ' a b ');
  });

  it('asks nobody where nobody is, and says what to use instead', async () => {
    for (const absent of ['stdin', 'stderr'] as const) {
      const { written, ...all } = streams(true);
      all[absent].isTTY = false;
      await assert.rejects(
        new Terminal(all).ask('Go on? ', '--yes', never),
        (error) => error instanceof UsageError && /“Go on\? ”.*use --yes/.test(error.message),
      );
      assert.equal(written.stderr, '');
    }
  });

  const cancelled = (error: unknown) => error instanceof MialinkError && error.code === 'CANCELLED';

  it('gives up when the input ends without an answer', async () => {
    const { written: _, ...all } = streams(true);
    const answer = new Terminal(all).ask('Go on? ', '--yes', never);
    all.stdin.end();
    await assert.rejects(answer, cancelled);
  });

  it('gives up on Ctrl-C, before and while it asks, and leaves no listener', async () => {
    const { written, ...all } = streams(true);
    const terminal = new Terminal(all);
    const interrupted = new AbortController();
    const answer = terminal.askSecret('Password: ', 'PASSWORD', interrupted.signal);
    interrupted.abort();
    await assert.rejects(answer, cancelled);
    await assert.rejects(terminal.ask('Go on? ', '--yes', interrupted.signal), cancelled);
    assert.ok(written.stderr.endsWith('\n'), 'what follows begins on a line of its own');
    assert.equal(all.stdin.listenerCount('keypress'), 0);
  });
});
