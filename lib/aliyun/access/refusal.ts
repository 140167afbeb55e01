/**
 * What a sign-in service says instead of letting a device in, in words that tell the remedy (pure).
 *
 *   429 too many requests, 500 to 599 a fault of the service: it passes, whoever asks
 *   6204 disabled · 6100 no such device · 6250 no such product · 6600, 6287, 401 signature
 *
 * Source: Alibaba Cloud IoT Platform, "HTTPS-based device authentication" and "MQTT connection" (HTTPS first).
 */
import { MialinkError, type PeerError } from '../../errors';

export interface RefusalAt {
  /** For texts. */
  device: string;
  host: string;
}

/** Code -> the context of `authRefused`. */
const CONTEXTS: Partial<Record<string, string>> = {
  401: 'secret',
  6100: 'device',
  6250: 'product',
  6287: 'secret',
  6600: 'secret',
};

const TOO_MANY = 429;
const DISABLED = 6204;
const MAX_MESSAGE_LENGTH = 200;

/** What the service says, as long as may stand in a text. */
export function peerOf(code: number, message: string): PeerError & { code: number } {
  return { code, message: message.slice(0, MAX_MESSAGE_LENGTH) };
}

/**
 * `authUnreachable` (TRANSPORT) for what passes, `deviceDisabled` (AUTH); undefined for what depends on the question
 * that was asked.
 */
export function commonRefusal(peer: PeerError, { device, host }: RefusalAt): MialinkError | undefined {
  const code = Number(peer.code);
  if (code === DISABLED) return new MialinkError('deviceDisabled', { device }, { peer });
  if (code !== TOO_MANY && !(code >= 500 && code <= 599)) return undefined;
  const cause = `${code} ${peer.message}`;
  return new MialinkError('authUnreachable', { device, host, cause, context: 'busy' }, { peer });
}

/** `commonRefusal` or `authRefused` (AUTH). `isRegistered`: its secret is that of a registration. */
export function signInRefusal(peer: PeerError, at: RefusalAt, isRegistered: boolean): MialinkError {
  const known = CONTEXTS[peer.code] ?? '';
  const context = known === 'secret' && isRegistered ? 'registered' : known;
  return (
    commonRefusal(peer, at) ??
    new MialinkError('authRefused', { ...at, code: peer.code, message: peer.message, context }, { peer })
  );
}
