// What a modem's lines say of SIM and registration, TS 27.007: +CPIN and +CEREG.

import { Fields, equals, startsWith } from "../util/text";

/** Place with the driver. */
@unmanaged
export class Registration {
  sawSim: bool;
  /** The network has refused the registration, for `cause` (EMM; 0 unknown). The owner clears it. */
  rejected: bool;
  /** <stat> of +CEREG. */
  stat: i32;
  cause: i32;

  get isRegistered(): bool {
    return this.stat == 1 || this.stat == 5;
  }

  /** True when the line was one of these. */
  line(ptr: usize, len: i32, fields: Fields): bool {
    if (startsWith(ptr, len, "+CEREG:")) this.registration(fields.on(ptr, len, 7));
    else if (startsWith(ptr, len, "+CPIN:")) this.sawSim = equals(ptr, len, "+CPIN: READY");
    else return false;
    return true;
  }

  /** `+CEREG: stat[,"tac",..]` by itself, `+CEREG: n,stat[,..]` when asked for: the second is a bare number only then. */
  private registration(fields: Fields): void {
    let stat = fields.num();
    const second = fields.num();
    if (second >= 0) stat = second;
    if (stat < 0) return;
    this.stat = stat;
    // tac, ci, AcT, cause_type, cause
    if (stat == 3) {
      for (let i = 0; i < 4; i++) fields.skip();
      this.cause = max(0, fields.num());
      this.rejected = true;
    }
  }
}
