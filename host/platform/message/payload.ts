// How a device's bytes are understood, the same for every service that takes payloads (SORACOM, "content type" of a
// service; Binary Parser). The order: frames of Binary Format v1 are taken apart by the front, then the Binary Parser
// makes JSON of what the transport calls binary, then the service's own setting decides.

import { isUtf8 } from 'node:buffer';
import { soracomAir } from '../air/config.js';
import type { BinaryParser } from '../binary-parser/index.js';
import type { ContentTypeSetting } from '../config/fields.js';
import { MessageStatus, TEXT_TYPES } from '../choices.js';
import { Refusal } from '../refusal.js';
import type { PayloadMessage } from './message.js';

/** One payload, understood. */
export interface Payload {
  /** `json`: valid JSON, as sent or as the Binary Parser made it. `text`: UTF-8. `binary`: anything. */
  readonly kind: 'json' | 'text' | 'binary';
  /**
   * The payload as JSON text, fit to stand in a larger JSON text: the device's own bytes for `json` (numbers and keys as
   * they were written), `{"payload":"<text>"}` for `text`, `{"payload":"<base64>"}` for `binary`.
   */
  readonly json: string;
  /** Without conversion: what the device sent, or the Binary Parser's JSON. */
  readonly bytes: Buffer;
  /** Media type of `bytes`: the device's own over HTTP where it fits the kind, a plain one otherwise. */
  readonly contentType: string;
  /** The Binary Parser made it. */
  readonly parsed: boolean;
}

const MEDIA_TYPE = { json: 'application/json', text: 'text/plain', binary: 'application/octet-stream' } as const;

/**
 * `setting`: the service's own; undefined goes by the transport. Throws Refusal 400 with the text `invalidJson` for bytes
 * that should be JSON and are not. Text that is not UTF-8 becomes it, with U+FFFD for what cannot be read.
 */
export function interpret(
  message: PayloadMessage,
  setting: ContentTypeSetting,
  invalidJson = 'the payload is not valid JSON',
): Payload {
  const { body } = message;
  const own = ownType(message);
  const parser = parserOf(message);
  if (parser !== undefined && kindOf(own) === 'binary') {
    const json = parser.parse(body);
    return { kind: 'json', json, bytes: Buffer.from(json), contentType: MEDIA_TYPE.json, parsed: true };
  }
  const kind = setting ?? kindOf(own);
  const contentType = own !== undefined && kindOf(own) === kind ? own : MEDIA_TYPE[kind];
  if (kind === 'binary')
    return { kind, json: converted(body.toString('base64')), bytes: body, contentType, parsed: false };
  const text = body.toString('utf8');
  if (kind === 'text') return { kind, json: converted(text), bytes: body, contentType, parsed: false };
  if (!isUtf8(body) || !isJson(text)) throw new Refusal(MessageStatus.InvalidPayload, invalidJson);
  return { kind, json: text.trim(), bytes: body, contentType, parsed: false };
}

/** The Binary Parser of the caller's group, if it is on. */
function parserOf({ caller }: PayloadMessage): BinaryParser | undefined {
  const { binaryParserEnabled, binaryParserFormat } = soracomAir.of(caller.group) ?? {};
  return binaryParserEnabled === true ? binaryParserFormat : undefined;
}

const converted = (payload: string): string => JSON.stringify({ payload });

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The media type that was stated: over HTTP, and of what Inventory devices say. */
function ownType({ protocol, headers }: PayloadMessage): string | undefined {
  if (protocol !== 'http' && protocol !== 'device') return undefined;
  return headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1].trim();
}

/** What a media type says of the bytes (RFC 9110 8.3.1, RFC 6839 for suffixes); none: binary. */
function kindOf(type: string | undefined): Payload['kind'] {
  const essence = /^[^;\s]*/.exec(type?.toLowerCase() ?? '')?.[0] ?? '';
  if (essence === 'application/json' || essence.endsWith('+json')) return 'json';
  return essence.startsWith('text/') || essence.endsWith('+xml') || TEXT_TYPES.has(essence) ? 'text' : 'binary';
}
