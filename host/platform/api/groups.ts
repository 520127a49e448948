// Groups and their configuration: everything below /v1/groups but the list of a group's subscribers.

import { z } from 'zod';
import type { Random } from '../../random.js';
import { API_LIMITS } from '../choices.js';
import {
  type Directory,
  type GroupConfigurationInput,
  type GroupRecord,
  PlatformConfigError,
  writtenConfiguration,
} from '../directory/index.js';
import { groupConfiguration } from '../directory/namespaces.js';
import { type Call, noContent, ok, type Reply } from './call.js';
import { ApiError } from './error.js';
import { pageOf, pageReply } from './page.js';
import { redacted, restored } from './redact.js';
import type { Route } from './routes.js';
import { tagFilter, tagList, withoutTag, withTags } from './tags.js';

export interface GroupRoutesOptions {
  readonly directory: Directory;
  /** Of the ids of new groups. */
  readonly random: Random;
}

const creation = z.strictObject({
  tags: z.record(z.string().min(1).max(API_LIMITS.tagName), z.string().max(API_LIMITS.tagValue)).default({}),
});

const parameters = z.array(z.strictObject({ key: z.string().min(1), value: z.unknown() })).min(1);

type Namespaces = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

export function groupRoutes({ directory, random }: GroupRoutesOptions): Route[] {
  const of = (call: Call): GroupRecord => {
    const found = directory.group(call.caller.operatorId, call.param('group_id'));
    if (found === undefined) throw new ApiError('no-group');
    return found;
  };

  const namespaceOf = (call: Call): string => {
    const name = call.param('namespace');
    if (!Object.hasOwn(groupConfiguration.shape, name)) throw new ApiError('configuration', `no namespace "${name}"`);
    return name;
  };

  /** Replaces one namespace; undefined: takes it away. Throws ApiError. */
  const configure = (group: GroupRecord, name: string, value: object | undefined): GroupRecord => {
    const others = Object.entries(writtenConfiguration(group)).filter(([other]) => other !== name);
    const own = value === undefined ? [] : [[name, value] as const];
    const configuration = Object.fromEntries([...others, ...own]) as GroupConfigurationInput;
    return checked(() => directory.changeGroup(group.operatorId, group.id, { configuration }));
  };

  const list = (call: Call): Reply => {
    const tagged = tagFilter(call);
    const groups = directory
      .groups(call.caller.operatorId)
      .filter(({ tags }) => tagged(tags))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    return pageReply(
      call,
      pageOf(call, groups, ({ id }) => id),
      groupView,
    );
  };

  const create = async (call: Call): Promise<Reply> => {
    const { tags } = await call.body(creation);
    const { operatorId } = call.caller;
    if (Object.keys(tags).length > API_LIMITS.tags) throw new ApiError('malformed', `${API_LIMITS.tags} tags at most`);
    let id = uuid(random);
    // The same seed gives the same ids again, over a database that has them already.
    while (directory.hasGroup(id)) id = uuid(random);
    return { status: 201, json: groupView(directory.createGroup(operatorId, { id, tags })) };
  };

  const put = async (call: Call): Promise<Reply> => {
    const namespace = namespaceOf(call);
    const list = await call.body(parameters);
    const group = of(call);
    const before = (writtenConfiguration(group) as Namespaces)[namespace] ?? {};
    const values = new Map(Object.entries(before));
    for (const { key, value } of list) values.set(key, restored(value, values.get(key)));
    return ok(groupView(configure(group, namespace, Object.fromEntries(values))));
  };

  const deleteParameter = (call: Call): Reply => {
    const namespace = namespaceOf(call);
    const group = of(call);
    const name = call.param('name');
    const before = (writtenConfiguration(group) as Namespaces)[namespace] ?? {};
    if (!Object.hasOwn(before, name)) throw new ApiError('no-parameter', `"${name}"`);
    configure(group, namespace, Object.fromEntries(Object.entries(before).filter(([key]) => key !== name)));
    return noContent;
  };

  const deleteNamespace = (call: Call): Reply => {
    const namespace = namespaceOf(call);
    const group = of(call);
    if (!Object.hasOwn(writtenConfiguration(group), namespace)) {
      throw new ApiError('configuration', `the group has no ${namespace}`);
    }
    configure(group, namespace, undefined);
    return noContent;
  };

  const putTags = async (call: Call): Promise<Reply> => {
    const list = await call.body(tagList);
    const { operatorId, id, tags } = of(call);
    return ok(groupView(directory.changeGroup(operatorId, id, { tags: withTags(tags, list) })));
  };

  const deleteTag = (call: Call): Reply => {
    const { operatorId, id, tags } = of(call);
    directory.changeGroup(operatorId, id, { tags: withoutTag(tags, call.param('tag_name')) });
    return noContent;
  };

  const remove = (call: Call): Reply => {
    directory.deleteGroup(call.caller.operatorId, of(call).id);
    return noContent;
  };

  const route = (method: Route['method'], path: string, api: string, handle: Route['handle']): Route => ({
    ...{ method, path: `/groups${path}`, api: `Group:${api}`, for: 'operator', handle },
  });
  return [
    route('GET', '', 'listGroups', list),
    route('POST', '', 'createGroup', create),
    route('GET', '/:group_id', 'getGroup', (call) => ok(groupView(of(call)))),
    route('DELETE', '/:group_id', 'deleteGroup', remove),
    route('PUT', '/:group_id/configuration/:namespace', 'putConfigurationParameters', put),
    route('DELETE', '/:group_id/configuration/:namespace', 'deleteConfigurationNamespace', deleteNamespace),
    route('DELETE', '/:group_id/configuration/:namespace/:name', 'deleteConfigurationParameter', deleteParameter),
    route('PUT', '/:group_id/tags', 'putTags', putTags),
    route('DELETE', '/:group_id/tags/:tag_name', 'deleteTag', deleteTag),
  ];
}

function groupView(group: GroupRecord): unknown {
  const { id, operatorId, tags, configuration, createdMs, modifiedMs } = group;
  return {
    configuration: redacted(writtenConfiguration(group), configuration),
    createdAt: createdMs,
    createdTime: createdMs,
    groupId: id,
    lastModifiedAt: modifiedMs,
    lastModifiedTime: modifiedMs,
    operatorId,
    tags,
  };
}

function checked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof PlatformConfigError)) throw error;
    throw new ApiError('configuration', error.faults.join('; '));
  }
}

/** RFC 9562, version 4. */
function uuid(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
