/**
 * How a device gets in: where it connects to, and what it says there.
 *
 *   signIn     secret    deviceSecret ──signs──> CONNECT, or the deviceToken of a registration ──> CONNECT
 *              x509      client certificate ──TLS──> CONNECT without a password
 *              preauth   deviceSecret ──signs──> HTTPS ──> endpoint, iotId, iotToken ──> CONNECT
 *   bootstrap            HTTPS ──> endpoint, for all but preauth
 */
import { MialinkError } from '../../errors';
import { type Endpoint, isSecure } from '../endpoint';
import { certificateSignIn, type Extras, preauthSignIn, type SignIn, signIn, tokenSignIn } from '../identity';
import type { Credentials } from '../registration/credentials';
import { type CheckedSettings, signsInRegistered } from '../settings';
import type { Bootstrap } from './bootstrap';
import { preauthenticate } from './preauth';

export interface Access {
  endpoint: Endpoint;
  /** By what it signs in, for texts. */
  kind: 'secret' | 'registered' | 'token' | 'x509' | 'preauth';
  connect: SignIn;
}

export interface AccessSources {
  /** The secret, or what a registration gives. */
  credentials(signal: AbortSignal): Promise<Credentials>;
  /** Undefined: the endpoint is that of the settings. */
  bootstrap: Bootstrap | undefined;
}

/** Rejects as `credentials`, `Bootstrap.endpoint` and `preauthenticate` do, and for a token without TLS. */
export async function findAccess(
  settings: CheckedSettings,
  { credentials, bootstrap }: AccessSources,
  signal: AbortSignal,
): Promise<Access> {
  const { triple, signMethod } = settings;
  const extras = extrasOf(settings);
  const findEndpoint = () => bootstrap?.endpoint(signal) ?? settings.endpoint;
  if (settings.signIn === 'x509') {
    const connect = certificateSignIn(triple, signMethod, extras);
    return { endpoint: await findEndpoint(), kind: 'x509', connect };
  }
  const given = await credentials(signal);
  if ('deviceToken' in given) {
    const endpoint = await findEndpoint();
    if (!isSecure(endpoint.transport)) throw tokenInTheOpen(settings);
    return { endpoint, kind: 'token', connect: tokenSignIn(triple, given, extras) };
  }
  const own = { ...triple, deviceSecret: given.deviceSecret };
  if (settings.signIn === 'preauth') {
    const { endpoint, ...token } = await preauthenticate(own, settings, signal);
    const secure = isSecure(endpoint.transport);
    return { endpoint, kind: 'preauth', connect: preauthSignIn(triple, token, { secure, extras }) };
  }
  const endpoint = await findEndpoint();
  const secureMode = isSecure(endpoint.transport) ? 2 : 3;
  const kind = signsInRegistered(settings) ? 'registered' : 'secret';
  return { endpoint, kind, connect: signIn(own, { signMethod, secureMode, extras }) };
}

/** Other than a signature, a token can be used by whoever has seen it. */
function tokenInTheOpen({ label: device, endpoint: { transport } }: CheckedSettings): MialinkError {
  const rule = 'tls or wss with the token of a registration';
  return new MialinkError('settingInvalid', { device, field: 'transport', rule, value: transport });
}

/** ext=1: synchronous services and custom RRPC arrive on /ext/rrpc; _ss=1: the cloud subscribes the system topics. */
function extrasOf({ autoSubscribe, clientExtras }: CheckedSettings): Extras {
  return { ext: 1, ...(autoSubscribe ? { _ss: 1 } : undefined), ...clientExtras };
}
