// What Beam does to the header of a request on its way to the destination.

import { authorizationOf, misconfigured } from '../cloud-delivery/credentials.js';
import { isFieldText, withoutHopByHop, type HeaderList } from '../http/text.js';
import type { CustomHeader } from './config.js';
import { type IdentityContext, identityParts, lookUp, preSharedKey } from './identity.js';
import { isReserved } from './reserved-headers.js';
import { signature, SIGNATURE_VERSION } from './signature.js';

export interface HeaderContext extends IdentityContext {
  readonly destination: URL;
  readonly method: string;
  readonly bodyLength: number;
}

/** The header that the destination gets. Throws Refusal. */
export function forwardedHeaders(device: HeaderList, context: HeaderContext): HeaderList {
  const { entry, destination } = context;
  if (!device.every(([, value]) => isFieldText(value))) {
    throw misconfigured('a header has characters that HTTP does not allow');
  }
  const kept = withoutHopByHop(device).filter(([name]) => !isReserved(name));
  return [
    ['Host', destination.host],
    ...customised(kept, entry.customHeaders ?? {}, context),
    ...contentLength(device, context),
    ...identity(context),
    ['Connection', 'close'],
  ];
}

/** Custom headers first, then the Authorization header made of credentials. */
function customised(
  headers: HeaderList,
  custom: Readonly<Record<string, CustomHeader>>,
  context: HeaderContext,
): HeaderList {
  const rules = Object.values(custom).filter(({ headerKey }) => !isReserved(headerKey));
  const authorization = authorizationHeader(context);
  if (authorization !== undefined) {
    rules.push({ action: 'replace', headerKey: 'Authorization', headerValue: authorization });
  }
  return rules.reduce<HeaderList>((list, { action, headerKey, headerValue = '' }) => {
    const others = list.filter(([name]) => name.toLowerCase() !== headerKey.toLowerCase());
    if (action === 'delete') return others;
    return [...(action === 'replace' ? others : list), [headerKey, headerValue]];
  }, headers);
}

/** Methods for which no body is normal (RFC 9110 8.6). */
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/** The body goes out whole, with its length, however the device framed it. */
function contentLength(device: HeaderList, { method, bodyLength }: HeaderContext): HeaderList {
  const framed = device.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  if (bodyLength === 0 && !framed && BODILESS.has(method)) return [];
  return [['Content-Length', String(bodyLength)]];
}

function identity(context: HeaderContext): HeaderList {
  const headers = identityParts(context).map(({ header, value }): [string, string] => [`x-soracom-${header}`, value]);
  const signed: HeaderList = [...headers, ['x-soracom-timestamp', String(context.unixMs)]];
  const ofDevice: HeaderList =
    context.deviceId === undefined ? [] : [['x-soracom-operator-id', context.subscriber.operatorId]];
  if (context.entry.addSignature !== true) return context.deviceId === undefined ? headers : [...signed, ...ofDevice];
  return [
    ...signed,
    ...ofDevice,
    ['x-soracom-signature-version', SIGNATURE_VERSION],
    ['x-soracom-signature', signature(preSharedKey(context), signed)],
  ];
}

function authorizationHeader(context: HeaderContext): string | undefined {
  const { authorization } = context.entry;
  if (authorization === undefined) return undefined;
  const found = lookUp(authorization, context);
  const value = authorizationOf(found);
  if (value === undefined) throw misconfigured(`credentials of type ${found.type} make no Authorization header`);
  return value;
}
