/**
 * What the MCU behind the Wi-Fi module does not bear. The module waits for it about 4 s, then answers -9999
 * "user ack timeout" itself. Methods under miIO. are the module's own and know no such limits.
 * Source: reference/miio.md 1.4, 2.3, 2.6 and 4.7.
 */
import { Refusal } from './methods';
import { type Command, isRecord } from './wire';

export interface McuLimits {
  /** A get_prop, get_properties or set_properties with more items than this gets -9999. Default: any number. */
  maxProperties?: number;
  /** A property, by name or 'siid.piid', that spoils every request for it and another: -9999. Default: none. */
  poison?: string;
  /** The poison spoils a request for it alone too. Default false. */
  poisonAlone?: boolean;
  /** A longer request, in bytes of its JSON, gets -9999; the MCU of a real device takes 800. Default: any length. */
  mcuBytes?: number;
  /** How long the module waits before it answers -9999, in milliseconds; a real one 4000. Default 0. */
  ackTimeoutMs?: number;
}

const LISTS_OF_PROPERTIES = new Set(['get_prop', 'get_properties', 'set_properties']);

export const userAckTimeout = (): Refusal => new Refusal(-9999, 'user ack timeout');

/** True when the MCU will not answer this command, whose JSON had `requestBytes`. */
export function overwhelms(limits: McuLimits, command: Command, requestBytes: number): boolean {
  if (command.method.startsWith('miIO.')) return false;
  if (requestBytes > (limits.mcuBytes ?? Infinity)) return true;
  const names = requestedProperties(command);
  if (names.length > (limits.maxProperties ?? Infinity)) return true;
  const spoilt = limits.poison !== undefined && names.includes(limits.poison);
  return spoilt && (names.length > 1 || limits.poisonAlone === true);
}

function requestedProperties({ method, params }: Command): string[] {
  if (!LISTS_OF_PROPERTIES.has(method) || !Array.isArray(params)) return [];
  return params.map(nameOf);
}

/** '' for what names no property; the method itself refuses it. */
function nameOf(item: unknown): string {
  if (typeof item === 'string') return item;
  if (!isRecord(item)) return '';
  const { siid, piid } = item;
  return typeof siid === 'number' && typeof piid === 'number' ? `${siid}.${piid}` : '';
}
