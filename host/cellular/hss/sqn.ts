// Sequence numbers of the home network: SQN = SEQ (48 - n bits) | IND (n bits). TS 33.102 annex C.1.

/** Bits of IND unless the operator has chosen others (C.3.2). */
const IND_BITS = 5;
const MASK_48 = (1n << 48n) - 1n;

/** The SQN after `last` for the asking node's `ind`: SEQ one higher, IND replaced. All values 6 bytes big-endian. */
export function nextSqn(last: Uint8Array, ind: number, indBits = IND_BITS): Uint8Array {
  return withInd(fromBigInt((toBigInt(last) + (1n << BigInt(indBits))) & MASK_48), ind, indBits);
}

/** SEQ of `sqn` with another IND: nodes beyond the range of IND share its values. */
export function withInd(sqn: Uint8Array, ind: number, indBits = IND_BITS): Uint8Array {
  const seq = (toBigInt(sqn) >> BigInt(indBits)) << BigInt(indBits);
  return fromBigInt(seq | BigInt(ind % 2 ** indBits));
}

/** SEQ of an SQN. */
export const seqOf = (sqn: Uint8Array, indBits = IND_BITS): bigint => toBigInt(sqn) >> BigInt(indBits);

function toBigInt(sqn: Uint8Array): bigint {
  return sqn.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function fromBigInt(value: bigint): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, value);
  return out.slice(2);
}
