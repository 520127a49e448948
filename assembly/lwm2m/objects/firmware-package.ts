// A firmware package: a header of 128 bytes and the image, as a server pushes it or the device fetches it.
//
//   0    4   "AkFw"
//   4    1   1, the form of this header; three bytes of zero
//   8    4   bytes of the image, big-endian; four bytes of zero
//   16   24  name of the package, ASCII, filled up with zeros
//   40   24  version that the image, once it runs, says that it is; the same way
//   64   32  SHA-256 of bytes 0..64 and of the image
//   96   32  zeros
//
// It is taken piece by piece: header and digest are looked at, the image goes to the flash in order, in multiples of 64 bytes but for the
// end. `B`, the flash, is what firmware.ts says.

import { Status } from "../../board/index";
import { SHA256_BYTES, SHA256_CONTEXT_BYTES, sha256Final, sha256Init, sha256Update } from "../../crypto/sha256";

export const HEADER_BYTES: i32 = 128;
const UNIT: i32 = 64;
/** "AkFw", form 1. */
const MAGIC: u64 = 0x0000000177466b41;
const LENGTH: usize = 8;
const NAME: usize = 16;
const VERSION: usize = 40;
const DIGEST: usize = 64;
const TEXT_MAX: i32 = 24;

const digest = memory.data(SHA256_BYTES, 8);

/** The header's fields, in ptr..ptr+128 that have been checked. */
export function imageLength(header: usize): i32 {
  return <i32>bswap(load<u32>(header, LENGTH));
}

export function packageName(header: usize): usize {
  return header + NAME;
}

export function packageVersion(header: usize): usize {
  return header + VERSION;
}

/** Bytes of a text that is filled up with zeros. */
export function textLength(text: usize): i32 {
  let n = 0;
  while (n < TEXT_MAX && load<u8>(text + n) != 0) n++;
  return n;
}

function isText(text: usize): bool {
  const n = textLength(text);
  for (let i = 0; i < TEXT_MAX; i++) {
    const c = load<u8>(text + i);
    if (i < n ? c < 0x20 || c > 0x7e : c != 0) return false;
  }
  return n > 0;
}

/** Whether ptr..ptr+128 is a header of a package that can be taken. */
export function isHeader(header: usize): bool {
  return load<u64>(header) == MAGIC && imageLength(header) > 0 && isText(header + NAME) && isText(header + VERSION);
}

/** Place with `place`. */
@unmanaged
export class PackageReader<B> {
  /** Bytes of the package that have come. */
  received: i32;
  private flash: B;
  /** Bytes of the image in the flash. */
  private written: i32;
  @bytes(HEADER_BYTES, 8) header: usize;
  @bytes(SHA256_CONTEXT_BYTES, 8) private context: usize;
  @bytes(UNIT) private tail: usize;

  begin(flash: B): void {
    this.flash = flash;
    this.received = 0;
    this.written = 0;
  }

  /**
   * Goes on where a reader before has been: `state` is what `checkpoint` gave when it had `received` bytes; the header is at `header`. False:
   * that cannot be.
   */
  resume(flash: B, header: usize, received: i32, state: usize): bool {
    this.begin(flash);
    if (received < HEADER_BYTES || received % UNIT != 0 || !isHeader(header)) return false;
    if (received - HEADER_BYTES > imageLength(header)) return false;
    memory.copy(this.header, header, HEADER_BYTES);
    this.received = received;
    this.written = received - HEADER_BYTES;
    sha256Init(this.context);
    memory.copy(this.context, state, SHA256_BYTES);
    store<u64>(this.context + SHA256_BYTES, <u64>(DIGEST + this.written));
    return true;
  }

  /** Where a reader can go on later, if it has a whole number of units: copies the state to `state`..+32. */
  checkpoint(state: usize): bool {
    if (this.received < HEADER_BYTES || this.received % UNIT != 0) return false;
    memory.copy(state, this.context, SHA256_BYTES);
    return true;
  }

  /**
   * Takes the next ptr..ptr+len. Ok; Unsupported: no package; TooLong: more than the header says; what the flash says (NoSpace, Io, Invalid).
   */
  take(ptr: usize, len: i32): i32 {
    while (len > 0) {
      let n: i32;
      if (this.received < HEADER_BYTES) {
        n = min(len, HEADER_BYTES - this.received);
        memory.copy(this.header + this.received, ptr, n);
        if (this.received + n == HEADER_BYTES) {
          if (!isHeader(this.header)) return Status.Unsupported;
          sha256Init(this.context);
          sha256Update(this.context, this.header, <i32>DIGEST);
        }
      } else {
        if (len > imageLength(this.header) - (this.received - HEADER_BYTES)) return Status.TooLong;
        const filled = this.received % UNIT;
        let status: i32 = Status.Ok;
        if (filled > 0 || len < UNIT) {
          n = min(UNIT - filled, len);
          memory.copy(this.tail + filled, ptr, n);
          if (filled + n == UNIT) status = this.put(this.tail, UNIT);
        } else {
          n = len & ~(UNIT - 1);
          status = this.put(ptr, n);
        }
        if (status != Status.Ok) return status;
      }
      this.received += n;
      ptr += n;
      len -= n;
    }
    return Status.Ok;
  }

  private put(ptr: usize, len: i32): i32 {
    const status = this.flash.write(this.written, ptr, len);
    if (status != Status.Ok) return status;
    sha256Update(this.context, ptr, len);
    this.written += len;
    return Status.Ok;
  }

  /** All of it has come: Ok when it is what the header says; Short, Malformed, or what the flash says. */
  finish(): i32 {
    if (this.received < HEADER_BYTES || this.received != HEADER_BYTES + imageLength(this.header)) return Status.Short;
    const rest = this.received % UNIT;
    if (rest > 0) {
      const status = this.put(this.tail, rest);
      if (status != Status.Ok) return status;
    }
    sha256Final(this.context, digest);
    return memory.compare(digest, this.header + DIGEST, SHA256_BYTES) == 0 ? Status.Ok : Status.Malformed;
  }
}
