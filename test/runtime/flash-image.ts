// A store as the flash of the qemu-rv32 port holds it (runtime/port/qemu-rv32/store.c), for boards with something in it.
import { crc32 } from 'node:zlib';

const IMAGE_BYTES = 32 << 20;
const ERASED = 0xff;
const MARK = 'AKSL';

/** One sector of records, newest last. */
export function flashImage(values: Iterable<readonly [number, Uint8Array]>): Buffer {
  const image = Buffer.alloc(IMAGE_BYTES, ERASED);
  image.write(MARK, 0, 'latin1');
  image.writeUInt32LE(1, 4);
  let at = 8;
  for (const [key, value] of values) {
    const record = Buffer.alloc(8 + ((value.length + 3) & ~3));
    record.writeUInt16LE(value.length, 0);
    record.writeUInt16LE(~value.length & 0xffff, 2);
    record.writeUInt32LE(key >>> 0, 4);
    record.set(value, 8);
    record.copy(image, at);
    // The port's CRC is zlib's without the last complement.
    image.writeUInt32LE(~crc32(record) >>> 0, at + record.length);
    at += record.length + 4;
  }
  return image;
}
