#!/usr/bin/env node
/** The program `miio-cli`: its process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors';
import { isRecord } from '../untrusted';
import { DONE, UNWRITTEN } from './exit-codes';
import { run } from './run';
import { Terminal } from './terminal';
import { text } from './texts';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());

const { stdin, stdout, stderr, env } = process;
const terminal = new Terminal({ stdin, stdout, stderr });
stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever reads us may stop reading, as `head` does.
  if (error.code === 'EPIPE') process.exit(DONE);
  terminal.tell(text('unwritten', { cause: messageOf(error) }));
  process.exit(UNWRITTEN);
});
// There is nobody left to tell.
stderr.on('error', () => undefined);

void run({
  argv: process.argv.slice(2),
  env,
  terminal,
  version: ownVersion,
  signal: interrupted.signal,
}).then((exitCode) => {
  process.exitCode = exitCode;
});

/** Of the package, from where this file lies in it when it is built. */
function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(__dirname, '../../../package.json'), 'utf8'));
  return isRecord(manifest) ? String(manifest.version) : '';
}
