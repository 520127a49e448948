import { UartFormat } from '../board/abi.js';
import type { SerialLine } from '../board/serial.js';
import type { CharacterEnd } from '../serial-server.js';
import type { Modem } from './modem.js';

/**
 * A modem's serial line for a program outside. Opening the line, and every byte on it, is the power key; the modem keeps
 * running, and keeps its session, while nobody has the line open.
 */
export class ModemEnd implements CharacterEnd {
  output: ((bytes: Uint8Array) => void) | undefined;
  readonly #modem: Modem;
  readonly #line: SerialLine;

  constructor(modem: Modem, line: SerialLine) {
    this.#modem = modem;
    this.#line = line;
    line.near.received = (bytes) => this.output?.(bytes);
  }

  input(bytes: Uint8Array): void {
    this.#modem.powerOn();
    // No speed comes with the bytes: they are sent at the one that the modem listens at.
    this.#line.near.open(this.#line.far.baud, UartFormat.N81);
    this.#line.near.send(bytes);
  }

  powerOn(): void {
    this.#modem.powerOn();
  }

  powerOff(): void {
    // A closed line does not switch a modem off.
  }
}
