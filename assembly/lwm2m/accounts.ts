// What a device knows of its servers, and keeps over a power cut: the current accounts, and, from the end of a bootstrap until one of
// its servers has taken a registration, the candidates beside them. One record of the store holds both and is written as a whole, so
// that whenever power fails the device comes back with accounts that work: the old ones or the new ones.
//
// A bootstrap session writes into the candidate set. `finish` keeps it: on trial, or, when there is no server among the current ones that
// could be lost, at once. A trial ends by `prove` or `dropTrial`. A record that is damaged or not of this layout counts as none.

import { Status, store_read, store_write } from "../board/index";
import { wipe } from "../crypto/constant-time";
import { CoapUri } from "../net/coap/uri";
import { place } from "../place";
import { Ascii } from "../util/ascii";
import {
  ACCESS_CONTROL,
  AccessControl,
  AccountSet,
  Mark,
  SECURITY,
  SERVER,
  SERVERS_MAX,
  Security,
  SecurityMode,
  SecurityResource,
  Server,
  ServerResource,
} from "./account";
import { Right } from "./model/core";

/** "ALAC", layout 1. */
const FORM: u64 = 0x0000000143414c41;

/** The instance of the factory's bootstrap account: out of the way of those that servers write. */
const FACTORY_ID: i32 = 65_534;

/** Of the object as a whole in an access control instance: who may create instances. */
const ANY_INSTANCE: i32 = 65_535;

const uri = place<CoapUri>();

/** What the store's record begins with. */
@unmanaged
class StoredHead {
  form: u64;
  /** Bytes of the record, which the store knows, too. */
  length: i32;
  check: u32;
  /** 1: the candidates are in use, and have not registered yet. */
  trial: i32;
  private spare: i32;
}

/** The record of the store. */
@unmanaged
class Stored extends StoredHead {
  @part current: AccountSet;
  /** The store has it only while it is in use. */
  @part candidate: AccountSet;
}

/** Place with `place`, then `open`. */
@unmanaged
export class Accounts {
  /** Store key. */
  private key: i32;
  private factory: Ascii | null;
  /** The store does not have what is here: `save` is due. */
  isDirty: bool;
  @part private record: Stored;


  @inline
  get current(): AccountSet {
    return this.record.current;
  }


  @inline
  get candidate(): AccountSet {
    return this.record.candidate;
  }

  /** The accounts in use. */
  get active(): AccountSet {
    return this.record.trial ? this.candidate : this.current;
  }

  get isTrial(): bool {
    return this.record.trial != 0;
  }

  /** Reads the store. `factory`: URI (coap://) of the bootstrap server that a device without accounts asks; null for none. */
  open(key: i32, factory: Ascii | null): void {
    this.key = key;
    this.factory = factory;
    const size = store_read(key, changetype<usize>(this.record), RECORD_MAX);
    const valid =
      this.record.form == FORM &&
      this.size == size &&
      this.record.check == this.sum &&
      this.current.isSound &&
      (this.record.trial == 0 || this.candidate.isSound);
    if (!valid) wipe(changetype<usize>(this.record), RECORD_MAX);
    this.rollBack();
    this.addFactory(this.current);
    if (this.record.trial) this.addFactory(this.candidate);
  }

  /** A device never is without a bootstrap account, unless that was purged. */
  private addFactory(set: AccountSet): void {
    const factory = this.factory;
    if (!factory || set.purged || set.bootstrap) return;
    let id = FACTORY_ID;
    while (set.find(SECURITY, id)) id--;
    const record = set.create(SECURITY, id);
    if (!record) return;
    const security = changetype<Security>(record);
    security.uriLen = factory.length;
    memory.copy(security.uri, changetype<usize>(factory), security.uriLen);
    security.has = 1;
    security.put(SecurityResource.Bootstrap, 1);
    security.put(SecurityResource.Mode, SecurityMode.NoSec);
  }

  /** Bytes of the record: without the candidates when they are not in use. */
  private get size(): i32 {
    return this.record.trial ? RECORD_MAX : RECORD_MIN;
  }

  private get sum(): u32 {
    return crc32(changetype<usize>(this.record) + HEAD, this.size - HEAD);
  }

  /** Writes the record, whole; Status of the store. */
  save(): i32 {
    this.record.form = FORM;
    this.record.length = this.size;
    this.record.check = this.sum;
    const status = store_write(this.key, changetype<usize>(this.record), this.record.length);
    this.isDirty = status != Status.Ok;
    return status;
  }

  // --- A bootstrap session ---

  /** The candidates are the current accounts, for the session to change. A trial that is under way is given up first. */
  begin(): void {
    if (this.record.trial) this.dropTrial();
    memory.copy(changetype<usize>(this.candidate), changetype<usize>(this.current), offsetof<AccountSet>());
  }

  /** What the session has written is gone. */
  rollBack(): void {
    if (!this.record.trial) wipe(changetype<usize>(this.candidate), offsetof<AccountSet>());
  }

  private keep(): void {
    memory.copy(changetype<usize>(this.current), changetype<usize>(this.candidate), offsetof<AccountSet>());
  }

  /**
   * Whether the candidates are consistent: at least one server whose Security and Server instance belong together and have what they
   * must have; no SSID twice; one bootstrap account, where one that the session has written takes the place of the old. LwM2M Core 6.1.7.6.
   */
  get isConsistent(): bool {
    const set = this.candidate;
    let written = 0;
    let old: Security | null = null;
    for (let i = 0; i < set.capacity(SECURITY); i++) {
      const security = changetype<Security>(set.record(SECURITY, i));
      if (security.state == 0 || !security.isBootstrap) continue;
      if (security.state & Mark.Fresh) {
        if (!isReachable(security)) return false;
        written++;
      } else {
        old = security;
      }
    }
    if (written > 1) return false;
    if (written == 1 && old) set.clear(SECURITY, old);
    let found = false;
    for (let i = 0; i < SERVERS_MAX; i++) {
      const server = set.server(i);
      if (server.state == 0) continue;
      for (let k = 0; k < i; k++) if (set.server(k).state != 0 && set.server(k).ssid == server.ssid) return false;
      if (isUsable(set, i)) found = true;
    }
    return found;
  }

  /** The session is over and well: keeps its accounts. `unixS`: 0 when unknown. Status of the store; unless Ok nothing has changed. */
  finish(unixS: i64): i32 {
    const set = this.candidate;
    set.unmark(Mark.Fresh | Mark.Touched);
    this.addFactory(set);
    for (let i = 0; i < SERVERS_MAX; i++)
      if (set.server(i).state != 0 && unixS > 0) set.server(i).put(ServerResource.LastBootstrapped, unixS);
    const isFirst = !hasServer(this.current);
    // Nothing to lose: no trial.
    if (isFirst) this.keep();
    else this.record.trial = 1;
    const status = this.save();
    if (status != Status.Ok) {
      this.record.trial = 0;
      this.isDirty = false;
      // What the store still holds is what there is.
      if (isFirst) this.open(this.key, this.factory);
    }
    return status;
  }

  /** A server of the candidates has taken the registration: they are the current accounts from now on. */
  prove(): void {
    this.keep();
    this.dropTrial();
  }

  /** Back to the current accounts. */
  dropTrial(): void {
    this.record.trial = 0;
    this.rollBack();
    this.save();
  }

  /** Gives up the bootstrap account, /0/x/12. */
  purge(): void {
    const set = this.current;
    const bootstrap = set.bootstrap;
    if (bootstrap) set.clear(SECURITY, bootstrap);
    set.purged = 1;
    this.save();
  }

  // --- Access control ---

  /**
   * What the server may do with /object/instance (-1: with the object as a whole), as `Right`s: everything when it is the only one (or
   * `ssid` is 0). Otherwise what the list says, which is the server's own entry or the default one; the owner's is everything
   * when it has no entry. A server's own Server instance is its own, those of others are not its concern. What no list speaks of may be read.
   * LwM2M Core 7.3.2.
   */
  acl(object: i32, instance: i32, ssid: i32): i32 {
    const set = this.active;
    if (ssid == 0 || set.count(SERVER) < 2) return Right.All;
    if (object == SECURITY) return 0;
    if (object == SERVER) {
      if (instance < 0) return Right.Read;
      const record = set.find(SERVER, instance);
      const isOwn = record != null && changetype<Server>(record).ssid == ssid;
      return isOwn ? Right.Read | Right.Write | Right.Execute : 0;
    }
    if (object == ACCESS_CONTROL) {
      const record = set.find(ACCESS_CONTROL, instance);
      const isOwner = record != null && changetype<AccessControl>(record).owner == ssid;
      return isOwner ? Right.Read | Right.Write : Right.Read;
    }
    const access = set.accessOf(object, instance < 0 ? ANY_INSTANCE : instance);
    if (!access) return instance < 0 ? 0 : Right.Read;
    const own = access.find(ssid);
    if (own >= 0) return own;
    if (access.owner == ssid) return Right.All;
    return max(0, access.find(0));
  }

  /** A server has created /object/instance: it owns it. Nothing when it is the only server. */
  own(object: i32, instance: i32, ssid: i32): void {
    const set = this.active;
    if (ssid == 0 || set.count(SERVER) < 2 || set.accessOf(object, instance)) return;
    let id = 0;
    while (set.find(ACCESS_CONTROL, id)) id++;
    const record = set.create(ACCESS_CONTROL, id);
    if (!record) return;
    const access = changetype<AccessControl>(record);
    access.object = object;
    access.instance = instance;
    access.owner = ssid;
    access.put(ssid, Right.Read | Right.Write | Right.Execute | Right.Delete);
    this.isDirty = true;
  }

  /** /object/instance is gone, and with it its list. */
  disown(object: i32, instance: i32): void {
    const access = this.active.accessOf(object, instance);
    if (!access) return;
    this.active.clear(ACCESS_CONTROL, access);
    this.isDirty = true;
  }
}

const HEAD: i32 = <i32>offsetof<StoredHead>();
const RECORD_MIN: i32 = HEAD + <i32>offsetof<AccountSet>();
const RECORD_MAX: i32 = <i32>offsetof<Stored>();

/** The URI can be used in the account's mode, and with PSK there are identity and key. */
export function isReachable(security: Security): bool {
  if ((security.has & 7) != 7 || uri.parse(security.uri, security.uriLen) != Status.Ok) return false;
  const mode = security.number(SecurityResource.Mode);
  if (mode == SecurityMode.NoSec) return !uri.secure;
  return mode == SecurityMode.Psk && uri.secure && security.identityLen > 0 && security.keyLen > 0;
}

/** Server and Security instance belong together and have all that they must have. */
export function isUsable(set: AccountSet, index: i32): bool {
  const server = set.server(index);
  const must =
    (1 << ServerResource.Ssid) |
    (1 << ServerResource.Lifetime) |
    (1 << ServerResource.Storing) |
    (1 << ServerResource.Binding);
  if (server.state == 0 || (server.has & must) != must) return false;
  const security = set.security(server.ssid);
  return security != null && isReachable(security);
}

/** There is a server to register with. */
export function hasServer(set: AccountSet): bool {
  for (let i = 0; i < SERVERS_MAX; i++) if (isUsable(set, i)) return true;
  return false;
}

/** CRC-32 of IEEE 802.3, bit by bit. */
function crc32(ptr: usize, len: i32): u32 {
  let crc: u32 = 0xffffffff;
  for (let i = 0; i < len; i++) {
    crc ^= load<u8>(ptr + i);
    for (let k = 0; k < 8; k++) crc = (crc >> 1) ^ (0xedb88320 & (0 - (crc & 1)));
  }
  return ~crc;
}
