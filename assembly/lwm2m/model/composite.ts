// Operations on several paths at once: Read-Composite (FETCH) and Write-Composite (iPATCH) on the root, LwM2M Core 6.3.9, 6.3.10, and
// payloads that the device puts together itself (Send, 6.4.6).

import { CoapEndpoint } from "../../net/coap/endpoint";
import { CoapCode } from "../../net/coap/fields";
import { Status } from "../../board/index";
import { Format } from "../fields";
import { Path } from "../path";
import { readNext } from "../reading";
import { ObjectTable } from "../table";
import { Body, ObjectsWrite } from "./write";


@unmanaged
export class ObjectsComposite<H, F> extends ObjectsWrite<H, F> {
  /** The names in a body of FETCH: Empty, 4.15 or 4.00. They come one by one with `nextName`. */
  beginNames(endpoint: CoapEndpoint): CoapCode {
    const format = plainSenml(<Format>endpoint.message.format);
    if (!isSenml(format)) return CoapCode.UnsupportedContentFormat;
    const status = this.reader.begin<F>(format, endpoint.body, endpoint.bodyLen, this.path.clear());
    return status == Status.Ok ? CoapCode.Empty : CoapCode.UnsupportedContentFormat;
  }

  /** 1 and the name in `namePath`; 0 behind the last; Malformed. */
  nextName(): i32 {
    return readNext<F>(this.reader);
  }

  get namePath(): Path {
    return this.reader.path;
  }

  /** The format of the answer to a FETCH; None when there is none that fits. */
  compositeFormat(endpoint: CoapEndpoint): Format {
    const accept = <Format>endpoint.message.accept;
    const format = plainSenml(accept == Format.None ? <Format>endpoint.message.format : accept);
    return isSenml(format) && this.fitsFormat(format, false, 0) ? format : Format.None;
  }

  /** Begins a payload of several paths in into..into+max. */
  beginPaths(format: Format, into: usize, max: i32): void {
    this.answerFormat = format;
    this.writer.begin<F>(format, into, max, this.scratch.clear());
  }

  /** Adds what can be read there; what cannot is left out, and false. The root is all objects. */
  addPath(path: Path): bool {
    if (path.depth == 0) return this.addAll();
    if (this.unreadable(path) != CoapCode.Empty) return false;
    const w = this.writer;
    w.object(path.object);
    if (path.instance >= 0) w.instance<F>(path.instance);
    this.writeValues(path);
    return true;
  }

  private addAll(): bool {
    let some = false;
    let table: usize;
    for (let i = 0; (table = this.handler.table(i)) != 0; i++)
      if (this.addPath(this.scratch.set(changetype<ObjectTable>(table).id, -1, -1, -1))) some = true;
    return some;
  }

  /** Content, `answerLen` bytes of it; or what is wrong. */
  endPaths(): CoapCode {
    return this.written();
  }

  protected readComposite(endpoint: CoapEndpoint): CoapCode {
    const code = this.beginNames(endpoint);
    if (code != CoapCode.Empty) return code;
    const format = this.compositeFormat(endpoint);
    if (format == Format.None) return CoapCode.NotAcceptable;
    this.beginPaths(format, this.out, this.outMax);
    let found: i32;
    let known = false;
    while ((found = this.nextName()) > 0) if (this.addPath(this.namePath)) known = true;
    if (found < 0) return CoapCode.BadRequest;
    return known ? this.endPaths() : CoapCode.NotFound;
  }

  /** All of it or nothing. */
  protected writeComposite(endpoint: CoapEndpoint): CoapCode {
    const m = endpoint.message;
    m.format = plainSenml(<Format>m.format);
    if (!isSenml(<Format>m.format)) return CoapCode.UnsupportedContentFormat;
    const path = this.path.clear();
    const code = this.checkBody(endpoint, path, Body.Composite);
    return code == CoapCode.Empty ? this.carryOut(endpoint, path, Body.Composite, -1) : code;
  }
}

function isSenml(format: Format): bool {
  return format == Format.SenmlCbor || format == Format.SenmlJson;
}

/** SenML-ETCH (RFC 8790) of what we take and give looks the same. */
function plainSenml(format: Format): Format {
  return format == Format.EtchJson ? Format.SenmlJson : format == Format.EtchCbor ? Format.SenmlCbor : format;
}
