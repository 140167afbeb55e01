/**
 * The firmware's address as a source of bytes from any offset: one HTTPS GET, with `Range` when it continues, its
 * redirects followed and checked one by one (undici's own follower asks nobody where it may go).
 *
 *   200                        from the first byte        401, 403       the address has expired
 *   206 for what was asked     from the offset            408, 425, 429  `Interruption`, as the rest, a cut, a stall
 *   416, 206 for other bytes   asked again without Range  other 4xx      failed for good
 *   no answer                  `Outage`, unless it is for TLS or the proxy: `Interruption`
 *
 * The tries are `download`'s. undici's RetryHandler continues with `Range` too, but only what it began itself, not the
 * part of an earlier run; it ends where a server answers 200, counts the tries of the whole file rather than those in
 * vain, and waits on timers that nobody can stop.
 *
 * The address is signed, so no error text quotes it.
 * Source: RFC 9110, chapters 14 (range requests) and 15 (status codes).
 */
import { type Dispatcher, request } from 'undici';
import { MialinkError, messageOf } from '../../../errors';
import { deferred } from '../../../wait';
import { gather } from './gather';
import { HttpAgent } from './http-agent';
import { Route } from './route';
import { Interruption, Outage, type Piece, type Source } from './source';

export interface SourceOptions {
  /** Names the device in error texts. */
  label: string;
  /** PEM certificates trusted besides Node's own roots. */
  ca?: readonly string[];
  allowHttp: boolean;
  /** Default false: no redirect from a public address to a private one. */
  allowRedirectToPrivate?: boolean;
  /** How long to wait for the connection, for an answer, and for the next kilobyte of it. */
  stallMs: number;
  signal?: AbortSignal;
}

const MOST_REDIRECTS = 5;

/** Too slow, too early, too often: it will be better later. */
const TEMPORARY = [408, 425, 429];

/** What it is called when there is no way to a server, or it hangs up without an answer. */
const OUTAGES = [
  'EAI_AGAIN',
  'ENOTFOUND',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
];

type Answer = Dispatcher.ResponseData;

export class HttpSource implements Source {
  private readonly route: Route;
  private readonly agent: HttpAgent;

  /** Throws `otaUrlRefused` for all but `https:` (and `http:` if allowed), `otaDownloadFailed` for a useless proxy. */
  constructor(
    private readonly address: string,
    private readonly options: SourceOptions,
  ) {
    this.route = new Route(options);
    this.route.start(address);
    const { ca, stallMs } = options;
    try {
      this.agent = new HttpAgent({ ca, stallMs, lookup: this.route.lookup });
    } catch (error) {
      throw this.failed(`the proxy that the environment names cannot be used: ${messageOf(error)}`);
    }
  }

  /**
   * The chunks are valid one at a time. Throws `Interruption`, `otaUrlRefused`, `otaUrlExpired` or `otaDownloadFailed`,
   * or, as soon as that is aborted, the signal's reason.
   */
  async open(offset: number): Promise<Piece> {
    const answer = await this.follow(offset);
    const { statusCode: status, headers } = answer;
    if (status === 200)
      return { offset: 0, total: wholeNumber(headers['content-length']), chunks: this.chunksOf(answer) };
    const range = status === 206 ? rangeOf(headers['content-range']) : undefined;
    if (offset > 0 && range?.start === offset)
      return { offset, total: range.total, chunks: this.chunksOf(answer) };

    drop(answer);
    if (offset > 0 && (status === 206 || status === 416)) return this.open(0);
    if (status === 401 || status === 403) {
      throw new MialinkError('otaUrlExpired', { device: this.options.label, status });
    }
    const cause = `the server answered HTTP ${status}`;
    if (status >= 400 && status < 500 && !TEMPORARY.includes(status)) throw this.failed(cause);
    throw new Interruption(cause);
  }

  /** Closes what is open, at once. */
  close(): Promise<void> {
    return this.agent.close();
  }

  private async follow(offset: number): Promise<Answer> {
    let url = this.route.start(this.address);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const answer = await this.get(url, offset);
      if (answer.statusCode < 300 || answer.statusCode > 399) return answer;
      drop(answer);
      const { location } = answer.headers;
      if (typeof location !== 'string') throw this.failed('the server redirects to nowhere');
      url = this.route.redirect(location, url);
    }
    throw this.failed(`the server redirects more than ${MOST_REDIRECTS} times`);
  }

  private async get(url: URL, offset: number): Promise<Answer> {
    const { signal } = this.options;
    const headers = offset > 0 ? { range: `bytes=${offset}-` } : {};
    try {
      // undici heeds the signal only when the connection stands.
      const answer = await untilAborted(
        request(url, { dispatcher: this.agent.dispatcher, headers, signal }),
        signal,
      );
      // A body that fails or is dropped while nobody reads it must not take the process down.
      answer.body.on('error', () => {});
      return answer;
    } catch (error) {
      signal?.throwIfAborted();
      // By the route, when the name is resolved.
      if (error instanceof MialinkError) throw error;
      throw isOutage(error) ? new Outage(messageOf(error)) : new Interruption(messageOf(error));
    }
  }

  private async *chunksOf(answer: Answer): AsyncGenerator<Buffer> {
    try {
      yield* gather(answer.body, this.options.stallMs);
    } catch (error) {
      throw new Interruption(messageOf(error));
    }
  }

  private failed(cause: string): MialinkError {
    return new MialinkError('otaDownloadFailed', { device: this.options.label, cause });
  }
}

/** As `work` settles, but not later than the signal. */
function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return work;
  const abort = deferred<never>();
  const giveUp = () => abort.reject(new Error('aborted'));
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  return Promise.race([work, abort.promise]).finally(() => signal.removeEventListener('abort', giveUp));
}

function isOutage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && OUTAGES.includes(String(error.code));
}

function drop(answer: Answer): void {
  answer.body.destroy();
}

function rangeOf(
  header: string | string[] | undefined,
): { start: number; total: number | undefined } | undefined {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(String(header)) ?? [];
  return start === undefined ? undefined : { start: Number(start), total: wholeNumber(total) };
}

function wholeNumber(text: string | string[] | undefined): number | undefined {
  return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : undefined;
}
