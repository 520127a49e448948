// Groups and their configuration: everything below /v1/groups but the list of a group's subscribers.

import { z } from 'zod';
import { record } from '../../record.js';
import type { Random } from '../../random.js';
import { type Directory, type GroupRecord, PlatformConfigError, writtenConfiguration } from '../directory/index.js';
import { optional, unknownKeys } from '../config/fields.js';
import type { WrittenConfiguration } from '../config/namespace.js';
import { DIRECTORY_LIMITS } from '../limits.js';
import { type ApiCaller, type Call, noContent, ok } from './call.js';
import { ApiError } from './error.js';
import { pageOf, pageReply, paging } from './page.js';
import { redacted, restored } from './redact.js';
import { type Route, route } from './routes.js';
import { milliseconds, named } from './shapes.js';
import { tagFilter, tagFiltering, tagList, tagSet, tagsShown, withoutTag, withTags } from './tags.js';

export interface GroupRoutesOptions {
  readonly directory: Directory;
  /** Of the ids of new groups. */
  readonly random: Random;
  /** Told of keys in a configuration that no service knows: they are kept, and nothing comes of them. */
  readonly onUnknown: (operatorId: string, keys: readonly string[]) => void;
}

/** A namespace's keys as they were written, whatever they are: what cannot be used is refused when they are stored. */
const namespaces = record(z.string(), optional(record(z.string(), z.unknown()))).transform((all) =>
  Object.fromEntries(Object.entries(all).filter(([, keys]) => keys !== undefined)),
);

const creation = z.object({ tags: optional(tagSet), configuration: optional(namespaces) });

const parameters = z
  .array(
    z.object({
      key: z
        .string()
        .min(1)
        .refine((key) => key !== '__proto__', '"__proto__" is no key'),
      value: z.unknown(),
    }),
  )
  .min(1);

const groupShape = named(
  'Group',
  z.strictObject({
    configuration: record(z.string(), record(z.string(), z.unknown())),
    createdAt: milliseconds,
    createdTime: milliseconds,
    groupId: z.string(),
    lastModifiedAt: milliseconds,
    lastModifiedTime: milliseconds,
    operatorId: z.string(),
    tags: tagsShown,
  }),
);

/** What routes of groups do. */
class Groups {
  readonly directory: Directory;
  readonly #options: GroupRoutesOptions;

  constructor(options: GroupRoutesOptions) {
    this.directory = options.directory;
    this.#options = options;
  }

  of(call: Call): GroupRecord {
    const found = this.directory.group(call.caller.operatorId, call.param('group_id'));
    if (found === undefined) throw new ApiError('no-group');
    return found;
  }

  /** Replaces one namespace; undefined: takes it away. Throws ApiError. */
  configure(group: GroupRecord, name: string, value: object | undefined): GroupRecord {
    const others = Object.entries(writtenConfiguration(group)).filter(([other]) => other !== name);
    const own = value === undefined ? [] : [[name, value] as const];
    const configuration = Object.fromEntries([...others, ...own]) as WrittenConfiguration;
    return checked(() => this.directory.changeGroup(group.operatorId, group.id, { configuration }));
  }

  told(group: GroupRecord): GroupRecord {
    const unknown = unknownKeys(writtenConfiguration(group), group.configuration);
    if (unknown.length > 0) this.#options.onUnknown(group.operatorId, unknown);
    return group;
  }

  create({ operatorId }: ApiCaller, { tags = {}, configuration = {} }: z.output<typeof creation>) {
    for (const name of Object.keys(configuration)) this.knownNamespace(name);
    if (this.directory.groups(operatorId).length >= DIRECTORY_LIMITS.groups) {
      throw new ApiError('limit', `${DIRECTORY_LIMITS.groups} groups are the limit`);
    }
    let id = uuid(this.#options.random);
    // The same seed gives the same ids again, over a database that has them already.
    while (this.directory.hasGroup(id)) id = uuid(this.#options.random);
    const input = configuration as WrittenConfiguration;
    return this.told(checked(() => this.directory.createGroup(operatorId, { id, tags, configuration: input })));
  }

  /** Throws ApiError. */
  knownNamespace(name: string): string {
    const { namespaces } = this.directory;
    if (namespaces.later.includes(name)) throw new ApiError('configuration', `the service of ${name} is not there yet`);
    if (!namespaces.has(name)) throw new ApiError('configuration', `no namespace "${name}"`);
    return name;
  }

  before(group: GroupRecord, namespace: string): Readonly<Record<string, unknown>> {
    return writtenConfiguration(group)[namespace] ?? {};
  }
}

export function groupRoutes(options: GroupRoutesOptions): Route[] {
  const groups = new Groups(options);
  return [...wholeGroups(groups), ...configuration(groups), ...groupTags(groups)];
}

const PATH = '/groups/:group_id';
const NAMESPACE = `${PATH}/configuration/:namespace`;

function wholeGroups(groups: Groups): Route[] {
  return [
    route({
      ...{ method: 'GET', path: '/groups', api: 'Group:listGroups', for: 'operator' },
      summary: 'groups, by id',
      query: { ...tagFiltering, ...paging() },
      answers: { 200: z.array(groupShape) },
      handle: (call) => {
        const tagged = tagFilter(call);
        const found = groups.directory
          .groups(call.caller.operatorId)
          .filter(({ tags }) => tagged(tags))
          .sort((a, b) => (a.id < b.id ? -1 : 1));
        return pageReply(
          call,
          pageOf(call, found, ({ id }) => id),
          groupView,
        );
      },
    }),
    route({
      ...{ method: 'POST', path: '/groups', api: 'Group:createGroup', for: 'operator' },
      summary: 'makes a group',
      body: creation,
      answers: { 201: groupShape },
      handle: ({ caller, input }) => ({ status: 201, json: groupView(groups.create(caller, input)) }),
    }),
    route({
      ...{ method: 'GET', path: PATH, api: 'Group:getGroup', for: 'operator' },
      summary: 'one group',
      answers: { 200: groupShape },
      handle: (call) => ok(groupView(groups.of(call))),
    }),
    route({
      ...{ method: 'DELETE', path: PATH, api: 'Group:deleteGroup', for: 'operator' },
      summary: 'deletes a group; its SIMs are then in none',
      answers: { 204: 'nothing' },
      handle: (call) => {
        groups.directory.deleteGroup(call.caller.operatorId, groups.of(call).id);
        return noContent;
      },
    }),
  ];
}

function configuration(groups: Groups): Route[] {
  return [
    route({
      ...{ method: 'PUT', path: NAMESPACE, api: 'Group:putConfigurationParameters', for: 'operator' },
      summary: 'sets keys of one namespace; others stay',
      body: parameters,
      answers: { 200: groupShape },
      handle: (call) => {
        const namespace = groups.knownNamespace(call.param('namespace'));
        const group = groups.of(call);
        const values = new Map(Object.entries(groups.before(group, namespace)));
        for (const { key, value } of call.input) values.set(key, restored(value, values.get(key)));
        return ok(groupView(groups.told(groups.configure(group, namespace, Object.fromEntries(values)))));
      },
    }),
    route({
      ...{ method: 'DELETE', path: NAMESPACE, api: 'Group:deleteConfigurationNamespace', for: 'operator' },
      summary: 'takes one namespace away',
      answers: { 204: 'nothing' },
      handle: (call) => {
        const namespace = groups.knownNamespace(call.param('namespace'));
        const group = groups.of(call);
        if (!Object.hasOwn(writtenConfiguration(group), namespace)) {
          throw new ApiError('configuration', `the group has no ${namespace}`);
        }
        groups.configure(group, namespace, undefined);
        return noContent;
      },
    }),
    route({
      ...{ method: 'DELETE', path: `${NAMESPACE}/:name`, api: 'Group:deleteConfigurationParameter' },
      ...{ for: 'operator', summary: 'takes one key of a namespace away' },
      answers: { 204: 'nothing' },
      handle: (call) => {
        const namespace = groups.knownNamespace(call.param('namespace'));
        const group = groups.of(call);
        const name = call.param('name');
        const values = groups.before(group, namespace);
        if (!Object.hasOwn(values, name)) throw new ApiError('no-parameter', `"${name}"`);
        groups.configure(group, namespace, Object.fromEntries(Object.entries(values).filter(([key]) => key !== name)));
        return noContent;
      },
    }),
  ];
}

function groupTags(groups: Groups): Route[] {
  return [
    route({
      ...{ method: 'PUT', path: `${PATH}/tags`, api: 'Group:putGroupTags', formerApi: 'Group:putTags' },
      ...{ for: 'operator', summary: 'adds or replaces tags of a group' },
      body: tagList,
      answers: { 200: groupShape },
      handle: (call) => {
        const { operatorId, id, tags } = groups.of(call);
        return ok(groupView(groups.directory.changeGroup(operatorId, id, { tags: withTags(tags, call.input) })));
      },
    }),
    route({
      ...{
        method: 'DELETE',
        path: `${PATH}/tags/:tag_name`,
        api: 'Group:deleteGroupTag',
        formerApi: 'Group:deleteTag',
      },
      ...{ for: 'operator', summary: 'takes one tag of a group away' },
      answers: { 204: 'nothing' },
      handle: (call) => {
        const { operatorId, id, tags } = groups.of(call);
        groups.directory.changeGroup(operatorId, id, { tags: withoutTag(tags, call.param('tag_name')) });
        return noContent;
      },
    }),
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
