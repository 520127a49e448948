// SORACOM Air Metadata: what the platform knows of the SIM that asks: fields and tags of its own subscriber, and the
// userdata of its group. The answer is the bare value as text; it stands in the buffer that the call was given.

import { Method } from "../net/http/fields";
import { Text } from "../util/text";
import { writeJsonString } from "../util/json";
import { HttpService } from "./http-service";

/** Longest `[{"tagName":..,"tagValue":..}]`. */
const TAG_BODY_MAX = 256;

/** Place with `place`, then `open`. Each call begins one request; `step` tells its outcome. */
@unmanaged
export class MetadataClient<N> extends HttpService<N> {
  @part private text: Text;
  @bytes(TAG_BODY_MAX) private tagBody: usize;

  open(net: N): void {
    this.attach(net, "metadata.soracom.io", 80);
  }

  /** A field by its path with dots, such as `imsi`, `speedClass`, `sessionStatus.online`. */
  field(now: i64, path: usize, pathLen: i32, into: usize, intoMax: i32): void {
    this.beginAt(Method.Get, "/v1/subscriber.", path, pathLen);
    this.send(now, 0, -1, into, intoMax);
  }

  /** The value of a tag; Refused with code 404 when the SIM has no such tag. */
  tag(now: i64, name: usize, nameLen: i32, into: usize, intoMax: i32): void {
    this.beginAt(Method.Get, "/v1/subscriber.tags.", name, nameLen);
    this.send(now, 0, -1, into, intoMax);
  }

  /** The group's userdata, as the operator wrote it. */
  userdata(now: i64, into: usize, intoMax: i32): void {
    this.begin(Method.Get, "/v1/userdata");
    this.send(now, 0, -1, into, intoMax);
  }

  /** Sets a tag; Refused with code 403 when the group allows only reading. The answer is the subscriber as JSON. */
  putTag(now: i64, name: usize, nameLen: i32, value: usize, valueLen: i32, into: usize, intoMax: i32): void {
    const text = this.text.on(this.tagBody, TAG_BODY_MAX).str('[{"tagName":');
    writeJsonString(text, name, nameLen);
    writeJsonString(text.str(',"tagValue":'), value, valueLen);
    text.str("}]");
    const request = this.begin(Method.Put, "/v1/subscriber/tags").header("Content-Type", "application/json");
    if (!text.fits) request.valid = false;
    this.send(now, this.tagBody, text.length, into, intoMax);
  }

  /** Takes a tag away; Refused with code 404 when the SIM has no such tag. */
  deleteTag(now: i64, name: usize, nameLen: i32, into: usize, intoMax: i32): void {
    this.beginAt(Method.Delete, "/v1/subscriber/tags/", name, nameLen);
    this.send(now, 0, -1, into, intoMax);
  }
}
