/**
 * Where devices are that keep silent at their address: whoever misses one joins the search that is running, one for
 * each local address, so that a house without power is searched once and not once for every lamp.
 */
import { deferred } from '../wait';
import type { FoundDevice } from './discovery';

/** Searches the whole network; settles when it is over, or aborted by `signal`. */
export type SearchAll = (options: {
  bindAddress: string;
  onFound(device: FoundDevice): void;
  signal: AbortSignal;
}) => Promise<unknown>;

/** One search, and those who wait for its answers. */
interface Search {
  found: FoundDevice[];
  waiting: Set<(device: FoundDevice) => void>;
  over: Promise<unknown>;
  abort: AbortController;
}

export class Locator {
  /** By the local address. */
  private readonly running = new Map<string, Search>();

  constructor(private readonly searchAll: SearchAll) {}

  /** The address at which this device answers; undefined if it does not, or `ended` settles before. */
  async locate(deviceId: string, bindAddress: string, ended: Promise<unknown>): Promise<string | undefined> {
    const search = this.running.get(bindAddress) ?? this.start(bindAddress);
    const address = deferred<string | undefined>();
    const hear = (device: FoundDevice) => {
      if (device.deviceId === deviceId) address.resolve(device.address);
    };
    const giveUp = () => address.resolve(undefined);
    search.waiting.add(hear);
    search.found.forEach(hear);
    search.over.then(giveUp, giveUp);
    ended.then(giveUp, giveUp);
    try {
      return await address.promise;
    } finally {
      search.waiting.delete(hear);
      if (search.waiting.size === 0) this.stop(bindAddress, search);
    }
  }

  private start(bindAddress: string): Search {
    const abort = new AbortController();
    const found: FoundDevice[] = [];
    const waiting: Search['waiting'] = new Set();
    const onFound = (device: FoundDevice) => {
      found.push(device);
      for (const hear of waiting) hear(device);
    };
    const over = this.searchAll({ bindAddress, onFound, signal: abort.signal });
    const search = { found, waiting, over, abort };
    this.running.set(bindAddress, search);
    return search;
  }

  /** Nobody waits any more; whoever comes now begins a new search. */
  private stop(bindAddress: string, search: Search): void {
    search.abort.abort();
    if (this.running.get(bindAddress) === search) this.running.delete(bindAddress);
  }
}
