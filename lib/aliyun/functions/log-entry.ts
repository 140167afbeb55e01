/**
 * An entry of the device's log (pure), and how it stands on the wire:
 *
 *   {"utcTime":"2020-03-06T15:15:27.000+0800","logLevel":"INFO","module":"…","code":"…","traceContext":"…","logContent":"…"}
 *
 * `traceContext` may be missing. What is too long is cut.
 * Source: Alibaba Cloud IoT Platform, "Submit device logs".
 */

/** From the least to the worst; `OTHER` has no rank and counts as the worst. */
export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'OTHER'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogEntry {
  /** Default `INFO`. */
  level?: LogLevel;
  /** What part of the device says so; default `device`. */
  module?: string;
  content: string;
  /** A result, such as `4103`; default `0`. */
  code?: string;
  /** Milliseconds since 1970; default now. */
  time?: number;
  /** What belongs together has the same. */
  traceContext?: string;
}

/** As it is sent. */
export interface LogItem {
  utcTime: string;
  logLevel: LogLevel;
  module: string;
  code: string;
  traceContext?: string;
  logContent: string;
}

export const DEFAULT_LEVEL = 'INFO';
const LONGEST_CONTENT_BYTES = 4_096;
const LONGEST_NAME_BYTES = 256;
const MOST_IN_LOT = 40;
/** Less than a message may have; control characters grow sixfold in JSON. */
const MOST_LOT_BYTES = 200_000;
/** Year 9999: later ones are spelt otherwise. */
export const LATEST_TIME = 253_402_300_799_999;

/** Tells whether an entry is of the level `least` or a worse one. */
export function isAtLeast(least: LogLevel): (entry: LogEntry) => boolean {
  return ({ level = DEFAULT_LEVEL }) => LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);
}

export function isLogLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text);
}

/** `now` in milliseconds since 1970, for an entry without time. */
export function logItem(entry: LogEntry, now: number): LogItem {
  const { level = DEFAULT_LEVEL, module = 'device', code = '0', content, time = now, traceContext } = entry;
  const item: LogItem = {
    utcTime: new Date(time).toISOString().replace('Z', '+0000'),
    logLevel: level,
    module: cut(module, LONGEST_NAME_BYTES),
    code: cut(code, LONGEST_NAME_BYTES),
    logContent: cut(content, LONGEST_CONTENT_BYTES),
  };
  return traceContext === undefined ? item : { ...item, traceContext: cut(traceContext, LONGEST_NAME_BYTES) };
}

/** How many of the first items go in one message: at least one, if there is one. */
export function lotLength(items: readonly LogItem[]): number {
  let bytes = 0;
  const tooMany = items.slice(0, MOST_IN_LOT).findIndex((item, index) => {
    bytes += Buffer.byteLength(JSON.stringify(item));
    return index > 0 && bytes > MOST_LOT_BYTES;
  });
  return tooMany === -1 ? Math.min(items.length, MOST_IN_LOT) : tooMany;
}

/** The text's beginning that has so many bytes at most, without half a character. */
function cut(text: string, mostBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= mostBytes) return bytes.toString();
  let end = mostBytes;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
}
