// The BG95 driver with TLS sockets besides TCP and UDP (quectel-tls.ts).

import { BG95_SIZE, Bg95Driver } from "./bg95";
import { QuectelTls } from "./quectel-tls";

/** Place with `memory.data(BG95_TLS_SIZE, 8)`, then `begin`. */
export type Bg95Tls = Bg95Driver<QuectelTls>;

export const BG95_TLS_SIZE: i32 = BG95_SIZE + <i32>((offsetof<QuectelTls>() + 7) & ~7);
