// Reads a payload value by value, whatever its format: text, opaque, TLV (tlv-reader.ts), SenML JSON and CBOR (senml-json.ts,
// senml-cbor.ts), of those the app has (parts.ts).

import { Status } from "../board/index";
import { Format } from "./fields";
import { hasCbor, hasJson, hasText, hasTlv } from "./parts";
import { Mark, Reader } from "./reader";
import { cborNext, cborSingle } from "./senml-cbor";
import { jsonNext } from "./senml-json";
import { tlvNext } from "./tlv-reader";
import { Kind } from "./value";

/** Goes to the next value or container: 1; 0 at the end; Malformed. After those nothing more is to be asked. */
export function readNext<F>(r: Reader): i32 {
  r.mark = Mark.Value;
  if (hasTlv<F>()) if (r.format == Format.Tlv) return tlvNext(r);
  if (hasJson<F>()) if (r.format == Format.SenmlJson) return inside(r, jsonNext(r));
  if (hasCbor<F>()) if (r.format == Format.SenmlCbor) return inside(r, cborNext(r));
  return single<F>(r);
}

function single<F>(r: Reader): i32 {
  if (r.started) return 0;
  r.started = true;
  r.path.copy(r.base);
  if (hasCbor<F>()) if (r.format == Format.Cbor) return cborSingle(r);
  const value = r.value;
  value.kind = hasText<F>() && r.format == Format.Text ? Kind.Text : Kind.Opaque;
  value.ptr = r.start;
  value.len = <i32>(r.end - r.start);
  return 1;
}

/** A SenML record: its path from base name and name, which must lie in the request's. RFC 8428 4.5.1. */
function inside(r: Reader, status: i32): i32 {
  if (status <= 0) return status;
  const path = r.path.clear();
  const total = r.baseNameLen + r.nameLen;
  let levelStart = -1;
  let digits = 0;
  let id = 0;
  // Both parts as one text; each level is a number between slashes.
  for (let i = 0; i <= total; i++) {
    const c: u32 =
      i == total ? 0x2f : i < r.baseNameLen ? load<u8>(r.baseName + i) : load<u8>(r.name + (i - r.baseNameLen));
    if (i == 0) {
      if (c != 0x2f || total == 0) return Status.Malformed;
      levelStart = 1;
      continue;
    }
    if (c == 0x2f) {
      // "/" alone, or a slash at the end.
      if (digits == 0) {
        if (i == total) break;
        return Status.Malformed;
      }
      if (!path.append(id)) return Status.Malformed;
      digits = 0;
      id = 0;
      continue;
    }
    if (c - 0x30 > 9 || (digits > 0 && id == 0) || ++digits > 5) return Status.Malformed;
    id = id * 10 + <i32>(c - 0x30);
    if (id > 0xffff) return Status.Malformed;
  }
  return levelStart > 0 && r.base.holds(path) ? 1 : Status.Malformed;
}
