/** Why a card did not answer. */
export type CardFault = 'no-card' | 'mute' | 'timeout' | 'protocol';

export class CardError extends Error {
  constructor(
    readonly code: CardFault,
    message: string,
  ) {
    super(message);
    this.name = 'CardError';
  }
}

/** What a modem (or a person's tool) can do with a card slot. Nothing else of the card is visible to it. */
export interface CardReader {
  /** Cold reset; resolves to the ATR. Rejects with CardError when the slot is empty or the card is mute. */
  powerOn(): Promise<Uint8Array>;
  powerOff(): void;
  /** Warm reset; resolves to the ATR. */
  reset(): Promise<Uint8Array>;
  /**
   * One command at the T=0 interface: `CLA INS P1 P2 P3 [data]` in, `[data] SW1 SW2` out, just as the card said it
   * (61xx and 6Cxx are not followed). Commands queue: a second call waits for the first.
   */
  transmit(command: Uint8Array): Promise<Uint8Array>;
}

/** An answer taken apart. */
export interface CardAnswer {
  readonly data: Uint8Array;
  /** SW1 << 8 | SW2. */
  readonly sw: number;
}

/**
 * `transmit`, with what T=0 leaves to the terminal done: 61xx fetched by GET RESPONSE on the same channel, 6Cxx
 * repeated with the right length. ISO 7816-3 12.2.
 */
export async function exchange(reader: CardReader, command: Uint8Array): Promise<CardAnswer> {
  const parts: Uint8Array[] = [];
  let next = command;
  for (;;) {
    const answer = await reader.transmit(next);
    const sw1 = answer[answer.length - 2] ?? 0;
    const sw2 = answer[answer.length - 1] ?? 0;
    parts.push(answer.subarray(0, -2));
    if (sw1 === 0x61) {
      next = Uint8Array.of((command[0] ?? 0) & 0x83, 0xc0, 0, 0, sw2);
    } else if (sw1 === 0x6c && next[4] !== sw2) {
      next = Uint8Array.from(next.subarray(0, 5));
      next[4] = sw2;
    } else {
      return { data: new Uint8Array(Buffer.concat(parts)), sw: (sw1 << 8) | sw2 };
    }
  }
}
