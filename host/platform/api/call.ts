// One call of the management API, as its handlers see it.

import type { z } from 'zod';
import type { Session } from '../../cellular/network.js';
import { API_LIMITS } from '../choices.js';
import type { Subscriber } from '../directory/index.js';
import { faultsOf } from '../directory/schema.js';
import { ApiError } from './error.js';

/** Who calls: an operator (its root, or one of its SAM users) by token, or a SIM through Metadata by its session. */
export type ApiCaller =
  | { readonly kind: 'operator'; readonly operatorId: string; readonly userName: string | undefined }
  | { readonly kind: 'sim'; readonly operatorId: string; readonly subscriber: Subscriber; readonly session: Session };

/** What a handler answers. `json` undefined: no body. */
export interface Reply {
  readonly status: number;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const ok = (json: unknown): Reply => ({ status: 200, json });
export const noContent: Reply = { status: 204 };

/** Lets the world's time go on until `work` is settled: it stands still while a call is served. */
export type Wait = <T>(work: Promise<T>) => Promise<T>;

/** `C`: the caller, once it is known. */
export class Call<C extends ApiCaller | undefined = ApiCaller> {
  constructor(
    readonly caller: C,
    readonly request: Request,
    readonly params: Readonly<Record<string, string>>,
    readonly query: URLSearchParams,
    /** For what comes from the world: a device's answer. */
    readonly wait: Wait = (work) => work,
  ) {}

  /** A part of the path, percent-decoded. */
  param(name: string): string {
    return this.params[name] ?? '';
  }

  /** One of the query's parameters; given twice it is malformed. Throws ApiError. */
  one(name: string): string | undefined {
    const [first, ...others] = this.query.getAll(name);
    if (others.length > 0) throw new ApiError('malformed', `${name} is there twice`);
    return first;
  }

  /** A whole number from the query, within limits. Throws ApiError. */
  number(name: string, min: number, max: number): number | undefined {
    const text = this.one(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^\d{1,16}$/.test(text) || value < min || value > max) {
      throw new ApiError('malformed', `${name}: a whole number from ${min} to ${max} is wanted`);
    }
    return value;
  }

  /** One of some words from the query. Throws ApiError. */
  word<const W extends string>(name: string, words: readonly W[]): W | undefined {
    const text = this.one(name);
    const found = words.find((word) => word === text);
    if (text !== undefined && found === undefined) {
      throw new ApiError('malformed', `${name}: one of ${words.join(', ')} is wanted`);
    }
    return found;
  }

  /** The JSON body. Throws ApiError: too large, not JSON, or not of this shape, each fault with its field. */
  async body<S extends z.ZodType>(schema: S): Promise<z.output<S>> {
    return this.checked(schema, await readJson(this.request));
  }

  /** The body says that it is XML. */
  get isXml(): boolean {
    return /^\s*(?:application|text)\/(?:[\w.-]+\+)?xml\s*(?:;|$)/i.test(
      this.request.headers.get('content-type') ?? '',
    );
  }

  /** The body as text, UTF-8. Throws ApiError: too large, not text. */
  async text(): Promise<string> {
    return readText(this.request, 'the body is not UTF-8');
  }

  /** Throws ApiError: not of this shape, each fault with its field. */
  checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw new ApiError('malformed', faultsOf(parsed.error).join('; '));
    return parsed.data;
  }
}

async function readText(request: Request, fault: string): Promise<string> {
  const bytes = await readBytes(request, API_LIMITS.bodyBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ApiError('malformed', fault);
  }
}

async function readJson(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type');
  if (type !== null && !/^\s*application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw new ApiError('media-type', 'the Content-Type has to be application/json');
  }
  let value: unknown;
  try {
    value = JSON.parse(await readText(request, 'the body is not JSON'));
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError('malformed', 'the body is not JSON');
  }
  if (depthOf(value, API_LIMITS.depth) > API_LIMITS.depth) {
    throw new ApiError('malformed', `more than ${API_LIMITS.depth} arrays and objects inside each other`);
  }
  return value;
}

/** The whole body, in memory. Throws ApiError. */
async function readBytes(request: Request, limit: number): Promise<Buffer> {
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
