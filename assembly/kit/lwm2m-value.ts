// A value that is to be written, as JavaScript gives it.

import { Type } from "../lwm2m/fields";
import { Value } from "../lwm2m/value";

/** Makes it a value of the type. */
export function setValue(value: Value, type: Type, int: i64, float: f64, bytes: Uint8Array): void {
  switch (type) {
    case Type.String:
      value.setString(bytes.dataStart, bytes.length);
      break;
    case Type.Unsigned:
      value.setUnsigned(<u64>int);
      break;
    case Type.Float:
      value.setFloat(float);
      break;
    case Type.Boolean:
      value.setBoolean(int != 0);
      break;
    case Type.Opaque:
      value.setOpaque(bytes.dataStart, bytes.length);
      break;
    case Type.Link:
      value.setLink(<u32>(int >> 16), <u32>(int & 0xffff));
      break;
    default:
      value.setInteger(int);
  }
}
