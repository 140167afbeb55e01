/** Runs the program without a process: what it writes, how it ends, and a person at its terminal. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { run } from '../../../lib/cli/run';
import { Terminal } from '../../../lib/cli/terminal';
import { isRecord } from '../../../lib/untrusted';

export interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface Circumstances {
  env?: NodeJS.Dict<string>;
  /** What the person types, a line for each question; left out: nobody is there. */
  typed?: string[];
  signal?: AbortSignal;
}

/** Streams of which everything written is kept; of a terminal where a person is there. */
export function streams(isTTY: boolean) {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const stdout = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY });
  const stderr = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY });
  const written = { stdout: '', stderr: '' };
  stdout.on('data', (text: string) => {
    written.stdout += text;
  });
  stderr.on('data', (text: string) => {
    written.stderr += text;
  });
  return { stdin, stdout, stderr, written };
}

export async function miioCli(argv: string[], circumstances: Circumstances = {}): Promise<Ended> {
  const { env = {}, typed, signal = new AbortController().signal } = circumstances;
  const { stdin, stdout, stderr, written } = streams(typed !== undefined);
  const answers = [...(typed ?? [])];
  stderr.on('data', (text: string) => {
    if (!text.endsWith(': ') && !text.endsWith('? ')) return;
    const answer = answers.shift();
    if (answer === undefined) stdin.end();
    else stdin.write(`${answer}\n`);
  });
  const terminal = new Terminal({ stdin, stdout, stderr });
  const exitCode = await run({ argv, env, terminal, version: () => '1.2.3', signal });
  return { exitCode, ...written };
}

export function list(value: unknown): unknown[] {
  assert.ok(Array.isArray(value), JSON.stringify(value));
  return value;
}

export function record(value: unknown): Record<string, unknown> {
  assert.ok(isRecord(value), JSON.stringify(value));
  return value;
}

/** The JSON on stdout. */
export function json({ stdout }: Ended): unknown {
  return JSON.parse(stdout);
}
