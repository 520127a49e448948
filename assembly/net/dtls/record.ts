// Protection of records in epoch 1 (RFC 5246 6.2.3.3, RFC 6655, RFC 9146 5): nonce and additional data, and the window of sequence numbers.

import { wipe } from "../../crypto/constant-time";
import { ContentType, EXPLICIT_NONCE, PEER_CID_MAX, RECORD_EPOCH, RECORD_HEAD } from "./fields";

/** Of the implicit part of a nonce. */
const SALT_BYTES: i32 = 4;
const NONCE: usize = memory.data(SALT_BYTES + EXPLICIT_NONCE, 4);
/** What stands in front of a record's head in the additional data with a connection ID: ff * 8, 25, its length. */
const CID_LEAD: i32 = 10;
const AAD: usize = memory.data(CID_LEAD + RECORD_HEAD + PEER_CID_MAX + 2, 8);

/** Writes the additional data of the record at `record`, whose content has `len` bytes. `cidLen`: of a record of type 25. */
function additionalData(record: usize, cidLen: i32, len: i32): i32 {
  let at: i32;
  if (load<u8>(record) == <u8>ContentType.ConnectionId) {
    store<u64>(AAD, u64.MAX_VALUE);
    store<u8>(AAD, <u8>ContentType.ConnectionId, 8);
    store<u8>(AAD, cidLen, 9);
    at = CID_LEAD + RECORD_HEAD + cidLen;
    memory.copy(AAD + CID_LEAD, record, RECORD_HEAD + cidLen);
  } else {
    memory.copy(AAD, record + RECORD_EPOCH, 8);
    memory.copy(AAD + 8, record, RECORD_EPOCH);
    at = RECORD_HEAD;
  }
  store<u16>(AAD + at, bswap(<u16>len));
  return at + 2;
}

/**
 * Encrypts the content of `len` bytes that stands behind the explicit nonce at `body`, or decrypts it (`opening`), by `suite`. The head of
 * the record stands at `record`. Returns 1; 0 when the tag is wrong.
 */
export function protect<S>(
  opening: bool,
  suite: i32,
  key: usize,
  salt: usize,
  record: usize,
  cidLen: i32,
  body: usize,
  len: i32,
): i32 {
  store<u32>(NONCE, load<u32>(salt));
  store<u64>(NONCE, load<u64>(body), SALT_BYTES);
  const aadLen = additionalData(record, cidLen, len);
  const data = body + EXPLICIT_NONCE;
  let good = 1;
  if (opening) good = changetype<S>(<usize>0).open(suite, key, NONCE, AAD, aadLen, data, len);
  else changetype<S>(<usize>0).seal(suite, key, NONCE, AAD, aadLen, data, len);
  wipe(NONCE, SALT_BYTES);
  return good;
}

/** Sequence numbers that have come: the highest, and a bit for each of the 64 up to it (RFC 6347 4.1.2.6). All zero: none. */
@unmanaged
export class ReplayWindow {
  private highest: u64;
  private bits: u64;

  reset(): void {
    this.bits = 0;
  }

  /** True for a number that has come, or is too old to tell. */
  has(sequence: u64): bool {
    if (this.bits == 0 || sequence > this.highest) return false;
    const age = this.highest - sequence;
    return age >= 64 || ((this.bits >> age) & 1) != 0;
  }

  /** Notes a number that was not there, once its record is known to be the peer's. */
  add(sequence: u64): void {
    if (this.bits == 0 || sequence > this.highest) {
      const step = sequence - this.highest;
      this.bits = this.bits == 0 || step >= 64 ? 1 : (this.bits << step) | 1;
      this.highest = sequence;
    } else {
      this.bits |= (<u64>1) << (this.highest - sequence);
    }
  }
}
