// The test algorithm of test USIMs (TS 34.108 8.1.2): it proves messages, not secrets.

import { concat, xor } from '../../bytes.js';
import type { Secret } from '../../secret.js';
import type { AuthenticationFunctions, ChallengeOutput } from './functions.js';

export class Xor implements AuthenticationFunctions {
  readonly #k: Uint8Array;
  readonly #resBytes: number;

  /** `k` is 16 bytes; `resBytes` 4 to 16. */
  constructor(k: Secret, resBytes: number) {
    this.#k = k.reveal();
    this.#resBytes = resBytes;
  }

  /** MAC = XDOUT[0..63] xor CDOUT, CDOUT = SQN | AMF. */
  f1(rand: Uint8Array, sqn: Uint8Array, amf: Uint8Array): { readonly macA: Uint8Array; readonly macS: Uint8Array } {
    const mac = xor(xor(this.#k, rand).subarray(0, 8), concat(sqn, amf));
    return { macA: mac, macS: mac };
  }

  /** Of XDOUT = K xor RAND: RES its head, CK and IK it turned by one and two bytes, AK its bytes 3 to 8. */
  f2345(rand: Uint8Array): ChallengeOutput {
    const xdout = xor(this.#k, rand);
    const turned = (by: number): Uint8Array => concat(xdout.subarray(by), xdout.subarray(0, by));
    const ak = xdout.slice(3, 9);
    return { res: xdout.slice(0, this.#resBytes), ck: turned(1), ik: turned(2), ak, akStar: ak };
  }
}
