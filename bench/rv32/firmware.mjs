// Device binaries as RV32 firmware: built the way `akari export` has it, weighed, and run in QEMU with instructions counted.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { exportProject } from '../../dist/host/export/index.js';

const BUILDS = 'build/rv32';
const PORT = 'runtime/port/qemu-rv32';
/** A run of a few million instructions takes a second. */
const RUN_MS = 60_000;

/** Programs that build and weigh RV32 firmware, and the one that runs it (names of tools/peers.txt). */
export const BUILDERS = ['make', 'picolibc', 'riscv64-unknown-elf-gcc', 'riscv64-unknown-elf-size', 'wasm2c'];
export const RUNNER = 'qemu-system-riscv32';

/** All that the firmware is made of, so that a build is kept until one of it changes. */
function digest(app, extra) {
  const hash = createHash('sha256').update(readFileSync(app)).update(extra);
  for (const part of readdirSync('runtime', { recursive: true, withFileTypes: true })) {
    if (part.isFile()) hash.update(part.name).update(readFileSync(join(part.parentPath, part.name)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Exports and builds an app; `alter(folder)` may change the folder in between, `options` are for make. Returns the path of the ELF file. */
function build(app, memory, kind, extra = '', alter = () => undefined, options = []) {
  const name = basename(app, '.wasm');
  const folder = join(BUILDS, `${name}-${kind}-${digest(app, `${memory} ${options} ${extra}`)}`);
  const elf = join(folder, 'build', `${name}.elf`);
  if (existsSync(elf)) return elf;
  mkdirSync(BUILDS, { recursive: true });
  for (const old of readdirSync(BUILDS)) {
    if (old.startsWith(`${name}-${kind}-`)) rmSync(join(BUILDS, old), { recursive: true });
  }
  exportProject({ target: 'qemu-rv32', app, folder, memory });
  alter(folder);
  execFileSync('make', ['-s', ...options], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  return elf;
}

/** Figures of a device binary as RV32 firmware, with their budgets ("rv32" of budget.json). */
export function weighed(file, budgets) {
  const budget = budgets[file];
  if (budget === undefined) throw new Error(`budget.json has no entry rv32 ${file}`);
  const { flash, ram } = weigh(join('build/release', file), budget.memory);
  return [
    { name: `${file} rv32 flash`, value: flash, unit: 'bytes', budget: budget.flash },
    { name: `${file} rv32 ram`, value: ram, unit: 'bytes', budget: budget.ram },
  ];
}

/** Bytes in flash of a build for size (`-Os`). */
export function smallest(file, { memory }) {
  return sized(build(join('build/release', file), memory, 'small', '', undefined, ['OPTIMIZE=-Os'])).flash;
}

/** Bytes in flash (code, constants, initial values) and in RAM (all that is written, linear memory and stack included). */
function weigh(app, memory) {
  return sized(build(app, memory, 'size'));
}

/** As `weigh`, of any program for the core. */
export function sized(elf) {
  const report = execFileSync('riscv64-unknown-elf-size', ['-A', '-d', elf], { encoding: 'utf8' });
  const sections = Object.fromEntries(
    [...report.matchAll(/^\.(\w+)\s+(\d+)\s/gm)].map(([, name, bytes]) => [name, Number(bytes)]),
  );
  const { text, rodata = 0, data = 0, bss, stack } = sections;
  return { flash: text + rodata + data, ram: data + bss + stack };
}

const array = (bytes) => `(const uint8_t[]){${bytes.length > 0 ? [...bytes].join(',') : 0}}`;

/**
 * Runs an app on the measuring board (board.c). `steps`: what comes over its line, [after so many bytes of its own, bytes];
 * `values`: what its store holds. Returns the board's lines, and retired instructions at each step and the end.
 */
export function play(app, { memory, steps, values = [] }) {
  const table = (type, rows) =>
    `static const struct ${type} ${type}s[] = {${rows.map((row) => `{${row}},`).join('')}{0}};\n`;
  const script =
    table(
      'step',
      steps.map(([after, bytes]) => `${after},${bytes.length},${array(bytes)}`),
    ) +
    table(
      'value',
      [...values].map(([key, bytes]) => `${key},${bytes.length},${array(bytes)}`),
    );
  const board = readFileSync('bench/rv32/board.c');
  const elf = build(app, memory, 'bench', script + board.toString(), (folder) => {
    for (const part of readdirSync(join(folder, PORT))) {
      if (part.endsWith('.c') && part !== 'stack.c') rmSync(join(folder, PORT, part));
    }
    cpSync('bench/rv32/board.c', join(folder, PORT, 'board.c'));
    writeFileSync(join(folder, PORT, 'script.h'), script);
  });
  const { status, stdout, stderr } = spawnSync(
    'qemu-system-riscv32',
    [
      ...['-M', 'virt', '-m', '32M', '-display', 'none', '-monitor', 'none', '-serial', 'none', '-icount', 'shift=0'],
      ...['-chardev', 'stdio,id=log,signal=off', '-semihosting-config', 'enable=on,target=native,chardev=log'],
      ...['-bios', elf],
    ],
    { encoding: 'utf8', timeout: RUN_MS, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  if (status !== 0) throw new Error(`${basename(app)} on RV32 ended with ${status}: ${stdout.slice(-500)}${stderr}`);
  const numbers = (what) => [...stdout.matchAll(new RegExp(`^${what} (\\d+)$`, 'gm'))].map(([, n]) => Number(n));
  const [marks, [end], [sent], [stack]] = ['step', 'end', 'sent', 'stack'].map(numbers);
  return { lines: stdout.split('\n'), marks, end, sent, stack };
}
