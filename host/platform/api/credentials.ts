// The credentials store: everything below /v1/credentials. Secrets go in and never come out.

import { z } from 'zod';
import { Secret } from '../../secret.js';
import { type CredentialsRecord, type Directory, PlatformConfigError } from '../directory/index.js';
import { type Call, noContent, ok, type Reply } from './call.js';
import { ApiError } from './error.js';
import type { Route } from './routes.js';

/** Longest id. It may hold the placeholder `#{imsi}`. */
const ID = /^[\w.@:#{}-]{1,128}$/;

export function credentialsRoutes(directory: Directory): Route[] {
  const idOf = (call: Call): string => {
    const id = call.param('credentials_id');
    if (!ID.test(id))
      throw new ApiError('malformed', 'credentials_id: 1 to 128 letters, digits or ._@:#{}- are wanted');
    return id;
  };

  const recordOf = ({ operatorId }: Call['caller'], id: string): CredentialsRecord | undefined =>
    directory.credentialsRecords(operatorId).find(({ credentialsId }) => credentialsId === id);

  const of = (call: Call): CredentialsRecord => {
    const found = recordOf(call.caller, idOf(call));
    if (found === undefined) throw new ApiError('no-credentials');
    return found;
  };

  const view = (call: Call, record: CredentialsRecord): unknown => {
    const { credentialsId, type, description, createdMs, modifiedMs, usedMs } = record;
    const fields = Object.entries(directory.credentials(call.caller.operatorId, credentialsId) ?? {});
    return {
      credentialsId,
      type,
      description,
      credentials: Object.fromEntries(
        fields.filter(([name, value]) => name !== 'type' && value !== undefined && !(value instanceof Secret)),
      ),
      createDateTime: createdMs,
      updateDateTime: modifiedMs,
      lastUsedDateTime: usedMs ?? null,
    };
  };

  const put = async (call: Call, id: string): Promise<unknown> => {
    const entry = await call.body(z.unknown());
    try {
      return view(call, directory.putCredentials(call.caller.operatorId, id, entry));
    } catch (error) {
      if (!(error instanceof PlatformConfigError)) throw error;
      throw new ApiError('malformed', error.faults.join('; '));
    }
  };

  const create = async (call: Call): Promise<Reply> => {
    const id = idOf(call);
    if (recordOf(call.caller, id) !== undefined) throw new ApiError('credentials-exist', id);
    return { status: 201, json: await put(call, id) };
  };

  const remove = (call: Call): Reply => {
    directory.deleteCredentials(call.caller.operatorId, of(call).credentialsId);
    return noContent;
  };

  const list = (call: Call): Reply =>
    ok(
      [...directory.credentialsRecords(call.caller.operatorId)]
        .sort((a, b) => (a.credentialsId < b.credentialsId ? -1 : 1))
        .map((record) => view(call, record)),
    );

  const route = (method: Route['method'], path: string, api: string, handle: Route['handle']): Route => ({
    ...{ method, path: `/credentials${path}`, api: `Credential:${api}`, for: 'operator', handle },
  });
  return [
    route('GET', '', 'listCredentials', list),
    route('GET', '/:credentials_id', 'getCredential', (call) => ok(view(call, of(call)))),
    route('POST', '/:credentials_id', 'createCredential', create),
    route('PUT', '/:credentials_id', 'updateCredential', async (call) => ok(await put(call, of(call).credentialsId))),
    route('DELETE', '/:credentials_id', 'deleteCredential', remove),
  ];
}
