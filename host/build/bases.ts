// Addresses of static data in fewer bytes.
//
// What a device keeps lies at fixed addresses, and the optimizer makes every field of it a constant of its own, of three bytes. Here
// constants that lie close together become one, the base, in a local variable whose name takes one byte, and a short offset in each
// access. Nothing that folds constants may run after it.

import binaryen from 'binaryen';

/** Offsets below take one byte. */
const NEAR = 1 << 7;
/** Offsets below take two. */
const FAR = 1 << 14;
/** To put a constant into a local variable, beside its own bytes. */
const SET_BYTES = 2;
/** `local.get` with its index. */
const GET_BYTES = 2;

/** Of binaryen's expressions; its declarations leave them out. */
interface Wrappers {
  readonly Load: AccessWrapper;
  readonly Store: AccessWrapper;
  readonly Function: { setBody(func: number, body: number): void };
  _BinaryenFunctionAddVar(func: number, type: number): number;
}

interface AccessWrapper {
  setPtr(expression: number, ptr: number): void;
  setOffset(expression: number, offset: number): void;
}

const wrappers = binaryen as unknown as Wrappers;

interface Access {
  readonly expression: number;
  readonly address: number;
}

/** Gives the accesses of each function common bases. */
export function shareBases(module: binaryen.Module): void {
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const func = module.getFunctionByIndex(i);
    if (binaryen.getFunctionInfo(func).body) share(module, func);
  }
}

function share(module: binaryen.Module, func: number): void {
  const { body, results } = binaryen.getFunctionInfo(func);
  const accesses = accessesIn(body);
  const bases = basesOf(accesses.map(({ address }) => address));
  if (bases.length === 0) return;
  const locals = new Map(bases.map((base) => [base, wrappers._BinaryenFunctionAddVar(func, binaryen.i32)]));
  for (const { expression, address } of accesses) {
    const base = nearest(bases, address);
    if (base === undefined || saved(base, address) <= 0) continue;
    const access = binaryen.getExpressionId(expression) === binaryen.LoadId ? wrappers.Load : wrappers.Store;
    access.setPtr(expression, module.local.get(locals.get(base) ?? 0, binaryen.i32));
    access.setOffset(expression, address - base);
  }
  const sets = [...locals].map(([base, local]) => module.local.set(local, module.i32.const(base)));
  wrappers.Function.setBody(func, module.block(null, [...sets, body], results));
}

/** Which addresses are worth a variable: the best first, as long as one saves anything. */
function basesOf(addresses: readonly number[]): number[] {
  const bases: number[] = [];
  let left = [...addresses];
  for (;;) {
    let best = { base: -1, gain: 0 };
    for (const base of new Set(left)) {
      const cost = constantBytes(base) + SET_BYTES;
      const gain = left.reduce((sum, address) => sum + Math.max(0, saved(base, address)), -cost);
      if (gain > best.gain) best = { base, gain };
    }
    if (best.base < 0) return bases.sort((a, b) => a - b);
    bases.push(best.base);
    left = left.filter((address) => saved(best.base, address) <= 0);
  }
}

function nearest(bases: readonly number[], address: number): number | undefined {
  return bases.findLast((base) => base <= address);
}

/** Bytes that an access gains when it is made from that base. */
function saved(base: number, address: number): number {
  const offset = address - base;
  if (offset < 0 || offset >= FAR) return 0;
  return constantBytes(address) - GET_BYTES - (offset < NEAR ? 0 : 1);
}

/** Of `i32.const` with an address, which is not negative. */
function constantBytes(value: number): number {
  return value < 1 << 6 ? 2 : value < 1 << 13 ? 3 : value < 1 << 20 ? 4 : 5;
}

/** Loads and stores at constant addresses. */
function accessesIn(body: number): Access[] {
  const found: Access[] = [];
  const open = [body];
  for (let expression; (expression = open.pop()) !== undefined;) {
    const info = infoOf(expression);
    if (!info) continue;
    const { ptr, offset } = info as binaryen.LoadInfo;
    if (info.id === binaryen.LoadId || info.id === binaryen.StoreId) {
      const at = binaryen.getExpressionInfo(ptr);
      if (at.id === binaryen.ConstId)
        found.push({ expression, address: Number((at as binaryen.ConstInfo).value) + offset });
    }
    open.push(...childrenOf(info));
  }
  return found;
}

/** Binaryen has no words for what has nothing in it. */
function infoOf(expression: number): binaryen.ExpressionInfo | undefined {
  const id = binaryen.getExpressionId(expression);
  const isEmpty = id === binaryen.NopId || id === binaryen.UnreachableId;
  return isEmpty ? undefined : binaryen.getExpressionInfo(expression);
}

/** Expressions within one, of WebAssembly 1.0. */
function childrenOf(info: binaryen.ExpressionInfo): number[] {
  // `value` is the number itself in a constant, and an expression anywhere else; `target` is a name, or an expression.
  if (info.id === binaryen.ConstId) return [];
  const fields = new Map<string, unknown>(Object.entries(info));
  const names = [
    'children',
    'operands',
    'body',
    'condition',
    'ifTrue',
    'ifFalse',
    'left',
    'right',
    'ptr',
    'value',
    'target',
    'delta',
  ];
  return names
    .flatMap((name) => fields.get(name))
    .filter((child): child is number => typeof child === 'number' && child !== 0);
}
