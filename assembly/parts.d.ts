// For editors: what the build (host/build/parts.ts) adds to the language.

/** The field is the object itself, within this one, and not a reference to it. */
declare function part(target: unknown, name: string): void;

/** The field is the address of so many bytes within this object, aligned to `alignment`: 1 unless given, 2, 4 or 8. */
declare function bytes(size: i32, alignment?: i32): (target: unknown, name: string) => void;
