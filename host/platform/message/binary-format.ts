// SORACOM Binary Format v1: frames that keep messages apart on a TCP connection, however TCP splits and merges them.
//
//   0..1     length n of the body, 1 to 65535, big-endian
//   2..n+1   body
//   n+2..n+3 CRC-16/CCITT-FALSE of all before it, big-endian

import { Collector } from '../collector.js';

const LENGTH_BYTES = 2;
const CRC_BYTES = 2;

/** What no reader can get over: the frames behind it cannot be found. The text goes to the device. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FrameError';
  }
}

/** Takes bytes as they come and gives the frames' bodies. Holds one frame at most. */
export class FrameReader {
  readonly #held = new Collector();
  /** Bytes of the frame under way, known after its first two. */
  #wanted = LENGTH_BYTES;

  /** Nothing of a frame is there. */
  get idle(): boolean {
    return this.#held.length === 0;
  }

  /** The bodies that these bytes complete, one by one. Throws FrameError; nothing can be read after that. */
  *take(bytes: Buffer): Generator<Buffer, void, undefined> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.#wanted - this.#held.length);
      this.#held.add(part);
      at += part.length;
      if (this.#held.length < this.#wanted) return;
      if (this.#wanted === LENGTH_BYTES) {
        this.#wanted += lengthOf(this.#held.bytes) + CRC_BYTES;
        continue;
      }
      const frame = this.#held.bytes;
      this.#held.clear();
      this.#wanted = LENGTH_BYTES;
      yield bodyOf(frame);
    }
  }
}

function lengthOf(frame: Buffer): number {
  const length = frame.readUInt16BE();
  if (length === 0) throw new FrameError('Binary Format v1: a frame without a body');
  return length;
}

function bodyOf(frame: Buffer): Buffer {
  const end = frame.length - CRC_BYTES;
  if (crc16(frame.subarray(0, end)) !== frame.readUInt16BE(end)) {
    throw new FrameError('Binary Format v1: the CRC does not match');
  }
  return frame.subarray(LENGTH_BYTES, end);
}

/** Polynomial 0x1021, initial value 0xffff, nothing reflected, no final XOR. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ byte] ?? 0);
  return crc;
}

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});
