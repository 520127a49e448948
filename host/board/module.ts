import { APP_EXPORTS, BOARD_ABI, BOARD_IMPORTS, BOARD_MODULE } from './abi.js';

/** A module that no board can run; the message names what is wrong. */
export class ModuleError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ModuleError';
  }
}

/** Compiles a device binary and checks that it asks for nothing but the board and offers what an app must. */
export function loadModule(name: string, source: Uint8Array | WebAssembly.Module): WebAssembly.Module {
  let module: WebAssembly.Module;
  try {
    module = source instanceof WebAssembly.Module ? source : new WebAssembly.Module(new Uint8Array(source));
  } catch (error) {
    throw new ModuleError(
      `${name}: not a WebAssembly module (${error instanceof Error ? error.message : String(error)})`,
    );
  }
  for (const { module: from, name: what, kind } of WebAssembly.Module.imports(module)) {
    if (from !== BOARD_MODULE || kind !== 'function' || !Object.hasOwn(BOARD_IMPORTS, what)) {
      throw new ModuleError(`${name}: imports ${kind} "${from}.${what}", which no board with ABI ${BOARD_ABI} has`);
    }
  }
  const exports = new Map(WebAssembly.Module.exports(module).map(({ name: what, kind }) => [what, kind]));
  if (exports.get('memory') !== 'memory') throw new ModuleError(`${name}: exports no "memory"`);
  for (const what of Object.keys(APP_EXPORTS)) {
    if (exports.get(what) !== 'function') throw new ModuleError(`${name}: exports no function "${what}"`);
  }
  return module;
}

/** The exports that every app has; a particular app may have more. */
export interface AppExports {
  readonly memory: WebAssembly.Memory;
  setup(): void;
  loop(): number;
  board_abi(): number;
  readonly [name: string]: unknown;
}
