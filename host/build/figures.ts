import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import binaryen from 'binaryen';
import type { Target } from './compile.js';

export interface Figures {
  /** Name of the binary, without its folder. */
  readonly file: string;
  /** Bytes of the file, as flashed. */
  readonly code: number;
  /** Bytes of linear memory that static data takes; device binaries allocate nothing else. */
  readonly ram: number;
}

/** Figures of every binary that has a release and a debug target; the kit, which is no device binary, is left out. */
export function figuresOf(folder: string, targets: readonly Target[]): Figures[] {
  return targets.flatMap(({ target, name, outFile, asBind }) => {
    const debug = targets.find((other) => other.target === `${name}-debug`);
    if (!target.endsWith('-release') || asBind || debug === undefined) return [];
    const code = statSync(join(folder, outFile)).size;
    return [{ file: `${name}.wasm`, code, ram: staticBytes(readFileSync(join(folder, debug.outFile))) }];
  });
}

/** End of the last data segment. The debug binary keeps segments that hold only zeros; its layout is the release's. */
function staticBytes(debugBinary: Uint8Array): number {
  const text = binaryen.readBinary(debugBinary).emitText();
  let end = 0;
  for (const [, offset, content = ''] of text.matchAll(/\(data \$\S+ \(i32\.const (\d+)\) "([^"]*)"\)/g)) {
    end = Math.max(end, Number(offset) + content.replace(/\\(?:[0-9a-f]{2}|.)/g, '.').length);
  }
  return end;
}
