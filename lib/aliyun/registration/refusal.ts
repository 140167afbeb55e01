/**
 * What the cloud says when it does not register a device, in words that tell the remedy (pure).
 *
 * Source: Alibaba Cloud IoT Platform, "HTTPS-based dynamic registration", result codes.
 */
import { MialinkError } from '../../errors';

/** Code -> the context of `registrationRefused`, whose texts say what to do. */
const CONTEXTS: Partial<Record<number, string>> = {
  460: 'parameter',
  500: 'cloud',
  6100: 'device',
  6250: 'product',
  6288: 'off',
  6289: 'active',
  6292: 'method',
  6600: 'signature',
};

const MAX_MESSAGE_LENGTH = 200;

/** The refusal by HTTPS: `code` and `message` are the cloud's own, and are its `peer`. */
export function refusalOf(device: string, code: number, message: string): MialinkError {
  const peer = { code, message: message.slice(0, MAX_MESSAGE_LENGTH) };
  return refused({ device, ...peer, context: CONTEXTS[code] ?? 'other' }, peer);
}

/** The refusal by MQTT, where CONNACK has a code but no reason. */
export function connackRefusal(device: string, code: number | string, message: string): MialinkError {
  return refused({ device, code, message, context: 'connack' }, { code, message });
}

function refused(
  values: Record<string, string | number>,
  peer: { code: number | string; message: string },
): MialinkError {
  return new MialinkError('registrationRefused', values, { peer });
}
