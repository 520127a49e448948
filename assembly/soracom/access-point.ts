// SORACOM's access point: the same for all SIMs.

import { Ascii } from "../util/ascii";


@unmanaged
export class Soracom {

  @inline
  get apn(): Ascii {
    return "soracom.io";
  }


  @inline
  get user(): Ascii {
    return "sora";
  }


  @inline
  get password(): Ascii {
    return "sora";
  }
}
