/**
 * CRC-16/ARC, also called CRC-16/IBM (pure): reflected, polynomial 0xA001 (0x8005 mirrored), begins with 0.
 *
 * Source: https://reveng.sourceforge.io/crc-catalogue/16.htm (check value of "123456789": bb3d).
 */
const POLYNOMIAL = 0xa0_01;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? POLYNOMIAL : 0);
  return rest;
});

/** A number from 0 to 65535. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0;
  // An iterator over a Buffer would take ten times as long.
  for (let at = 0; at < bytes.length; at++) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return crc;
}
