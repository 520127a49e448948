// The entry points that a key of the configuration may name.

export type EntryPoint =
  /** A request to one path of port 8888. */
  | { readonly kind: 'http'; readonly path: string }
  /** Any request to port 18080 or 80. */
  | { readonly kind: 'website' }
  /** Port 23080: each message becomes a request. */
  | { readonly kind: 'tcp-http' }
  | { readonly kind: 'udp-http' }
  /** What an Inventory device says by itself becomes a request. */
  | { readonly kind: 'device-http' }
  /** Port 8023: a stream stays a stream. */
  | { readonly kind: 'tcp-tcp' };

const STREAMS: ReadonlyMap<string, EntryPoint> = new Map([
  ['tcp://beam.soracom.io:23080', { kind: 'tcp-http' }],
  ['udp://beam.soracom.io:23080', { kind: 'udp-http' }],
  ['tcp://beam.soracom.io:8023', { kind: 'tcp-tcp' }],
  ['inventory://beam.soracom.io', { kind: 'device-http' }],
]);

/** The entry point that a configuration key names; undefined for keys that are none of these kinds. */
export function entryPoint(key: string): EntryPoint | undefined {
  const match = /^http:\/\/beam\.soracom\.io(?::(\d+))?(\/[!-~]*)?$/.exec(key);
  if (match === null) return STREAMS.get(key.replace(/\/$/, ''));
  const [, port = '80', path = '/'] = match;
  if (port === '8888' && !/[?#]/.test(path)) return { kind: 'http', path };
  if ((port === '18080' || port === '80') && path === '/') return { kind: 'website' };
  return undefined;
}
