// String literals of device code as plain bytes.
//
// AssemblyScript's own strings are UTF-16 behind a header of 20 bytes, which costs a device's flash and memory twice its text. Where an
// `Ascii` is wanted (assembly/util/ascii.ts), the compiler is told here to put down the bytes of a literal, with a zero behind them, and
// to pass their address. The type that is wanted decides: a function that takes a `string` gets one as ever.

import {
  type Asc,
  type Compiler,
  type Element,
  type Expression,
  type Program,
  type Type,
  compilerInternals,
} from './compiler-internals.js';

interface LiteralsTransform {
  afterInitialize(program: Program): void;
}

/** Addresses of a program's texts, by text and by every end of one. */
const texts = new WeakMap<Program, Map<string, number>>();

let transform: Promise<LiteralsTransform> | undefined;

/** The transform that does it. */
export function literals(): Promise<LiteralsTransform> {
  return (transform ??= install());
}

async function install(): Promise<LiteralsTransform> {
  const asc = await compilerInternals();
  const { prototype } = asc.Compiler;
  const { compileExpression } = prototype;
  prototype.compileExpression = function (expression, wanted, constraints) {
    const literal = isAscii(wanted) ? literalOf(asc, this, expression) : undefined;
    if (literal === undefined) return compileExpression.call(this, expression, wanted, constraints);
    this.currentType = wanted.nonNullableType;
    return this.module.i32(addressOf(asc, this, String(literal.value), expression));
  };
  return {
    // A constant that is only ever wanted as bytes is not to be there as a string as well; one that nobody wants, not at all.
    afterInitialize(program): void {
      for (const element of program.elementsByName.values()) {
        const value = constantValue(asc, element);
        if (value && isText(asc, value)) element.decoratorFlags |= asc.DecoratorFlags.Lazy;
      }
    },
  };
}

function isAscii(type: Type): boolean {
  return /(^|\/)(assembly|akari)\/util\/ascii\/Ascii$/.test(type.getClass()?.internalName ?? '');
}

/** The literal that an expression is or names. */
function literalOf(asc: Asc, compiler: Compiler, expression: Expression): Expression | undefined {
  let node = expression;
  while (node.kind === asc.NodeKind.Parenthesized && node.expression) node = node.expression;
  if (isText(asc, node)) return node;
  if (node.kind !== asc.NodeKind.Identifier) return undefined;
  const { currentFlow: flow, currentParent: parent } = compiler;
  const mode = asc.ReportMode.Swallow;
  const element = compiler.resolver.lookupIdentifierExpression(node, flow, parent ?? flow.sourceFunction, mode);
  return element ? constantText(asc, element) : undefined;
}

function isText(asc: Asc, node: Expression): boolean {
  return node.kind === asc.NodeKind.Literal && node.literalKind === asc.LiteralKind.String;
}

function constantValue(asc: Asc, element: Element): Expression | undefined {
  const isConstant = element.kind === asc.ElementKind.Global && element.is(asc.CommonFlags.Const);
  return isConstant ? (element.initializerNode ?? undefined) : undefined;
}

/** The literal of `const NAME = "text"`. */
function constantText(asc: Asc, element: Element): Expression | undefined {
  const value = constantValue(asc, element);
  return value && !element.typeNode && isText(asc, value) ? value : undefined;
}

/** Where the text is; its bytes are put down if they are not there yet. */
function addressOf(asc: Asc, compiler: Compiler, text: string, node: Expression): number {
  const wrong = [...text].find((character) => character < '\x01' || character > '\x7f');
  if (wrong !== undefined) {
    const code = wrong.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0') ?? '';
    compiler.error(
      asc.DiagnosticCode.User_defined_0,
      node.range,
      `Text for the device is ASCII, and this one has a character U+${code}. UTF-8 is written as bytes.`,
    );
    return 0;
  }
  let known = texts.get(compiler.program);
  if (!known) texts.set(compiler.program, (known = new Map<string, number>()));
  const there = known.get(text);
  if (there !== undefined) return there;
  const address = compiler.addAlignedMemorySegment(Buffer.from(`${text}\0`, 'latin1'), 1).offset.low;
  for (let i = 0; i <= text.length; i++) if (!known.has(text.slice(i))) known.set(text.slice(i), address + i);
  return address;
}
