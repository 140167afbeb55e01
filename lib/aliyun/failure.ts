/** What a failed connection means for its user (pure). */
import { ErrorWithReasonCode } from 'mqtt';
import { MialinkError } from '../errors';

/** CONNACK codes with which the platform refuses a triple: 4 wrong or disabled, 5 not authorised. */
const REFUSALS: readonly number[] = [4, 5];

/** The codes of OpenSSL and Node for a certificate that is not accepted. */
const CERTIFICATE_CODE = /CERT|^HOSTNAME_MISMATCH$|^INVALID_CA$|^UNABLE_TO_VERIFY_LEAF_SIGNATURE$/;

export interface Circumstances {
  device: string;
  host: string;
  wasConnected: boolean;
}

/** `signInRefused`, `tlsFailed`, `connectionFailed`, or `connectionLost` when it had been connected. */
export function connectionProblem(error: unknown, at: Circumstances): MialinkError {
  const values = { device: at.device, host: at.host, cause: causeOf(error) };
  if (at.wasConnected) return new MialinkError('connectionLost', values, { cause: error });
  if (error instanceof ErrorWithReasonCode && REFUSALS.includes(error.code)) {
    const peer = { code: error.code, message: error.message };
    return new MialinkError('signInRefused', { ...values, returnCode: error.code }, { cause: error, peer });
  }
  const reason = CERTIFICATE_CODE.test(codeOf(error)) ? 'tlsFailed' : 'connectionFailed';
  return new MialinkError(reason, values, { cause: error });
}

/** The ones of `topics` that a SUBACK refused. */
export function refusedTopics(topics: string[], granted: readonly unknown[] = []): string[] {
  return topics.filter((_, index) => granted[index] === 0x80);
}

/** Node's error for several addresses tried in vain has a code but no message. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || codeOf(error) || error.name;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
