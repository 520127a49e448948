// Quectel BG96. It tells of its start by RDY alone.

import { SerialModem } from "../serial";
import { NoTls } from "./sockets";
import { QuectelDriver } from "./driver";
import { QuectelTls } from "./tls";


@unmanaged
export class Bg96Module {

  @inline
  get tellsAppReady(): bool {
    return false;
  }
}

/** The modem with TCP and UDP sockets; `A` is the access point. Place with `place`, then `begin`. */
export type Bg96<A> = SerialModem<QuectelDriver<Bg96Module, A, NoTls>>;

/** The same with TLS sockets besides. */
export type Bg96Tls<A> = SerialModem<QuectelDriver<Bg96Module, A, QuectelTls>>;
