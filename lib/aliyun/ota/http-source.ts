/**
 * The firmware's address as a source of bytes from any offset: one HTTPS GET, with `Range` when it continues, its
 * redirects followed and checked one by one (undici's own follower would not tell `https:` from `http:`).
 *
 *   200                        from the first byte        401, 403   the address has expired
 *   206 for what was asked     from the offset            other 4xx  failed for good
 *   416, 206 for other bytes   asked again without Range  the rest, a cut, a stall: `Interruption`, try again
 *
 * The address is signed, so no error text quotes it.
 * Source: RFC 9110, chapters 14 (range requests) and 15 (status codes).
 */
import { Agent, type Dispatcher, request } from 'undici';
import { MialinkError, messageOf } from '../../errors';
import { sharedTrust } from '../roots';

export interface SourceOptions {
  /** Names the device in error texts. */
  label: string;
  /** PEM certificates trusted besides Node's own roots. */
  ca?: readonly string[];
  allowHttp: boolean;
  /** How long to wait for the connection, for an answer, and between two pieces of it. */
  stallMs: number;
  signal?: AbortSignal;
}

export interface Piece {
  /** Of the first byte: what was asked for, or 0 where the server could not continue. */
  offset: number;
  /** The size of the whole file, when the server tells it. */
  total: number | undefined;
  /** Throws `Interruption` when it is cut off. */
  chunks: AsyncIterable<Buffer>;
}

/** Network or server broke off: another try may succeed. */
export class Interruption extends Error {}

const MOST_REDIRECTS = 5;

type Answer = Dispatcher.ResponseData;

export class HttpSource {
  private readonly url: URL;
  private readonly agent: Agent;

  /** Throws `otaUrlRefused` for all but `https:` (and `http:` if allowed). */
  constructor(
    url: string,
    private readonly options: SourceOptions,
  ) {
    this.url = this.accepted(url);
    this.agent = new Agent({
      connect: {
        secureContext: sharedTrust(options.ca),
        rejectUnauthorized: true,
        timeout: options.stallMs,
      },
      headersTimeout: options.stallMs,
      bodyTimeout: options.stallMs,
    });
  }

  /** Throws `Interruption`, `otaUrlRefused` (by a redirect), `otaUrlExpired` or `otaDownloadFailed`. */
  async open(offset: number): Promise<Piece> {
    const answer = await this.follow(offset);
    const { statusCode: status, headers } = answer;
    if (status === 200)
      return { offset: 0, total: wholeNumber(headers['content-length']), chunks: chunksOf(answer) };
    const range = status === 206 ? rangeOf(headers['content-range']) : undefined;
    if (offset > 0 && range?.start === offset)
      return { offset, total: range.total, chunks: chunksOf(answer) };

    drop(answer);
    if (offset > 0 && (status === 206 || status === 416)) return this.open(0);
    if (status === 401 || status === 403) {
      throw new MialinkError('otaUrlExpired', { device: this.options.label, status });
    }
    if (status >= 400 && status < 500) throw this.failed(`the server answered HTTP ${status}`);
    throw new Interruption(`the server answered HTTP ${status}`);
  }

  /** Closes what is open, at once. */
  close(): Promise<void> {
    return this.agent.destroy();
  }

  private async follow(offset: number): Promise<Answer> {
    let url = this.url;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const answer = await this.get(url, offset);
      if (answer.statusCode < 300 || answer.statusCode > 399) return answer;
      drop(answer);
      const { location } = answer.headers;
      if (typeof location !== 'string') throw this.failed('the server redirects to nowhere');
      url = this.accepted(location, url);
    }
    throw this.failed(`the server redirects more than ${MOST_REDIRECTS} times`);
  }

  private async get(url: URL, offset: number): Promise<Answer> {
    const headers = offset > 0 ? { range: `bytes=${offset}-` } : {};
    try {
      const answer = await request(url, { dispatcher: this.agent, headers, signal: this.options.signal });
      // A body that fails or is dropped while nobody reads it must not take the process down.
      answer.body.on('error', () => {});
      return answer;
    } catch (error) {
      throw new Interruption(messageOf(error));
    }
  }

  private accepted(address: string, base?: URL): URL {
    const refused = (cause: string) =>
      new MialinkError('otaUrlRefused', { device: this.options.label, cause });
    if (!URL.canParse(address, base?.href)) throw refused('it is not a URL');
    const url = new URL(address, base);
    if (url.protocol === 'https:' || (url.protocol === 'http:' && this.options.allowHttp)) return url;
    const where = base ? 'it redirects to an address that is' : 'it is';
    throw refused(`${where} not https:${url.protocol === 'http:' ? ', and http: is not allowed' : ''}`);
  }

  private failed(cause: string): MialinkError {
    return new MialinkError('otaDownloadFailed', { device: this.options.label, cause });
  }
}

async function* chunksOf(answer: Answer): AsyncGenerator<Buffer> {
  try {
    yield* answer.body;
  } catch (error) {
    throw new Interruption(messageOf(error));
  }
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
