// Objects 0 (Security), 1 (Server) and 2 (Access Control) as records of fixed size, and a set of them. LwM2M Core E.1 to E.3.

import { wipe } from "../crypto/constant-time";
import { strideOf } from "../place";
import { Access, ObjectTable, Of, objectTable } from "./table";

export const SECURITY: i32 = 0;
export const SERVER: i32 = 1;
export const ACCESS_CONTROL: i32 = 2;

/** Servers, not counting the bootstrap server. */
export const SERVERS_MAX: i32 = 2;
/** One for each server, the bootstrap account, and one that is about to take its place. */
const SECURITIES_MAX: i32 = SERVERS_MAX + 2;
const ACCESSES_MAX: i32 = 16;
/** Entries of one access control list. */
export const ACL_MAX: i32 = 4;

export const URI_MAX: i32 = 255;
export const IDENTITY_MAX: i32 = 128;
export const KEY_MAX: i32 = 64;

/** Security mode, /0/x/2. */
export const enum SecurityMode {
  Psk = 0,
  NoSec = 3,
}

/** Resources of /0 that are kept. */
export const enum SecurityResource {
  Uri = 0,
  Bootstrap = 1,
  Mode = 2,
  Identity = 3,
  ServerKey = 4,
  Key = 5,
  Ssid = 10,
  HoldOff = 11,
  Timeout = 12,
}

/** Resources of /1. */
export const enum ServerResource {
  Ssid = 0,
  Lifetime = 1,
  MinPeriod = 2,
  MaxPeriod = 3,
  Disable = 4,
  DisableTimeout = 5,
  Storing = 6,
  Binding = 7,
  Update = 8,
  Bootstrap = 9,
  Alert = 11,
  LastBootstrapped = 12,
  Order = 13,
  Delay = 14,
  Block = 15,
  BootstrapOnFailure = 16,
  RetryCount = 17,
  RetryTimer = 18,
  SequenceDelay = 19,
  SequenceCount = 20,
  Mute = 23,
}

const SECURITY_TABLE = objectTable(0, 0x0100, 4, [
  0 | Of.String | Access.Mandatory,
  1 | Of.Boolean | Access.Mandatory,
  2 | Of.Integer | Access.Mandatory,
  3 | Of.Opaque,
  4 | Of.Opaque,
  5 | Of.Opaque,
  10 | Of.Integer,
  11 | Of.Integer,
  12 | Of.Integer,
]);
const SERVER_TABLE = objectTable(1, 0x0101, 2, [
  0 | Of.Integer | Access.RM,
  1 | Of.Integer | Access.RWM,
  2 | Of.Integer | Access.RW,
  3 | Of.Integer | Access.RW,
  4 | Access.E,
  5 | Of.Integer | Access.RW,
  6 | Of.Boolean | Access.RWM,
  7 | Of.String | Access.RWM,
  8 | Access.EM,
  9 | Access.E,
  11 | Of.Unsigned | Access.R,
  12 | Of.Time | Access.R,
  13 | Of.Unsigned | Access.R,
  14 | Of.Unsigned | Access.RW,
  15 | Of.Boolean | Access.R,
  16 | Of.Boolean | Access.R,
  17 | Of.Unsigned | Access.RW,
  18 | Of.Unsigned | Access.RW,
  19 | Of.Unsigned | Access.RW,
  20 | Of.Unsigned | Access.RW,
  23 | Of.Boolean | Access.RW,
]);
const ACCESS_TABLE = objectTable(2, 0x0100, 16, [
  0 | Of.Integer | Access.RM,
  1 | Of.Integer | Access.RM,
  2 | Of.Integer | Access.RWs,
  3 | Of.Integer | Access.RWM,
]);

/** The table of object 0, 1 or 2. */
export function accountTable(object: i32): ObjectTable {
  return changetype<ObjectTable>(object == SECURITY ? SECURITY_TABLE : object == SERVER ? SERVER_TABLE : ACCESS_TABLE);
}

/** Bits of `Record.state`. */
export const enum Mark {
  Used = 1,
  /** Written by the bootstrap session under way. */
  Fresh = 2,
  /** Written by the request in hand. */
  Touched = 4,
}

/** What all three kinds begin with. */
@unmanaged
export class Record {
  /** `Mark`; 0: free. */
  state: i32;
  /** Instance ID. */
  id: i32;
  /** Bit n: resource n has a value. */
  has: u32;
}


@unmanaged
export class Security extends Record {
  uriLen: i32;
  identityLen: i32;
  keyLen: i32;
  @bytes(13 * 4, 4) private numbers: usize;
  @bytes(URI_MAX + 1) uri: usize;
  @bytes(IDENTITY_MAX) identity: usize;
  @bytes(KEY_MAX) key: usize;

  /** Of resources 1, 2, 10, 11, 12; 0 when absent. */
  number(resource: SecurityResource): i32 {
    return load<i32>(this.numbers + (resource << 2));
  }

  put(resource: SecurityResource, value: i32): void {
    store<i32>(this.numbers + (resource << 2), value);
    this.has |= 1 << resource;
  }

  get isBootstrap(): bool {
    return this.number(SecurityResource.Bootstrap) != 0;
  }

  get isSecure(): bool {
    return this.number(SecurityResource.Mode) == SecurityMode.Psk;
  }

  /** Takes bytes of resource 0, 3 or 5 (4 is not kept). False when they are too long. */
  putBytes(resource: i32, ptr: usize, len: i32): bool {
    if (!fitsBytes(resource, len)) return false;
    if (resource == SecurityResource.Uri) {
      memory.copy(this.uri, ptr, len);
      this.uriLen = len;
    } else if (resource == SecurityResource.Identity) {
      memory.copy(this.identity, ptr, len);
      this.identityLen = len;
    } else if (resource == SecurityResource.Key) {
      wipe(this.key, KEY_MAX);
      memory.copy(this.key, ptr, len);
      this.keyLen = len;
    }
    this.has |= 1 << resource;
    return true;
  }
}

/** Whether resource 0, 3, 4 or 5 of Security can have so many bytes. */
export function fitsBytes(resource: i32, len: i32): bool {
  const most =
    resource == SecurityResource.Uri
      ? URI_MAX
      : resource == SecurityResource.Identity
        ? IDENTITY_MAX
        : resource == SecurityResource.Key
          ? KEY_MAX
          : i32.MAX_VALUE;
  return <u32>len <= <u32>most;
}

const SERVER_VALUES: i32 = 24;


@unmanaged
export class Server extends Record {
  @bytes(SERVER_VALUES * 8, 8) private values: usize;

  /** Of the resource, or `absent` when it has none. The binding is its characters, the first in the lowest byte. */
  value(resource: ServerResource, absent: i64): i64 {
    return (this.has >> resource) & 1 ? load<i64>(this.at(resource)) : absent;
  }

  put(resource: ServerResource, value: i64): void {
    store<i64>(this.at(resource), value);
    this.has |= 1 << resource;
  }


  @inline
  at(resource: i32): usize {
    return this.values + (resource << 3);
  }

  get ssid(): i32 {
    return <i32>this.value(ServerResource.Ssid, 0);
  }

  /** Seconds; 0 and less: without end (LwM2M 1.2). */
  get lifetime(): i32 {
    return <i32>min<i64>(this.value(ServerResource.Lifetime, 86_400), i32.MAX_VALUE);
  }

  /** Seconds between sequences of attempts to register. */
  get sequenceDelay(): i64 {
    return this.value(ServerResource.SequenceDelay, 86_400);
  }

  /** Characters of the binding. */
  get bindingLen(): i32 {
    return 8 - <i32>(clz<i64>(this.value(ServerResource.Binding, 0)) >> 3);
  }

  /** The binding asks for queue mode. */
  get isQueued(): bool {
    for (let i = 0; i < 8; i++) if (load<u8>(this.at(ServerResource.Binding) + i) == 0x51) return true;
    return false;
  }
}


@unmanaged
export class AccessControl extends Record {
  object: i32;
  instance: i32;
  owner: i32;
  /** Entries of the list. */
  count: i32;
  @bytes(ACL_MAX * 4, 4) private list: usize;


  @inline
  private at(index: i32): usize {
    return this.list + ((<usize>index) << 2);
  }

  /** SSID << 16 | rights. */
  entry(index: i32): u32 {
    return load<u32>(this.at(index));
  }

  /** Rights of the server, 0 for the default entry; -1 for none. */
  find(ssid: i32): i32 {
    for (let i = 0; i < this.count; i++) if (<i32>(this.entry(i) >> 16) == ssid) return this.entry(i) & 0xffff;
    return -1;
  }

  /** The next SSID above `after`, -1 for none. */
  next(after: i32): i32 {
    let best = -1;
    for (let i = 0; i < this.count; i++) {
      const ssid: i32 = this.entry(i) >> 16;
      if (ssid > after && (best < 0 || ssid < best)) best = ssid;
    }
    return best;
  }

  /** False when the list is full. */
  put(ssid: i32, rights: i32): bool {
    let i = 0;
    while (i < this.count && <i32>(this.entry(i) >> 16) != ssid) i++;
    if (i >= ACL_MAX) return false;
    store<u32>(this.at(i), ((<u32>ssid) << 16) | rights);
    this.count = max(this.count, i + 1);
    return true;
  }
}

/** All accounts of a device. */
@unmanaged
export class AccountSet {
  /** The bootstrap account has been given up (/0/x/12): there is none to fall back on. */
  purged: i32;
  @bytes(SECURITIES_MAX * strideOf<Security>(), 8) private securities: usize;
  @bytes(SERVERS_MAX * strideOf<Server>(), 8) private servers: usize;
  @bytes(ACCESSES_MAX * strideOf<AccessControl>(), 8) private accesses: usize;

  /** Most instances of the object. */
  capacity(object: i32): i32 {
    return object == SECURITY ? SECURITIES_MAX : object == SERVER ? SERVERS_MAX : ACCESSES_MAX;
  }

  private stride(object: i32): i32 {
    return object == SECURITY
      ? strideOf<Security>()
      : object == SERVER
        ? strideOf<Server>()
        : strideOf<AccessControl>();
  }

  record(object: i32, index: i32): Record {
    const first = object == SECURITY ? this.securities : object == SERVER ? this.servers : this.accesses;
    return changetype<Record>(first + index * this.stride(object));
  }

  /** The instance, null for none. */
  find(object: i32, id: i32): Record | null {
    for (let i = 0, n = this.capacity(object); i < n; i++) {
      const record = this.record(object, i);
      if (record.state != 0 && record.id == id) return record;
    }
    return null;
  }

  /** The next instance ID above `after`, -1 for none. */
  next(object: i32, after: i32): i32 {
    let best = -1;
    for (let i = 0, n = this.capacity(object); i < n; i++) {
      const record = this.record(object, i);
      if (record.state != 0 && record.id > after && (best < 0 || record.id < best)) best = record.id;
    }
    return best;
  }

  /** Instances of the object. */
  count(object: i32): i32 {
    let n = 0;
    for (let i = 0; i < this.capacity(object); i++) n += <i32>(this.record(object, i).state != 0);
    return n;
  }

  /** A new, empty instance; null when there is no room. */
  create(object: i32, id: i32): Record | null {
    for (let i = 0, n = this.capacity(object); i < n; i++) {
      const record = this.record(object, i);
      if (record.state != 0) continue;
      this.clear(object, record);
      record.state = Mark.Used;
      record.id = id;
      return record;
    }
    return null;
  }

  /** Frees the record; nothing of it stays in memory. */
  clear(object: i32, record: Record): void {
    wipe(changetype<usize>(record), this.stride(object));
  }

  /** Takes these bits from all records. */
  unmark(bits: i32): void {
    for (let object = 0; object < 3; object++)
      for (let i = 0; i < this.capacity(object); i++) this.record(object, i).state &= ~bits;
  }

  // --- Accounts ---

  /** The bootstrap account's Security instance. */
  get bootstrap(): Security | null {
    return this.security(-1);
  }

  /** The Security instance of a server by its SSID; -1: of the bootstrap server. */
  security(ssid: i32): Security | null {
    for (let i = 0; i < SECURITIES_MAX; i++) {
      const security = changetype<Security>(this.record(SECURITY, i));
      if (security.state == 0) continue;
      if (security.isBootstrap ? ssid < 0 : security.number(SecurityResource.Ssid) == ssid) return security;
    }
    return null;
  }

  server(index: i32): Server {
    return changetype<Server>(this.record(SERVER, index));
  }

  access(index: i32): AccessControl {
    return changetype<AccessControl>(this.record(ACCESS_CONTROL, index));
  }

  /** The access control instance of what lies at /object/instance. */
  accessOf(object: i32, instance: i32): AccessControl | null {
    for (let i = 0; i < ACCESSES_MAX; i++) {
      const access = this.access(i);
      if (access.state != 0 && access.object == object && access.instance == instance) return access;
    }
    return null;
  }

  /** Lengths and flags are such as this code writes them: what comes from a store may be anything. */
  get isSound(): bool {
    for (let i = 0; i < SECURITIES_MAX; i++) {
      const s = changetype<Security>(this.record(SECURITY, i));
      if (<u32>s.uriLen > <u32>URI_MAX || <u32>s.identityLen > <u32>IDENTITY_MAX || <u32>s.keyLen > <u32>KEY_MAX)
        return false;
    }
    for (let i = 0; i < ACCESSES_MAX; i++) if (<u32>this.access(i).count > <u32>ACL_MAX) return false;
    for (let object = 0; object < 3; object++) {
      for (let i = 0; i < this.capacity(object); i++) {
        const record = this.record(object, i);
        if (<u32>record.state > 1 || <u32>record.id > 0xffff) return false;
      }
    }
    return true;
  }
}
