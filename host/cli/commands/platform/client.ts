// The management API over HTTP, as the verbs of `akari platform` use it.

import { Command } from 'commander';
import { z } from 'zod';
import { Secret } from '../../../secret.js';
import { readJson } from '../../files.js';
import { JobError, Output, UsageError } from '../../output.js';

/** Where `akari serve` has it unless told otherwise. */
const DEFAULT_API = 'http://127.127.0.1:8080';
/** Of the tokens that a verb asks for itself: the least there is. */
const TOKEN_SECONDS = 180;
/** Real milliseconds until the head of an answer is there. */
const PATIENCE_MS = 30_000;

export interface ApiCommandOptions {
  readonly api?: string;
  readonly authKey?: string;
  readonly json?: true;
}

const authKeyFile = z.strictObject({ authKeyId: z.string().min(1), authKey: z.string().min(1) });
/** What goes into a line that a shell evaluates. */
const shellWord = z.string().regex(/^[\w.~-]+$/);
const ticketBody = z.object({ apiKey: shellWord, token: shellWord, operatorId: z.string() });
const errorBody = z.object({ code: z.string(), message: z.string() });

/** Answers: the fields that a command reads are checked, all others stay as they are. */
export const anyObject = z.looseObject({});
const anyArray = z.array(z.unknown());

export interface Ticket {
  readonly apiKey: string;
  readonly token: string;
}

export interface AskOptions {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** Sent as it is, in the place of `body`. */
  readonly xml?: string;
}

export class ApiClient {
  constructor(
    readonly url: string,
    readonly ticket?: Ticket,
  ) {}

  /** The parts are names: each is percent-encoded. Rejects with JobError for what is refused. */
  async ask(method: string, path: readonly string[], { query = {}, body, xml }: AskOptions = {}): Promise<Response> {
    const url = new URL(`${this.url}/v1/${path.map(encoded).join('/')}`);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    return this.fetch(method, url, body, xml);
  }

  /** What it answers. Rejects with JobError when that is not JSON of this schema. */
  async json<T>(schema: z.ZodType<T>, method: string, path: readonly string[], options?: AskOptions): Promise<T> {
    return bodyOf(schema, await this.ask(method, path, options));
  }

  /** All pages of a list of what `schema` says, one after the other; not more than `limit` entries. */
  async *list<T>(
    schema: z.ZodType<T>,
    path: readonly string[],
    query: AskOptions['query'] = {},
    limit = Infinity,
  ): AsyncGenerator<T> {
    let key: string | undefined;
    let left = limit;
    do {
      const size = left < MAX_PAGE ? { limit: String(left) } : { limit: String(MAX_PAGE) };
      const response = await this.ask('GET', path, { query: { ...query, ...size, last_evaluated_key: key } });
      const page = (await bodyOf(anyArray, response)).slice(0, left);
      for (const entry of page) yield parsedBy(schema, entry, response);
      left -= page.length;
      const next = nextKeyOf(response);
      if (next !== undefined && next === key) throw notTheApi(response, 'a page that follows itself');
      key = next;
    } while (key !== undefined && left > 0);
  }

  async fetch(method: string, url: URL, body?: unknown, xml?: string): Promise<Response> {
    const sent = xml ?? (body === undefined ? undefined : JSON.stringify(body));
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        headers: {
          ...(sent !== undefined && { 'content-type': xml === undefined ? 'application/json' : 'application/xml' }),
          ...(this.ticket && { 'x-soracom-api-key': this.ticket.apiKey, 'x-soracom-token': this.ticket.token }),
        },
        signal: patience.signal,
        ...(sent !== undefined && { body: sent }),
      });
    } catch (error) {
      const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
      const why = patience.signal.aborted ? 'no answer in time' : (cause?.code ?? 'no connection');
      throw new JobError(`${this.url} cannot be reached (${why}): is "akari serve" running? --api names another place`);
    } finally {
      clearTimeout(timer);
    }
    if (!response.ok) throw new JobError(`${method} ${url.pathname}: ${response.status} ${await faultIn(response)}`);
    return response;
  }
}

/** Entries that the API gives at once, at most. */
const MAX_PAGE = 1000;

const notTheApi = ({ url }: Response, what: string): JobError =>
  new JobError(`${url} does not answer as the management API: ${what}`);

export async function bodyOf<T>(schema: z.ZodType<T>, response: Response): Promise<T> {
  let json: unknown;
  try {
    json = await response.json();
  } catch {
    throw notTheApi(response, 'the body is not JSON, or was cut short');
  }
  return parsedBy(schema, json, response);
}

/** Never quotes a value: it may be a key. */
function parsedBy<T>(schema: z.ZodType<T>, json: unknown, response: Response): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path.join('.') ?? '';
  throw notTheApi(response, path === '' ? 'another kind of body' : `"${path}" is not what it should be`);
}

function nextKeyOf(response: Response): string | undefined {
  const next = response.headers.get('x-soracom-next-key');
  if (next === null) return undefined;
  try {
    return decodeURIComponent(next);
  } catch {
    throw notTheApi(response, 'x-soracom-next-key is not percent-encoded');
  }
}

/** A part of a path. Refuses what no address can carry. */
function encoded(part: string): string {
  if (part === '' || part === '.' || part === '..') throw new UsageError(`"${part}" cannot be part of an address`);
  return encodeURIComponent(part);
}

async function faultIn(response: Response): Promise<string> {
  try {
    const text = await response.text();
    const { code, message } = errorBody.parse(JSON.parse(text));
    return `${code} ${message}`;
  } catch {
    return response.statusText;
  }
}

/** A verb of `akari platform`, with the options that all of them have. */
export const verb = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .option('--api <url>', `management API; AKARI_API, or ${DEFAULT_API}, unless given`)
    .option('--auth-key <file>', 'AuthKey as JSON {"authKeyId", "authKey"}; AKARI_AUTH_KEY_FILE unless given')
    .option('--json', 'one event a line, the last one the result');

/** Signs in, does the work, and signs out. What goes wrong is also the result under --json. */
export async function withApi(
  options: ApiCommandOptions,
  work: (client: ApiClient, output: Output) => Promise<Readonly<Record<string, unknown>>>,
): Promise<void> {
  const output = new Output(options.json === true);
  try {
    const url = urlOf(options);
    const found = environmentTicket();
    const ticket = found ?? (await signIn(url, credentialsOf(options), TOKEN_SECONDS));
    const client = new ApiClient(url, ticket);
    let result: Readonly<Record<string, unknown>>;
    try {
      result = await work(client, output);
    } finally {
      // What has gone wrong before is the news, not that signing out does too.
      if (found === undefined) await client.ask('POST', ['auth', 'logout']).catch(() => undefined);
    }
    output.result(true, result);
  } catch (error) {
    if (error instanceof JobError || error instanceof UsageError) output.result(false, { reason: error.message });
    throw error;
  }
}

export function urlOf(options: ApiCommandOptions): string {
  const api = options.api ?? (process.env['AKARI_API'] || DEFAULT_API);
  const url = URL.canParse(api) ? new URL(api) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.username !== '') {
    throw new UsageError(`--api "${api}": expected an http:// or https:// URL`);
  }
  return url.href.replace(/(\/v1)?\/*$/, '');
}

export async function signIn(
  url: string,
  { authKeyId, authKey }: Credentials,
  tokenTimeoutSeconds: number,
): Promise<z.output<typeof ticketBody>> {
  const body = { authKeyId, authKey: Buffer.from(authKey.reveal()).toString(), tokenTimeoutSeconds };
  return new ApiClient(url).json(ticketBody, 'POST', ['auth'], { body });
}

export interface Credentials {
  readonly authKeyId: string;
  readonly authKey: Secret;
}

/** Throws UsageError; never quotes what a file holds. */
export function credentialsOf(options: ApiCommandOptions): Credentials {
  const authKey = options.authKey ?? (process.env['AKARI_AUTH_KEY_FILE'] || undefined);
  const { AKARI_AUTH_KEY_ID: id, AKARI_AUTH_KEY: key } = process.env;
  if (authKey === undefined) {
    if (!id || !key) {
      throw new UsageError(
        'who is asking? Name an AuthKey with --auth-key FILE, or AKARI_AUTH_KEY_ID and AKARI_AUTH_KEY',
      );
    }
    return { authKeyId: id, authKey: new Secret(Buffer.from(key)) };
  }
  const parsed = authKeyFile.safeParse(readJson(`--auth-key ${authKey}`, authKey));
  if (!parsed.success) throw new UsageError(`--auth-key ${authKey}: expected {"authKeyId": .., "authKey": ..}`);
  return { authKeyId: parsed.data.authKeyId, authKey: new Secret(Buffer.from(parsed.data.authKey)) };
}

function environmentTicket(): Ticket | undefined {
  const { AKARI_API_KEY: apiKey, AKARI_TOKEN: token } = process.env;
  return apiKey && token ? { apiKey, token } : undefined;
}

/** `name=value`, the value may hold further `=`. Throws UsageError. */
export function pair(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`"${text}": expected name=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** For options that may be given more than once. */
export const gathered = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
