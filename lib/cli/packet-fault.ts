/** Why a datagram is no packet, or cannot be opened, for a person (pure). */
import type { DropReason } from '../miio/packet';
import { type TextKey, text } from './texts';

const TEXTS = {
  'too-short': 'packetTooShort',
  'bad-magic': 'packetWithoutMagic',
  'length-mismatch': 'packetOfOtherLength',
  'ciphertext-not-multiple-of-16': 'packetNotInBlocks',
  'hello-echo': 'packetOfNobody',
  checksum: 'packetOfOtherToken',
  'bad-padding': 'packetBadlyPadded',
} as const satisfies Record<DropReason, TextKey>;

export function packetFault(reason: DropReason): string {
  return text(TEXTS[reason]);
}
