import type { Secret } from '../secret.js';

/** What makes one SIM different from another. The card is personalised from it, and the HSS knows the same subscriber. */
export interface SimProfile {
  /** 6 to 15 digits. */
  readonly imsi: string;
  /** Digits of the network code in the IMSI: 2 or 3. */
  readonly mncLength: 2 | 3;
  /** 18 to 20 digits, the last one Luhn. */
  readonly iccid: string;
  /** 128-bit subscriber key. */
  readonly k: Secret;
  /** 128 bits; computed from `op` when the profile gives that. */
  readonly opc: Secret;
  /** 2 bytes; bit 8 of the first is the separation bit (8000 for EPS). */
  readonly amf: Uint8Array;
  /** 6 bytes: the home network's next SQN starts here; the card starts at its own `cardSqn`. */
  readonly sqn: Uint8Array;
  /** 6 bytes: highest SQN the card has seen (0 on a new card). */
  readonly cardSqn: Uint8Array;
  readonly pin1: { readonly value: Secret; readonly enabled: boolean };
  readonly puk1: Secret;
  readonly adm1: Secret;
  /** Service provider name, up to 16 characters. */
  readonly spn: string;
  /** Access control class bits (2 bytes). */
  readonly acc: Uint8Array;
  /** Digits, without +. */
  readonly msisdn: string;
  readonly simId: string;
}
