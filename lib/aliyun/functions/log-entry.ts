/**
 * An entry of the device's log (pure), and how it stands on the wire:
 *
 *   {"utcTime":"2020-03-06T15:15:27.000+0800","logLevel":"INFO","module":"…","code":"…","traceContext":"…","logContent":"…"}
 *
 * `traceContext` may be missing. What is too long is cut.
 * Source: Alibaba Cloud IoT Platform, "Submit device logs".
 */
import { inspect } from 'node:util';
import { MialinkError } from '../../errors';
import { isRecord } from '../../untrusted';

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

const DEFAULT_LEVEL = 'INFO';
const LONGEST_CONTENT_BYTES = 4_096;
const LONGEST_NAME_BYTES = 256;
const MOST_IN_LOT = 40;
/** Less than a message may have; control characters grow sixfold in JSON. */
const MOST_LOT_BYTES = 200_000;
/** Year 9999: later ones are spelt otherwise. */
const LATEST_TIME = 253_402_300_799_999;
const RULE = 'text, or {level?, module?, code?, content, time?, traceContext?}';

/**
 * Reads text, or an object with the fields of `LogEntry` in any spelling that means the same: a level in lower case, a
 * date or its ISO text as time, a number as code, an object as content. Throws `payloadInvalid`, which names what is
 * wrong; `label` names the device in it.
 */
export function readLogEntry(value: unknown, label: string): LogEntry {
  if (typeof value === 'string') return { content: value };
  const refuse = (rule: string, type: unknown) =>
    new MialinkError('payloadInvalid', { device: label, operation: 'the log', rule, type: textOf(type) });
  if (!isRecord(value) || value.content === undefined) throw refuse(RULE, kindOf(value));
  const level = readLevel(value.level);
  if (level === undefined) throw refuse(`of a level among ${LOG_LEVELS.join(', ')}`, value.level);
  const time = readTime(value.time);
  if (Number.isNaN(time)) throw refuse('of a time in ms since 1970 or as ISO text', value.time);
  return {
    level,
    time,
    content: textOf(value.content),
    module: given(value.module),
    code: given(value.code),
    traceContext: given(value.traceContext),
  };
}

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

function readLevel(value: unknown): LogLevel | undefined {
  if (value === undefined || value === '') return DEFAULT_LEVEL;
  const level = typeof value === 'string' ? value.trim().toUpperCase() : '';
  return isLogLevel(level) ? level : undefined;
}

function readTime(value: unknown): number | undefined {
  if (value === undefined || value === '') return undefined;
  const time = typeof value === 'string' || value instanceof Date ? new Date(value).getTime() : value;
  return typeof time === 'number' && time >= 0 && time <= LATEST_TIME ? time : Number.NaN;
}

function given(value: unknown): string | undefined {
  return value === undefined || value === '' ? undefined : textOf(value);
}

function textOf(value: unknown): string {
  if (typeof value !== 'object') return String(value);
  try {
    return JSON.stringify(value) ?? inspect(value);
  } catch {
    // Circular, or with a bigint.
    return inspect(value);
  }
}

function kindOf(value: unknown): string {
  if (isRecord(value)) return 'an object without content';
  return value === null ? 'null' : typeof value;
}

/** The text's beginning that has so many bytes at most, without half a character. */
function cut(text: string, mostBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= mostBytes) return bytes.toString();
  let end = mostBytes;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
}
