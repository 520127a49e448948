// The device's name, as it tells its servers: the parameter `ep=NAME` of Register and Bootstrap-Request. LwM2M Core 6.2.1, 6.1.7.1.

import { Status } from "../board/index";
import { CoapOption } from "../net/coap/fields";
import { CoapWriter } from "../net/coap/writer";
import { Text } from "../util/text";

/** Bytes of a name. */
const NAME_MAX: i32 = 120;
const TEXT_MAX: i32 = NAME_MAX + 3;

/** Place with `place`, then `set`. */
@unmanaged
export class EndpointName {
  @part private text: Text;
  @bytes(TEXT_MAX) private parameter: usize;

  /** TooLong when it has more than 120 bytes. */
  set(ptr: usize, len: i32): i32 {
    if (<u32>len > <u32>NAME_MAX) return Status.TooLong;
    this.text.on(this.parameter, TEXT_MAX).str("ep=").bytes(ptr, len);
    return Status.Ok;
  }

  write(w: CoapWriter): void {
    w.option(CoapOption.UriQuery, this.text.ptr, this.text.length);
  }
}
