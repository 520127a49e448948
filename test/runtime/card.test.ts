// The SIM card's binary as firmware of a RISC-V core, and as a program of this machine, is the card of the emulated modem: T=0 over
// its UART.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join as path } from 'node:path';
import { afterEach, expect } from 'vitest';
import { personalise } from '../../host/sim/index.js';
import { PROFILE } from '../world/demo-world.js';
import { CARD, CARD_MEMORY, cutCard, personaliseFolder } from './card-cuts.js';
import { attachWith, wireCard, wirePlainCard } from './card-world.js';
import { flashImage } from './flash-image.js';
import { RealBoard, build } from './native.js';
import { scratch } from './scratch.js';
import { withPrograms } from '../peers.js';

const { it } = withPrograms(
  'gcc',
  'libc',
  'make',
  'picolibc',
  'qemu-system-riscv32',
  'riscv64-unknown-elf-gcc',
  'socat',
  'wasm2c',
);

let chip: RealBoard | undefined;
afterEach(() => chip?.kill());

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
