/** How the program ends: one exit code for each kind of remedy, so that a script can tell them apart (pure). */
import { type ErrorCode, MialinkError } from '../errors';
import { UsageError } from './texts';

export const DONE = 0;
/** Nobody answered the search, or the packet could not be opened. */
export const NOTHING_FOUND = 1;
/** What `sysexits.h` calls EX_SOFTWARE: a defect of this program. */
export const DEFECT = 70;
/** EX_IOERR: the results could not be written. */
export const UNWRITTEN = 74;

export const CODES = {
  CONFIG: 2,
  TRANSPORT: 3,
  TIMEOUT: 4,
  AUTH: 5,
  CODEC: 6,
  DEVICE: 7,
  CANCELLED: 130,
} as const satisfies Record<ErrorCode, number>;

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return CODES.CONFIG;
  return error instanceof MialinkError ? CODES[error.code] : DEFECT;
}
