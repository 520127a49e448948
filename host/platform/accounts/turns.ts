// Work that one after the other gets done, in turns that are fair: first among the addresses that it comes from, then among
// the names of one address. Who has much waiting waits for its own, and no one waits for all of it.

/** Which of those that wait has to go, so that another may. */
interface Waiting<T> {
  readonly item: T;
  readonly address: string;
  readonly name: string;
}

export interface TurnLimits {
  /** That wait, of one name from one address. */
  readonly name: number;
  /** Of all. */
  readonly all: number;
}

export class Turns<T> {
  readonly #limits: TurnLimits;
  /** By address and name, each in the order of its next turn. */
  readonly #waiting = new Map<string, Map<string, Waiting<T>[]>>();
  #size = 0;
  /** Whose turn it is: it counts as one that waits. */
  #current: Waiting<T> | undefined;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Undefined: it waits; otherwise who does not wait any more: this one, or one of the address that has most waiting. */
  add(item: T, address: string, name: string): T | undefined {
    const ahead = this.#waiting.get(address)?.get(name)?.length ?? 0;
    const own = this.#current?.address === address && this.#current.name === name ? 1 : 0;
    if (ahead + own >= this.#limits.name) return item;
    let dropped: T | undefined;
    if (this.#size >= this.#limits.all) {
      const most = this.#heaviest();
      if (most === undefined || most === address) return item;
      dropped = this.#dropLast(most);
    }
    const names = this.#waiting.get(address) ?? new Map<string, Waiting<T>[]>();
    const list = names.get(name) ?? [];
    list.push({ item, address, name });
    this.#waiting.set(address, names.set(name, list));
    this.#size++;
    return dropped;
  }

  /** The next in turn. */
  next(): T | undefined {
    const [address, names] = first(this.#waiting) ?? [];
    const [name, list] = (names && first(names)) ?? [];
    const taken = (this.#current = list?.shift());
    if (address === undefined || names === undefined || name === undefined || list === undefined) return undefined;
    this.#size--;
    // Behind the others, for the next turn.
    names.delete(name);
    if (list.length > 0) names.set(name, list);
    this.#waiting.delete(address);
    if (names.size > 0) this.#waiting.set(address, names);
    return taken?.item;
  }

  #heaviest(): string | undefined {
    const counts = [...this.#waiting].map(([address, names]) => ({ address, count: count(names) }));
    return counts.toSorted((a, b) => b.count - a.count)[0]?.address;
  }

  #dropLast(address: string): T | undefined {
    const names = this.#waiting.get(address);
    const [name, list] = [...(names ?? [])].toSorted(([, a], [, b]) => b.length - a.length)[0] ?? [];
    const dropped = list?.pop();
    if (names === undefined || name === undefined || dropped === undefined) return undefined;
    this.#size--;
    if (list?.length === 0) names.delete(name);
    if (names.size === 0) this.#waiting.delete(address);
    return dropped.item;
  }
}

const first = <K, V>(map: ReadonlyMap<K, V>): [K, V] | undefined => {
  for (const entry of map) return entry;
  return undefined;
};

const count = (names: ReadonlyMap<string, readonly unknown[]>): number =>
  [...names.values()].reduce((sum, list) => sum + list.length, 0);
