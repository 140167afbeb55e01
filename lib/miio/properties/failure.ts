/** What the failure of a whole request says about the items in it (pure). */
import { MialinkError } from '../../errors';

export type Failure =
  /** The device answered, but not with what was asked for: one item may have spoiled it, or their number. */
  | 'refused'
  /** No answer: the request may be too large, or the device away. */
  | 'silent'
  /** The device has no such method, whatever the items. */
  | 'methodUnknown'
  /** Not the items' fault: the network, the settings, the caller. */
  | 'final';

/** Of the Wi-Fi module. -10000 of the controller behind it is not as clear: it may mean a property. */
const METHOD_UNKNOWN = -32_601;

export function failureOf(error: MialinkError): Failure {
  if (error.code === 'DEVICE') return error.peer?.code === METHOD_UNKNOWN ? 'methodUnknown' : 'refused';
  // A value that is no JSON, or more than the firmware can write down, makes the whole answer unreadable.
  if (error.code === 'CODEC') return 'refused';
  // While no command has been answered yet, a silence to the first one is taken for a wrong token.
  if (error.reason === 'tokenRejected') return 'silent';
  // It never left the queue.
  if (error.reason === 'notSent') return 'final';
  return error.code === 'TIMEOUT' ? 'silent' : 'final';
}

/** `error`, if it is one of ours; anything else is thrown on. */
export function ours(error: unknown): MialinkError {
  if (error instanceof MialinkError) return error;
  throw error;
}
