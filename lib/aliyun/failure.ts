/**
 * What a failed connection means for its user (pure).
 *
 *   CONNACK  MQTT 3.1.1 and 5     meaning
 *            1, 0x84              another MQTT version
 *            2, 0x85              a malformed clientId; the account is in arrears
 *            3, 0x88              not available; a keepalive out of range
 *            4, 0x86 · 5, 0x87    wrong identity or secret, disabled · not authorised
 *
 * Source: Alibaba Cloud IoT Platform, "MQTT connection" and "MQTT 5.0"; the error codes of Node and OpenSSL.
 */
import { ErrorWithReasonCode } from 'mqtt';
import { MialinkError, type Reason, type Values } from '../errors';

export interface Circumstances {
  device: string;
  host: string;
  wasConnected: boolean;
  /** How it signs in, for a more exact text: see `Access.kind`. */
  signIn?: string;
}

const REFUSALS: readonly number[] = [4, 5, 0x86, 0x87];

const SESSION_TAKEN_OVER = 0x8e;
const SERVER_MOVED = 0x9d;

/** What other CONNACK codes say, as contexts of `connectionFailed`. */
const CONTEXTS: Partial<Record<number, string>> = {
  1: 'version',
  2: 'clientId',
  3: 'unavailable',
  132: 'version',
  133: 'clientId',
  136: 'unavailable',
};

/** What is wrong with the host or its certificate, by the code of Node's error; the first that matches. */
const HOST_PROBLEMS: readonly (readonly [RegExp, Reason])[] = [
  [/^ENOTFOUND$/, 'hostUnknown'],
  [/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, 'tlsClock'],
  [/^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/, 'tlsName'],
  // What the server sends when it does not accept ours.
  [/^ERR_SSL_\w+_ALERT_(\w*CERTIFICATE\w*|UNKNOWN_CA|ACCESS_DENIED)$/, 'certificateRefused'],
  [/CERT|^INVALID_CA$|^UNABLE_TO_VERIFY_LEAF_SIGNATURE$/, 'tlsFailed'],
];

/**
 * Any failure of a connection as a MialinkError; one that is one already stays itself. Otherwise `connectionLost` when
 * it had been connected, `signInRefused`, what `hostProblem` knows, or `connectionFailed`.
 */
export function connectionProblem(error: unknown, at: Circumstances): MialinkError {
  if (error instanceof MialinkError) return error;
  const values = { device: at.device, host: at.host, cause: causeOf(error) };
  if (at.wasConnected) return new MialinkError('connectionLost', values, { cause: error });
  if (error instanceof ErrorWithReasonCode) return connackProblem(error, values, at.signIn);
  const context = at.signIn ?? '';
  return (
    hostProblem(error, values) ??
    new MialinkError('connectionFailed', { ...values, context }, { cause: error })
  );
}

/** `hostUnknown`, `tlsClock`, `tlsName`, `tlsFailed`, `certificateRefused`; undefined for any other failure. */
export function hostProblem(error: unknown, values: Values): MialinkError | undefined {
  const code = codeOf(error);
  const [, reason] = HOST_PROBLEMS.find(([pattern]) => pattern.test(code)) ?? [];
  return reason && new MialinkError(reason, values, { cause: error });
}

/** What the platform says in a DISCONNECT, which MQTT 5 has for it. */
export function disconnection(code = 0): Error {
  return new ErrorWithReasonCode(`the cloud closed the connection with code ${code}`, code);
}

/** True for a DISCONNECT because another client has signed in with this identity. */
export function isTakeover(error: unknown): boolean {
  return error instanceof ErrorWithReasonCode && error.code === SESSION_TAKEN_OVER;
}

/** True for a DISCONNECT that says why, and not because of another client. */
export function isExplained(error: unknown): boolean {
  return error instanceof ErrorWithReasonCode && error.code !== SESSION_TAKEN_OVER;
}

/** The end of a connection that we leave because the cloud wants us at another host. */
export function relocation(): Error {
  return new ErrorWithReasonCode('the cloud wants the device to connect anew', SERVER_MOVED);
}

/** The ones of `topics` that a SUBACK refused, or said nothing of. */
export function refusedTopics(topics: readonly string[], granted: readonly unknown[]): string[] {
  return topics.filter((_, index) => !(Number(granted[index]) < 0x80));
}

function connackProblem(error: ErrorWithReasonCode, values: Values, signIn = ''): MialinkError {
  const returnCode = error.code;
  const peer = { code: returnCode, message: error.message };
  const refused = REFUSALS.includes(returnCode);
  const context = refused ? signIn : (CONTEXTS[returnCode] ?? '');
  const reason = refused ? 'signInRefused' : 'connectionFailed';
  return new MialinkError(reason, { ...values, returnCode, context }, { cause: error, peer });
}

/** Node's error for several addresses tried in vain has a code but no message. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || codeOf(error) || error.name;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
