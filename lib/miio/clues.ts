/** Why a command was not answered: what was seen of the device meanwhile, and the cause that explains it best (pure). */
import { MialinkError, type Values } from '../errors';
import { unsentError } from './socket';

/** What was seen while the answer was awaited. */
export type Clue =
  /** Hello is answered, so the device is there. */
  | 'greeted'
  /** A data packet from its address that our token does not fit. */
  | 'otherToken'
  /** A plaintext of nothing, or of no JSON. */
  | 'unreadable'
  /** Hello is answered by another did than the configured one. */
  | { found: string; deviceId: string }
  /** The system could not send: its error. */
  | { unsent: unknown };

/** The command whose time is over. */
export interface Unanswered {
  device: string;
  method: string;
  timeoutMs: number;
  /** `queued` until its turn has come. */
  state: 'queued' | 'started' | 'finished';
}

/** What the session knows of the device beyond the clue. */
export interface Circumstances {
  /** A command was answered under our token, and nothing has spoken against it since. */
  tokenProven: boolean;
  /** The address at which the device keeps silent, if this machine is in another subnet. */
  foreignAddress: string | undefined;
  /** The host name whose address the name server has not told yet. */
  unresolvedName: string | undefined;
}

/** The newest clue counts, but what the device itself sent weighs more than a silence. */
export function weightier(known: Clue | undefined, seen: Clue): Clue {
  return known === 'otherToken' || known === 'unreadable' ? known : seen;
}

export function explain(
  { state, ...values }: Unanswered,
  clue: Clue | undefined,
  { tokenProven, foreignAddress, unresolvedName }: Circumstances,
): MialinkError {
  if (clue === 'unreadable') return new MialinkError('answerUnreadable', values);
  if (clue === 'otherToken' && !tokenProven) return new MialinkError('tokenOther', values);
  if (clue === 'greeted') return new MialinkError(tokenProven ? 'commandIgnored' : 'tokenRejected', values);
  if (typeof clue === 'object') {
    if ('unsent' in clue) return unsentError(clue.unsent, values);
    return new MialinkError('otherDevice', { ...values, ...clue });
  }
  if (unresolvedName !== undefined) return unresolved(unresolvedName, values);
  if (state === 'queued') return new MialinkError('notSent', values);
  if (foreignAddress === undefined) return new MialinkError('noAnswer', values);
  return new MialinkError('otherSubnet', { ...values, address: foreignAddress });
}

/** The name server has not told the address of a host name in time. */
export function unresolved(name: string, values: Values): MialinkError {
  return new MialinkError('addressUnknown', { ...values, address: name, cause: 'no answer' });
}
