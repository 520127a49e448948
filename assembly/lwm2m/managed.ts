// The objects of a device as servers see them: the app's own, and in front of them objects 1 (Server) and 2 (Access Control), whose
// values lie in the accounts. A handler for `Objects` (objects.ts) around the app's handler `H`.

import { Status } from "../board/index";
import { littleEndian } from "../util/numbers";
import {
  ACCESS_CONTROL,
  AccessControl,
  AccountSet,
  Mark,
  SECURITY,
  SERVER,
  Security,
  SecurityResource,
  Server,
  ServerResource,
  accountTable,
  fitsBytes,
} from "./account";
import { Accounts } from "./accounts";
import { ID_MAX, Type } from "./fields";
import { hasDisable, hasInstances, hasServers } from "./parts";
import { Right } from "./model/core";
import { Path } from "./path";
import { ObjectTable } from "./table";
import { Value } from "./value";

/** Place with `memory.data(offsetof<Managed<H, F>>(), 8)`, then `attach`. */
@unmanaged
export class Managed<H, F> {
  app: H;
  accounts: Accounts;
  /** The accounts that are read and written. */
  set: AccountSet;
  /** Resource 4, 8 or 9 of /1 that has been executed since `command` was last set to 0, and of which server (SSID). */
  command: i32;
  commandSsid: i32;
  /** Instances have come or gone: the servers are to hear of it. */
  isGrown: bool;

  attach(app: H, accounts: Accounts): void {
    this.app = app;
    this.accounts = accounts;
    this.set = accounts.active;
    this.command = 0;
  }

  /** Object 2 is there when there is something in it. */
  table(index: i32): usize {
    if (index == 0) return changetype<usize>(accountTable(SERVER));
    if (hasServers<F>() && this.set.count(ACCESS_CONTROL) > 0) {
      if (index == 1) return changetype<usize>(accountTable(ACCESS_CONTROL));
      index--;
    }
    return this.app.table(index - 1);
  }

  /** The table of any object, also of those that servers do not see; null for none. */
  find(object: i32): ObjectTable | null {
    if (object >= 0 && object <= lastOwn<F>()) return accountTable(object);
    let table: usize;
    for (let i = 0; (table = this.app.table(i)) != 0; i++)
      if (changetype<ObjectTable>(table).id == object) return changetype<ObjectTable>(table);
    return null;
  }

  nextInstance(object: i32, after: i32): i32 {
    return isOurs<F>(object) ? this.set.next(object, after) : this.app.nextInstance(object, after);
  }

  nextItem(object: i32, instance: i32, resource: i32, after: i32): i32 {
    if (!isOurs<F>(object)) return this.app.nextItem(object, instance, resource, after);
    if (!hasServers<F>() || object != ACCESS_CONTROL || resource != 2) return -1;
    const record = this.set.find(object, instance);
    return record ? changetype<AccessControl>(record).next(after) : -1;
  }

  has(object: i32, instance: i32, resource: i32): bool {
    if (!isOurs<F>(object)) return this.app.has(object, instance, resource);
    const record = this.set.find(object, instance);
    if (!record) return false;
    if (hasServers<F>() && object == ACCESS_CONTROL)
      return resource != 2 || changetype<AccessControl>(record).count > 0;
    return ((record.has >> resource) & 1) != 0;
  }

  read(object: i32, instance: i32, resource: i32, item: i32, value: Value): void {
    if (!isOurs<F>(object)) {
      this.app.read(object, instance, resource, item, value);
      return;
    }
    const record = this.set.find(object, instance);
    if (!record || object == SECURITY) return;
    if (hasServers<F>() && object == ACCESS_CONTROL) {
      const access = changetype<AccessControl>(record);
      value.setInteger(
        resource == 0
          ? access.object
          : resource == 1
            ? access.instance
            : resource == 3
              ? access.owner
              : access.find(item),
      );
      return;
    }
    const server = changetype<Server>(record);
    const number = server.value(<ServerResource>resource, 0);
    const type = typeOf(SERVER, resource);
    if (type == Type.String) value.setString(server.at(resource), server.bindingLen);
    else if (type == Type.Boolean) value.setBoolean(number != 0);
    else if (type == Type.Unsigned) value.setUnsigned(number);
    else value.setInteger(number);
  }

  /** Ok when the value can be what it is to be. */
  check(object: i32, instance: i32, resource: i32, item: i32, value: Value): i32 {
    if (!isOurs<F>(object)) return this.app.check(object, instance, resource, item, value);
    const type = typeOf(object, resource);
    const n = value.int;
    if (object == SECURITY) {
      if (type == Type.String || type == Type.Opaque)
        return fitsBytes(resource, value.len) ? Status.Ok : Status.TooLong;
      return is(resource == SecurityResource.Ssid ? n >= 0 && n <= 0xffff : n >= 0 && n <= i32.MAX_VALUE);
    }
    if (hasServers<F>() && object == ACCESS_CONTROL)
      return is(resource == 2 ? item <= ID_MAX && n >= 0 && n <= 31 : n >= 0 && n <= 0xffff);
    if (type == Type.String) return is(isBinding(value.ptr, value.len));
    if (resource == ServerResource.Ssid) return is(n > 0 && n <= ID_MAX);
    // There is no Retry Count of 0; the longest wait of all is 2^32 - 1, never.
    return is(n >= (resource == ServerResource.RetryCount ? 1 : 0) && n <= 0xffffffff);
  }

  write(object: i32, instance: i32, resource: i32, item: i32, value: Value): i32 {
    if (!isOurs<F>(object)) return this.app.write(object, instance, resource, item, value);
    const record = this.set.find(object, instance);
    if (!record) return Status.NotFound;
    const type = typeOf(object, resource);
    if (object == SECURITY) {
      const security = changetype<Security>(record);
      if (type == Type.String || type == Type.Opaque)
        return security.putBytes(resource, value.ptr, value.len) ? Status.Ok : Status.TooLong;
      security.put(<SecurityResource>resource, <i32>value.int);
      return Status.Ok;
    }
    this.wrote();
    if (hasServers<F>() && object == ACCESS_CONTROL) {
      const access = changetype<AccessControl>(record);
      if (resource == 2) return access.put(item, <i32>value.int) ? Status.Ok : Status.NoSpace;
      if (resource == 0) access.object = <i32>value.int;
      else if (resource == 1) access.instance = <i32>value.int;
      else access.owner = <i32>value.int;
      return Status.Ok;
    }
    const server = changetype<Server>(record);
    const number = type == Type.String ? <i64>littleEndian(value.ptr, value.len) : value.int;
    server.put(<ServerResource>resource, number);
    return Status.Ok;
  }

  unset(object: i32, instance: i32, resource: i32): void {
    if (!isOurs<F>(object)) {
      this.app.unset(object, instance, resource);
      return;
    }
    const record = this.set.find(object, instance);
    if (!record) return;
    this.wrote();
    if (hasServers<F>() && object == ACCESS_CONTROL) changetype<AccessControl>(record).count = 0;
    else record.has &= ~(1 << resource);
  }

  /** The store has to hear of it, but not of what a bootstrap session writes. */
  private wrote(): void {
    if (changetype<usize>(this.set) != changetype<usize>(this.accounts.active)) return;
    this.accounts.isDirty = true;
  }

  // --- What a bootstrap server writes ---

  /** A request of a bootstrap server begins. */
  beginTouch(): void {
    this.set.unmark(Mark.Touched);
  }

  /** Whether the set may have so many instances of the object more; of the app's objects that is for the app to say. */
  hasRoom(object: i32, more: i32): bool {
    if (!isOurs<F>(object)) return true;
    const set = this.set;
    return set.count(object) + more <= (!hasServers<F>() && object == SERVER ? 1 : set.capacity(object));
  }

  /** The instance is there from now on; a record that is `replaced` has nothing but what this request gives it. */
  touch(object: i32, instance: i32, replaced: bool): bool {
    if (!isOurs<F>(object))
      return this.nextInstance(object, instance - 1) == instance || this.create(object, instance) == Status.Ok;
    const set = this.set;
    let record = set.find(object, instance);
    if (record && replaced && !(record.state & Mark.Touched)) {
      set.clear(object, record);
      record = null;
    }
    if (!record) record = set.create(object, instance);
    if (!record) return false;
    record.state |= Mark.Fresh | Mark.Touched;
    return true;
  }

  /** Accounts come and go by bootstrap alone. */
  create(object: i32, instance: i32): i32 {
    return !hasInstances<F>() || isOurs<F>(object) ? Status.Denied : this.app.create(object, instance);
  }

  remove(object: i32, instance: i32): i32 {
    return !hasInstances<F>() || isOurs<F>(object) ? Status.Denied : this.app.remove(object, instance);
  }

  acl(object: i32, instance: i32, ssid: i32): i32 {
    return hasServers<F>() ? this.accounts.acl(object, instance, ssid) : Right.All;
  }

  owned(object: i32, instance: i32, ssid: i32): void {
    if (hasServers<F>()) this.accounts.own(object, instance, ssid);
    this.isGrown = true;
  }

  disowned(object: i32, instance: i32): void {
    if (hasServers<F>()) this.accounts.disown(object, instance);
    this.isGrown = true;
  }

  execute(object: i32, instance: i32, resource: i32, ptr: usize, len: i32): i32 {
    if (!isOurs<F>(object)) return this.app.execute(object, instance, resource, ptr, len);
    const record = this.set.find(object, instance);
    if (!record || object != SERVER) return Status.NotFound;
    if (!hasDisable<F>() && resource == ServerResource.Disable) return Status.Denied;
    this.command = resource;
    this.commandSsid = changetype<Server>(record).ssid;
    return Status.Ok;
  }

  streams(object: i32, resource: i32): bool {
    if (isDefined(this.app.streams)) return !isOurs<F>(object) && this.app.streams(object, resource);
    return false;
  }

  stream(object: i32, instance: i32, resource: i32, ptr: usize, len: i32, offset: i32, isLast: bool): i32 {
    if (isDefined(this.app.stream)) return this.app.stream(object, instance, resource, ptr, len, offset, isLast);
    return Status.Denied;
  }

  changed(path: Path): void {
    if (isDefined(this.app.changed)) if (!isOurs<F>(path.object)) this.app.changed(path);
  }

  news(path: Path): bool {
    if (isDefined(this.app.news)) return this.app.news(path);
    return false;
  }
}

/** Objects 0 to that one lie in the accounts. Without several servers there is no access control. */
@inline
export function lastOwn<F>(): i32 {
  return hasServers<F>() ? ACCESS_CONTROL : SERVER;
}


@inline
function isOurs<F>(object: i32): bool {
  return object <= lastOwn<F>();
}


@inline
function is(fine: bool): i32 {
  return fine ? Status.Ok : Status.Invalid;
}

function typeOf(object: i32, resource: i32): i32 {
  const table = accountTable(object);
  const index = table.find(resource);
  return index < 0 ? 0 : table.row(index).type;
}

/** Transports by their letters, H, M, N, S, T, U, and queue mode, Q: bit n is 64 + n. */
const BINDINGS: u32 = 0b00000000001110100110000100000000;
const UDP: u32 = 1 << 0x15;

/** Such letters, UDP among them; 1.0 has SMS as S too. */
function isBinding(ptr: usize, len: i32): bool {
  let letters: u32 = 0;
  for (let i = 0; i < len; i++) {
    const c: u32 = load<u8>(ptr + i);
    letters |= c >> 5 == 2 ? 1 << c : 1;
  }
  return len <= 8 && (letters & ~BINDINGS) == 0 && (letters & UDP) != 0;
}
