// Writes what repeats the board ABI, from its declaration in assembly/board: the host's tables, the C header, and each engine's hand-over of the
// imports. `npm run abi` writes the files, `npm run abi -- --check` says which are not what it would write.

import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

const SOURCES = ['assembly/board/index.ts', 'assembly/board/status.ts'];
const NOTE = 'Written by tools/abi.mjs from assembly/board: change that, then `npm run abi`.';
/** The longest line of the C files. */
const WIDTH = 120;

/** AssemblyScript's types on the ABI: WebAssembly's, C's, WAMR's letter of a signature. An address is a number that the core checks. */
const TYPES = {
  i32: { wasm: 'i32', c: 'int32_t', letter: 'i' },
  usize: { wasm: 'i32', c: 'akari_ptr', letter: 'i' },
  i64: { wasm: 'i64', c: 'int64_t', letter: 'I' },
  void: { wasm: null, c: 'void', letter: '' },
};

/** Throws an Error that names what cannot be read. */
function typeOf(name, where) {
  if (!Object.hasOwn(TYPES, name))
    throw new Error(`${where}: the type "${name}" is none of ${Object.keys(TYPES).join(', ')}`);
  return TYPES[name];
}

/** The declarations, in their order; `section` is the heading that stands above. */
function readFunctions(source) {
  const found = [];
  const pattern =
    /^\/\/ --- (.*) ---$|@external\("board", "(\w+)"\)\s*export declare function (\w+)\(([^)]*)\): (\w+);/gm;
  let section = '';
  for (const [, heading, external, name, list, result] of source.matchAll(pattern)) {
    if (heading !== undefined) {
      section = heading;
      continue;
    }
    if (external !== name) throw new Error(`${name} is declared as external "${external}"`);
    const params = list
      .split(',')
      .map((param) => param.trim())
      .filter((param) => param !== '')
      .map((param) => {
        const [, word, type] = /^(\w+): (\w+)$/.exec(param) ?? [];
        if (type === undefined || type === 'void') throw new Error(`${name}: parameter "${param}"`);
        return { name: word, type: typeOf(type, name) };
      });
    found.push({ section, name, params, result: typeOf(result, name) });
  }
  const declared = source.match(/@external\b/g)?.length ?? 0;
  if (found.length !== declared) throw new Error(`${declared} declarations, ${found.length} of a form that is known`);
  return found;
}

/** `const enum`s with the comment above each, in their order. */
function readEnums(source) {
  return [...source.matchAll(/(?:\/\*\*((?:(?!\*\/)[^])*)\*\/\n)?export const enum (\w+) \{([^}]*)\}/g)].map(
    ([, comment, name, body]) => {
      const values = [...body.matchAll(/^\s*(\w+) = (-?\d+),$/gm)].map(([, key, value]) => [key, Number(value)]);
      const members = body.replace(/\/\*\*[^]*?\*\//g, '').match(/\w+ =|^\s*\w+,/gm)?.length ?? 0;
      if (members !== values.length)
        throw new Error(`${name}: each member has a number of its own, on a line of its own`);
      return { name, comment: comment?.replace(/\s*\n\s*\*/g, '').trim(), values };
    },
  );
}

function readAbi() {
  const [index, status] = SOURCES.map((file) => readFileSync(file, 'utf8'));
  const number = /^export const BOARD_ABI: i32 = (\d+);$/m.exec(index)?.[1];
  if (number === undefined) throw new Error('BOARD_ABI is not there');
  return { number, functions: readFunctions(index), enums: [...readEnums(status), ...readEnums(index)] };
}

// --- The host's tables ---

function hostTables({ number, functions, enums }) {
  const list = (types) => `[${types.map((type) => `'${type}'`).join(', ')}]`;
  const entry = ({ name, params, result }) =>
    `  ${name}: { params: ${list(params.map(({ type }) => type.wasm))}, result: ${result.wasm === null ? null : `'${result.wasm}'`} },`;
  const table = ({ name, comment, values }) => `
${comment === undefined ? '' : `/** ${comment} */\n`}export const ${name} = { ${values.map(([key, value]) => `${key}: ${value}`).join(', ')} } as const;
export type ${name} = (typeof ${name})[keyof typeof ${name}];
`;
  return `// The board ABI as the host sees it. ${NOTE}

/** Newest ABI number that this host runs. */
export const BOARD_ABI = ${number};

/** Module name of all imports. */
export const BOARD_MODULE = 'board';

export interface AbiFunction {
  readonly params: readonly ('i32' | 'i64')[];
  readonly result: 'i32' | 'i64' | null;
}

/** Every import that a device binary may have. */
export const BOARD_IMPORTS: Readonly<Record<string, AbiFunction>> = {
${functions.map(entry).join('\n')}
};

/** What every app exports. */
export const APP_EXPORTS: Readonly<Record<string, AbiFunction>> = {
  setup: { params: [], result: null },
  loop: { params: [], result: 'i32' },
  board_abi: { params: [], result: 'i32' },
};
${enums.map(table).join('')}`;
}

// --- C ---

/** `HangUp` as C writes it. */
const snake = (name) => name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();

/** A list in parentheses behind `head`, continued under its first item where the line would be too long. */
function call(head, items, tail) {
  const lines = [];
  let line = `${head}(`;
  items.forEach((item, i) => {
    const piece = item + (i === items.length - 1 ? tail : ', ');
    if ((line + piece).trimEnd().length > WIDTH) {
      lines.push(line.trimEnd());
      line = ' '.repeat(head.length + 1);
    }
    line += piece;
  });
  return [...lines, items.length === 0 ? line + tail : line].join('\n');
}

function header({ number, functions, enums }) {
  const constants = ({ name, comment, values }) => {
    const tag = snake(name);
    const prefix = tag === 'status' ? 'AKARI_' : `AKARI_${tag.toUpperCase()}_`;
    const members = values.map(([key, value]) => `  ${prefix}${snake(key).toUpperCase()} = ${value},`);
    return `${comment === undefined ? '' : `/** ${comment} */\n`}enum akari_${tag} {\n${members.join('\n')}\n};\n`;
  };
  const sections = [...new Set(functions.map(({ section }) => section))].map((section) =>
    [
      `/* ${section} */`,
      ...functions
        .filter((one) => one.section === section)
        .map(({ name, params, result }) =>
          call(
            `${result.c} akari_${name}`,
            params.length === 0 ? ['void'] : params.map((one) => `${one.type.c} ${one.name}`),
            ');',
          ),
        ),
    ].join('\n'),
  );
  return `/* The board ABI: all that a device binary may ask of the board it runs on. What each import means, with its results, is
 * told at its declaration in assembly/board/index.ts.
 *
 * ${NOTE} */
#ifndef AKARI_ABI_H
#define AKARI_ABI_H

#include <stdint.h>

/** Newest ABI number that this runtime runs. */
#define AKARI_BOARD_ABI ${number}

/** Address in the module's linear memory. It comes from the module: nothing may follow it unchecked. */
typedef uint32_t akari_ptr;

${enums.map(constants).join('\n')}
/* --- Imports, module name "board" --- */

${sections.join('\n\n')}

#endif
`;
}

function wasm2cImports({ functions }) {
  const unsigned = { int32_t: 'u32', akari_ptr: 'u32', int64_t: 'u64', void: 'void' };
  const each = ({ name, params, result }) => {
    const passed = params.map((one) => (one.type.c === 'akari_ptr' ? one.name : `(${one.type.c})${one.name}`));
    const head = result.c === 'void' ? `  akari_${name}` : `  return (${unsigned[result.c]})akari_${name}`;
    return `${call(`${unsigned[result.c]} Z_boardZ_${name}`, ['BOARD', ...params.map((one) => `${unsigned[one.type.c]} ${one.name}`)], ') {')}
  (void)board;
${call(head, passed, ');')}
}
`;
  };
  return `/* The module's imports by wasm2c's names, each handed to the core. app.h declares those that the app has, with the
 * types that it gives them: one of another type is an error here, one that no board has is an undefined Z_boardZ_<name>.
 *
 * ${NOTE} */
#include "akari_abi.h"
#include "app.h"

#define BOARD struct Z_board_instance_t *board

${functions.map(each).join('\n')}`;
}

function wamrImports({ functions }) {
  const each = ({
    name,
    params,
    result,
  }) => `${call(`static ${result.c} board_${name}`, ['ENV', ...params.map((one) => `${one.type.c} ${one.name}`)], ') {')}
  (void)env;
${call(
  `  ${result.c === 'void' ? '' : 'return '}akari_${name}`,
  params.map((one) => one.name),
  ');',
)}
}
`;
  const row = ({ name, params, result }) =>
    `    {"${name}", (void *)board_${name}, "(${params.map((one) => one.type.letter).join('')})${result.letter}", NULL},`;
  return `/* The board's imports by WAMR's rules: the environment first, then the parameters; a signature for each, "i" 32 and "I" 64
 * bits. Addresses pass as numbers ("i", not "*"): the core checks them, the same for every engine.
 *
 * ${NOTE} */
#include "akari_abi.h"
#include "wamr.h"

#define ENV wasm_exec_env_t env

${functions.map(each).join('\n')}
static NativeSymbol symbols[] = {
${functions.map(row).join('\n')}
};

NativeSymbol *akari_wamr_imports(uint32_t *count) {
  *count = sizeof symbols / sizeof *symbols;
  return symbols;
}
`;
}

async function typeScript(file, text) {
  return format(text, { ...(await resolveConfig(file)), filepath: file });
}

const abi = readAbi();
const host = 'host/board/abi.ts';
const files = new Map([
  [host, await typeScript(host, hostTables(abi))],
  ['runtime/include/akari_abi.h', header(abi)],
  ['runtime/engine/wasm2c/imports.c', wasm2cImports(abi)],
  ['runtime/engine/wamr/imports.c', wamrImports(abi)],
]);

const read = (file) => readFileSync(file, 'utf8');
const stale = [...files].filter(([file, text]) => read(file) !== text).map(([file]) => file);
if (process.argv.includes('--check')) {
  if (stale.length > 0) {
    console.error(`not what assembly/board says: ${stale.join(', ')}; npm run abi writes them`);
    process.exitCode = 1;
  }
} else {
  for (const file of stale) writeFileSync(file, files.get(file));
}
