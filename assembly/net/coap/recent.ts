// Messages of the peer that came of late, with what was answered: a duplicate is answered again, not carried out again.
// RFC 7252 4.5. The last ENTRIES are known by message ID and content (a peer that has restarted may use an ID again for something
// else); their answers lie in a ring of BYTES, in which the newest overwrite the oldest.

const ENTRIES: u32 = 16;
const BYTES: i32 = 2_048;


@unmanaged
class Entry {
  expires: i64;
  mid: u32;
  hash: u32;
  at: i32;
  /** 0: nothing to answer, or overwritten since. */
  length: i32;
}


@unmanaged
export class Recent {
  private count: u32;
  private head: i32;
  @bytes(ENTRIES * offsetof<Entry>(), 8) private entries: usize;

  private entry(i: u32): Entry {
    return changetype<Entry>(this.entries + <usize>(i % ENTRIES) * offsetof<Entry>());
  }
  @bytes(BYTES) private ring: usize;

  clear(): void {
    this.count = 0;
    this.head = 0;
  }

  /**
   * Finds the message in ptr..ptr+len with that ID: -1 when it is new, else the length of its answer, which is copied to `into`.
   * 0: no answer is known.
   */
  find(now: i64, mid: u32, ptr: usize, len: i32, into: usize): i32 {
    const hash = hashOf(ptr, len);
    for (let i: u32 = 1; i <= min(this.count, ENTRIES); i++) {
      const entry = this.entry(this.count - i);
      if (entry.mid != mid || entry.hash != hash || now >= entry.expires) continue;
      memory.copy(into, this.ring + entry.at, entry.length);
      return entry.length;
    }
    return -1;
  }

  add(now: i64, mid: u32, ptr: usize, len: i32, lifetime: i32): void {
    const entry = this.entry(this.count++);
    // The index stays right however long the device runs.
    if (this.count == 4 * ENTRIES) this.count = 2 * ENTRIES;
    entry.mid = mid;
    entry.hash = hashOf(ptr, len);
    entry.expires = now + lifetime;
    entry.length = 0;
  }

  /** What was answered to the message with that ID. */
  answered(mid: u32, ptr: usize, len: i32): void {
    for (let i: u32 = 1; i <= min(this.count, ENTRIES); i++) {
      const entry = this.entry(this.count - i);
      if (entry.mid != mid) continue;
      this.place(len);
      entry.at = this.head;
      entry.length = len;
      memory.copy(this.ring + this.head, ptr, len);
      this.head += len;
      return;
    }
  }

  /** Makes room for `len` bytes (at most a datagram) at the head. */
  private place(len: i32): void {
    if (this.head + len > BYTES) this.head = 0;
    for (let i: u32 = 0; i < ENTRIES; i++) {
      const entry = this.entry(i);
      if (entry.at < this.head + len && entry.at + entry.length > this.head) entry.length = 0;
    }
  }
}

/** FNV-1a. */
export function hashOf(ptr: usize, len: i32): u32 {
  let hash: u32 = 2166136261;
  for (let i = 0; i < len; i++) hash = (hash ^ load<u8>(ptr + i)) * 16777619;
  return hash;
}
