// Native code out of device binaries, watched by memcheck: what takes bytes that count as undefined to a branch or an address is
// reported. It is made as the runtime for boards makes it (runtime/rules.mk), with the loads and stores that a small core has.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileDeviceChanged } from '../kit/compile.js';

/** Makes bytes known: called by the changed sources, answered by the C driver. */
export const DECLASSIFY = `
@external("board", "declassify")
declare function declassify(ptr: usize, len: i32): i32;
`;

const CONSTANT_TIME = 'assembly/crypto/constant-time.ts';

/** A file of the package with `was` (which must be there once) replaced. */
export function changed(file: string, was: string, now: string, head = ''): Record<string, string> {
  const text = readFileSync(file, 'utf8');
  if (text.split(was).length !== 2) throw new Error(`${file} does not hold ${was} just once`);
  return { [file]: text.replace(was, () => now) + head };
}

/** A comparison may tell its outcome. */
export const knownOutcome = changed(
  CONSTANT_TIME,
  'return (difference - 1) >>> 31;',
  'store<u32>(outcome, (difference - 1) >>> 31); declassify(outcome, 4); return load<u32>(outcome);',
  `${DECLASSIFY}const outcome: usize = memory.data(4, 4);\n`,
);

const ENGINE = 'runtime/engine/wasm2c';
/** Where Debian's wabt has wasm-rt.h (runtime/sources.mk). */
const WASM_RT = '/usr/src/wasm2c';

let folder: string | undefined;

export function cleanUp(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true });
}

/** Compiles `entry`, some of its sources changed, with a C driver to a native program; returns its path. */
export async function native(
  name: string,
  { entry, driver, module }: { entry: string; driver: string; module: string },
  sources: Readonly<Record<string, string>>,
): Promise<string> {
  folder ??= mkdtempSync(join(tmpdir(), 'constant-time-'));
  const build = join(folder, name);
  mkdirSync(build);
  const file = (suffix: string): string => join(build, `${module}${suffix}`);
  writeFileSync(file('.wasm'), await compileDeviceChanged(entry, sources));
  execFileSync('wasm2c', [file('.wasm'), '-n', module, '-o', file('.c')]);
  execFileSync('sed', ['-i', '-f', `${ENGINE}/access.sed`, file('.c')]);
  const accesses = readFileSync(file('.c'), 'utf8').match(/akari_(outside|load|store)\(/g) ?? [];
  if (accesses.length < 3) throw new Error('the output of wasm2c does not take the loads and stores of access.h');
  const flags = ['-O2', '-g', '-w', '-DAKARI_BY_WORDS=1', '-DWASM_RT_MEMCHECK_SIGNAL_HANDLER=0'];
  const includes = [build, ENGINE, WASM_RT].map((from) => `-I${from}`);
  const code = [driver, file('.c'), `${ENGINE}/rt.c`];
  execFileSync('gcc', [...flags, ...includes, '-o', file(''), ...code, '-lm'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return file('');
}

export interface Outcome {
  /** Answers to the commands. */
  readonly answers: readonly string[];
  /** What memcheck has to say, one line for each finding. */
  readonly findings: readonly string[];
}

const MEMCHECK_FAULT = 99;

export function run(program: string, lines: readonly string[]): Outcome {
  const { stdout, stderr, status } = spawnSync(
    'valgrind',
    ['--quiet', `--error-exitcode=${MEMCHECK_FAULT}`, '--track-origins=no', program],
    { input: `${lines.join('\n')}\n`, encoding: 'utf8' },
  );
  if (status !== 0 && status !== MEMCHECK_FAULT) throw new Error(`valgrind ended with ${status}:\n${stderr}`);
  const findings = [...stderr.matchAll(/==\d+== (Conditional jump.*|Use of uninit.*|Syscall param.*|Invalid.*)/g)];
  return { answers: stdout.trim().split('\n'), findings: findings.map(([, what = '']) => what) };
}
