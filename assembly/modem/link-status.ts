// What a modem's lines say of SIM, registration and context: +CPIN and +CEREG (TS 27.007), +QIACT (BG95 TCP/IP Application Note).

import { Fields, equals, startsWith } from "../util/text";

/** Place with the driver. */
@unmanaged
export class LinkStatus {
  sawSim: bool;
  /** A context is active that was there before this device asked for one. */
  active: bool;
  /** TS 27.007 <stat> of +CEREG. */
  stat: i32;
  /** The network has refused the registration, for `cause` (EMM; 0 unknown). The owner clears it. */
  rejected: bool;
  cause: i32;

  get isRegistered(): bool {
    return this.stat == 1 || this.stat == 5;
  }

  /** True when the line was one of these; `info`: it answers the command that runs. */
  line(ptr: usize, len: i32, info: bool, fields: Fields): bool {
    if (startsWith(ptr, len, "+CEREG:")) this.registration(fields.on(ptr, len, 7));
    else if (startsWith(ptr, len, "+CPIN:")) this.sawSim = equals(ptr, len, "+CPIN: READY");
    else if (info && startsWith(ptr, len, "+QIACT:")) this.context(fields.on(ptr, len, 7));
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

  /** `+QIACT: ctx,state,type,"ip"`. */
  private context(fields: Fields): void {
    if (fields.num() == 1 && fields.num() == 1) this.active = true;
  }
}
