// A device on the harness whose modem reads a card that is a real program, and the wires between the two.
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect } from 'vitest';
import { Board, MemoryStore, SerialLine, UartEvent } from '../../host/board/index.js';
import { Modem } from '../../host/modem/index.js';
import { Baseband } from '../../host/modem/baseband/index.js';
import { CardSlot, Terminal } from '../../host/sim/index.js';
import { scene } from '../world/demo-world.js';
import { APP, verified } from './modem-line.js';
import type { RealBoard } from './native.js';

const IAC = 0xff;
const BRK = 0xf3;

/** The card's end of the contacts by telnet's rules (RFC 854): a rise of RST is a break. */
export function wireCard({ line: { card } }: CardSlot, uart: Socket): void {
  card.open(372, 16);
  const toCard: number[] = [];
  card.activity = () => {
    if (card.takeEvents() & UartEvent.Reset) {
      card.open(372, 16);
      uart.write(Buffer.of(IAC, BRK));
    }
    for (const byte of card.read(256)) toCard.push(...(byte === IAC ? [IAC, IAC] : [byte]));
    uart.write(Buffer.from(toCard.splice(0)));
  };
  uart.on('data', (chunk: Buffer) => card.write(new Uint8Array(chunk)));
}

/**
 * The same over a plain line, which has no breaks: the card sends its ATR when it starts, before RST has risen, so the
 * characters wait for that.
 */
export function wirePlainCard({ line: { card } }: CardSlot, uart: Duplex, early: Buffer): void {
  card.open(372, 16);
  let released = false;
  let waiting = early;
  card.activity = () => {
    if (card.takeEvents() & UartEvent.Reset) {
      card.open(372, 16);
      released = true;
      card.write(new Uint8Array(waiting));
    }
    uart.write(Buffer.from(card.read(256)));
  };
  uart.on('data', (chunk: Buffer) => {
    if (released) card.write(new Uint8Array(chunk));
    else waiting = Buffer.concat([waiting, chunk]);
  });
}

/** A device on the harness whose modem reads the running card: attach, and a reading verified under its IMSI. */
export async function attachWith(running: RealBoard, wire: (slot: CardSlot) => void): Promise<void> {
  const s = await scene({ clock: 'real' });
  const { world } = s;
  const { clock } = world;
  const trace = world.trace.of('card-in-qemu');
  const random = world.random.fork('card-in-qemu');
  // The slowest clock that ISO 7816-3 allows: 40 ms from RST to the ATR, and no PPS, since a plain line has one speed.
  const slot = new CardSlot({ clock, trace, random, frequency: 1_000_000 });
  slot.insertChip({ powerOn: () => undefined, powerOff: () => undefined });
  wire(slot);
  const line = new SerialLine(clock);
  const modem = new Modem({
    clock,
    trace,
    serial: line.far,
    reader: new Terminal({ slot, clock, trace, pps: false }),
    radio: new Baseband({ clock, trace, random: random.fork('radio'), air: world.network.attachPoint('card-in-qemu') }),
    imei: '860000012345678',
  });
  const board = new Board({
    name: 'beam-telemetry',
    module: readFileSync(APP),
    clock,
    trace,
    random: random.fork('board'),
    store: new MemoryStore(),
    uarts: [line.near],
    sensors: { analog: () => 715 },
  });
  try {
    modem.powerOn();
    board.powerOn();
    const story = (): string => `${running.log}\n${JSON.stringify(s.events.slice(0, 60))}`;
    await verified(s, 1, 40_000, story);
    expect(s.of('verified')).toMatchObject([{ ok: true }]);
    const aka = s.of('aka');
    expect(aka.length).toBeGreaterThan(0);
    expect(aka.every(({ ok }) => ok)).toBe(true);
    expect(s.of('contact').filter(({ event }) => event === 'reset')).toHaveLength(1);
    expect(running.log).not.toMatch(/trap|watchdog|fault/);
  } finally {
    board.powerOff();
    modem.powerOff();
    await world.close();
  }
}
