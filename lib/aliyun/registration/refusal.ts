/**
 * What the cloud says when it does not register a device, in words that tell the remedy (pure).
 *
 * Source: Alibaba Cloud IoT Platform, "HTTPS-based dynamic registration", result codes.
 */
import { MialinkError, type PeerError } from '../../errors';
import { commonRefusal, peerOf, type RefusalAt } from '../access/refusal';

/** Code -> the context of `registrationRefused`, whose texts say what to do. */
const CONTEXTS: Partial<Record<number, string>> = {
  460: 'parameter',
  6100: 'device',
  6250: 'product',
  6288: 'off',
  6289: 'active',
  6292: 'method',
  6600: 'signature',
};

/**
 * The refusal by HTTPS: `commonRefusal` or `registrationRefused`. `code` and `message` are the cloud's own, and are its
 * `peer`.
 */
export function refusalOf(at: RefusalAt, code: number, message: string): MialinkError {
  const peer = peerOf(code, message);
  const values = { device: at.device, ...peer, context: CONTEXTS[code] ?? 'other' };
  return commonRefusal(peer, at) ?? refused(values, peer);
}

/** The refusal by MQTT, where CONNACK has a code but no reason. */
export function connackRefusal(device: string, code: number | string, message: string): MialinkError {
  return refused({ device, code, message, context: 'connack' }, { code, message });
}

function refused(values: Record<string, string | number>, peer: PeerError): MialinkError {
  return new MialinkError('registrationRefused', values, { peer });
}
