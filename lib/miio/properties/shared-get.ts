/** Reads that fall together: who asks for what is being read already gets that answer too. */
import { deferred } from '../../wait';
import type { PropertyAccess } from './access';
import type { Property, PropertyAnswer } from './property';

/** What reads the properties of one device. */
export type Reader = Pick<PropertyAccess, 'get'>;

interface SharedGet {
  answer: Promise<PropertyAnswer>;
  askers: number;
  end: AbortController;
}

const underWay = new WeakMap<Reader, Map<string, SharedGet>>();

/**
 * Settles as `reader.get(properties)` does, or rejects with the reason of `signal`. Several who ask for the same
 * properties at the same time share one get, which ends when nobody waits for it any more.
 */
export async function sharedGet(
  reader: Reader,
  properties: readonly Property[],
  signal: AbortSignal,
): Promise<PropertyAnswer> {
  signal.throwIfAborted();
  const get = join(reader, properties);
  const left = deferred<never>();
  const leave = () => left.reject(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([get.answer, left.promise]);
  } finally {
    signal.removeEventListener('abort', leave);
    get.askers--;
    if (get.askers === 0) get.end.abort();
  }
}

function join(reader: Reader, properties: readonly Property[]): SharedGet {
  const gets = underWay.get(reader) ?? new Map<string, SharedGet>();
  underWay.set(reader, gets);
  const key = JSON.stringify(properties);
  const known = gets.get(key);
  if (known && !known.end.signal.aborted) {
    known.askers++;
    return known;
  }
  const end = new AbortController();
  const get = { answer: reader.get(properties, { signal: end.signal }), askers: 1, end };
  gets.set(key, get);
  const forget = () => {
    if (gets.get(key) === get) gets.delete(key);
  };
  get.answer.then(forget, forget);
  return get;
}
