// Conditions and ranges of a request for a file (RFC 9110 13 and 14).

export interface Version {
  readonly length: number;
  /** With its quotes. */
  readonly etag: string;
  readonly modifiedMs: number;
}

export type Selection =
  | { readonly status: 200 }
  | { readonly status: 206; readonly from: number; readonly to: number }
  | { readonly status: 304 | 412 | 416 };

type Header = (name: string) => string | undefined;

/** What of a file a GET or HEAD is answered with. Several ranges, other units and malformed ranges give the whole. */
export function select(method: string, header: Header, version: Version): Selection {
  const failed = precondition(method, header, version);
  if (failed !== undefined) return { status: failed };
  const range = header('range');
  if (method !== 'GET' || range === undefined || !ifRange(header('if-range'), version)) return { status: 200 };
  const [, first = '', last = ''] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(range) ?? [];
  const { length } = version;
  if (first === '' && last === '') return { status: 200 };
  if (first === '') {
    const suffix = Math.min(Number(last), length);
    return suffix === 0 ? { status: 416 } : { status: 206, from: length - suffix, to: length - 1 };
  }
  if (last !== '' && Number(last) < Number(first)) return { status: 200 };
  if (Number(first) >= length) return { status: 416 };
  return { status: 206, from: Number(first), to: last === '' ? length - 1 : Math.min(Number(last), length - 1) };
}

/** The status that a condition asks for instead of the method's work. `version` undefined: there is no such file. */
export function precondition(method: string, header: Header, version: Version | undefined): 304 | 412 | undefined {
  const reads = method === 'GET' || method === 'HEAD';
  const [match, none] = [header('if-match'), header('if-none-match')];
  if (match !== undefined) {
    if (version === undefined || !(match.trim() === '*' || tags(match).includes(version.etag))) return 412;
  } else if (version !== undefined) {
    const unmodified = dateMs(header('if-unmodified-since'));
    if (unmodified !== undefined && seconds(version.modifiedMs) > unmodified) return 412;
  }
  if (none !== undefined) {
    const weak = tags(none).map((tag) => tag.replace(/^W\//, ''));
    if (version !== undefined && (none.trim() === '*' || weak.includes(version.etag))) return reads ? 304 : 412;
  } else if (reads && version !== undefined) {
    const modified = dateMs(header('if-modified-since'));
    if (modified !== undefined && seconds(version.modifiedMs) <= modified) return 304;
  }
  return undefined;
}

/** Whether a range still is of what the client has. Only a strong tag or the exact date says so. */
function ifRange(value: string | undefined, { etag, modifiedMs }: Version): boolean {
  if (value === undefined) return true;
  return value.trim().startsWith('"') ? value.trim() === etag : dateMs(value) === seconds(modifiedMs);
}

const tags = (list: string): string[] => list.match(/(?:W\/)?"[^"]*"/g) ?? [];

/** Dates in headers have no milliseconds. */
const seconds = (ms: number): number => Math.floor(ms / 1000) * 1000;

function dateMs(value: string | undefined): number | undefined {
  const ms = value !== undefined && /GMT$/.test(value.trim()) ? Date.parse(value) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
