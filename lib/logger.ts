/** Where the library reports what nobody awaits. The default keeps silent; nodes hand in Node-RED's log. */
import type { MialinkError } from './errors';

export interface Logger {
  /** For a developer who looks for a cause: one line of English, without secrets. */
  debug(text: string): void;
  /** For the user: something went wrong that no promise can tell. */
  warn(problem: MialinkError): void;
}

export const silentLogger: Logger = { debug() {}, warn() {} };
