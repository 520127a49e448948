// Tables in static memory: the compiler counts what stands in them.
//
//   const DATA = memory.data<u8>([..]);                 AssemblyScript's own
//   lengthOf(DATA)                                      the number of values, a constant (assembly/place.ts)
//   const TABLE = objectTable(3303, 0x0100, 1, [..]);   an address: of ID, version, most instances, number of resources, resources
//   rowsOf(TABLE)                                       the number of resources, a constant (assembly/lwm2m/table.ts)

import { type Asc, type Compiler, type Element, type Expression, compilerInternals } from './compiler-internals.js';

const NUMBER_BYTES = 4;

let installed: Promise<void> | undefined;

/** Changes the compiler, once. */
export function objectTables(): Promise<void> {
  return (installed ??= compilerInternals().then(install));
}

function install(asc: Asc): void {
  const { prototype } = asc.Compiler;
  const { compileExpression } = prototype;
  prototype.compileExpression = function (this: Compiler, expression, wanted, constraints): number {
    const name = calledFunction(asc, this, expression);
    const args = expression.args ?? [];
    if (name === 'objectTable') return table(asc, this, expression, args);
    if (name === 'rowsOf') return count(asc, this, expression, 'rowsOf takes the name of a table.', 3);
    if (name === 'lengthOf')
      return count(asc, this, expression, 'lengthOf takes the name of data that is written out.', 0);
    return compileExpression.call(this, expression, wanted, constraints);
  };
}

/** The name of the function that is called here, if it is one of these. */
function calledFunction(asc: Asc, compiler: Compiler, { kind, expression: callee }: Expression): string | undefined {
  if (kind !== asc.NodeKind.Call || callee?.kind !== asc.NodeKind.Identifier) return undefined;
  const element = elementOf(asc, compiler, callee);
  return element
    ? /(?:^|\/)(?:assembly|akari)\/(?:lwm2m\/table|place)\/(\w+)$/.exec(element.internalName)?.[1]
    : undefined;
}

function elementOf(asc: Asc, compiler: Compiler, node: Expression): Element | null {
  const { currentFlow: flow, currentParent: parent, resolver } = compiler;
  return resolver.lookupIdentifierExpression(node, flow, parent ?? flow.sourceFunction, asc.ReportMode.Swallow);
}

function table(asc: Asc, compiler: Compiler, call: Expression, args: readonly Expression[]): number {
  const resources = args[3]?.elementExpressions;
  if (args.length !== 4 || !resources) {
    return fault(asc, compiler, call, 'objectTable takes ID, version, most instances, and the resources as [..].');
  }
  const bytes = Buffer.alloc((4 + resources.length) * NUMBER_BYTES);
  const write = (index: number, value: number): number => bytes.writeInt32LE(value, index * NUMBER_BYTES);
  write(3, resources.length);
  for (const [i, expression] of [...args.slice(0, 3), ...resources].entries()) {
    const value = constantOf(asc, compiler, expression);
    if (value === undefined) return fault(asc, compiler, expression, 'a table is made of constants.');
    write(i < 3 ? i : i + 1, value);
  }
  const address = compiler.addAlignedMemorySegment(bytes, NUMBER_BYTES).offset.low;
  compiler.currentType = compiler.options.usizeType;
  return compiler.module.i32(address);
}

/** How many values the list has that is the argument at `index` of the call behind a name. */
function count(asc: Asc, compiler: Compiler, call: Expression, rule: string, index: number): number {
  const [name, second] = call.args ?? [];
  const element = name?.kind === asc.NodeKind.Identifier ? elementOf(asc, compiler, name) : undefined;
  const values = element?.initializerNode?.args?.[index]?.elementExpressions;
  if (second || !values) return fault(asc, compiler, call, rule);
  compiler.currentType = asc.Type.i32;
  return compiler.module.i32(values.length);
}

function constantOf(asc: Asc, compiler: Compiler, expression: Expression): number | undefined {
  const compiled = compiler.compileExpression(expression, asc.Type.i32, asc.Constraints.ConvImplicit);
  const value = compiler.module.runExpression(compiled, asc.ExpressionRunnerFlags.PreserveSideeffects);
  return value === 0 ? undefined : asc.getConstValueI32(value);
}

function fault(asc: Asc, compiler: Compiler, { range }: Expression, text: string): number {
  compiler.error(asc.DiagnosticCode.User_defined_0, range, text);
  return compiler.module.unreachable();
}
