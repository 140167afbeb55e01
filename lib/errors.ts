/**
 * The one error class of the library.
 *
 * `code` says what kind of remedy helps and is part of the nodes' contract; `reason` names the exact
 * cause (a key of `reasons.ts`), `values` fill its text, so that a user interface can say the same in
 * another language; the value `context` chooses a more exact text. Nothing secret is ever put into `values`.
 */
import texts from './locales/en-US.json';
import { type ErrorCode, type Reason, reasons } from './reasons';

export type { ErrorCode, Reason } from './reasons';

/** What fills the text of an error. */
export type Values = Record<string, string | number>;

/** What the device or the cloud itself answered when it refused. */
export interface PeerError {
  code: number | string;
  message: string;
}

export class MialinkError extends Error {
  readonly code: ErrorCode;
  /** Set when the device or the cloud refused in words of its own. */
  readonly peer?: PeerError;

  constructor(
    readonly reason: Reason,
    readonly values: Values = {},
    options: { cause?: unknown; peer?: PeerError } = {},
  ) {
    super(
      fill(textOf(reason, values), values),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = reasons[reason];
    this.peer = options.peer;
  }
}

/** The text of the reason, in this context if it has one of its own. */
function textOf(reason: Reason, { context }: Values): string {
  const inContext: Partial<Record<string, string>> = texts;
  return inContext[`${reason}_${context}`] ?? texts[reason];
}

/** The message of anything thrown, for use inside another error's text. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message || wordless(error);
  // JSONata and others throw plain objects.
  const named = typeof error === 'object' && error !== null && 'message' in error;
  return String(named ? error.message : error);
}

/** Of several errors at once, one for each address of a server, say, the first is told. */
function wordless(error: Error): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  return 'code' in error && error.code ? String(error.code) : error.name;
}

function fill(text: string, values: Values): string {
  return text.replace(/__(\w+)__/g, (whole, name: string) => String(values[name] ?? whole));
}
