// How an app declares its objects: one table for each.
//
//   const DEVICE = objectTable(3, 0x0100, 1, [ // object ID, version 1.0, most instances
//     0 | Of.String | Access.R,               // of each resource: ID, type, access
//     4 | Access.EM,
//   ]);

/**
 * The address of a table. `version`: major in the high byte; `resources`: at most 32, constants. The build makes it
 * (host/build/tables.ts); in a constant it costs no code.
 */
export declare function objectTable(id: i32, version: i32, instancesMax: i32, resources: StaticArray<i32>): usize;

/** How many resources a table has: a constant. `table` is the name of one. */
export declare function rowsOf(table: usize): i32;

/** `Type` of a resource, where a table has it. */
export const enum Of {
  String = 0x010000,
  Integer = 0x020000,
  Unsigned = 0x030000,
  Float = 0x040000,
  Boolean = 0x050000,
  Opaque = 0x060000,
  Time = 0x070000,
  Link = 0x080000,
}

/** What a server may do with a resource: read, write, execute; `s`: it has several instances; `M`: it is mandatory. */
export const enum Access {
  /** Bootstrap only. */
  None = 0,
  R = 0x01000000,
  W = 0x02000000,
  RW = 0x03000000,
  E = 0x04000000,
  Multiple = 0x08000000,
  Rs = 0x09000000,
  RWs = 0x0b000000,
  Mandatory = 0x10000000,
  RM = 0x11000000,
  WM = 0x12000000,
  RWM = 0x13000000,
  EM = 0x14000000,
  RsM = 0x19000000,
  RWsM = 0x1b000000,
}

const HEAD: usize = 16;

/** A view over such a table. */
@unmanaged
export class ObjectTable {
  id: i32;
  /** Major in the high byte. */
  version: i32;
  instancesMax: i32;
  /** Of resources; at most 32. */
  count: i32;

  /** The `index`th resource. */
  row(index: i32): Resource {
    return changetype<Resource>(changetype<usize>(this) + HEAD + ((<usize>index) << 2));
  }

  /** The resource's place in the table, -1 when the object has none such. */
  find(id: i32): i32 {
    for (let i = 0; i < this.count; i++) if (this.row(i).id == id) return i;
    return -1;
  }
}


@unmanaged
export class Resource {
  private bits: u32;

  get id(): i32 {
    return this.bits & 0xffff;
  }

  /** `Type`; 0 where there is no value. */
  get type(): i32 {
    return (this.bits >> 16) & 0xff;
  }

  can(access: Access): bool {
    return (this.bits & access) != 0;
  }
}
