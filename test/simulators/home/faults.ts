/** The knobs that make a device or its network behave badly, and the bad answers themselves. */
import type { DeviceError } from './methods';
import type { OtaFault } from './ota';
import { type Envelope, encodePacket } from './wire';

/** What goes out in place of the right answer to a command. */
export type Corruption =
  | 'checksum' // one bit of the checksum is wrong
  | 'json' // the JSON text ends too early
  | 'truncate' // the datagram ends too early
  | 'garbage' // 64 random bytes
  | 'reflect' // the request itself
  | 'noResult' // an answer with nothing but the id
  | 'otherToken'; // sealed with another token

/** All can be changed at any time. */
export interface Faults {
  /** Probability 0..1 that a datagram to the device is lost. Default 0. */
  lossIn: number;
  /** Probability 0..1 that a datagram from the device is lost. Default 0. */
  lossOut: number;
  /** Where losses and garbage are drawn from. Default Math.random. */
  random: () => number;
  /** How long the device works on each command, in milliseconds; a hello is answered at once. Default 0. */
  delayMs: number;
  /** Every answer goes out twice. Default false. */
  duplicate: boolean;
  /** An answer is held until the next one has gone out, or for 50 ms. Default false. */
  reorder: boolean;
  /** A hello is answered; commands are seen, but neither executed nor answered. Default false. */
  silentCommands: boolean;
  /** Everything is seen, nothing is executed or answered. Default false. */
  silent: boolean;
  /** The command is executed, its answer spoiled. Default null. */
  corrupt: Corruption | null;
  /** The next `times` commands are answered with this error and not executed. Default null. */
  refuse: (DeviceError & { times: number }) | null;
  /** How a firmware upgrade goes wrong. Default null. */
  ota: OtaFault | null;
  /** Answers carry this device id, decimal. Default null: the device's own. */
  replyDid: string | null;
  /** A command whose stamp is more than 60 s old or more than 5 s ahead is dropped. Default true. */
  stampStrict: boolean;
}

/** A device as it should be. */
export function noFaults(): Faults {
  return {
    lossIn: 0,
    lossOut: 0,
    random: Math.random,
    delayMs: 0,
    duplicate: false,
    reorder: false,
    silentCommands: false,
    silent: false,
    corrupt: null,
    refuse: null,
    ota: null,
    replyDid: null,
    stampStrict: true,
  };
}

/** Draws whether something of this probability happens. */
export function happens(probability: number, random: () => number): boolean {
  return probability > 0 && random() < probability;
}

/** The error that the knob `refuse` has for the next command, one time fewer afterwards; undefined: none. */
export function takeRefusal({ refuse }: Faults): DeviceError | undefined {
  if (!refuse || refuse.times <= 0) return undefined;
  refuse.times -= 1;
  return { code: refuse.code, message: refuse.message };
}

/** The datagram that goes out in place of the answer `body` to `request`. */
export function spoilAnswer(
  corruption: Corruption,
  envelope: Envelope,
  body: { id: number },
  request: Buffer,
  random: () => number,
): Buffer {
  const text = JSON.stringify(body);
  switch (corruption) {
    case 'checksum':
      return invertBits(encodePacket(envelope, text), 16, 17, 0x01);
    case 'json':
      return encodePacket(envelope, text.slice(0, -2));
    case 'truncate':
      return encodePacket(envelope, text).subarray(0, -8);
    case 'garbage':
      return Buffer.from(Array.from({ length: 64 }, () => Math.floor(random() * 256)));
    case 'reflect':
      return request;
    case 'noResult':
      return encodePacket(envelope, JSON.stringify({ id: body.id }));
    case 'otherToken':
      return encodePacket({ ...envelope, token: invertBits(envelope.token, 0, 16, 0xff) }, text);
  }
}

/** A copy in which the bits of `mask` are inverted in the bytes from `start` to before `end`. */
function invertBits(bytes: Buffer, start: number, end: number, mask: number): Buffer {
  return Buffer.from(bytes.map((byte, index) => (index >= start && index < end ? byte ^ mask : byte)));
}
