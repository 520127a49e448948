// Logical channels. ISO 7816-4 5.4.1, TS 102 221 8.7 and 10.1.1: what is selected belongs to a channel, what was
// verified belongs to the card.

import { MF, NO_FILE } from "./files/tree";

/** All that CLA can name: the basic channel, three more in its low two bits, sixteen more in its low nibble. */
export const CHANNELS: i32 = 20;


@unmanaged
export class Channel {
  open: bool;
  /** Current DF (or ADF, MF). */
  df: i32;
  /** Current EF or NO_FILE. */
  ef: i32;
  /** Record pointer, 1-based; 0 when it points nowhere. */
  record: i32;
  /** ADF of the active application or NO_FILE. */
  application: i32;
}

const channels: usize = memory.data(<i32>offsetof<Channel>() * CHANNELS, 4);

export function channel(number: i32): Channel {
  return changetype<Channel>(channels + number * offsetof<Channel>());
}

/** Opens a channel: MF current, no application. */
export function channelOpen(number: i32): void {
  const c = channel(number);
  c.open = true;
  c.df = MF;
  c.ef = NO_FILE;
  c.record = 0;
  c.application = NO_FILE;
}

/** State after reset: the basic channel alone. */
export function channelsReset(): void {
  for (let number = 1; number < CHANNELS; number++) channel(number).open = false;
  channelOpen(0);
}

/** A closed channel's number, 1 or more; 0 when all are open. */
export function channelFree(): i32 {
  for (let number = 1; number < CHANNELS; number++) {
    if (!channel(number).open) return number;
  }
  return 0;
}
