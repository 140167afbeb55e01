/**
 * What connects to the servers of a download: TLS always verified, undici's own time limits, and through the proxy that
 * the environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, also in small letters), with the TLS inside its tunnel.
 */
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import { sharedTrust } from '../../roots';

export interface AgentOptions {
  /** PEM certificates trusted besides Node's own roots. */
  ca?: readonly string[];
  /** How long to wait for the connection, for an answer, and between two pieces of it. */
  stallMs: number;
  lookup: LookupFunction;
}

const PROXY_VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'];

/** Throws when the environment names a proxy whose address cannot be used. */
export function openAgent({ ca, stallMs, lookup }: AgentOptions): Dispatcher {
  const tls = { secureContext: sharedTrust(ca), rejectUnauthorized: true, timeout: stallMs };
  const limits = { headersTimeout: stallMs, bodyTimeout: stallMs };
  const options = { connect: { ...tls, lookup }, ...limits };
  // undici says of this one that it is experimental: only who has a proxy need read that.
  const hasProxy = PROXY_VARIABLES.some((name) => process.env[name]);
  if (!hasProxy) return new Agent(options);
  // Without it a proxy that is silent would have five minutes to open the tunnel.
  const clientFactory = (origin: URL, more: object) => new Pool(origin, { ...more, ...limits });
  const proxied = { ...options, requestTls: tls, proxyTls: tls, clientFactory };
  return new EnvHttpProxyAgent(proxied);
}
