// Objects of device code that contain other objects.
//
// A field of AssemblyScript that names a class holds a reference. Device code has no heap, and its objects are laid out in static
// memory, so here a field can be the object itself:
//
//   @part backoff: Backoff;          the object lies within this one
//   @bytes(BODY_MAX) draft: usize;   so many bytes lie within this one; `draft` is their address
//   @bytes(N, 8) table: usize;       the same, aligned to 8 bytes
//
// A class has its base class's members first, then its own fields, then its own parts and byte areas in the order of the source.
// `offsetof<T>()` is the size of it all. A part becomes a getter whose body is `this` plus an offset; the offset comes from a table
// that is filled when the class's type arguments are known, so that nothing of it is in memory.

import {
  type Asc,
  type Class,
  type ClassDeclaration,
  type Compiler,
  type Declaration,
  type Decorator,
  type Expression,
  type FieldDeclaration,
  type Flow,
  type Parser,
  type Program,
  type PropertyPrototype,
  type Range,
  type Resolver,
  type Type,
  compilerInternals,
} from './compiler-internals.js';
import { type Layout, Placer, faultIn, shortName } from './layout.js';

interface PartsTransform {
  afterParse(parser: Parser): void;
}

/** A part as declared. */
interface Mark {
  readonly name: string;
  readonly range: Range;
  /** Of `@bytes`: the expressions for its size and alignment. */
  readonly bytes?: readonly Expression[];
}

/** What is known of a program's classes. */
interface State {
  compiler?: Compiler;
  /** Calls of `resolveClass` that have not returned: inside one a class may be known by half. */
  depth: number;
  readonly resolved: Class[];
  /** Classes being laid out: each has a part of the class behind it. */
  readonly open: Set<Class>;
  /** The size of a byte area is made of the size of a class that contains it. */
  isCircular: boolean;
  readonly layouts: Map<Class, Layout>;
}

const states = new WeakMap<Program, State>();
/** By the getter that stands for it. */
const marks = new WeakMap<object, Mark>();
/** By the expression that the getter returns. */
const addresses = new WeakMap<object, Mark>();

let transform: Promise<PartsTransform> | undefined;

/** The transform that does it. */
export function parts(): Promise<PartsTransform> {
  return (transform ??= install());
}

/** Layouts of all device classes of a compiled program, by file and name. */
export function layoutsOf(program: Program): Layout[] {
  const layouts = [...stateOf(program).layouts.values()].filter(({ members }) => members.length > 0);
  return layouts.sort((a, b) => (a.file === b.file ? (a.name < b.name ? -1 : 1) : a.file < b.file ? -1 : 1));
}

function stateOf(program: Program): State {
  let state = states.get(program);
  if (!state)
    states.set(program, (state = { depth: 0, resolved: [], open: new Set(), isCircular: false, layouts: new Map() }));
  return state;
}

async function install(): Promise<PartsTransform> {
  const asc = await compilerInternals();
  hookResolver(asc);
  hookCompiler(asc);
  return {
    afterParse(parser): void {
      for (const source of parser.sources) rewrite(asc, parser, source.statements);
    },
  };
}

// --- Declarations ---

function rewrite(asc: Asc, parser: Parser, statements: readonly Declaration[]): void {
  const { NodeKind } = asc;
  for (const statement of statements) {
    const declared = statement.kind === NodeKind.ExportDefault ? statement.declaration : statement;
    if (!declared) continue;
    for (const one of [declared, ...(declared.declarations ?? [])]) refuse(asc, parser, one.decorators);
    if (declared.kind === NodeKind.NamespaceDeclaration) rewrite(asc, parser, declared.members ?? []);
    if (declared.kind === NodeKind.ClassDeclaration) rewriteClass(asc, parser, declared as ClassDeclaration);
  }
}

const isMark = ({ name }: Decorator): boolean => name.text === 'part' || name.text === 'bytes';

/** Decorators of something that cannot be a part. */
function refuse(asc: Asc, parser: Parser, decorators: readonly Decorator[] | null | undefined): void {
  for (const decorator of decorators ?? [])
    if (isMark(decorator))
      report(asc, parser, decorator.range, `@${decorator.name.text ?? ''} belongs to a field of an @unmanaged class.`);
}

function rewriteClass(asc: Asc, parser: Parser, declaration: ClassDeclaration): void {
  const isUnmanaged = (declaration.decorators ?? []).some(({ name }) => name.text === 'unmanaged');
  for (const [i, member] of declaration.members.entries()) {
    if (!member.decorators?.some(isMark)) continue;
    if (member.kind !== asc.NodeKind.FieldDeclaration || !isUnmanaged) {
      refuse(asc, parser, member.decorators);
      continue;
    }
    const field = member as FieldDeclaration;
    const fault = faultOf(asc, field);
    if (fault) report(asc, parser, field.name.range, `${field.name.text}: ${fault}`);
    else declaration.members[i] = getterFor(asc, field);
  }
}

/** What is wrong with a part, as far as its declaration tells. */
function faultOf(asc: Asc, field: FieldDeclaration): string | undefined {
  const { CommonFlags } = asc;
  const [decorator, second] = field.decorators ?? [];
  const args = decorator?.args?.length ?? 0;
  if (!decorator || second) return 'a part has one decorator, @part or @bytes.';
  if (field.flags & CommonFlags.Static) return 'a static field cannot be a part: it belongs to no object.';
  if (field.initializer) return 'a part has no initial value: memory is zero, and the part itself begins.';
  if (!field.type) return 'a part has a type.';
  if (decorator.name.text === 'part') return args > 0 || decorator.args ? '@part takes no arguments.' : undefined;
  if (args !== 1 && args !== 2) return '@bytes takes a size, and an alignment if it is not 1.';
  return field.type.range.toString() === 'usize' ? undefined : 'the type of @bytes is usize, the address.';
}

/** `@inline get name(): T { return (this) }`, whose parentheses add the offset. */
function getterFor(asc: Asc, field: FieldDeclaration): Declaration {
  const { CommonFlags, Node } = asc;
  const { name, range, type } = field;
  const [decorator] = field.decorators ?? [];
  const isBytes = decorator?.name.text === 'bytes';
  const mark: Mark = { name: name.text, range: name.range, ...(isBytes && { bytes: decorator?.args ?? [] }) };
  const address = Node.createParenthesizedExpression(Node.createThisExpression(range), range);
  const body = Node.createBlockStatement([Node.createReturnStatement(address, range)], range);
  const inline = Node.createDecorator(Node.createIdentifierExpression('inline', range), null, range);
  const flags = (field.flags & ~(CommonFlags.Readonly | CommonFlags.DefinitelyAssigned)) | CommonFlags.Get;
  const signature = Node.createFunctionType([], type, null, false, range);
  const getter = Node.createMethodDeclaration(name, [inline], flags, null, signature, body, range);
  marks.set(getter, mark);
  addresses.set(address, mark);
  return getter;
}

// --- Layout ---

function hookResolver(asc: Asc): void {
  const { prototype } = asc.Resolver;
  const { resolveClass, finishResolveClass } = prototype;
  prototype.finishResolveClass = function (this: Resolver, instance, mode): void {
    finishResolveClass.call(this, instance, mode);
    stateOf(this.program).resolved.push(instance);
  };
  prototype.resolveClass = function (this: Resolver, ...args): Class | null {
    const state = stateOf(this.program);
    state.depth++;
    try {
      return resolveClass.apply(this, args);
    } finally {
      state.depth--;
      settle(asc, state);
    }
  };
  // What `offsetof` asks for its class: in the size of a byte area it is a class that may not be laid out yet.
  const type = asc.Type.prototype;
  const { getClassOrWrapper } = type;
  type.getClassOrWrapper = function (this: Type, program): Class | null {
    const instance = getClassOrWrapper.call(this, program);
    const state = stateOf(program);
    if (state.open.size > 0 && state.compiler && instance && isDevice(asc, instance))
      state.isCircular ||= !layoutOf(asc, state.compiler, state, instance);
    return instance;
  };
}

/** Lays out the classes that have been resolved. Before the program compiles, no size is asked for and no constant is known. */
function settle(asc: Asc, state: State): void {
  // A class may be resolved because of a type that it contains: sizes are known only when all of them are resolved.
  if (!state.compiler || state.depth > 0 || state.open.size > 0) return;
  for (let next; (next = state.resolved.pop());) layoutOf(asc, state.compiler, state, next);
}

function layoutOf(asc: Asc, compiler: Compiler, state: State, instance: Class): Layout | undefined {
  const known = state.layouts.get(instance);
  if (known ?? (!isDevice(asc, instance) || state.open.has(instance))) return known;
  // Every class extends Object, which has no members of its own.
  const above = instance.base && isDevice(asc, instance.base) ? instance.base : undefined;
  const base = above && layoutOf(asc, compiler, state, above);
  if (above && !base) return undefined;
  state.open.add(instance);
  const placer = new Placer(base);
  const own = [...(instance.prototype.instanceMembers?.keys() ?? [])].map((name) => instance.members?.get(name));
  for (const member of own) if (member?.fieldDeclaration) placeField(placer, instance, member);
  for (const member of own) placePart(asc, compiler, state, placer, instance, member);
  state.open.delete(instance);
  const layout: Layout = {
    name: shortName(instance.name),
    file: instance.prototype.parent.internalName,
    size: placer.end,
    alignment: placer.alignment,
    members: placer.members,
  };
  const fault = faultIn(layout);
  if (fault) report(asc, compiler, instance.identifierNode.range, `${layout.name}: ${fault}`);
  instance.nextMemoryOffset = placer.end;
  state.layouts.set(instance, layout);
  return layout;
}

function isDevice(asc: Asc, instance: Class): boolean {
  return instance.kind === asc.ElementKind.Class && instance.hasDecorator(asc.DecoratorFlags.Unmanaged);
}

/** A field that the base class has, too, is the same one. */
function placeField(placer: Placer, instance: Class, { name, instance: field }: PropertyPrototype): void {
  if (!field) return;
  const inherited = instance.base?.members?.get(name)?.instance;
  const { byteSize } = field.type;
  field.memoryOffset = inherited?.isField
    ? inherited.memoryOffset
    : placer.place(name, shortName(field.type.toString()), 'field', byteSize, byteSize);
}

function placePart(
  asc: Asc,
  compiler: Compiler,
  state: State,
  placer: Placer,
  instance: Class,
  member: PropertyPrototype | undefined,
): void {
  const mark = member?.getterPrototype && marks.get(member.getterPrototype.declaration);
  if (!member || !mark) return;
  const wrong = (text: string): void => report(asc, compiler, mark.range, `${mark.name}: ${text}`);
  if (instance.base?.members?.has(mark.name)) {
    wrong(`the base class has a member of that name.`);
    return;
  }
  const property = compiler.resolver.resolveProperty(member);
  const getter = property?.getterInstance;
  if (!getter) return; // reported
  if (mark.bytes) {
    state.isCircular = false;
    const [size, alignment] = mark.bytes.map((expression) => constantOf(asc, compiler, getter.flow, expression));
    if (state.isCircular) wrong(`${shortName(instance.name)} cannot contain itself.`);
    else if (size === undefined || size < 0) wrong('the size of @bytes is a constant, not negative.');
    else if (mark.bytes.length > 1 && ![1, 2, 4, 8].includes(alignment ?? 0)) wrong('an alignment is 1, 2, 4 or 8.');
    else placer.place(mark.name, 'usize', 'bytes', size, alignment ?? 1);
    return;
  }
  const { type } = property;
  const part = type.getClass();
  if (!part || type.isNullableReference || !isDevice(asc, part)) {
    wrong(`${shortName(type.toString())} has no layout to be embedded: a part is an object of an @unmanaged class.`);
  } else {
    const layout = layoutOf(asc, compiler, state, part);
    if (layout) placer.place(mark.name, layout.name, 'part', layout.size, layout.alignment);
    else wrong(`${shortName(part.name)} cannot contain itself.`);
  }
}

/** Value of an expression within a class; undefined when it is no constant. */
function constantOf(asc: Asc, compiler: Compiler, flow: Flow, expression: Expression): number | undefined {
  const { currentFlow, currentParent, currentType, module } = compiler;
  compiler.currentFlow = flow;
  compiler.currentParent = null;
  try {
    const { usizeType } = compiler.options;
    const compiled = compiler.compileExpression(expression, usizeType, asc.Constraints.ConvImplicit);
    const value = module.runExpression(compiled, asc.ExpressionRunnerFlags.PreserveSideeffects);
    return value === 0 ? undefined : asc.getConstValueI32(value);
  } finally {
    Object.assign(compiler, { currentFlow, currentParent, currentType });
  }
}

// --- Code ---

function hookCompiler(asc: Asc): void {
  const { prototype } = asc.Compiler;
  const { compile, compileExpression } = prototype;
  prototype.compile = function (this: Compiler): object {
    stateOf(this.program).compiler = this;
    return compile.call(this);
  };
  prototype.compileExpression = function (this: Compiler, expression, wanted: Type, constraints): number {
    const mark = addresses.get(expression);
    if (mark) return compileAddress(asc, this, mark, expression, wanted);
    return compileExpression.call(this, expression, wanted, constraints);
  };
}

/** `this`, of a getter's own class, plus the part's offset. */
function compileAddress(asc: Asc, compiler: Compiler, mark: Mark, expression: Expression, wanted: Type): number {
  const { module, program, currentFlow } = compiler;
  const layout = stateOf(program).layouts.get(currentFlow.sourceFunction.parent);
  const member = layout?.members.find(({ name, kind }) => name === mark.name && kind !== 'field');
  // Without a member the layout has failed, which was reported.
  if (!member || !expression.expression) return module.unreachable();
  const base = compiler.compileExpression(expression.expression, wanted);
  compiler.currentType = wanted;
  return member.offset === 0 ? base : module.binary(asc.BinaryOp.AddI32, base, module.i32(member.offset));
}

interface Reporter {
  error(code: number, range: Range, text: string): void;
}

function report(asc: Asc, reporter: Reporter, range: Range, text: string): void {
  reporter.error(asc.DiagnosticCode.User_defined_0, range, text);
}
