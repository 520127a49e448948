// SORACOM Binary Format v1, written by the tests' own hand.

/** A frame, put together with a bitwise CRC of this file's own. */
export function frame(body: string | Uint8Array): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.from([bytes.length >> 8, bytes.length & 0xff]);
  let crc = 0xffff;
  for (const byte of Buffer.concat([head, bytes])) {
    for (let bit = 7; bit >= 0; bit--) {
      const one = ((crc >> 15) & 1) ^ ((byte >> bit) & 1);
      crc = (crc << 1) & 0xffff;
      if (one === 1) crc ^= 0x1021;
    }
  }
  return Buffer.concat([head, bytes, Buffer.from([crc >> 8, crc & 0xff])]);
}
