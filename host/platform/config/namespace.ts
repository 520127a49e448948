// `group.configuration.{namespace}.{key}`: each service has one namespace and keeps its schema in its own folder. The
// directory is given all of them, and knows none.

import { z } from 'zod';
import { faultAt, unknownKeyWords } from '../../faults.js';
import { unknownKeys } from './fields.js';

type Keys = Readonly<Record<string, unknown>>;

/** As it is used: what each namespace's schema made of it, secrets are `Secret`s. Read with `Namespace.of`. */
export type GroupConfiguration = Keys;
/** As an operator writes it. */
export type WrittenConfiguration = Readonly<Record<string, Keys | undefined>>;

export class Namespace<Name extends string = string, S extends z.ZodType<unknown, Keys> = z.ZodType<unknown, Keys>> {
  /** `schema`: an empty value of a key means the same as leaving it out (fields.ts). What it makes a `Secret` never reads back. */
  constructor(
    readonly name: Name,
    readonly schema: S,
  ) {}

  /** What a group says; undefined when it says nothing, and without a group. */
  of(group: { readonly configuration: GroupConfiguration } | undefined): z.output<S> | undefined {
    // The directory has read it with this schema.
    return group?.configuration[this.name] as z.output<S> | undefined;
  }
}

/** What a namespace holds, as it is used. */
export type Configured<N extends Namespace> = z.output<N['schema']>;

/** All namespaces that a group's configuration may have. */
export class Namespaces {
  /** Reads a whole configuration; keys that are no namespace are left out. */
  readonly schema: z.ZodType<GroupConfiguration, WrittenConfiguration>;
  readonly #names: ReadonlySet<string>;

  /** `later`: names of services that the platform has and the emulator does not have yet. Throws Error for a name that is there twice. */
  constructor(
    readonly all: readonly Namespace[] = [],
    readonly later: readonly string[] = [],
  ) {
    this.#names = new Set(all.map(({ name }) => name));
    if (this.#names.size < all.length) throw new Error('two namespaces have one name');
    this.schema = z.object(Object.fromEntries(all.map(({ name, schema }) => [name, schema.optional()])));
  }

  /** Keys that nobody knows in a group's configuration as it is written, whether the rest of it is right or not. */
  slips(written: unknown, path: readonly PropertyKey[]): readonly string[] {
    if (typeof written !== 'object' || written === null) return [];
    const keys = Object.entries(written).flatMap(([name, value]) => {
      const schema = this.all.find((namespace) => namespace.name === name)?.schema;
      const read = schema?.safeParse(value);
      return read?.success === true ? unknownKeys(value, read.data, [...path, name], schema) : [];
    });
    const unknown = Object.keys(written).filter((name) => !this.#names.has(name));
    const names = this.all.map(({ name }) => name);
    return [...(unknown.length === 0 ? [] : [faultAt(path, unknownKeyWords(unknown, names))]), ...keys];
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }
}
