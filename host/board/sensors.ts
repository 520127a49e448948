/** What is soldered to a board besides its serial lines. A missing pin, channel or bus answers Invalid. */
export interface Sensors {
  /** Millivolts on an analogue channel. */
  analog?(channel: number): number | undefined;
  readPin?(pin: number): 0 | 1 | undefined;
  /** False: no such pin. */
  writePin?(pin: number, level: 0 | 1): boolean;
  /** Bytes read (at most `readMax`), or undefined when nobody acknowledges the address. */
  i2c?(bus: number, address: number, written: Uint8Array, readMax: number): Uint8Array | undefined;
}
