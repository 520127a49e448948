// Quectel BG95.

import { SerialModem } from "../serial";
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

/** The driver without its UART; `A` is the access point, `T` is NoTls or QuectelTls. */
export type Bg95Driver<A, T> = QuectelDriver<Bg95Module, A, T>;

/** The modem with TCP and UDP sockets; `A` is the access point. Place with `place`, then `begin`. */
export type Bg95<A> = SerialModem<Bg95Driver<A, NoTls>>;

/** The same with TLS sockets besides. */
export type Bg95Tls<A> = SerialModem<Bg95Driver<A, QuectelTls>>;
