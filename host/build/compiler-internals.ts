// What the build uses of the AssemblyScript compiler: its ast.ts, parser.ts, program.ts, types.ts, resolver.ts, compiler.ts. The
// compiler has declarations of its own, but they would replace Node's `console` for the whole program.

export interface Range {
  toString(): string;
}

export interface Node {
  readonly kind: number;
  readonly range: Range;
}

export interface Expression extends Node {
  readonly expression?: Expression;
  readonly literalKind?: number;
  readonly value?: unknown;
  /** Of a call. */
  readonly args?: readonly Expression[];
  /** Of `[..]`. */
  readonly elementExpressions?: readonly Expression[];
}

export interface Identifier extends Expression {
  readonly text: string;
}

export interface Decorator extends Node {
  readonly name: Expression & { readonly text?: string };
  readonly args: readonly Expression[] | null;
}

/** A statement or a member of a class; only some declare something. */
export interface Declaration extends Node {
  readonly decorators?: readonly Decorator[] | null;
  /** Of `export default`. */
  readonly declaration?: Declaration;
  /** Of `let` and `const`. */
  readonly declarations?: readonly Declaration[];
  /** Of a namespace. */
  readonly members?: readonly Declaration[];
}

export interface ClassDeclaration extends Declaration {
  readonly members: Declaration[];
}

export interface FieldDeclaration extends Declaration {
  readonly name: Identifier;
  readonly type: Node | null;
  readonly initializer: Expression | null;
  readonly flags: number;
}

interface Diagnostics {
  error(code: number, range: Range, argument: string): void;
}

export interface Parser extends Diagnostics {
  readonly sources: readonly { readonly statements: readonly Declaration[] }[];
}

export interface Element {
  readonly kind: number;
  readonly internalName: string;
  readonly initializerNode?: Expression | null;
  readonly typeNode?: object | null;
  decoratorFlags: number;
  is(flag: number): boolean;
}

export interface Program extends Diagnostics {
  readonly elementsByName: ReadonlyMap<string, Element>;
}

export interface Type {
  readonly byteSize: number;
  readonly isNullableReference: boolean;
  readonly nonNullableType: Type;
  getClass(): Class | null;
  getClassOrWrapper(program: Program): Class | null;
  toString(): string;
}

export interface Property {
  readonly type: Type;
  readonly isField: boolean;
  readonly getterInstance: { readonly flow: Flow } | null;
  memoryOffset: number;
}

export interface PropertyPrototype {
  readonly name: string;
  readonly fieldDeclaration?: object | null;
  readonly getterPrototype?: { readonly declaration: object } | null;
  readonly instance: Property | null;
}

export interface Class {
  readonly kind: number;
  readonly name: string;
  readonly internalName: string;
  readonly identifierNode: Node;
  readonly base: Class | null;
  readonly prototype: {
    readonly parent: { readonly internalName: string };
    readonly instanceMembers: ReadonlyMap<string, unknown> | null;
  };
  readonly members: ReadonlyMap<string, PropertyPrototype> | null;
  nextMemoryOffset: number;
  hasDecorator(flag: number): boolean;
}

/** What is compiled; of a method, `parent` is its class. */
export interface Flow {
  readonly sourceFunction: { readonly parent: Class };
}

export interface Resolver {
  readonly program: Program;
  resolveClass(this: Resolver, ...args: unknown[]): Class | null;
  finishResolveClass(this: Resolver, instance: Class, mode: number): void;
  resolveProperty(prototype: PropertyPrototype): Property | null;
  lookupIdentifierExpression(node: Expression, flow: object, parent: object, mode: number): Element | null;
}

export interface Compiler extends Diagnostics {
  readonly program: Program;
  readonly resolver: Resolver;
  readonly options: { readonly usizeType: Type };
  readonly module: {
    i32(value: number): number;
    binary(operation: number, left: number, right: number): number;
    unreachable(): number;
    addGlobal(name: string, type: number, mutable: boolean, initial: number): number;
    runExpression(expression: number, flags: number): number;
  };
  currentFlow: Flow;
  currentParent: object | null;
  currentType: Type;
  compile(this: Compiler): object;
  compileExpression(this: Compiler, expression: Expression, wanted: Type, constraints?: number): number;
  addAlignedMemorySegment(bytes: Uint8Array, alignment: number): { readonly offset: { readonly low: number } };
}

/** The compiler's exports. */
export interface Asc {
  readonly Compiler: { readonly prototype: Compiler };
  readonly Resolver: { readonly prototype: Resolver };
  readonly Type: { readonly prototype: Type; readonly i32: Type };
  readonly Node: {
    createIdentifierExpression(name: string, range: Range): Identifier;
    createThisExpression(range: Range): Expression;
    createParenthesizedExpression(expression: Expression, range: Range): Expression;
    createReturnStatement(value: Expression, range: Range): Node;
    createBlockStatement(statements: readonly Node[], range: Range): Node;
    createDecorator(name: Expression, args: readonly Expression[] | null, range: Range): Decorator;
    createFunctionType(
      parameters: readonly Node[],
      result: Node | null,
      self: null,
      isNullable: boolean,
      range: Range,
    ): Node;
    createMethodDeclaration(
      name: Identifier,
      decorators: readonly Decorator[],
      flags: number,
      typeParameters: null,
      signature: Node,
      body: Node,
      range: Range,
    ): Declaration;
  };
  readonly NodeKind: {
    readonly Identifier: number;
    readonly Literal: number;
    readonly Call: number;
    readonly Parenthesized: number;
    readonly ExportDefault: number;
    readonly NamespaceDeclaration: number;
    readonly ClassDeclaration: number;
    readonly FieldDeclaration: number;
  };
  readonly LiteralKind: { readonly String: number };
  readonly ElementKind: { readonly Global: number; readonly Class: number };
  readonly CommonFlags: {
    readonly Const: number;
    readonly Static: number;
    readonly Readonly: number;
    readonly DefinitelyAssigned: number;
    readonly Get: number;
  };
  readonly DecoratorFlags: { readonly Lazy: number; readonly Unmanaged: number };
  readonly ReportMode: { readonly Swallow: number };
  readonly DiagnosticCode: { readonly User_defined_0: number };
  readonly Constraints: { readonly ConvImplicit: number };
  readonly ExpressionRunnerFlags: { readonly PreserveSideeffects: number };
  readonly BinaryOp: { readonly AddI32: number };
  getConstValueI32(expression: number): number;
}

/** The compiler, with the prototypes that the build changes. */
export async function compilerInternals(): Promise<Asc> {
  // Not imported by its literal name: its declarations would replace Node's `console` for the whole program.
  const name: string = 'assemblyscript';
  return (await import(name)) as Asc;
}
