/** What the outbox keeps of a post, and its text (JSON) in a store (pure). */
import { MialinkError } from '../../errors';
import { isDeeperThan, isRecord, MAX_DEPTH, withoutPrototypes } from '../../untrusted';
import { encode } from '../alink';

const KINDS = ['property', 'history', 'batch', 'event'] as const;

export interface OutboxEntry {
  kind: (typeof KINDS)[number];
  /** Such as `thing.event.property.post`. */
  method: string;
  /** Where it is published; default: the method with slashes for its dots. */
  topic?: string;
  /** What it is, in words. */
  operation: string;
  params: unknown;
  /** In milliseconds of the clock. */
  acceptedAt: number;
  /** Who is told if the cloud refuses it. */
  source?: string;
  /** The thing model was not known yet. */
  isUnchecked?: boolean;
}

/** One line. Throws `payloadInvalid` for params that the cloud would never take: no JSON, too long, too deep. */
export function entryText(entry: OutboxEntry, device: string): string {
  const { kind, method, topic, operation, params, acceptedAt, source, isUnchecked } = entry;
  const present = {
    kind,
    method,
    ...(topic !== undefined && { topic }),
    operation,
    params,
    acceptedAt,
    ...(source !== undefined && { source }),
    ...(isUnchecked && { isUnchecked }),
  };
  const text = encode(present, device, operation);
  if (!isDeeperThan(params, MAX_DEPTH)) return text;
  const rule = `at most ${MAX_DEPTH} levels deep`;
  throw new MialinkError('payloadInvalid', { device, operation, rule, type: 'deeper' });
}

/** Undefined for what is no entry's text: a file may hold anything. */
export function readEntry(text: string): OutboxEntry | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(read) || isDeeperThan(read.params, MAX_DEPTH)) return undefined;
  const { method, topic, operation, params, acceptedAt, source, isUnchecked } = read;
  const kind = KINDS.find((one) => one === read.kind);
  if (kind === undefined || typeof method !== 'string' || typeof operation !== 'string') return undefined;
  if (typeof acceptedAt !== 'number' || params === undefined) return undefined;
  if (!isTextOrMissing(topic) || !isTextOrMissing(source)) return undefined;
  const entry = { kind, method, topic, operation, params: withoutPrototypes(params), acceptedAt, source };
  return isUnchecked === true ? { ...entry, isUnchecked } : entry;
}

function isTextOrMissing(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}
