/**
 * The errors that devices answer: what they mean and whether the same command may be sent again (pure).
 *
 *   -30000..-32767   the Wi-Fi module (ranges of Xiaomi's miio_define.h)
 *   -32600..-32602   JSON-RPC
 *   -33000..-33100   firmware update
 *    -5000..-10000   the microcontroller behind the module, and the module's opinion of it
 *
 * Source: Xiaomi's device SDK, python-miio (which repeats -30001 and -9999), and the threads named in the tables.
 */
import type { PeerError } from '../errors';

/** `later`: after a pause that grows. */
export type Repetition = 'at once' | 'once' | 'later' | 'never';

/** Which text explains it: the part behind `deviceRefused_` in `lib/locales`. */
export type Meaning =
  | 'method'
  | 'miot'
  | 'params'
  | 'busy'
  | 'garbled'
  | 'unheard'
  | 'offline'
  | 'clock'
  | 'lan'
  | 'update';

interface Kind {
  meaning: Meaning;
  repetition: Repetition;
}

const KINDS: Record<number, Kind> = {
  [-30001]: { meaning: 'garbled', repetition: 'at once' },
  [-30011]: { meaning: 'busy', repetition: 'once' },
  [-30012]: { meaning: 'busy', repetition: 'later' },
  [-30013]: { meaning: 'offline', repetition: 'never' },
  [-30014]: { meaning: 'clock', repetition: 'never' },
  [-30020]: { meaning: 'lan', repetition: 'never' },
  [-32600]: { meaning: 'params', repetition: 'never' },
  [-32601]: { meaning: 'method', repetition: 'never' },
  [-32602]: { meaning: 'params', repetition: 'never' },
  [-10000]: { meaning: 'method', repetition: 'never' },
  [-9999]: { meaning: 'unheard', repetition: 'later' },
  [-9998]: { meaning: 'garbled', repetition: 'at once' },
  // Also an old command on a MIoT device (aholstenson/miio #298).
  [-5001]: { meaning: 'params', repetition: 'never' },
  [-5005]: { meaning: 'params', repetition: 'never' },
  // An infrared code in another format (python-miio #346).
  [-5008]: { meaning: 'params', repetition: 'never' },
};

const MIOT_METHODS = ['get_properties', 'set_properties', 'action'];
/** What devices without MIoT on the local network answer to it, though their cloud knows a specification. */
const NO_MIOT = [-9999, -4004, -10000, -32601];
const UPDATE = { first: -33_100, last: -33_001 };
/** How the robots of rockrobo name an unknown method: as a result. */
const UNKNOWN_METHOD = 'unknown_method';

/** Whether a command that was refused so may be sent again, as far as its retries go. */
export function repetitionOf({ code }: PeerError): Repetition {
  return KINDS[Number(code)]?.repetition ?? 'never';
}

/** True where the Wi-Fi module says that the controller behind it kept silent. */
export function isUnheard({ code }: PeerError): boolean {
  return KINDS[Number(code)]?.meaning === 'unheard';
}

/** What the device means; undefined where only its own words are known. */
export function meaningOf({ code, message }: PeerError, method: string): Meaning | undefined {
  const number = Number(code);
  const unknown = message === UNKNOWN_METHOD;
  if (MIOT_METHODS.includes(method) && (unknown || NO_MIOT.includes(number))) return 'miot';
  if (unknown) return 'method';
  if (number >= UPDATE.first && number <= UPDATE.last) return 'update';
  return KINDS[number]?.meaning;
}

/**
 * The refusal in a result that looks like success. Only the one that cannot be anything else: `["error"]`, `-1` or
 * `["null"]` may as well be the value of a property, and whoever asked knows better.
 */
export function refusalIn(result: unknown): PeerError | undefined {
  const only = Array.isArray(result) && result.length === 1 ? result[0] : result;
  return only === UNKNOWN_METHOD ? { code: '', message: UNKNOWN_METHOD } : undefined;
}
