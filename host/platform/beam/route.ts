// Where a group's entry points lead.

import type { Group } from '../directory/index.js';
import { type BeamEntry, soracomBeam } from './config.js';
import { type EntryPoint, entryPoint } from './entry-point.js';

type BeamGroup = Pick<Group, 'configuration'>;

/** The enabled entry of a kind that a group has once, or undefined. */
export function findEntry(
  group: BeamGroup,
  kind: Exclude<EntryPoint['kind'], 'http' | 'website'>,
): BeamEntry | undefined {
  return Object.entries(soracomBeam.of(group) ?? {}).find(
    ([key, { enabled }]) => enabled && entryPoint(key)?.kind === kind,
  )?.[1];
}

export interface Route {
  readonly entry: BeamEntry;
  readonly destination: URL;
  /** Path and query of the request to the destination. */
  readonly target: string;
}

/** The enabled entry for a request target (origin or absolute form), or undefined. */
export function findRoute(group: BeamGroup, kind: 'http' | 'website', requestTarget: string): Route | undefined {
  const target = originForm(requestTarget);
  if (target === undefined) return undefined;
  const [path = '', query] = split(target);
  const entry = entryAt(group, kind, path);
  if (entry === undefined || !URL.canParse(entry.destination)) return undefined;
  const destination = new URL(entry.destination);
  if (!/^https?:$/.test(destination.protocol)) return undefined;
  return { entry, destination, target: destinationTarget(destination, kind, path, query) };
}

/** A path of the HTTP entry point matches as it is written. */
function entryAt(group: BeamGroup, kind: 'http' | 'website', path: string): BeamEntry | undefined {
  return Object.entries(soracomBeam.of(group) ?? {}).find(([key, { enabled }]) => {
    const point = entryPoint(key);
    return enabled && point?.kind === kind && (point.kind !== 'http' || point.path === path);
  })?.[1];
}

/** `http://authority/path` and `/path` ask for the same (RFC 9112 3.2). */
function originForm(target: string): string | undefined {
  if (target.startsWith('/')) return target;
  const [, rest] = /^https?:\/\/[^/?#]*(.*)$/i.exec(target) ?? [];
  if (rest === undefined) return undefined;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function split(target: string): [path: string, query: string | undefined] {
  const at = target.indexOf('?');
  return at < 0 ? [target, undefined] : [target.slice(0, at), target.slice(at + 1)];
}

function destinationTarget(
  destination: URL,
  kind: 'http' | 'website',
  path: string,
  query: string | undefined,
): string {
  // An entry of the HTTP entry point leads to one place: nothing of the device's own target goes there.
  if (kind === 'http') return destination.pathname + destination.search;
  // The website entry appends the device's path as it is: nothing in it can change the host.
  const whole = destination.pathname.replace(/\/$/, '') + path;
  const queries = [destination.search.slice(1) || undefined, query].filter((part) => part !== undefined);
  return queries.length > 0 ? `${whole}?${queries.join('&')}` : whole;
}
