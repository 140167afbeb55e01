/** An entry of the device's log as a flow writes it: text, or an object in any spelling that means the same. */
import { inspect, types } from 'node:util';
import {
  DEFAULT_LEVEL,
  isLogLevel,
  LATEST_TIME,
  LOG_LEVELS,
  type LogEntry,
  type LogLevel,
} from '../lib/aliyun/functions/log-entry';
import { MialinkError } from '../lib/errors';
import { isRecord } from './runtime';

const RULE = 'text, or {level?, module?, code?, content, time?, traceContext?}';

/**
 * Reads text, or an object with the fields of `LogEntry`: a level also in lower case, a date or its ISO text as time, a
 * number as code, an object or an error as content. Throws `payloadInvalid`, which names what is wrong; `label` names
 * the device in it.
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

function readLevel(value: unknown): LogLevel | undefined {
  if (value === undefined || value === '') return DEFAULT_LEVEL;
  const level = typeof value === 'string' ? value.trim().toUpperCase() : '';
  return isLogLevel(level) ? level : undefined;
}

function readTime(value: unknown): number | undefined {
  if (value === undefined || value === '') return undefined;
  const time = typeof value === 'string' || types.isDate(value) ? new Date(value).getTime() : value;
  return typeof time === 'number' && time >= 0 && time <= LATEST_TIME ? time : Number.NaN;
}

function given(value: unknown): string | undefined {
  return value === undefined || value === '' ? undefined : textOf(value);
}

function textOf(value: unknown): string {
  if (typeof value !== 'object') return String(value);
  // JSON finds nothing in it.
  if (types.isNativeError(value)) return String(value);
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
