/**
 * What a board needs of whatever is wired to one of its UART ports: a serial line to a modem, the contacts of a card
 * slot. All calls are immediate; `activity` tells the board that a read or an event is worth a turn of the app.
 */
export interface UartDevice {
  /** Speed and `UartFormat`; false when the line cannot do it. */
  open(baud: number, format: number): boolean;
  /** Takes at most `max` received bytes. */
  read(max: number): Uint8Array;
  /** Hands bytes to the transmitter; returns how many it took. */
  write(bytes: Uint8Array): number;
  /** `UartEvent` bits since the last call. */
  takeEvents(): number;
  /** Set by the board; called whenever bytes or events have come in. */
  activity: (() => void) | undefined;
}
