/**
 * A sign-in for the sake of its outcome: how it went, or what exactly is wrong and what to do about it.
 *
 *   dial ──> CONNACK ──> stays a while ──> good-bye            it works
 *    │          │              └─closed──> another client has signed in with this identity
 *    │          └─refused──> the sign-in service says why, see refusal
 *    └─no way there──> see obstacle
 */
import type { MqttClient } from 'mqtt';
import { MialinkError } from '../../errors';
import { deferred, timePassed } from '../../wait';
import { type DialOptions, dialFor, type Line } from '../dial';
import { connectionProblem, disconnection } from '../failure';
import { sayGoodBye } from '../farewell';
import type { CheckedSettings } from '../settings';
import { obstacle } from './obstacle';
import { explainRefusal } from './refusal';

export interface DiagnosisOptions extends DialOptions {
  /**
   * How long it stays signed in, in milliseconds, to see whether another client throws it out; default 2000. 0 where a
   * device of our own would do so.
   */
  stayMs?: number;
  /** Ends it with the problem `aborted`. */
  signal?: AbortSignal;
}

/** `ms`: from the beginning to CONNACK. */
export type Diagnosis = { ok: true; host: string; ms: number } | { ok: false; problem: MialinkError };

const LIMIT_MS = 20_000;
/** From the client to CONNACK. */
const CONNECT_LIMIT_MS = 12_000;
const STAY_MS = 2_000;

/**
 * Signs in once, and out again. Never rejects; over after 20 s, and 1 s for the good-bye. A client that is connected with
 * this identity is thrown out by it.
 */
export async function diagnose(
  settings: CheckedSettings,
  options: DiagnosisOptions = {},
): Promise<Diagnosis> {
  const { label: device, endpoint } = settings;
  const end = new AbortController();
  const abort = () => end.abort(new MialinkError('aborted', { device }));
  const limit = setTimeout(() => end.abort(silence(device, endpoint.host, LIMIT_MS)), LIMIT_MS);
  options.signal?.addEventListener('abort', abort);
  if (options.signal?.aborted) abort();
  try {
    return await trySignIn(settings, options, end.signal);
  } catch (error) {
    const failure: unknown = end.signal.aborted ? end.signal.reason : error;
    const problem = connectionProblem(failure, { device, host: endpoint.host, wasConnected: false });
    return { ok: false, problem: await explain(problem, settings, options, end.signal) };
  } finally {
    clearTimeout(limit);
    options.signal?.removeEventListener('abort', abort);
  }
}

async function trySignIn(
  settings: CheckedSettings,
  { connect, credentials, stayMs = STAY_MS }: DiagnosisOptions,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const start = performance.now();
  const line = await dialFor(settings, { connect, credentials })(signal);
  const { client, host } = line;
  const { connected, ended } = watch(client, signal);
  try {
    await connackOrFail(line, { connected, ended }, settings.label);
    const ms = Math.round(performance.now() - start);
    if (!(await timePassed(stayMs, ended))) throw takenOr(await ended, settings.label);
    return { ok: true, host, ms };
  } finally {
    await sayGoodBye(client);
  }
}

interface Course {
  connected: Promise<void>;
  /** Resolves with why. */
  ended: Promise<Error>;
}

function watch(client: MqttClient, signal: AbortSignal): Course {
  const connected = deferred<void>();
  const ended = deferred<Error>();
  client.once('connect', () => connected.resolve());
  client.on('error', ended.resolve);
  client.on('disconnect', ({ reasonCode }) => ended.resolve(disconnection(reasonCode)));
  client.on('close', () => ended.resolve(brokenOff()));
  // Why a WebSocket was refused is said nowhere else.
  client.stream.on('error', ended.resolve);
  signal.addEventListener('abort', () => ended.resolve(signal.reason), { once: true });
  return { connected: connected.promise, ended: ended.promise };
}

async function connackOrFail(
  { host, signIn }: Line,
  { connected, ended }: Course,
  device: string,
): Promise<void> {
  const silent = await timePassed(CONNECT_LIMIT_MS, connected, ended);
  if (silent) throw silence(device, host, CONNECT_LIMIT_MS);
  const error = await Promise.race([connected, ended]);
  if (error) throw connectionProblem(error, { device, host, wasConnected: false, signIn });
}

/** Our own checks of a sign-in say more. */
function takenOr(error: Error, device: string): MialinkError {
  return error instanceof MialinkError
    ? error
    : new MialinkError('sessionTaken', { device, context: 'test' });
}

async function explain(
  problem: MialinkError,
  settings: CheckedSettings,
  { credentials }: DiagnosisOptions,
  signal: AbortSignal,
): Promise<MialinkError> {
  if (problem.code === 'AUTH') return explainRefusal(problem, settings, credentials, signal);
  return obstacle(problem, settings.endpoint, new Date());
}

function silence(device: string, host: string, timeoutMs: number): MialinkError {
  const cause = Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
  return new MialinkError('connectionFailed', { device, host, cause: cause.message }, { cause });
}

function brokenOff(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
}
