// The credentials store: everything below /v1/credentials. Secrets go in and never come out.

import { z } from 'zod';
import { record } from '../../record.js';
import { Secret } from '../../secret.js';
import { credentialsEntry } from '../directory/credentials.js';
import { type CredentialsRecord, type Directory, PlatformConfigError } from '../directory/index.js';
import { DIRECTORY_LIMITS } from '../limits.js';
import { type ApiCaller, type Call, noContent, ok } from './call.js';
import { ApiError } from './error.js';
import { type Route, route } from './routes.js';
import { milliseconds, named, shown } from './shapes.js';

/** Longest id. It may hold the placeholder `#{imsi}`. */
const ID = /^[\w.@:#{}-]{1,128}$/;

const credentialsShape = named(
  'Credentials',
  z.strictObject({
    credentialsId: z.string(),
    type: z.string(),
    description: z.string(),
    /** What is no secret. */
    credentials: record(z.string(), z.string()),
    createDateTime: milliseconds,
    updateDateTime: milliseconds,
    lastUsedDateTime: milliseconds.nullable(),
  }),
);

/** Read by the directory, which keeps it as it was written. */
const body = z.unknown();
shown.set(body, credentialsEntry);

/** What routes of credentials do. */
class Store {
  constructor(readonly directory: Directory) {}

  idOf(call: Call): string {
    const id = call.param('credentials_id');
    if (!ID.test(id)) throw new ApiError('malformed', 'credentials_id: must be 1 to 128 letters, digits or ._@:#{}-');
    return id;
  }

  recordOf({ operatorId }: ApiCaller, id: string): CredentialsRecord | undefined {
    return this.directory.credentialsRecords(operatorId).find(({ credentialsId }) => credentialsId === id);
  }

  of(call: Call): CredentialsRecord {
    const found = this.recordOf(call.caller, this.idOf(call));
    if (found === undefined) throw new ApiError('no-credentials');
    return found;
  }

  view(call: Call, record: CredentialsRecord): z.output<typeof credentialsShape> {
    const { credentialsId, type, description, createdMs, modifiedMs, usedMs } = record;
    const fields = Object.entries(this.directory.credentials(call.caller.operatorId, credentialsId) ?? {});
    return {
      credentialsId,
      type,
      description,
      credentials: Object.fromEntries(
        fields.filter(
          (field): field is [string, string] =>
            field[0] !== 'type' && typeof (field[1] as string | Secret) === 'string',
        ),
      ),
      createDateTime: createdMs,
      updateDateTime: modifiedMs,
      lastUsedDateTime: usedMs ?? null,
    };
  }

  put(call: Call, id: string): unknown {
    if (Buffer.byteLength(JSON.stringify(call.input) ?? '') > DIRECTORY_LIMITS.credentialsBytes) {
      throw new ApiError('malformed', `${DIRECTORY_LIMITS.credentialsBytes} bytes are the limit of an entry`);
    }
    try {
      return this.view(call, this.directory.putCredentials(call.caller.operatorId, id, call.input));
    } catch (error) {
      if (!(error instanceof PlatformConfigError)) throw error;
      throw new ApiError('malformed', error.faults.join('; '));
    }
  }
}

export function credentialsRoutes(directory: Directory): Route[] {
  const store = new Store(directory);
  const path = '/credentials/:credentials_id';
  return [
    route({
      ...{ method: 'GET', path: '/credentials', api: 'Credential:listCredentials', for: 'operator' },
      summary: 'all entries of the credentials store, by id',
      answers: { 200: z.array(credentialsShape) },
      handle: (call) =>
        ok(
          [...directory.credentialsRecords(call.caller.operatorId)]
            .sort((a, b) => (a.credentialsId < b.credentialsId ? -1 : 1))
            .map((record) => store.view(call, record)),
        ),
    }),
    route({
      ...{ method: 'GET', path, api: 'Credential:getCredential', for: 'operator' },
      summary: 'one entry of the credentials store',
      answers: { 200: credentialsShape },
      handle: (call) => ok(store.view(call, store.of(call))),
    }),
    route({
      ...{ method: 'POST', path, api: 'Credential:createCredential', for: 'operator' },
      summary: 'makes an entry of the credentials store',
      body,
      answers: { 201: credentialsShape },
      handle: (call) => {
        const id = store.idOf(call);
        if (store.recordOf(call.caller, id) !== undefined) throw new ApiError('credentials-exist', id);
        if (store.directory.credentialsRecords(call.caller.operatorId).length >= DIRECTORY_LIMITS.credentials) {
          throw new ApiError('limit', `${DIRECTORY_LIMITS.credentials} entries are the limit`);
        }
        return { status: 201, json: store.put(call, id) };
      },
    }),
    route({
      ...{ method: 'PUT', path, api: 'Credential:updateCredential', for: 'operator' },
      summary: 'replaces an entry of the credentials store',
      body,
      answers: { 200: credentialsShape },
      handle: (call) => ok(store.put(call, store.of(call).credentialsId)),
    }),
    route({
      ...{ method: 'DELETE', path, api: 'Credential:deleteCredential', for: 'operator' },
      summary: 'deletes an entry of the credentials store',
      answers: { 204: 'nothing' },
      handle: (call) => {
        store.directory.deleteCredentials(call.caller.operatorId, store.of(call).credentialsId);
        return noContent;
      },
    }),
  ];
}
