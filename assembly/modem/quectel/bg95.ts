// Quectel BG95.

import { NoTls } from "./sockets";
import { QUECTEL_DRIVER_SIZE, QuectelDriver } from "./driver";
import { QuectelTls } from "./tls";


@unmanaged
export class Bg95Module {

  @inline
  get tellsAppReady(): bool {
    return true;
  }
}

/** The driver with TCP and UDP sockets; `A` is the access point. Place with `memory.data(BG95_SIZE, 8)`, then `begin`. */
export type Bg95<A> = QuectelDriver<Bg95Module, A, NoTls>;

export const BG95_SIZE: i32 = QUECTEL_DRIVER_SIZE;

/** The same with TLS sockets besides. Place with `memory.data(BG95_TLS_SIZE, 8)`, then `begin`. */
export type Bg95Tls<A> = QuectelDriver<Bg95Module, A, QuectelTls>;

export const BG95_TLS_SIZE: i32 = BG95_SIZE + <i32>((offsetof<QuectelTls>() + 7) & ~7);
