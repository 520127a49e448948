// The SIM card's binary as firmware of a RISC-V core is the card of the emulated modem: T=0 over its UART.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join as path } from 'node:path';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { Board, MemoryStore, SerialLine, UartEvent } from '../../host/board/index.js';
import { Modem } from '../../host/modem/index.js';
import { Baseband } from '../../host/modem/baseband/index.js';
import { CardSlot, Terminal, personalise } from '../../host/sim/index.js';
import { PROFILE, type Scene, scene } from '../world/demo-world.js';
import { APP, verified } from './modem-line.js';
import { flashImage } from './flash-image.js';
import { CARD, CARD_MEMORY, cutCard, personaliseFolder } from './card-cuts.js';
import { RealBoard, build, scratch } from './native.js';

const IAC = 0xff;
const BRK = 0xf3;

/** The card's end of the contacts by telnet's rules (RFC 854): a rise of RST is a break. */
function wireCard({ line: { card } }: CardSlot, uart: Socket): void {
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
function wirePlainCard({ line: { card } }: CardSlot, uart: Duplex, early: Buffer): void {
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

let chip: RealBoard | undefined;
let s: Scene | undefined;
let off: (() => void) | undefined;
afterEach(async () => {
  off?.();
  await chip?.kill();
  await s?.world.close();
});

/** A device on the harness whose modem reads the running card: attach, and a reading verified under its IMSI. */
async function attachWith(running: RealBoard, wire: (slot: CardSlot) => void): Promise<void> {
  const { world, ...rest } = (s = await scene({ clock: 'real' }));
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
  off = () => {
    board.powerOff();
    modem.powerOff();
  };
  modem.powerOn();
  board.powerOn();
  const story = (): string => `${running.log}\n${JSON.stringify(rest.events.slice(0, 60))}`;
  await verified(s, 1, 40_000, story);
  expect(s.of('verified')).toMatchObject([{ ok: true }]);
  const aka = s.of('aka');
  expect(aka.length).toBeGreaterThan(0);
  expect(aka.every(({ ok }) => ok)).toBe(true);
  expect(s.of('contact').filter(({ event }) => event === 'reset')).toHaveLength(1);
  expect(running.log).not.toMatch(/trap|watchdog|fault/);
}

it('a card in QEMU authenticates its subscriber, and a reading is verified under its IMSI', async () => {
  const elf = await build(CARD, { target: 'qemu-rv32', memory: CARD_MEMORY });
  mkdirSync(dirname(elf), { recursive: true });
  writeFileSync(path(dirname(elf), 'store.img'), flashImage(personalise(PROFILE)));
  const running = (chip = await RealBoard.qemuTelnet(elf));
  await attachWith(running, (slot) => wireCard(slot, running.uart));
  expect(running.log).toMatch(/debug stack: \d+ of 32768 bytes used\n/);
});

it('a card on the posix port, over a pseudo terminal, under AddressSanitizer and UBSan, does the same', async () => {
  const program = await build(CARD, { memory: CARD_MEMORY, make: ['SANITIZE=1'] });
  const store = scratch();
  personaliseFolder(store);
  const running = (chip = await RealBoard.posix(program, { line: 'pty', args: ['--store', store] }));
  await attachWith(running, (slot) => wirePlainCard(slot, running.uart, running.unread));
  expect(running.log).not.toMatch(/runtime error|Sanitizer/);
});

it('a card whose power is cut at random instants forgets no challenge that it has acknowledged', async () => {
  await cutCard(await build(CARD, { memory: CARD_MEMORY, make: ['SANITIZE=1'] }), 'a', 25);
});
