// The shape that MILENAGE, TUAK and XOR have in common.

/** What hangs on RAND alone. */
export interface ChallengeOutput {
  /** f2: 8 bytes of MILENAGE, 4 to 32 of the others. */
  readonly res: Uint8Array;
  /** f3: 16 bytes, 32 if TUAK is set so. */
  readonly ck: Uint8Array;
  /** f4: 16 bytes, 32 if TUAK is set so. */
  readonly ik: Uint8Array;
  /** f5, 6 bytes. */
  readonly ak: Uint8Array;
  /** f5*, 6 bytes. */
  readonly akStar: Uint8Array;
}

/** TS 33.102 6.3: the functions for one subscriber. `rand` 16 bytes, `sqn` 6, `amf` 2. */
export interface AuthenticationFunctions {
  /** f1 and f1*, 8 bytes each. */
  f1(rand: Uint8Array, sqn: Uint8Array, amf: Uint8Array): { readonly macA: Uint8Array; readonly macS: Uint8Array };
  f2345(rand: Uint8Array): ChallengeOutput;
}
