/**
 * A form posted to one of the platform's HTTPS services, which say where and how a device signs in.
 *
 *   POST application/x-www-form-urlencoded  ->  {"code":200,"message":"success","data":{…}}
 *
 * A failure comes as another `code`, mostly with HTTP status 200. Form and answer hold signatures and secrets: no
 * error text quotes them.
 * Source: Alibaba Cloud IoT Platform, "HTTPS-based dynamic registration"; the bootstrap request of the C SDK 3.2.0.
 */
import { MialinkError, messageOf } from '../../errors';
import { isRecord } from '../../untrusted';
import { hostProblem } from '../failure';
import { sharedTrust } from '../roots';

export interface FormOptions {
  /** Names the device in error texts. */
  label: string;
  /** PEM texts of what is trusted besides Node's roots and GlobalSign Root CA R1. */
  ca: readonly string[];
  /** For all of it. */
  timeoutMs: number;
  signal?: AbortSignal;
}

export interface FormAnswer {
  /** 200: success. */
  code: number;
  message: string;
  /** Empty when the answer has none. */
  data: Record<string, unknown>;
}

const MAX_BYTES = 64 * 1024;

/**
 * `url` is `https:`. Rejects with `authUnreachable` what `hostProblem` knows (TRANSPORT), `authMalformed`
 * (CODEC) for what is no such answer, and `aborted`.
 */
export async function postForm(
  url: string,
  fields: Record<string, string>,
  { label, ca, timeoutMs, signal }: FormOptions,
): Promise<FormAnswer> {
  const { host } = new URL(url);
  const end = new AbortController();
  const abort = () => end.abort(new MialinkError('aborted', { device: label }));
  const timer = setTimeout(() => end.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  try {
    const { status, body } = await exchange(url, fields, ca, end.signal);
    const answer = body === undefined ? undefined : answerIn(body);
    if (answer) return answer;
    if (status !== 200) throw new Error(`HTTP ${status}`);
    throw new MialinkError('authMalformed', { device: label, host });
  } catch (error) {
    const failure: unknown = end.signal.aborted ? end.signal.reason : error;
    if (failure instanceof MialinkError) throw failure;
    const at = { device: label, host, cause: messageOf(failure) };
    throw hostProblem(failure, at) ?? new MialinkError('authUnreachable', at, { cause: failure });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** `body` undefined: it is longer than any answer. */
async function exchange(
  url: string,
  fields: Record<string, string>,
  ca: readonly string[],
  signal: AbortSignal,
): Promise<{ status: number; body: string | undefined }> {
  // Most devices never need it, and loading it takes as long as all the rest.
  const { Agent, request } = await import('undici');
  const agent = new Agent({ connect: { secureContext: sharedTrust(ca), rejectUnauthorized: true } });
  try {
    const { statusCode, body } = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
      signal,
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) return { status: statusCode, body: undefined };
      chunks.push(chunk);
    }
    return { status: statusCode, body: Buffer.concat(chunks).toString('utf8') };
  } finally {
    await agent.destroy();
  }
}

function answerIn(text: string): FormAnswer | undefined {
  try {
    const body: unknown = JSON.parse(text);
    if (!isRecord(body) || !Number.isInteger(body.code)) return undefined;
    const { code, message, data } = body;
    return {
      code: Number(code),
      message: typeof message === 'string' ? message : '',
      data: isRecord(data) ? data : {},
    };
  } catch {
    return undefined;
  }
}
