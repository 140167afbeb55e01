/** What stands between a device and its host, in words that tell the remedy (pure). */
import { MialinkError } from '../../errors';
import type { Endpoint } from '../endpoint';

/** The code of Node's error -> the context of `connectionFailed`; the first that matches. */
const CONTEXTS: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, 'portClosed'],
  [/^ETIMEDOUT$/, 'portSilent'],
  [/^(EAI_AGAIN|ENETUNREACH|ENETDOWN|EHOSTUNREACH|EHOSTDOWN)$/, 'offline'],
  [/^(ECONNRESET|EPROTO|ERR_SSL_\w+|HPE_\w+)$/, 'otherProtocol'],
];

/** `problem` with a more exact text, where there is one. */
export function obstacle(problem: MialinkError, { port, transport }: Endpoint, now: Date): MialinkError {
  const { reason, values, cause } = problem;
  if (reason === 'tlsClock') {
    return new MialinkError(reason, { ...values, context: 'time', time: now.toISOString() }, { cause });
  }
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const [, context] = CONTEXTS.find(([pattern]) => pattern.test(code)) ?? [];
  if (reason !== 'connectionFailed' || context === undefined) return problem;
  return new MialinkError(reason, { ...values, context, port, transport }, { cause });
}
