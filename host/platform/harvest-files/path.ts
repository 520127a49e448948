// Names of files: from a request's target to the one form in which they are looked up, permitted and stored.
//
// A name is `/` and UTF-8 segments between single slashes. Nothing in it is ever interpreted: what a file system or a
// second decoding could take for something else is refused here, not cleaned up. Names on disk are the store's own.

import { FILES_LIMITS } from '../limits.js';

/** The name cannot be: its message is for the device. */
export class PathError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PathError';
  }
}

/**
 * The path of a request target, percent-decoded once, with `:imsi` put in where it stands. A slash at the end stays: it
 * names a directory. Throws PathError.
 */
export function pathOfTarget(target: string, imsi: string): string {
  const origin = /^https?:\/\/[^/?#]*/i.exec(target)?.[0] ?? '';
  const [raw = ''] = target.slice(origin.length).split('?');
  if (raw.includes('#')) throw new PathError('a fragment is no part of a path');
  return checkedPath(decoded(raw === '' && origin !== '' ? '/' : raw).replaceAll(':imsi', imsi));
}

/** A default path as configured, `:imsi` and `:time` put in; undefined when it does not begin with a slash. */
export function defaultPathOf(configured: string, imsi: string, unixMs: number): string | undefined {
  if (!configured.startsWith('/')) return undefined;
  const path = configured.replaceAll(':imsi', imsi).replaceAll(':time', String(unixMs)).replace(/\/+$/, '');
  return path === '' ? undefined : checkedPath(path);
}

/** Checks a decoded path. Throws PathError. */
export function checkedPath(path: string): string {
  if (!path.startsWith('/')) throw new PathError('a path begins with /');
  if (Buffer.byteLength(path) > FILES_LIMITS.pathBytes) {
    throw new PathError(`a path has at most ${FILES_LIMITS.pathBytes} bytes`);
  }
  // Unpaired surrogates are no characters; controls and backslashes mean something elsewhere.
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f\\]|[\ud800-\udfff]/u.test(path))
    throw new PathError('a path has characters that are none');
  const segments = path.slice(1).split('/');
  if (segments.at(-1) === '') segments.pop();
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw new PathError('a path has no empty, . and .. segments');
  }
  const directories = path.endsWith('/') ? segments.length : segments.length - 1;
  if (directories > FILES_LIMITS.levels) throw new PathError(`at most ${FILES_LIMITS.levels} levels of directories`);
  return path;
}

/** Node gives the target's bytes as Latin-1. */
function decoded(raw: string): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(raw)) throw new PathError('a % that encodes nothing');
  const latin1 = raw.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, 'latin1'));
  } catch {
    throw new PathError('a path is UTF-8');
  }
}
