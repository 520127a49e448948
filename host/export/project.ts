import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BOARD_IMPORTS, BOARD_MODULE } from '../board/abi.js';
import { loadModule } from '../board/module.js';
import { packageRoot } from '../package-root.js';

/** Boards that there is a runtime for. */
export const TARGETS = ['posix', 'qemu-rv32', 'esp-idf'] as const;
export type ExportTarget = (typeof TARGETS)[number];

export interface ExportOptions {
  readonly target: ExportTarget;
  /** Path of the device binary. */
  readonly app: string;
  /** Where to; must not be there yet, or be empty. */
  readonly folder: string;
  /** Bytes of linear memory on the board; what the binary asks for (whole pages of 64 KiB) unless given. */
  readonly memory?: number;
}

/** What was asked for cannot be exported; the message says why. */
export class ExportError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ExportError';
  }
}

/** Shared by all targets; each adds port/NAME. */
const COMMON = ['include', 'core', 'engine'];
/** Of the targets that "make" builds; each adds NAME.mk. */
const MAKE = ['sources.mk', 'rules.mk'];
/** In a port's folder: what stands at the top of an exported one. */
const TOP = 'project';

/** Writes the folder. Throws ExportError, or ModuleError for a binary that no board can run. */
export function exportProject({ target, app, folder, memory }: ExportOptions): void {
  const name = basename(app, '.wasm');
  // It goes into a Makefile and a C string.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw new ExportError(`${app}: the name of the app may hold letters, digits, ".", "_" and "-" only`);
  }
  const bytes = new Uint8Array(readFileSync(app));
  const module = loadModule(basename(app), bytes);
  if (WebAssembly.Module.imports(module).length === 0) {
    throw new ExportError(`${app} imports nothing from the board: there is nothing that it could do there`);
  }
  const asked = memoryBytes(module);
  const given = memory ?? asked;
  if (given > asked) throw new ExportError(`${app} has ${asked} bytes of memory: it can be given no more (${given})`);
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new ExportError(`${folder} is there and not empty`);

  mkdirSync(folder, { recursive: true });
  const runtime = fileURLToPath(new URL('runtime/', packageRoot()));
  const top = join(runtime, 'port', target, TOP);
  const parts = existsSync(top) ? COMMON : [...COMMON, ...MAKE, `${target}.mk`];
  for (const part of [...parts, `port/${target}`]) {
    cpSync(join(runtime, part), join(folder, 'runtime', part), { recursive: true });
  }
  for (const part of [TOP, 'README.md'])
    rmSync(join(folder, 'runtime/port', target, part), { recursive: true, force: true });
  writeFileSync(join(folder, `${name}.wasm`), bytes);
  const words = { APP: name, MEMORY: String(given), SHA256: createHash('sha256').update(bytes).digest('hex') };
  const put = (from: string, to: string): void => {
    writeFileSync(join(folder, to), fill(readFileSync(from, 'utf8'), words));
  };
  put(join(runtime, 'port', target, 'README.md'), 'README.md');
  if (!existsSync(top)) {
    writeFileSync(
      join(folder, 'Makefile'),
      `# ${name} on ${target}. "make" builds it; README.md says what to do with it.\n` +
        `APP := ${name}\nMEMORY ?= ${given}\ninclude runtime/${target}.mk\n`,
    );
    return;
  }
  for (const entry of readdirSync(top, { recursive: true, withFileTypes: true })) {
    const path = relative(top, join(entry.parentPath, entry.name));
    if (entry.isDirectory()) mkdirSync(join(folder, path), { recursive: true });
    else put(join(top, path), path);
  }
}

/** Puts words in place of `@WORD@`. */
function fill(text: string, words: Readonly<Record<string, string>>): string {
  return text.replace(/@(\w+)@/g, (whole, word: string) => words[word] ?? whole);
}

/** Bytes of linear memory that the module starts with. */
function memoryBytes(module: WebAssembly.Module): number {
  const imports = Object.fromEntries(Object.keys(BOARD_IMPORTS).map((name) => [name, () => 0]));
  const { memory } = new WebAssembly.Instance(module, { [BOARD_MODULE]: imports }).exports;
  return (memory as WebAssembly.Memory).buffer.byteLength;
}
