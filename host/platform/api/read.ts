// What a request brings, read as its route declares: the query's parameters, the JSON body.

import type { z } from 'zod';
import { readAs, wording } from '../../faults.js';
import { parseJson } from '../../json-text.js';
import { unknownKeys } from '../config/fields.js';
import { API_LIMITS } from '../limits.js';
import { ApiError } from './error.js';
import type { QueryShape, Route } from './routes.js';

/**
 * The parameters of the query, each once. An empty one counts as left out unless the parameter takes it. Throws ApiError: a
 * parameter that the route does not have is refused by its name, since a filter that is passed over would list too much;
 * unless `strict` is false.
 */
export function readQuery(
  { query = {}, notYet = [] }: Pick<Route, 'query' | 'notYet'>,
  sent: URLSearchParams,
  strict = true,
): Readonly<Record<string, unknown>> {
  const shape: QueryShape = query;
  for (const name of strict ? new Set(sent.keys()) : []) {
    if (notYet.includes(name)) throw new ApiError('malformed', `the parameter ${name} is not there yet`);
    if (!Object.hasOwn(shape, name)) throw new ApiError('malformed', `there is no parameter ${JSON.stringify(name)}`);
  }
  const read = Object.entries(shape).map(([name, schema]): [string, unknown] => {
    const [text, ...others] = sent.getAll(name);
    if (others.length > 0) throw new ApiError('malformed', `${name} is there twice`);
    const parsed = schema.safeParse(text, { error: wording });
    if (parsed.success) return [name, parsed.data];
    const empty = text === '' ? schema.safeParse(undefined) : parsed;
    if (empty.success) return [name, empty.data];
    throw new ApiError('malformed', `${name}: ${parsed.error.issues[0]?.message ?? 'cannot be'}`);
  });
  return Object.fromEntries(read);
}

export interface ReadBody {
  readonly body: unknown;
  /** Fields that were passed over: the route does not know them. */
  readonly unknown: readonly string[];
}

/** The JSON body. Throws ApiError: too large, not JSON, or not of the route's shape, each fault with its field. */
export async function readBody(schema: z.ZodType, request: Request): Promise<ReadBody> {
  const sent = await readJson(request, schema);
  const body = checked(schema, sent);
  return { body, unknown: unknownKeys(sent, body) };
}

/** Throws ApiError: not of this shape, each fault with its field. */
export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const read = readAs(schema, value);
  if (read.faults !== undefined) throw new ApiError('malformed', read.faults.join('; '));
  return read.data;
}

/** Whether the body says that it is of one of these media types; `*` is any. */
export function isOf(types: readonly string[], request: Request): boolean {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  return types.includes('*') || types.includes(type) || (types.includes('application/xml') && type.endsWith('+xml'));
}

/** The body as text, UTF-8. Throws ApiError: too large, not text. */
export async function readText(request: Request, fault = 'the body is not UTF-8'): Promise<string> {
  const bytes = await readBytes(request, API_LIMITS.bodyBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ApiError('malformed', fault);
  }
}

export async function readJson(request: Request, schema: z.ZodType): Promise<unknown> {
  // A body that may be left out is none when it is empty, whatever its Content-Type says.
  const optional = schema.safeParse(undefined).success;
  if (optional && (request.body === null || request.headers.get('content-length') === '0')) return undefined;
  const type = request.headers.get('content-type');
  if (type !== null && !/^\s*application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw new ApiError('media-type', 'the Content-Type has to be application/json');
  }
  const text = await readText(request, 'the body is not JSON');
  if (optional && text === '') return undefined;
  const parsed = parseJson(text);
  if (parsed.fault !== undefined) throw new ApiError('malformed', `the body ${parsed.fault}`);
  const value = parsed.json;
  if (depthOf(value, API_LIMITS.depth) > API_LIMITS.depth) {
    throw new ApiError('malformed', `more than ${API_LIMITS.depth} arrays and objects inside each other`);
  }
  return value;
}

/** The whole body, in memory. Throws ApiError. */
export async function readBytes(request: Request, limit: number): Promise<Buffer> {
  const tooLarge = (): ApiError => new ApiError('too-large', `${limit} bytes are the limit`);
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** How deep a JSON value goes; looks no deeper than one beyond `limit`, level by level. */
function depthOf(value: unknown, limit: number): number {
  let level = [value];
  for (let depth = 0; ; depth++) {
    level = level.filter((item) => typeof item === 'object' && item !== null);
    if (level.length === 0 || depth > limit) return depth;
    level = level.flatMap((item) => Object.values(item as object) as unknown[]);
  }
}
