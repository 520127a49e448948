// The emulated modem, its SIM, the network and the customer, on the real clock, for a board that is a real program.
import type { Duplex } from 'node:stream';
import { readFileSync } from 'node:fs';
import type { Device } from '../../host/index.js';
import { type Scene, scene } from '../world/demo-world.js';
import { eventually } from '../until.js';

export const APP = 'build/release/beam-telemetry.wasm';
/** What `akari build` says that it needs, rounded up: the very memory that its budget allows. */
export const APP_MEMORY = 32 * 1024;

/** A world whose device has no board: its modem waits for a stream. */
export async function modemWorld(): Promise<Scene> {
  const s = await scene({ clock: 'real', app: new Uint8Array(readFileSync(APP)) });
  s.device.modem.powerOn();
  return s;
}

/** Wires the modem's UART to a stream, in place of the one before. Characters keep their timing on the modem's side. */
export function join({ line }: Device, uart: Duplex): void {
  line.near.received = (bytes) => {
    if (uart.writable) uart.write(bytes);
  };
  uart.on('data', (chunk: Buffer) => line.near.send(new Uint8Array(chunk)));
}

/** Waits until the customer has verified this many messages. */
export const verified = (s: Scene, count: number, ms: number, log: () => string): Promise<true> =>
  eventually(
    () => `${count} verified messages (log: ${log()})`,
    ms,
    () => s.customer.messages.length >= count || undefined,
  );
