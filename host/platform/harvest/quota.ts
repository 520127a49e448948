// How much Harvest Data keeps: entries and bytes of one SIM or device, of one operator, and of all. Counted in memory; what is counted at
// the start is read from the table.

import type { HarvestQuota, HarvestQuotas } from '../limits.js';
import { LimitError } from '../limit-error.js';

interface Owner {
  readonly operatorId: string;
  readonly resourceType: string;
  readonly resourceId: string;
}

interface Amount {
  readonly entries: number;
  readonly bytes: number;
}

const NONE: Amount = { entries: 0, bytes: 0 };
const ALL = 'all';

export class Quota {
  readonly #limits: HarvestQuotas;
  readonly #kept = new Map<string, Amount>();

  constructor(limits: HarvestQuotas) {
    this.#limits = limits;
  }

  /** Throws LimitError: there is no room for so much more. */
  take(owner: Owner, more: Amount): void {
    for (const [key, limit, words] of this.#levels(owner)) {
      const { entries, bytes } = this.#kept.get(key) ?? NONE;
      if (entries + more.entries > limit.entries) throw noRoom(`${limit.entries} entries`, words);
      if (bytes + more.bytes > limit.bytes) throw noRoom(`${limit.bytes} bytes`, words);
    }
    this.add(owner, more);
  }

  /** What is there now of this owner, of its operator, and of all. */
  kept(owner: Owner): readonly Amount[] {
    return this.#levels(owner).map(([key]) => this.#kept.get(key) ?? NONE);
  }

  /** What is there, whatever the limits say. */
  add(owner: Owner, { entries, bytes }: Amount): void {
    for (const [key] of this.#levels(owner)) {
      const now = this.#kept.get(key) ?? NONE;
      const then = { entries: now.entries + entries, bytes: now.bytes + bytes };
      if (then.entries > 0) this.#kept.set(key, then);
      else this.#kept.delete(key);
    }
  }

  /** There is room again. */
  give(owner: Owner, { entries, bytes }: Amount): void {
    this.add(owner, { entries: -entries, bytes: -bytes });
  }

  #levels({ operatorId, resourceType, resourceId }: Owner): readonly (readonly [string, HarvestQuota, string])[] {
    const { resource, operator, all } = this.#limits;
    return [
      [`${operatorId}/${resourceType}/${resourceId}`, resource, 'of one SIM or device'],
      [operatorId, operator, 'of one operator'],
      [ALL, all, 'of all operators'],
    ];
  }
}

const noRoom = (limit: string, whose: string): LimitError =>
  new LimitError(`no room: Harvest Data keeps ${limit} ${whose}; delete some, or wait until old ones are deleted`);
