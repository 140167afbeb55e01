/**
 * CRC-32 as in zip, PNG and Ethernet (pure): reflected, polynomial 0xEDB88320. Node has `zlib.crc32` only since 20.15.
 *
 * Source: ISO-HDLC, https://reveng.sourceforge.io/crc-catalogue/17plus.htm (check value of "123456789": cbf43926).
 */
const POLYNOMIAL = 0xed_b8_83_20;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? POLYNOMIAL : 0);
  return rest;
});

/** A number from 0 to 2^32 - 1. */
export function crc32(bytes: Uint8Array): number {
  let crc = -1;
  // By index: an iterator takes ten times as long.
  for (let at = 0; at < bytes.length; at++) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return ~crc >>> 0;
}
