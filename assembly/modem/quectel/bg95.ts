// Quectel BG95.

import { NoTls } from "./sockets";
import { QuectelDriver } from "./driver";
import { QuectelTls } from "./tls";


@unmanaged
export class Bg95Module {

  @inline
  get tellsAppReady(): bool {
    return true;
  }
}

/** The driver with TCP and UDP sockets; `A` is the access point. Place with `place`, then `begin`. */
export type Bg95<A> = QuectelDriver<Bg95Module, A, NoTls>;

/** The same with TLS sockets besides. Place with `place`, then `begin`. */
export type Bg95Tls<A> = QuectelDriver<Bg95Module, A, QuectelTls>;
