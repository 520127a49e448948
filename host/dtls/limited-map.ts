// A map whose entries belong to somebody, with a limit for each and one for all: who fills it loses what is his own first.

export interface MapLimits {
  /** Entries of one group. */
  readonly each: number;
  readonly all: number;
  /** What makes room when there are too many: the oldest entry of the group that has most, or the oldest of all. */
  readonly makesRoom: 'largest' | 'oldest';
}

export class LimitedMap<K, V> {
  readonly #limits: MapLimits;
  readonly #groupOf: (key: K, value: V) => string;
  /** The oldest first, here and in each group. */
  readonly #entries = new Map<K, V>();
  readonly #groups = new Map<string, Set<K>>();

  constructor(limits: MapLimits, groupOf: (key: K, value: V) => string) {
    this.#limits = limits;
    this.#groupOf = groupOf;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  keys(): readonly K[] {
    return [...this.#entries.keys()];
  }

  entries(): Iterable<readonly [K, V]> {
    return this.#entries;
  }

  values(): readonly V[] {
    return [...this.#entries.values()];
  }

  /** It is the newest then. Entries that have to go are taken out, and returned. */
  set(key: K, value: V): readonly (readonly [K, V])[] {
    this.delete(key);
    this.#entries.set(key, value);
    const name = this.#groupOf(key, value);
    const group = this.#groups.get(name) ?? new Set<K>();
    this.#groups.set(name, group);
    group.add(key);
    const gone: (readonly [K, V])[] = [];
    if (group.size > this.#limits.each) this.#take(group, gone);
    if (this.#entries.size > this.#limits.all) {
      this.#take(this.#limits.makesRoom === 'largest' ? this.#largest() : this.#entries.keys(), gone);
    }
    return gone;
  }

  delete(key: K): boolean {
    const value = this.#entries.get(key);
    if (value === undefined) return false;
    this.#entries.delete(key);
    const name = this.#groupOf(key, value);
    const group = this.#groups.get(name);
    group?.delete(key);
    if (group?.size === 0) this.#groups.delete(name);
    return true;
  }

  clear(): void {
    this.#entries.clear();
    this.#groups.clear();
  }

  #take(keys: Iterable<K>, gone: (readonly [K, V])[]): void {
    for (const key of keys) {
      const value = this.#entries.get(key);
      if (value === undefined) return;
      this.delete(key);
      gone.push([key, value]);
      return;
    }
  }

  #largest(): ReadonlySet<K> {
    let largest = new Set<K>();
    for (const group of this.#groups.values()) if (group.size > largest.size) largest = group;
    return largest;
  }
}
