/** Reads that fall together: who asks for what is being read already gets that answer too. */
import { onAbort } from '../../abort';
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

/** The gets of one reader that are under way. */
export class SharedGets {
  private readonly underWay = new Map<string, SharedGet>();

  constructor(private readonly reader: Reader) {}

  /**
   * Settles as `reader.get(properties)` does, or rejects with the reason of `signal`. Several who ask for the same
   * properties at the same time share one get, which ends when nobody waits for it any more.
   */
  async get(properties: readonly Property[], signal: AbortSignal): Promise<PropertyAnswer> {
    signal.throwIfAborted();
    const get = this.join(properties);
    const left = deferred<never>();
    const leave = () => left.reject(signal.reason);
    onAbort(signal, leave);
    try {
      return await Promise.race([get.answer, left.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
      get.askers--;
      if (get.askers === 0) get.end.abort();
    }
  }

  private join(properties: readonly Property[]): SharedGet {
    const { underWay } = this;
    const key = JSON.stringify(properties);
    const known = underWay.get(key);
    if (known && !known.end.signal.aborted) {
      known.askers++;
      return known;
    }
    const end = new AbortController();
    const get = { answer: this.reader.get(properties, { signal: end.signal }), askers: 1, end };
    underWay.set(key, get);
    const forget = () => {
      if (underWay.get(key) === get) underWay.delete(key);
    };
    get.answer.then(forget, forget);
    return get;
  }
}
