// What operators see of Harvest Files: everything below /v1/files. The scope `public` is the platform's own: to be read.

import { type Call, noContent, type Reply } from '../api/call.js';
import { ApiError } from '../api/error.js';
import { pageReply, pageSize } from '../api/page.js';
import type { Route } from '../api/routes.js';
import { FILES_LIMITS } from '../choices.js';
import type { BodySource } from '../http/front.js';
import { checkedPath, PathError } from './path.js';
import { precondition, select } from './range.js';
import { type FileKey, type FileRecord, type FileStore, type Scope, SCOPES } from './store.js';
import { entryOf, type FileEntry, fileEntry } from './view.js';

/** Whether the body of this request goes to a file. */
export const isFileUpload = (method: string, target: string): boolean =>
  method === 'PUT' && /^(https?:\/\/[^/]*)?\/v1\/files\//i.test(target);

export function fileRoutes(files: FileStore): Route[] {
  const route = (method: Route['method'], path: string, name: string, handle: Route['handle']): Route => ({
    ...{ method, path, api: `FileEntry:${name}`, for: 'operator', handle },
  });
  const directory = '/files/:scope/:path{(?:.+/)?}';
  const file = '/files/:scope/:path{.*[^/]}';
  return [
    route('GET', '/files', 'findFiles', (call) => find(files, call)),
    route('GET', directory, 'listFiles', (call) => list(files, call)),
    route('DELETE', directory, 'deleteDirectory', async (call) => {
      const key = ownKey(call);
      if (key.path === '/') throw new ApiError('forbidden', 'the scope itself');
      if (!(await files.deleteBelow(key))) throw new ApiError('no-file');
      return noContent;
    }),
    route('GET', file, 'getFile', (call) => get(files, call)),
    route('PUT', file, 'putFile', (call) => put(files, call)),
    route('DELETE', file, 'deleteFile', async (call) => {
      if (!(await files.delete(ownKey(call)))) throw new ApiError('no-file');
      return noContent;
    }),
  ];
}

function scopeOf(name: string | undefined): Scope {
  const scope = SCOPES.find((one) => one === name);
  if (scope === undefined) throw new ApiError('malformed', `scope: ${SCOPES.join(' or ')} is wanted`);
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

function find(files: FileStore, call: Call): Reply {
  const scope = scopeOf(call.one('scope') ?? 'private');
  const size = pageSize(call);
  const operatorId = scope === 'public' ? '' : call.caller.operatorId;
  const found = files.find(
    operatorId,
    scope,
    call.one('prefix') ?? '/',
    size + 1,
    call.one('last_evaluated_key') ?? '',
  );
  const items = found.slice(0, size);
  return pageReply(call, { items, next: found.length > size ? items.at(-1)?.path : undefined }, fileEntry);
}

function list(files: FileStore, call: Call): Reply {
  const key = keyOf(call);
  const { listed, more } = files.list(key, pageSize(call), call.one('last_evaluated_key'));
  if (listed.length === 0 && key.path !== '/') throw new ApiError('no-file');
  const items = listed.map(entryOf);
  const last = items.at(-1);
  const next = more && last !== undefined ? last.filePath + (last.isDirectory ? '/' : '') : undefined;
  return pageReply(call, { items, next }, (entry: FileEntry) => entry);
}

const headerOf =
  ({ request }: Call) =>
  (name: string): string | undefined =>
    request.headers.get(name) ?? undefined;

function get(files: FileStore, call: Call): Response {
  const key = keyOf(call);
  const file = files.get(key);
  if (file === undefined) throw new ApiError('no-file');
  const selection = select('GET', headerOf(call), file);
  const headers = {
    etag: file.etag,
    'last-modified': new Date(file.modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
  };
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
    if (precondition('PUT', headerOf(call), now) !== undefined) throw new ConditionError();
  };
  try {
    wantMet(files.get(key));
    const body = (call.request.body ?? []) as AsyncIterable<Uint8Array>;
    const { record, created } = await files.put(key, contentType, body, wantMet);
    return new Response(null, { status: created ? 201 : 200, headers: { etag: record.etag, 'content-length': '0' } });
  } catch (error) {
    if (error instanceof ConditionError) return new Response(null, { status: 412 });
    throw error;
  }
}

class ConditionError extends Error {}
