// Bootstrap-Discover (OMA LwM2M Core 6.1): which instances of Security a client has, so that its own Bootstrap account stays. An instance
// with a short server id is an account of a server; the one without is the Bootstrap account.

import { readLinks } from '../../lwm2m/index.js';
import { INVENTORY } from '../choices.js';

/** Instances of Security: those that are the client's way to the bootstrap server, and all that there are. */
export interface Discovered {
  readonly own: ReadonlySet<number>;
  readonly all: ReadonlySet<number>;
}

/**
 * The answer to Bootstrap-Discover. Of LwM2M 1.0 it begins with the version, which is no link: `lwm2m="1.0",</0/0>;ssid=1,</0/1>`.
 * Throws ContentError.
 */
export function readDiscovered(payload: Uint8Array): Discovered {
  const text = Buffer.from(payload)
    .toString('utf8')
    .replace(/^\s*lwm2m="?[\d.]+"?\s*(?:,|$)\s*/, '')
    .replace(/,\s+</g, ',<');
  const [own, all] = [new Set<number>(), new Set<number>()];
  for (const { path, attributes } of readLinks(Buffer.from(text))) {
    const id = /^\/0\/(\d{1,5})$/.exec(path)?.[1];
    if (id === undefined) continue;
    all.add(Number(id));
    if (attributes['ssid'] === undefined) own.add(Number(id));
  }
  return { own, all };
}

/**
 * Where an account is written. A client that refuses to say what it has may have its Bootstrap account at 0 or 1, as most do. One of LwM2M
 * 1.0 that says nothing at all is a sketch that was published for SORACOM Inventory: those take an account at 1 and no other.
 */
export function securityInstanceFor(seen: Discovered | 'refused' | 'silent'): number {
  if (seen === 'silent') return INVENTORY.securityInstance;
  if (seen === 'refused' || seen.own.size === 0) {
    const others = seen === 'refused' ? new Set<number>() : seen.all;
    return firstFree(INVENTORY.unlikelySecurityInstance, others);
  }
  return firstFree(INVENTORY.securityInstance, seen.all);
}

function firstFree(from: number, taken: ReadonlySet<number>): number {
  let id = from;
  while (taken.has(id)) id++;
  return id;
}
