/**
 * Where a download may go: `https:` (`http:` if allowed), and by a redirect neither from `https:` to `http:` nor from
 * the internet into somebody's own network or this machine. An address that is itself in such a network, a user's own
 * server, may redirect within it.
 *
 * A name can lie, so it is the address to which the connection is made that counts: `lookup` is what resolves it. A proxy
 * resolves for us; behind one only addresses that are written as numbers are checked.
 */
import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { MialinkError } from '../../../errors';
import { isPublicAddress } from './public-address';

export interface RouteOptions {
  /** Names the device in error texts. */
  label: string;
  allowHttp: boolean;
  /** Default false. */
  allowRedirectToPrivate?: boolean;
  /** For tests; default: the system's. */
  resolveName?: ResolveName;
}

/** All addresses of a name, as `dns.lookup` gives them. */
export type ResolveName = (
  host: string,
  options: LookupAllOptions,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

export class Route {
  private hop: 'first' | 'redirected' = 'first';
  private startsAt: 'public' | 'private' = 'public';

  constructor(private readonly options: RouteOptions) {}

  /** The first address. Throws `otaUrlRefused`, as the others do. */
  start(address: string): URL {
    this.hop = 'first';
    return this.checked(address);
  }

  redirect(address: string, from: URL): URL {
    this.hop = 'redirected';
    return this.checked(address, from);
  }

  /** For the option `connect` of an agent. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    const { resolveName = lookup } = this.options;
    resolveName(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '');
      const problem = this.problemWith(addresses.map(({ address }) => address));
      const [first] = addresses;
      if (problem || !first) return callback(problem ?? new Error(`${host} has no address`), '');
      if (options.all) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };

  private checked(address: string, from?: URL): URL {
    if (!URL.canParse(address, from?.href)) throw this.refused('it is not a URL');
    const url = new URL(address, from);
    const { allowHttp } = this.options;
    const isDowngrade = url.protocol === 'http:' && from?.protocol === 'https:';
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowHttp && !isDowngrade)) {
      const where = from ? 'it redirects to an address that is' : 'it is';
      const rule = allowHttp ? ', as it was before' : ', and http: is not allowed';
      throw this.refused(`${where} not https:${url.protocol === 'http:' ? rule : ''}`);
    }
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const problem = isIP(host) ? this.problemWith([host]) : undefined;
    if (problem) throw problem;
    return url;
  }

  private problemWith(addresses: readonly string[]): MialinkError | undefined {
    const reach = addresses.every(isPublicAddress) ? 'public' : 'private';
    if (this.hop === 'first') this.startsAt = reach;
    const isAllowed = this.startsAt === 'private' || this.options.allowRedirectToPrivate;
    if (reach === 'public' || isAllowed) return undefined;
    return this.refused('it redirects from the internet to an address in a private network');
  }

  private refused(cause: string): MialinkError {
    return new MialinkError('otaUrlRefused', { device: this.options.label, cause });
  }
}
