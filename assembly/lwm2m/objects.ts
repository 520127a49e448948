// What a server does with a device's objects, request by request: the model/ folder has the operations, this file deals them out.
//
// The objects are the app's: a class `H`, the handler, taken as a type parameter, that has the tables (table.ts) and the values.
// join.ts makes one of several objects, each a class of its own with no more members than it needs, and lists those. The handler's
// members, in which an absent item (single resource) is -1:
//
//   table(index): usize                                 the ObjectTables one by one, 0 behind the last
//   nextInstance(object, after): i32                    the next instance ID above `after` (-1: the first), -1 for none
//   nextItem(object, instance, resource, after): i32    the same of a multiple resource's items
//   has(object, instance, resource): bool               the resource is there
//   read(object, instance, resource, item, value): void            sets `value`, by the call of its type
//   check(object, instance, resource, item, value): i32            Ok when `write` would take that value
//   write(object, instance, resource, item, value): i32            takes a value of the resource's type
//   unset(object, instance, resource): void             drops an optional value, or all items
//   create(object, instance): i32, remove(object, instance): i32   Status
//   execute(object, instance, resource, arguments, length): i32    Status
//   streams(object, resource): bool                     optional: a value of that resource is taken part by part, however long it is
//   stream(object, instance, resource, part, length, offset, isLast): i32    Status; Again: not the part that comes next
//   changed(path): void                                 optional: a server has changed what lies there
//   find(object): ObjectTable | null                     optional: the table of that object, also of one that `table` does not give
//   news(path): bool                                    optional: sets the path to something that has changed since it was asked for
//   acl(object, instance, ssid): i32                    optional: bits of `Right` that a server has; instance -1: for Create
//   owned(object, instance, ssid): void                 optional: that server has created the instance
//   disowned(object, instance): void                    optional: it has been deleted

import { CoapEndpoint } from "../net/coap/endpoint";
import { CoapCode, CoapOption } from "../net/coap/fields";
import { Status } from "../board/index";
import { Format } from "./fields";
import { Usual, hasAttributes, hasComposite, hasDiscover, hasInstances } from "./parts";
import { ObjectsComposite } from "./model/composite";
import { Body } from "./model/write";
import { Path } from "./path";
import { Access } from "./table";

/** Place with `place`, then `attach`. */
@unmanaged
export class Objects<H, F = Usual> extends ObjectsComposite<H, F> {
  /** Answers the request that `endpoint` has in hand (its event Request). `ssid`: the server that the endpoint's session is with. */
  handle(endpoint: CoapEndpoint, ssid: i32): void {
    this.asks(ssid);
    const path = this.target(endpoint);
    this.respond(endpoint, path ? this.dispatch(endpoint, path) : CoapCode.NotFound);
  }

  /** Answers with that code, and, when it is Content, with the answer that is there. */
  respond(endpoint: CoapEndpoint, code: CoapCode): void {
    const isContent = code == CoapCode.Content;
    endpoint.respond(code, isContent ? this.answerFormat : -1, this.out, isContent ? this.answerLen : 0);
  }

  /** Takes a block of a request that is not the last (the endpoint's event Block), or has the endpoint gather it. */
  block(now: i64, endpoint: CoapEndpoint, ssid: i32): void {
    this.asks(ssid);
    const path = this.target(endpoint);
    if (endpoint.message.code != CoapCode.Put || !path || !this.isStream(endpoint, path)) {
      endpoint.keep(now);
      return;
    }
    const missing = this.missing(path);
    const code = missing == CoapCode.Empty ? this.pour(endpoint, path, false) : missing;
    if (code == CoapCode.Continue) endpoint.take(now);
    else endpoint.respond(code, -1, 0, 0);
  }

  /** The path of the request in hand, null when it is none of ours. */
  target(endpoint: CoapEndpoint): Path | null {
    const m = endpoint.message;
    const path = this.path.clear();
    m.rewind();
    while (m.next() > 0)
      if (m.option == CoapOption.UriPath && m.valueLen > 0 && path.appendText(m.value, m.valueLen) != Status.Ok)
        return null;
    return path;
  }

  private dispatch(endpoint: CoapEndpoint, path: Path): CoapCode {
    const m = endpoint.message;
    const depth = path.depth;
    if (hasComposite<F>()) {
      if (m.code == CoapCode.Fetch) return depth == 0 ? this.readComposite(endpoint) : CoapCode.MethodNotAllowed;
      if (m.code == CoapCode.IPatch) return depth == 0 ? this.writeComposite(endpoint) : CoapCode.MethodNotAllowed;
    }
    if (depth == 0) return CoapCode.MethodNotAllowed;
    const missing = this.missing(path);
    if (missing != CoapCode.Empty) return missing;
    switch (m.code) {
      case CoapCode.Get:
        return hasDiscover<F>() && m.accept == Format.Link ? this.discover(path) : this.read(path, <Format>m.accept);
      case CoapCode.Put:
        if (m.format < 0 && m.count(CoapOption.UriQuery) > 0)
          return hasAttributes<F>() ? this.writeAttributes(endpoint, path) : CoapCode.MethodNotAllowed;
        return depth == 1 ? CoapCode.MethodNotAllowed : this.write(endpoint, path, Body.Replace);
      case CoapCode.Post:
        if (depth == 1) return hasInstances<F>() ? this.create(endpoint, path) : CoapCode.MethodNotAllowed;
        if (depth == 3 && this.row(path).can(Access.E)) return this.execute(endpoint, path);
        if (depth == 4) return CoapCode.MethodNotAllowed;
        return this.write(endpoint, path, Body.Partial);
      case CoapCode.Delete:
        return hasInstances<F>() ? this.remove(path) : CoapCode.MethodNotAllowed;
      default:
        return CoapCode.MethodNotAllowed;
    }
  }
}
