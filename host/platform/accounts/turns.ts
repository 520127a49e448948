// Work that is done one piece after the other, in turns that are fair at each level of where it comes from: an operator and
// then its users, or a network, an address in it, and the names that it tries. What has much waiting waits for its own, and
// nothing waits for all of it.

export interface TurnLimits {
  /** That wait at the end of one path. */
  readonly last: number;
  /** That wait below any step before, but the first. */
  readonly step: number;
  /** Of all. */
  readonly all: number;
}

interface Waiting<T> {
  readonly item: T;
  readonly path: readonly string[];
}

/** One step of the paths. */
class Branch<T> {
  size = 0;
  /** In the order of their next turns. */
  readonly #branches = new Map<string, Branch<T>>();
  readonly #items: Waiting<T>[] = [];

  /** All branches from this one on that `path` leads through. */
  along([step, ...path]: readonly string[]): Branch<T>[] {
    if (step === undefined) return [this];
    const found = this.#branches.get(step) ?? new Branch<T>();
    this.#branches.set(step, found);
    return [this, ...found.along(path)];
  }

  push(item: Waiting<T>): void {
    this.#items.push(item);
  }

  /** The next in turn; its branch is then behind the others. */
  next(): Waiting<T> | undefined {
    const [step, branch] = this.#branches.entries().next().value ?? [];
    if (step === undefined || branch === undefined) {
      if (this.size > 0) this.size--;
      return this.#items.shift();
    }
    this.size--;
    const item = branch.next();
    this.#branches.delete(step);
    if (branch.size > 0) this.#branches.set(step, branch);
    return item;
  }

  /** Takes out the one that waits longest. */
  dropFirst(): Waiting<T> | undefined {
    this.size--;
    return this.#items.shift();
  }

  /** Takes out the last of those that have most waiting; where others have as many, of what `path` leads to. */
  drop([step = '', ...path]: readonly string[]): Waiting<T> | undefined {
    this.size--;
    const own = this.#branches.get(step);
    let most = [step, own] as const;
    for (const entry of this.#branches) if (entry[1].size > (most[1]?.size ?? 0)) most = entry;
    const [heaviest, branch] = most;
    if (branch === undefined) return this.#items.pop();
    const item = branch.drop(branch === own ? path : []);
    if (branch.size === 0) this.#branches.delete(heaviest);
    return item;
  }
}

export class Turns<T> {
  readonly #limits: TurnLimits;
  readonly #root = new Branch<T>();
  /** Whose turn it is: it counts as one that waits. */
  #current: readonly string[] | undefined;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Undefined: it waits; otherwise what does not wait any more: this one, or one of those that have most waiting. */
  add(item: T, path: readonly string[]): T | undefined {
    const way = this.#root.along(path);
    way.at(-1)?.push({ item, path });
    for (const branch of way) branch.size++;
    // One that is taken out deep down makes room above as well.
    const full = way.findLastIndex((branch, depth) => branch.size > this.#limitAt(depth, path));
    if (full === -1) return undefined;
    for (const branch of way.slice(0, full)) branch.size--;
    // At its own end the one that waits longest goes: each that comes later has a chance, however many try again at once.
    const branch = way[full];
    return (full === path.length ? branch?.dropFirst() : branch?.drop(path.slice(full)))?.item;
  }

  /** The next in turn. */
  next(): T | undefined {
    const taken = this.#root.next();
    this.#current = taken?.path;
    return taken?.item;
  }

  #limitAt(depth: number, path: readonly string[]): number {
    if (depth < path.length) return depth <= 1 ? this.#limits.all : this.#limits.step;
    const isOwn = this.#current?.length === path.length && path.every((step, i) => step === this.#current?.[i]);
    return this.#limits.last - (isOwn ? 1 : 0);
  }
}
