// Handshake messages out of fragments that come in any order, overlap, or come twice (RFC 6347 4.2.3).
//
// A flight of the server's has at most three messages for this client (ServerHello, ServerKeyExchange, ServerHelloDone), so three slots:
// the message that is next and the two behind it. Their bytes lie in one arena, each followed by a bitmap of those that have come;
// the arena restarts when no message is under way. What was there first stays.

/** For a ServerHello with every extension we know, and a ServerKeyExchange whose hint has 128 bytes. */
export const ARENA_BYTES: i32 = 336;

const SLOTS: i32 = 3;


@unmanaged
class Slot {
  /** Of the whole message, -1 while the slot is free. */
  length: i32;
  type: i32;
  /** Bytes that have not come yet. */
  missing: i32;
  at: usize;
}


@unmanaged
export class Reassembly {
  /** message_seq of the first slot. */
  next: i32;
  private used: i32;
  @bytes(SLOTS * offsetof<Slot>(), 4) private slots: usize;

  /** 0: the next message. */
  @inline
  private slot(index: i32): Slot {
    return changetype<Slot>(this.slots + index * offsetof<Slot>());
  }

  /** Free for the session's use while no message is under way. */
  @bytes(ARENA_BYTES) arena: usize;

  /** True when the next message is complete. */
  get ready(): bool {
    const slot = this.slot(0);
    return slot.length >= 0 && slot.missing == 0;
  }

  get type(): i32 {
    return this.slot(0).type;
  }

  get body(): usize {
    return this.slot(0).at;
  }

  get length(): i32 {
    return this.slot(0).length;
  }

  /** Forgets all fragments; the next message is `next`. */
  reset(next: i32): void {
    this.next = next;
    this.used = 0;
    for (let i = 0; i < SLOTS; i++) this.slot(i).length = -1;
  }

  /**
   * Takes fragment ptr..ptr+len, which starts at `offset` of a message of `length` bytes (offset + len <= length). Returns false for
   * one that is too far ahead, or too long; of the next message only for one that can never be taken.
   */
  take(sequence: i32, type: i32, length: i32, offset: i32, ptr: usize, len: i32): bool {
    const index = sequence - this.next;
    if (index < 0 || index >= SLOTS) return false;
    const slot = this.slot(index);
    // The same message with another head: one of them is forged. The later one is believed, for the server will send its own again.
    if (slot.length >= 0 && (slot.length != length || slot.type != type)) this.reset(this.next);
    if (slot.length < 0) {
      const need = length + ((length + 7) >> 3);
      if (index == 0 && need > ARENA_BYTES - this.used) this.reset(this.next);
      if (need > ARENA_BYTES - this.used) return false;
      slot.length = slot.missing = length;
      slot.type = type;
      slot.at = this.arena + this.used;
      this.used += need;
      memory.fill(slot.at + length, 0, need - length);
    }
    for (let i = 0; i < len; i++) {
      const at = offset + i;
      const bits = slot.at + length + (at >> 3);
      const bit = 1 << (at & 7);
      if (load<u8>(bits) & bit) continue;
      store<u8>(bits, load<u8>(bits) | bit);
      store<u8>(slot.at + at, load<u8>(ptr + i));
      slot.missing--;
    }
    return true;
  }

  /** Goes on to the message after the next. */
  advance(): void {
    this.next++;
    memory.copy(changetype<usize>(this.slot(0)), changetype<usize>(this.slot(1)), (SLOTS - 1) * offsetof<Slot>());
    this.slot(SLOTS - 1).length = -1;
    for (let i = 0; i < SLOTS; i++) if (this.slot(i).length >= 0) return;
    this.used = 0;
  }
}
