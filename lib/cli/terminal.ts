/**
 * Where the program writes and whom it asks: results on stdout, everything else on stderr; a line of progress only
 * where a person looks.
 */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import { MialinkError } from '../errors';
import { text, UsageError } from './texts';

export interface Streams {
  stdin: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY'>>;
  stdout: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY'>>;
  stderr: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY'>>;
}

const ERASE_LINE = '\r\u001b[K';

export class Terminal {
  private shown: 'nothing' | 'progress' = 'nothing';

  constructor(private readonly streams: Streams) {}

  /** A result. */
  print(line: string): void {
    this.endProgress();
    this.streams.stdout.write(`${line}\n`);
  }

  /** Anything else that a person may want to know. */
  tell(line: string): void {
    this.endProgress();
    this.streams.stderr.write(`${line}\n`);
  }

  /** Takes the place of the last one. */
  progress(line: string): void {
    if (!this.streams.stderr.isTTY) return;
    this.streams.stderr.write(ERASE_LINE + line);
    this.shown = 'progress';
  }

  endProgress(): void {
    if (this.shown === 'progress') this.streams.stderr.write(ERASE_LINE);
    this.shown = 'nothing';
  }

  /**
   * Asks without showing what is typed. Rejects with a UsageError that names `instead` where nobody can be asked, and
   * with `aborted` when the person ends the input or the signal says so.
   */
  askSecret(question: string, instead: string, signal: AbortSignal): Promise<string> {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    return this.askOn(nowhere, question, instead, signal);
  }

  /** Asks; see `askSecret`. */
  ask(question: string, instead: string, signal: AbortSignal): Promise<string> {
    return this.askOn(this.streams.stderr, question, instead, signal);
  }

  private async askOn(
    echo: NodeJS.WritableStream,
    question: string,
    instead: string,
    signal: AbortSignal,
  ): Promise<string> {
    const { stdin, stderr } = this.streams;
    if (!stdin.isTTY || !stderr.isTTY) throw new UsageError('nobodyToAsk', { question, instead });
    this.endProgress();
    const lines = createInterface({ input: stdin, output: echo, terminal: true });
    // In raw mode Ctrl-C is a key like another, which readline hands on to whoever listens.
    lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    const close = () => lines.close();
    signal.addEventListener('abort', close);
    try {
      if (signal.aborted) throw aborted();
      const answer = new Promise<string>((resolve, reject) => {
        lines.once('line', resolve);
        lines.once('close', () => reject(aborted()));
      });
      // Only now: who answers at once must find the terminal's own echo switched off, and somebody who listens.
      stderr.write(question);
      return await answer;
    } finally {
      signal.removeEventListener('abort', close);
      lines.close();
      stderr.write('\n');
    }
  }
}

function aborted(): MialinkError {
  return new MialinkError('aborted', { device: 'miio-cli' });
}

/** The answer to a question of yes or no. */
export function saysYes(answer: string): boolean {
  return answer.trim().toLowerCase() === text('yes');
}
