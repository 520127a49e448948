// Subscribers: everything below /v1/subscribers. What is for `sim` here is also below /v1/subscriber of Metadata.

import { z } from 'zod';
import type { Session } from '../../cellular/network.js';
import { SPEED_CLASSES } from '../choices.js';
import { type Directory, DirectoryError, SUBSCRIBER_STATUS, type Subscriber } from '../directory/index.js';
import { type Call, noContent, ok, type Reply } from './call.js';
import { ApiError } from './error.js';
import { pageOf, pageReply } from './page.js';
import type { Route } from './routes.js';
import { subscriberView } from './subscriber-view.js';
import { tagFilter, tagList, withoutTag, withTags } from './tags.js';

type Status = Subscriber['status'];

export interface SubscriberRoutesOptions {
  readonly directory: Directory;
  /** The open session of a subscriber, as the network knows it. */
  readonly sessionOf: (imsi: string) => Session | undefined;
}

const registration = z.strictObject({
  registrationSecret: z.string().min(1),
  groupId: z.string().optional(),
  tags: tagList.optional(),
});

/** "Group (may include ID only)": what else a client sends of the group is not looked at. */
const groupChoice = z.looseObject({ groupId: z.string().min(1) });

const speedChoice = z.strictObject({ speedClass: z.enum(SPEED_CLASSES) });

/** Where a subscription may go from, and that its session ends with it. */
const STEPS: Readonly<Record<string, { readonly api: string; readonly from: readonly Status[]; readonly to: Status }>> =
  {
    activate: {
      api: 'activateSubscriber',
      from: ['ready', 'inactive', 'standby', 'suspended', 'active'],
      to: 'active',
    },
    deactivate: { api: 'deactivateSubscriber', from: ['active', 'ready', 'standby', 'inactive'], to: 'inactive' },
    suspend: { api: 'suspendSubscriber', from: ['active', 'inactive', 'standby', 'suspended'], to: 'suspended' },
    set_to_standby: { api: 'setSubscriberToStandby', from: ['active', 'inactive', 'ready', 'standby'], to: 'standby' },
    terminate: {
      api: 'terminateSubscriber',
      from: ['active', 'inactive', 'ready', 'standby', 'suspended'],
      to: 'terminated',
    },
  };

export function subscriberRoutes({ directory, sessionOf }: SubscriberRoutesOptions): Route[] {
  const view = (subscriber: Subscriber, call: Call): unknown => {
    const { caller } = call;
    const own = caller.kind === 'sim' && caller.session.imsi === subscriber.imsi ? caller.session : undefined;
    return subscriberView(subscriber, own ?? sessionOf(subscriber.imsi));
  };

  const of = (call: Call): Subscriber => {
    const found = directory.subscriber(call.param('imsi'));
    if (found?.operatorId !== call.caller.operatorId) throw new ApiError('no-subscriber');
    return found;
  };

  /** Changes the subscriber of the path and shows it. */
  const change = (call: Call, fields: Parameters<Directory['change']>[1]): Reply =>
    ok(view(directory.change(of(call).imsi, fields), call));

  const one = (method: Route['method'], path: string, api: string, handle: Route['handle']): Route => ({
    ...{ method, path: `/subscribers/:imsi${path}`, api: `Subscriber:${api}`, for: 'sim', handle },
  });

  const list = (call: Call): Reply => {
    const statuses = words(call, 'status_filter', SUBSCRIBER_STATUS);
    const speeds = words(call, 'speed_class_filter', SPEED_CLASSES);
    const tagged = tagFilter(call);
    const found = directory
      .subscribers(call.caller.operatorId)
      .filter(({ status, speedClass, tags }) => statuses(status) && speeds(speedClass) && tagged(tags));
    return pageReply(
      call,
      pageOf(call, found, ({ imsi }) => imsi),
      (subscriber) => view(subscriber, call),
    );
  };

  const ofGroup = (call: Call): Reply => {
    const group = call.param('group_id');
    const { operatorId } = call.caller;
    if (directory.group(operatorId, group) === undefined) throw new ApiError('no-group');
    const found = directory.subscribers(operatorId).filter((subscriber) => subscriber.group?.id === group);
    return pageReply(
      call,
      pageOf(call, found, ({ imsi }) => imsi),
      (subscriber) => view(subscriber, call),
    );
  };

  const register = async (call: Call): Promise<Reply> => {
    const { registrationSecret, groupId, tags } = await call.body(registration);
    const imsi = call.param('imsi');
    const { operatorId } = call.caller;
    if (directory.subscriber(imsi)?.operatorId === operatorId) throw new ApiError('subscriber-exists', imsi);
    const more = { groupId, ...(tags && { tags: withTags({}, tags) }) };
    const subscriber = known(() => directory.claim(operatorId, imsi, registrationSecret, more));
    return { status: 201, json: view(subscriber, call) };
  };

  const step = (call: Call, name: string): Reply => {
    const { from, to } = STEPS[name] as (typeof STEPS)[string];
    const { imsi, status, terminationEnabled } = of(call);
    if (!from.includes(status)) throw new ApiError('subscriber-state', `the SIM is ${status}`);
    if (to === 'terminated' && !terminationEnabled)
      throw new ApiError('subscriber-state', 'termination is not enabled');
    const reply = change(call, { status: to });
    if (to !== 'active') sessionOf(imsi)?.close(`the SIM is ${to}`);
    return reply;
  };

  const putTags = async (call: Call): Promise<Reply> => {
    const list = await call.body(tagList);
    return change(call, { tags: withTags(of(call).tags, list) });
  };

  const deleteTag = (call: Call): Reply => {
    change(call, { tags: withoutTag(of(call).tags, call.param('tag_name')) });
    return noContent;
  };

  const setGroup = async (call: Call): Promise<Reply> => {
    const { groupId } = await call.body(groupChoice);
    return known(() => change(call, { groupId }));
  };

  const unsetGroup = (call: Call): Reply => {
    if (of(call).group === undefined) throw new ApiError('in-no-group');
    return change(call, { groupId: null });
  };

  const deleteSession = (call: Call): Reply => {
    const { imsi } = of(call);
    sessionOf(imsi)?.close('deleted by the operator');
    return ok(view(of(call), call));
  };

  return [
    { method: 'GET', path: '/subscribers', api: 'Subscriber:listSubscribers', for: 'operator', handle: list },
    {
      method: 'GET',
      path: '/groups/:group_id/subscribers',
      api: 'Group:listSubscribers',
      for: 'operator',
      handle: ofGroup,
    },
    {
      method: 'POST',
      path: '/subscribers/:imsi/register',
      api: 'Subscriber:registerSubscriber',
      for: 'operator',
      handle: register,
    },
    one('GET', '', 'getSubscriber', (call) => ok(view(of(call), call))),
    ...Object.entries(STEPS).map(([name, { api }]) => one('POST', `/${name}`, api, (call) => step(call, name))),
    one('POST', '/enable_termination', 'enableTermination', (call) => change(call, { terminationEnabled: true })),
    one('POST', '/disable_termination', 'disableTermination', (call) => change(call, { terminationEnabled: false })),
    one('POST', '/delete_session', 'deleteSubscriberSession', deleteSession),
    one('PUT', '/tags', 'putTags', putTags),
    one('DELETE', '/tags/:tag_name', 'deleteTag', deleteTag),
    one('POST', '/set_group', 'setGroup', setGroup),
    one('POST', '/unset_group', 'unsetGroup', unsetGroup),
    one('POST', '/update_speed_class', 'updateSpeedClass', async (call) => change(call, await call.body(speedChoice))),
  ];
}

/** A filter of words with `|` between them. Throws ApiError for one that cannot be. */
function words(call: Call, name: string, allowed: readonly string[]): (value: string) => boolean {
  const wanted = call.one(name)?.split('|');
  const unknown = wanted?.find((word) => !allowed.includes(word));
  if (unknown !== undefined) throw new ApiError('malformed', `${name}: one of ${allowed.join(', ')} is wanted`);
  return (value) => wanted === undefined || wanted.includes(value);
}

/** The directory's own refusals as the API's. */
function known<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    throw new ApiError(error.code === 'no-group' ? 'no-group' : 'no-subscriber');
  }
}
