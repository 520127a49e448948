// Harvest Files: keeps files that devices send over HTTP, and gives them back whole or in ranges.
//
// path.ts says what a file may be called, store.ts keeps it, range.ts what of it is asked for, api.ts is the operators'
// side. What a SIM may do is said by the role that its group assumes (../accounts).

import type { ServiceRegistry, Session } from '../../cellular/network.js';
import { type Accounts, BusyError } from '../accounts/index.js';
import { FilesStatus } from '../choices.js';
import {
  type Answer,
  BodyError,
  HttpFront,
  type RequestHead,
  type StreamedAnswer,
  type StreamedRequest,
  textAnswer,
} from '../http/front.js';
import { type HeaderList, isFieldText } from '../http/text.js';
import { FILES_LIMITS } from '../limits.js';
import { type Caller, callerOf, wantOn } from '../caller.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../context.js';
import type { Service, ServiceDefinition } from '../service.js';
import { fileRoutes } from './api.js';
import { DiskBlobs } from './blobs.js';
import { type SoracomHarvestFiles, soracomHarvestFiles } from './config.js';
import { defaultPathOf, PathError, pathOfTarget } from './path.js';
import { precondition, select } from './range.js';
import { NoRoomError } from './room.js';
import { type FileKey, type FileRecord, FileStore } from './store.js';
import { entryOf } from './view.js';

const NAME = 'harvest-files.soracom.io';
const PORT = 80;

interface Parts {
  /** What roles let a SIM do. */
  readonly access: Pick<Accounts, 'sam' | 'decisions'>;
  readonly folder: string | undefined;
}

export interface HarvestFilesOptions {
  /** Where the bytes of Harvest Files are kept, beside the database; a temporary folder unless given. */
  readonly filesFolder?: string;
}

type Operation = 'getFile' | 'putFile' | 'deleteFile' | 'listFiles';

interface Permitted {
  readonly operation: Operation;
  readonly key: FileKey;
}

export class HarvestFiles implements Service {
  readonly files: FileStore;
  readonly #context: ServiceContext;
  readonly #access: Parts['access'];
  readonly #front: HttpFront;

  constructor(context: ServiceContext, { access, folder }: Parts) {
    this.#context = context;
    this.#access = access;
    const { clock, database, running } = context;
    this.files = new FileStore({ clock, database, running, blobs: new DiskBlobs(folder) });
    this.#front = new HttpFront({
      ...context,
      service: {
        refuses: (head) => this.#refuses(head),
        answer: () => Promise.reject(new Error('every request is streamed')),
        stream: { limit: () => FILES_LIMITS.uploadBytes, answer: (request) => this.#answer(request) },
        failed: (id, caller, status, reason) => this.#report(id, caller, status, reason),
      },
    });
  }

  register(registry: ServiceRegistry): void {
    registry.name(NAME);
    registry.tcp(NAME, PORT, (stream, caller) => this.#front.accept(stream, caller));
  }

  close(): void {
    this.#front.close();
    this.files.close();
  }

  #refuses(head: RequestHead): boolean {
    // Its turn comes with the answer.
    if (this.#access.decisions.isCostly(head.caller.imsi)) return false;
    try {
      this.#permitted(head);
      return false;
    } catch {
      return true;
    }
  }

  async #answer(request: StreamedRequest): Promise<Answer | StreamedAnswer> {
    try {
      await this.#access.decisions.turn(request.caller.imsi);
      const { operation, key } = this.#permitted(request);
      switch (operation) {
        case 'putFile':
          return await this.#put(request, key);
        case 'deleteFile':
          if (!(await this.files.delete(key))) throw new Refusal(FilesStatus.Missing, 'there is no such file');
          return this.#empty(204);
        case 'listFiles':
          return this.#list(key);
        default:
          return this.#get(request, key);
      }
    } catch (thrown) {
      const error = thrown instanceof BusyError ? new Refusal(FilesStatus.Busy, thrown.message) : thrown;
      if (!(error instanceof Refusal)) throw error;
      this.#report(request.id, request.caller, error.status, error.message);
      return textAnswer(error.status, `Harvest Files: ${error.message}`, this.#context.clock);
    }
  }

  /** What is asked for, once it is clear that this SIM may. Asked again for each request. Throws Refusal. */
  #permitted({ caller: session, method, target }: RequestHead): Permitted {
    const caller = callerOf(this.#context.directory, session, FilesStatus);
    const config = soracomHarvestFiles.of(caller.group) ?? { enabled: false };
    wantOn(config.enabled, 'Harvest Files', FilesStatus.Off);
    let path: string;
    try {
      path = pathOfTarget(target, caller.imsi);
      if (path === '/' && (method === 'PUT' || method === 'POST')) path = this.#defaultPath(config, caller);
    } catch (error) {
      if (!(error instanceof PathError)) throw error;
      throw new Refusal(FilesStatus.BadPath, error.message);
    }
    const operation = operationOf(method, path);
    const roleId = config.assumedRoleId ?? config.roleId;
    if (roleId !== undefined) {
      const { operatorId, imsi } = caller;
      const facts = { operatorId, imsi, pathVariables: { scope: 'private', path: path.slice(1) } };
      const { sam, decisions } = this.#access;
      const { permitted, fault, steps } = sam.roleMay(operatorId, roleId, { api: `FileEntry:${operation}` }, facts);
      decisions.spent(imsi, steps);
      if (!permitted) {
        const why = fault === undefined ? '' : ` (${fault})`;
        throw new Refusal(FilesStatus.Denied, `the role does not permit this${why}`);
      }
    }
    return { operation, key: { operatorId: caller.operatorId, scope: 'private', path } };
  }

  /** Throws Refusal or PathError. */
  #defaultPath({ defaultPath = '' }: SoracomHarvestFiles, { imsi }: Caller): string {
    const path = defaultPathOf(defaultPath, imsi, this.#context.clock.unixMs());
    if (path === undefined)
      throw new Refusal(FilesStatus.NoDefaultPath, 'no file is named, and there is no default path');
    return path;
  }

  async #put(request: StreamedRequest, key: FileKey): Promise<Answer> {
    const header = headerOf(request);
    const contentType = header('content-type') ?? 'application/octet-stream';
    if (contentType.length > FILES_LIMITS.contentType || !isFieldText(contentType)) {
      throw new Refusal(FilesStatus.BadContentType, 'the Content-Type cannot be kept');
    }
    if (header('content-range') !== undefined) {
      throw new Refusal(FilesStatus.BadContentRange, 'a part of a file cannot be put');
    }
    const wantMet = (now: FileRecord | undefined): void => {
      const failed = precondition(request.method, header, now);
      if (failed !== undefined) throw new Refusal(failed, 'the file is not as the condition wants it');
    };
    wantMet(this.files.get(key));
    try {
      const { created } = await this.files.put(key, contentType, request.body, wantMet);
      return this.#empty(created ? 201 : 200);
    } catch (error) {
      if (error instanceof BodyError || error instanceof Refusal) throw error;
      if (error instanceof NoRoomError) throw new Refusal(FilesStatus.NoRoom, error.message);
      throw new Refusal(FilesStatus.NotStored, `not stored (${codeOf(error)})`);
    }
  }

  #get({ method, headers, ...request }: StreamedRequest, key: FileKey): Answer | StreamedAnswer {
    const header = headerOf({ headers });
    const file = this.files.get(key);
    if (file === undefined) throw new Refusal(FilesStatus.Missing, 'there is no such file');
    const selection = select(method, header, file);
    const version: HeaderList = [
      ['ETag', file.etag],
      ['Last-Modified', new Date(file.modifiedMs).toUTCString()],
      ['Accept-Ranges', 'bytes'],
      ['Date', new Date(this.#context.clock.unixMs()).toUTCString()],
    ];
    const { status } = selection;
    if (status === 304) return { status, headers: version, body: Buffer.alloc(0) };
    if (status === 412 || status === 416) {
      this.#report(request.id, request.caller, status, status === 412 ? 'a condition is not met' : 'no such range');
      const range: HeaderList = status === 416 ? [['Content-Range', `bytes */${file.length}`]] : [];
      return { status, headers: [...version, ...range, ['Content-Length', '0']], body: Buffer.alloc(0) };
    }
    const { from, to } = status === 206 ? selection : { from: 0, to: file.length - 1 };
    const source = this.files.open(key, () => ({ from, to }));
    if (source === undefined) throw new Refusal(FilesStatus.Missing, 'there is no such file');
    const range: HeaderList = status === 206 ? [['Content-Range', `bytes ${from}-${to}/${file.length}`]] : [];
    const content: HeaderList = [
      ['Content-Type', file.contentType],
      ['Content-Length', String(source.length)],
    ];
    return { status, headers: [...content, ...range, ...version], source };
  }

  #list(key: FileKey): Answer {
    const { listed } = this.files.list(key, FILES_LIMITS.page);
    if (listed.length === 0 && key.path !== '/') throw new Refusal(FilesStatus.Missing, 'there is no such directory');
    const body = Buffer.from(JSON.stringify(listed.map(entryOf)));
    const headers: HeaderList = [
      ['Content-Type', 'application/json'],
      ['Content-Length', String(body.length)],
      ['Date', new Date(this.#context.clock.unixMs()).toUTCString()],
    ];
    return { status: 200, headers, body };
  }

  #empty(status: number): Answer {
    const length: HeaderList = status === 204 ? [] : [['Content-Length', '0']];
    const date: [string, string] = ['Date', new Date(this.#context.clock.unixMs()).toUTCString()];
    return { status, headers: [...length, date], body: Buffer.alloc(0) };
  }

  #report(id: number, session: Session, status: number, reason: string): void {
    const { imsi } = session;
    const trace = this.#context.traceOf(session);
    trace.emit({ type: 'service', service: 'harvest-files', event: 'refused', id, status, reason, imsi });
  }
}

/** Throws Refusal. */
function operationOf(method: string, path: string): Operation {
  const directory = path.endsWith('/');
  switch (method) {
    case 'GET':
    case 'HEAD':
      return directory ? 'listFiles' : 'getFile';
    case 'PUT':
    case 'POST':
      if (directory) throw new Refusal(FilesStatus.BadPath, 'a file has no / at its end');
      return 'putFile';
    case 'DELETE':
      if (directory) throw new Refusal(FilesStatus.BadPath, 'a file has no / at its end');
      return 'deleteFile';
    default:
      throw new Refusal(FilesStatus.MethodNotAllowed, `${method} is not served here`);
  }
}

const headerOf =
  ({ headers }: { readonly headers: HeaderList }) =>
  (name: string): string | undefined =>
    headers.find(([own]) => own.toLowerCase() === name)?.[1];

/** ENOSPC, SQLITE_FULL and the like: no word of the message, which names files of this computer. */
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'storage';

export const harvestFiles = {
  name: 'harvest-files',
  namespace: soracomHarvestFiles,
  start: (platform, { filesFolder }: HarvestFilesOptions) =>
    new HarvestFiles(platform, { access: platform.accounts, folder: filesFolder }),
  routes: ({ files }, { signer, clock }) => fileRoutes(files, { signer, unixMs: () => clock.unixMs() }),
} satisfies ServiceDefinition<HarvestFiles>;
