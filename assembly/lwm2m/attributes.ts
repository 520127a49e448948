// Attributes that a server gives to what it observes: pmin, pmax, gt, lt, st, epmin, epmax. LwM2M Core 5.1.2, 7.3.2.

import { Status } from "../board/index";
import { place, strideOf } from "../place";
import { Ascii } from "../util/ascii";
import { equals } from "../util/text";
import { Text } from "../util/text";
import { Decimal, writeFloat } from "./number";
import { Path } from "./path";

/** Paths that can have attributes at the same time, those of all servers together. */
const ENTRIES = 16;

/** In the order of their bits in `has`. */
export const enum Attribute {
  Pmin = 0,
  Pmax = 1,
  Epmin = 2,
  Epmax = 3,
  Gt = 4,
  Lt = 5,
  St = 6,
}

/** How many there are. */
export const ATTRIBUTES: i32 = 7;
const decimal = place<Decimal>();

/** What one path has; also a set of changes. */
@unmanaged
export class AttributeSet {
  /** Bit n: attribute n is set. */
  has: u32;
  /** Bit n: attribute n is to be unset. */
  unset: u32;
  /** The server that has set them. */
  ssid: i32;
  @part path: Path;
  @bytes(ATTRIBUTES * 8, 8) private values: usize;

  value(n: Attribute): f64 {
    return load<f64>(this.at(n));
  }

  private at(n: Attribute): usize {
    return this.values + ((<usize>n) << 3);
  }

  set(n: Attribute, value: f64): void {
    store<f64>(this.at(n), value);
    this.has |= 1 << n;
  }

  clear(): void {
    this.has = 0;
    this.unset = 0;
  }

  /**
   * Takes `pmin=10`, or `pmin` alone, which unsets it. Malformed: no such attribute, or not a value for it. Periods are whole seconds.
   */
  parse(ptr: usize, len: i32): i32 {
    let name = 0;
    while (name < len && load<u8>(ptr + name) != 0x3d) name++;
    const n = attribute(ptr, name);
    if (n < 0) return Status.Malformed;
    const bit: u32 = 1 << n;
    if ((this.has | this.unset) & bit) return Status.Malformed;
    if (name == len) {
      this.unset |= bit;
      return Status.Ok;
    }
    const from = ptr + name + 1;
    const rest = len - name - 1;
    if (!decimal.parse(from, from + rest) || decimal.length != rest || !isFinite(decimal.float))
      return Status.Malformed;
    const isPeriod = n <= Attribute.Epmax;
    if (isPeriod && (!decimal.isInteger || decimal.int < 0 || decimal.int > i32.MAX_VALUE)) return Status.Malformed;
    if (n == Attribute.St && decimal.float < 0) return Status.Malformed;
    this.set(n, decimal.float);
    return Status.Ok;
  }

  /** These with the changes made. */
  apply(changes: AttributeSet): void {
    this.has &= ~changes.unset;
    for (let n: Attribute = 0; n < ATTRIBUTES; n++) if (changes.has & (1 << n)) this.set(n, changes.value(n));
  }

  /** Core 7.3.2: lt < gt, and room for a step between them. */
  get consistent(): bool {
    const both: u32 = (1 << Attribute.Gt) | (1 << Attribute.Lt);
    if ((this.has & both) != both) return true;
    const lt = this.value(Attribute.Lt);
    const gt = this.value(Attribute.Gt);
    const step = this.has & (1 << Attribute.St) ? 2 * this.value(Attribute.St) : 0;
    return lt < gt && lt + step < gt;
  }

  /** `;pmin=10;gt=4.5` */
  write(text: Text): void {
    for (let n: Attribute = 0; n < ATTRIBUTES; n++) {
      if ((this.has & (1 << n)) == 0) continue;
      text.byte(0x3b).str(nameOf(n)).byte(0x3d);
      writeFloat(text, this.value(n));
    }
  }
}

function nameOf(n: Attribute): Ascii {
  switch (n) {
    case Attribute.Pmin:
      return "pmin";
    case Attribute.Pmax:
      return "pmax";
    case Attribute.Epmin:
      return "epmin";
    case Attribute.Epmax:
      return "epmax";
    case Attribute.Gt:
      return "gt";
    case Attribute.Lt:
      return "lt";
    default:
      return "st";
  }
}

function attribute(ptr: usize, len: i32): i32 {
  for (let n: Attribute = 0; n < ATTRIBUTES; n++) if (equals(ptr, len, nameOf(n))) return n;
  return -1;
}

/** Place with `place`; all zero is empty. */
@unmanaged
export class Attributes {
  /** A set to parse changes into. */
  @part changes: AttributeSet;
  @part private trial: AttributeSet;
  @bytes(ENTRIES * strideOf<AttributeSet>(), 8) private entries: usize;

  private entry(i: i32): AttributeSet {
    return changetype<AttributeSet>(this.entries + i * strideOf<AttributeSet>());
  }

  /** What that server has set at exactly that path, null (0) for nothing. */
  find(path: Path, ssid: i32): AttributeSet | null {
    for (let i = 0; i < ENTRIES; i++) {
      const entry = this.entry(i);
      if (entry.has && entry.ssid == ssid && entry.path.depth == path.depth && entry.path.holds(path)) return entry;
    }
    return null;
  }

  /**
   * The value in force at that path for that server, from there or from a level above; `otherwise` when it is set nowhere.
   * Core 5.1.2.
   */
  inForce(path: Path, ssid: i32, n: Attribute, otherwise: f64): f64 {
    let depth = -1;
    let value = otherwise;
    for (let i = 0; i < ENTRIES; i++) {
      const entry = this.entry(i);
      if ((entry.has & (1 << n)) == 0 || entry.ssid != ssid || entry.path.depth <= depth) continue;
      if (!entry.path.holds(path)) continue;
      depth = entry.path.depth;
      value = entry.value(n);
    }
    return value;
  }

  /** Makes the changes at that path: all of them or none. Malformed: together with what is there they make no sense. NoSpace. */
  commit(path: Path, ssid: i32): i32 {
    const found = this.find(path, ssid);
    const trial = this.trial;
    trial.clear();
    if (found) memory.copy(changetype<usize>(trial), changetype<usize>(found), offsetof<AttributeSet>());
    trial.apply(this.changes);
    if (!trial.consistent) return Status.Malformed;
    trial.path.copy(path);
    trial.ssid = ssid;
    let into = found;
    if (!into) {
      if (!trial.has) return Status.Ok;
      for (let i = 0; i < ENTRIES && !into; i++) if (!this.entry(i).has) into = this.entry(i);
      if (!into) return Status.NoSpace;
    }
    memory.copy(changetype<usize>(into), changetype<usize>(trial), offsetof<AttributeSet>());
    return Status.Ok;
  }

  /** Forgets those of a server that is gone. */
  forget(ssid: i32): void {
    for (let i = 0; i < ENTRIES; i++) if (this.entry(i).ssid == ssid) this.entry(i).clear();
  }

  /** Forgets those at and below a path that is gone. */
  drop(path: Path): void {
    for (let i = 0; i < ENTRIES; i++) if (path.holds(this.entry(i).path)) this.entry(i).clear();
  }
}
