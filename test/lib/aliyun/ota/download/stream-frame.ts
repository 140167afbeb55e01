/** What the cloud sends of a file over MQTT, written from the document, with a checksum bit by bit. */

/** CRC-16/ARC as its definition says: the register is divided by the polynomial, a bit at a time. */
export function bitwiseCrc(bytes: Uint8Array): number {
  let register = 0;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const isOdd = ((register ^ (byte >> bit)) & 1) === 1;
      register = (register >> 1) ^ (isOdd ? 0xa001 : 0);
    }
  }
  return register;
}

/** Any head, any bytes; the checksum is right unless another one is given. */
export function frame(head: unknown, bytes: Uint8Array, crc = bitwiseCrc(bytes)): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const message = Buffer.alloc(2 + json.length + bytes.length + 2);
  message.writeUInt16BE(json.length);
  json.copy(message, 2);
  message.set(bytes, 2 + json.length);
  message.writeUInt16LE(crc, message.length - 2);
  return message;
}

/** The block of `file` at `offset`; `more` is added to the data of its head. */
export function blockFrame(
  id: string,
  file: Uint8Array,
  offset: number,
  size: number,
  more: object = {},
): Buffer {
  const bytes = file.subarray(offset, offset + size);
  const data = { bSize: bytes.length, bOffset: offset, fileLength: file.length, ...more };
  return frame({ id, code: 200, msg: 'success', data }, bytes);
}
