// What operators see of Harvest Files: everything below /v1/files. The scope `public` is the platform's own: to be read.

import { z } from 'zod';
import type { TokenSigner } from '../accounts/index.js';
import { type Call, noContent, type Reply } from '../api/call.js';
import { ApiError } from '../api/error.js';
import { type PagedCall, pageReply, paging } from '../api/page.js';
import { text } from '../api/parameters.js';
import { type Route, route } from '../api/routes.js';
import { milliseconds, named } from '../api/shapes.js';
import { sha256 } from '../digest.js';
import type { BodySource } from '../http/front.js';
import { API_LIMITS, FILES_LIMITS } from '../limits.js';
import { checkedPath, PathError } from './path.js';
import { NoRoomError } from './room.js';
import { precondition, select } from './range.js';
import { type FileKey, type FileRecord, type FileStore, type Scope, SCOPES } from './store.js';
import { entryOf, type FileEntry, fileEntry } from './view.js';

export interface FileRoutesOptions {
  /** Of the links that files are read by. */
  readonly signer: TokenSigner;
  readonly unixMs: () => number;
}

const entryShape = named(
  'FileEntry',
  z.strictObject({
    filename: z.string(),
    filePath: z.string(),
    directory: z.string(),
    isDirectory: z.boolean(),
    contentLength: z.int().min(0).optional(),
    contentType: z.string().optional(),
    etag: z.string().optional(),
    createdTime: milliseconds.optional(),
    lastModifiedTime: milliseconds.optional(),
  }),
);

const pages = paging({ page: API_LIMITS.dataPage, maxPage: API_LIMITS.maxPage });

/** SORACOM's command line asks for the root as `/files/private//`: one slash is the path's own, as it is shown. */
const normalise = ({ path = '', ...params }: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
  ...params,
  path: path.replace(/^\/(?!\/)/, ''),
});

export function fileRoutes(files: FileStore, links: FileRoutesOptions): Route[] {
  return [...directoryRoutes(files), ...readRoutes(files, links), ...writeRoutes(files)];
}

const DIRECTORY = {
  path: '/files/:scope/:path{(?:.*/)?}',
  shownPath: '/files/{scope}/{path}/',
  for: 'operator',
  normalise,
} as const;

const FILE = {
  path: '/files/:scope/:path{.*[^/]}',
  shownPath: '/files/{scope}/{path}',
  for: 'operator',
  normalise,
} as const;

function directoryRoutes(files: FileStore): Route[] {
  return [
    route({
      ...{ method: 'GET', path: '/files', api: 'FileEntry:findFiles', for: 'operator' },
      summary: 'files whose path begins so, by path',
      query: { scope: text(), prefix: text(), ...pages },
      answers: { 200: z.array(entryShape) },
      handle: (call) => find(files, call, call.query),
    }),
    route({
      ...{ ...DIRECTORY, method: 'GET', api: 'FileEntry:listFiles', summary: 'files and directories of a directory' },
      ...{ query: pages, answers: { 200: z.array(entryShape) } },
      handle: (call) => list(files, call),
    }),
    route({
      ...{ ...DIRECTORY, method: 'DELETE', api: 'FileEntry:deleteDirectory', summary: 'deletes all below a directory' },
      answers: { 204: 'nothing' },
      handle: async (call) => {
        const key = ownKey(call);
        if (key.path === '/') throw new ApiError('forbidden', 'the scope itself');
        if (!(await files.deleteBelow(key))) throw new ApiError('no-file');
        return noContent;
      },
    }),
  ];
}

function readRoutes(files: FileStore, links: FileRoutesOptions): Route[] {
  return [
    route({
      ...{ ...FILE, method: 'GET', api: 'FileEntry:getFile' },
      summary: 'sends to a link that gives the file; to the listing, where it is a directory',
      answers: { 302: 'nothing' },
      handle: (call) => redirect(files, links, call),
    }),
    route({
      ...{ ...FILE, method: 'HEAD', api: 'FileEntry:getFileMetadata', summary: 'length, type and ETag of a file' },
      answers: { 200: 'nothing' },
      handle: (call) => {
        const found = files.get(keyOf(call));
        if (found === undefined) throw new ApiError('no-file');
        const content = { 'content-type': found.contentType, 'content-length': String(found.length) };
        return { status: 200, headers: { ...headersOf(found), ...content } };
      },
    }),
    route({
      ...{ method: 'GET', path: '/downloads/:scope/:path{.*[^/]}', shownPath: '/downloads/{scope}/{path}' },
      ...{ api: 'FileEntry:getFile', for: 'anybody' },
      summary: 'the bytes of a file, for who was sent here: the ticket says so',
      query: { ticket: z.string() },
      answers: { 200: 'bytes', 206: 'bytes', 304: 'nothing', 412: 'nothing', 416: 'nothing' },
      handle: (call) => get(files, call.request, linked(links, call)),
    }),
  ];
}

function writeRoutes(files: FileStore): Route[] {
  return [
    route({
      ...{ ...FILE, method: 'PUT', api: 'FileEntry:putFile', summary: 'stores a file' },
      ...{ otherBodies: ['*'], answers: { 200: 'nothing', 201: 'nothing', 412: 'nothing' } },
      upload: { below: '/files/', bytes: FILES_LIMITS.fileBytes },
      handle: (call) => put(files, call),
    }),
    route({
      ...{ ...FILE, method: 'DELETE', api: 'FileEntry:deleteFile', summary: 'deletes a file' },
      answers: { 204: 'nothing' },
      handle: async (call) => {
        if (!(await files.delete(ownKey(call)))) throw new ApiError('no-file');
        return noContent;
      },
    }),
  ];
}

function scopeOf(name: string | undefined): Scope {
  const scope = SCOPES.find((one) => one === name);
  if (scope === undefined) throw new ApiError('malformed', `scope: must be ${SCOPES.join(' or ')}`);
  return scope;
}

/** Throws ApiError. */
function keyOf(call: Call): FileKey {
  const scope = scopeOf(call.param('scope'));
  try {
    const path = checkedPath(`/${call.param('path')}`);
    return { operatorId: scope === 'public' ? '' : call.caller.operatorId, scope, path };
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
    throw new ApiError('malformed', error.message);
  }
}

/** For what changes something. */
function ownKey(call: Call): FileKey {
  const key = keyOf(call);
  if (key.scope === 'public') throw new ApiError('forbidden', 'the scope public is to be read');
  return key;
}

function find(
  files: FileStore,
  call: PagedCall,
  query: { readonly scope: string | undefined; readonly prefix: string | undefined },
): Reply {
  const scope = scopeOf(query.scope ?? 'private');
  const { limit: size, last_evaluated_key: after = '' } = call.query;
  const operatorId = scope === 'public' ? '' : call.caller.operatorId;
  const found = files.find(operatorId, scope, query.prefix ?? '/', size + 1, after);
  const items = found.slice(0, size);
  return pageReply(call, { items, next: found.length > size ? items.at(-1)?.path : undefined }, fileEntry);
}

function list(files: FileStore, call: PagedCall): Reply {
  const key = keyOf(call);
  const { listed, more } = files.list(key, call.query.limit, call.query.last_evaluated_key);
  if (listed.length === 0 && key.path !== '/') throw new ApiError('no-file');
  const items = listed.map(entryOf);
  const last = items.at(-1);
  const next = more && last !== undefined ? last.filePath + (last.isDirectory ? '/' : '') : undefined;
  return pageReply(call, { items, next }, (entry: FileEntry) => entry);
}

const headersOf = (file: FileRecord): Readonly<Record<string, string>> => ({
  etag: file.etag,
  'last-modified': new Date(file.modifiedMs).toUTCString(),
  'accept-ranges': 'bytes',
});

const headerOf =
  (request: Request) =>
  (name: string): string | undefined =>
    request.headers.get(name) ?? undefined;

/** A file's link is good without a token, for a while, and for nothing but that file. */
function redirect(files: FileStore, { signer, unixMs }: FileRoutesOptions, call: Call): Reply {
  const { operatorId, scope, path } = keyOf(call);
  const shown = path.split('/').map(encodeURIComponent).join('/');
  if (files.get({ operatorId, scope, path }) === undefined) {
    const { listed } = files.list({ operatorId, scope, path: `${path}/` }, 1);
    if (listed.length === 0) throw new ApiError('no-file');
    return { status: 302, headers: { location: `/v1/files/${scope}${shown}/` } };
  }
  const exp = Math.floor(unixMs() / 1000) + FILES_LIMITS.linkSeconds;
  const ticket = signer.sign('download', { operatorId, file: digestOf(scope, path), exp });
  return { status: 302, headers: { location: `/v1/downloads/${scope}${shown}?ticket=${ticket}` } };
}

const digestOf = (scope: Scope, path: string): string => sha256(`${scope}${path}`).toString('base64url');

/** The file that a link is for. Throws ApiError. */
function linked(
  { signer, unixMs }: FileRoutesOptions,
  { params, query }: Call<undefined, { readonly ticket: string }>,
): FileKey {
  const claims = signer.verify('download', query.ticket, unixMs());
  const scope = scopeOf(params['scope']);
  const path = `/${params['path'] ?? ''}`;
  if (claims?.['file'] !== digestOf(scope, path)) throw new ApiError('link');
  return { operatorId: String(claims['operatorId']), scope, path };
}

function get(files: FileStore, request: Request, key: FileKey): Response {
  const file = files.get(key);
  if (file === undefined) throw new ApiError('no-file');
  const selection = select('GET', headerOf(request), file);
  const headers = headersOf(file);
  const { status } = selection;
  if (status === 304 || status === 412) return new Response(null, { status, headers });
  if (status === 416) {
    return new Response(null, { status, headers: { ...headers, 'content-range': `bytes */${file.length}` } });
  }
  const { from, to } = status === 206 ? selection : { from: 0, to: file.length - 1 };
  const source = files.open(key, () => ({ from, to }));
  if (source === undefined) throw new ApiError('no-file');
  const range = status === 206 ? { 'content-range': `bytes ${from}-${to}/${file.length}` } : {};
  const content = { 'content-type': file.contentType, 'content-length': String(source.length) };
  return new Response(bodyOf(source), { status, headers: { ...headers, ...content, ...range } });
}

/** Read as far as somebody asks for it; let go when it is whole or nobody wants it any more. */
function bodyOf(source: BodySource): ReadableStream<Uint8Array> {
  const chunks = source.chunks()[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          if (done !== true) return controller.enqueue(value);
        } catch (error) {
          source.release();
          throw error;
        }
        source.release();
        controller.close();
      },
      cancel: () => source.release(),
    },
    { highWaterMark: 0 },
  );
}

async function put(files: FileStore, call: Call): Promise<Response> {
  const key = ownKey(call);
  const contentType = call.request.headers.get('content-type') ?? 'application/octet-stream';
  if (contentType.length > FILES_LIMITS.contentType) throw new ApiError('malformed', 'the Content-Type is too long');
  const wantMet = (now: FileRecord | undefined): void => {
    if (precondition('PUT', headerOf(call.request), now) !== undefined) throw new ConditionError();
  };
  try {
    wantMet(files.get(key));
    const body = (call.request.body ?? []) as AsyncIterable<Uint8Array>;
    const { record, created } = await files.put(key, contentType, body, wantMet);
    return new Response(null, { status: created ? 201 : 200, headers: { etag: record.etag, 'content-length': '0' } });
  } catch (error) {
    if (error instanceof ConditionError) return new Response(null, { status: 412 });
    if (error instanceof NoRoomError) throw new ApiError('files-full');
    throw error;
  }
}

class ConditionError extends Error {}
