// Sequence numbers of the home network: SQN = SEQ (43 bits) | IND (5 bits). TS 33.102 annex C.1.

const IND_BITS = 5n;
const MASK_48 = (1n << 48n) - 1n;

/** How many values IND has: one slot of the card's array each. */
export const IND_COUNT = 1 << Number(IND_BITS);

/** The SQN after `last` for the asking node's `ind`: SEQ one higher, IND replaced. All values 6 bytes big-endian. */
export function nextSqn(last: Uint8Array, ind: number): Uint8Array {
  return withInd(fromBigInt((toBigInt(last) + (1n << IND_BITS)) & MASK_48), ind);
}

/** SEQ of `sqn` with another IND. */
export function withInd(sqn: Uint8Array, ind: number): Uint8Array {
  return fromBigInt(((toBigInt(sqn) >> IND_BITS) << IND_BITS) | BigInt(ind % IND_COUNT));
}

function toBigInt(sqn: Uint8Array): bigint {
  return sqn.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function fromBigInt(value: bigint): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, value);
  return out.slice(2);
}
