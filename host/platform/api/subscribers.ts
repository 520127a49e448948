// Subscribers: everything below /v1/subscribers. What is for `sim` here is also below /v1/subscriber of Metadata.

import { z } from 'zod';
import type { Session } from '../../cellular/network.js';
import { SPEED_CLASSES } from '../choices.js';
import { plainMsisdn } from '../../numbers.js';
import { optional } from '../config/fields.js';
import { type Directory, DirectoryError, SUBSCRIBER_STATUS, type Subscriber } from '../directory/index.js';
import { API_LIMITS } from '../limits.js';
import { type ApiCaller, type Call, noContent, ok, type Reply } from './call.js';
import { ApiError } from './error.js';
import { type PagedCall, pageOf, pageReply, paging } from './page.js';
import { text, texts, words } from './parameters.js';
import { type Route, route } from './routes.js';
import { subscriberShape } from './subscriber-shape.js';
import { subscriberView } from './subscriber-view.js';
import { tagFilter, tagFiltering, tagList, tagSet, withoutTag, withTags } from './tags.js';

type Status = Subscriber['status'];

export interface SubscriberRoutesOptions {
  readonly directory: Directory;
  /** The open session of a subscriber, as the network knows it. */
  readonly sessionOf: (imsi: string) => Session | undefined;
}

const registration = z.object({
  registrationSecret: z.string().min(1),
  groupId: optional(z.string().min(1)),
  /** The definition has an object; a list is taken, too. */
  tags: optional(z.union([tagSet, tagList.transform((list) => withTags({}, list))])),
});

/** "Group (may include ID only)": what else a client sends of the group is not looked at. */
const groupChoice = z.object({ groupId: z.string().min(1) });

const speedChoice = z.object({ speedClass: z.enum(SPEED_CLASSES) });

/** Those that a filter may name besides, though no SIM here has them. */
const FILTERED_SPEEDS = [...SPEED_CLASSES, 's1.8xfast', 'arc.standard'] as const;

/** SORACOM's Ruby library says whose SIMs it wants, and how many, wherever it reads one. */
const asRuby = { operatorId: text(), limit: text() };

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

/** What routes of subscribers do. */
class Subscribers {
  readonly directory: Directory;
  readonly #sessionOf: SubscriberRoutesOptions['sessionOf'];

  constructor({ directory, sessionOf }: SubscriberRoutesOptions) {
    this.directory = directory;
    this.#sessionOf = sessionOf;
  }

  view(subscriber: Subscriber, { caller }: Call): unknown {
    const own = caller.kind === 'sim' && caller.session.imsi === subscriber.imsi ? caller.session : undefined;
    return subscriberView(subscriber, own ?? this.#sessionOf(subscriber.imsi));
  }

  /** The subscriber of the path. Throws ApiError. */
  of(call: Call): Subscriber {
    const found = this.directory.subscriber(call.param('imsi'));
    if (found?.operatorId !== call.caller.operatorId) throw new ApiError('no-subscriber');
    return found;
  }

  /** Changes the subscriber of the path and shows it. */
  change(call: Call, fields: Parameters<Directory['change']>[1]): Reply {
    return ok(this.view(this.directory.change(this.of(call).imsi, fields), call));
  }

  page(call: PagedCall, found: readonly Subscriber[]): Reply {
    return pageReply(
      call,
      pageOf(call, found, ({ imsi }) => imsi),
      (subscriber) => this.view(subscriber, call),
    );
  }

  register(call: Call<ApiCaller, unknown, z.output<typeof registration>>): Reply {
    const { registrationSecret, groupId, tags } = call.input;
    const imsi = call.param('imsi');
    const { operatorId } = call.caller;
    if (this.directory.subscriber(imsi)?.operatorId === operatorId) throw new ApiError('subscriber-exists', imsi);
    const subscriber = known(() => this.directory.claim(operatorId, imsi, registrationSecret, { groupId, tags }));
    return { status: 201, json: this.view(subscriber, call) };
  }

  step(call: Call, name: string): Reply {
    const { from, to } = STEPS[name] as (typeof STEPS)[string];
    const { imsi, status, terminationEnabled } = this.of(call);
    if (!from.includes(status)) throw new ApiError('subscriber-state', `the SIM is ${status}`);
    if (to === 'terminated' && !terminationEnabled)
      throw new ApiError('subscriber-state', 'termination is not enabled');
    const reply = this.change(call, { status: to });
    if (to !== 'active') this.closeSession(imsi, `the SIM is ${to}`);
    return reply;
  }

  closeSession(imsi: string, reason: string): void {
    this.#sessionOf(imsi)?.close(reason);
  }
}

export function subscriberRoutes(options: SubscriberRoutesOptions): Route[] {
  const subscribers = new Subscribers(options);
  return [
    ...listing(subscribers),
    ...registrationAndView(subscribers),
    ...lifecycle(subscribers),
    ...settings(subscribers),
  ];
}

const PATH = '/subscribers/:imsi';
const SHOWN = { 200: subscriberShape };

function listing(subscribers: Subscribers): Route[] {
  return [
    route({
      ...{ method: 'GET', path: '/subscribers', api: 'Subscriber:listSubscribers', for: 'operator' },
      summary: 'SIMs, by IMSI',
      query: {
        ...tagFiltering,
        status_filter: words(SUBSCRIBER_STATUS),
        speed_class_filter: words(FILTERED_SPEEDS),
        /** What older clients call it. */
        type_filter: words(FILTERED_SPEEDS),
        serial_number_filter: texts(),
        operatorId: text(),
        ...paging({ page: API_LIMITS.page, maxPage: API_LIMITS.subscribersPage }),
      },
      answers: { 200: z.array(subscriberShape) },
      handle: (call) => {
        const { status_filter: statuses, serial_number_filter: serials } = call.query;
        const { speed_class_filter: speeds, type_filter: types } = call.query;
        ownOnly(call.caller, call.query.operatorId);
        const tagged = tagFilter(call);
        const found = subscribers.directory
          .subscribers(call.caller.operatorId)
          .filter(
            ({ status, speedClass, tags }) =>
              isAmong(status, statuses) && isAmong(speedClass, speeds) && isAmong(speedClass, types) && tagged(tags),
          );
        // No SIM here has a serial number.
        return subscribers.page(call, serials === undefined ? found : []);
      },
    }),
    route({
      ...{ method: 'GET', path: '/groups/:group_id/subscribers', api: 'Group:listSubscribersInGroup' },
      ...{ formerApi: 'Group:listSubscribers', for: 'operator', summary: 'SIMs of one group, by IMSI' },
      query: paging({ page: API_LIMITS.page, maxPage: API_LIMITS.maxPage }),
      answers: { 200: z.array(subscriberShape) },
      handle: (call) => {
        const group = call.param('group_id');
        const { operatorId } = call.caller;
        if (subscribers.directory.group(operatorId, group) === undefined) throw new ApiError('no-group');
        return subscribers.page(
          call,
          subscribers.directory.subscribers(operatorId).filter((subscriber) => subscriber.group?.id === group),
        );
      },
    }),
  ];
}

function registrationAndView(subscribers: Subscribers): Route[] {
  const registering = {
    method: 'POST',
    api: 'Subscriber:registerSubscriber',
    for: 'operator',
    summary: 'registers a SIM of the stock with the secret that came with it',
    body: registration,
    answers: { 201: subscriberShape },
    handle: (call: Parameters<Subscribers['register']>[0]) => subscribers.register(call),
  } as const;
  return [
    route({ path: `${PATH}/register`, ...registering }),
    // As it was before it had a name of its own: SORACOM's Ruby library registers so.
    route({ path: PATH, ...registering }),
    route({
      ...{ method: 'GET', path: '/subscribers/msisdn/:msisdn', api: 'Subscriber:getSubscriber', for: 'operator' },
      summary: 'one SIM, by its MSISDN',
      ...{ query: asRuby, answers: SHOWN },
      handle: (call) => {
        const { operatorId } = call.caller;
        ownOnly(call.caller, call.query.operatorId);
        const found = subscribers.directory
          .subscribers(operatorId)
          .find(({ msisdn }) => msisdn === plainMsisdn(call.param('msisdn')));
        if (found === undefined) throw new ApiError('no-subscriber');
        return ok(subscribers.view(found, call));
      },
    }),
    route({
      ...{ method: 'GET', path: PATH, api: 'Subscriber:getSubscriber', for: 'sim', summary: 'one SIM' },
      ...{ query: asRuby, answers: SHOWN },
      handle: (call) => {
        ownOnly(call.caller, call.query.operatorId);
        return ok(subscribers.view(subscribers.of(call), call));
      },
    }),
  ];
}

/** Where a subscription goes, and its session. */
function lifecycle(subscribers: Subscribers): Route[] {
  return [
    ...Object.entries(STEPS).map(([name, { api, to }]) =>
      route({
        ...{ method: 'POST', path: `${PATH}/${name}`, api: `Subscriber:${api}`, for: 'sim', answers: SHOWN },
        summary: `the SIM is ${to} from now on`,
        handle: (call) => subscribers.step(call, name),
      }),
    ),
    route({
      ...{ method: 'POST', path: `${PATH}/enable_termination`, api: 'Subscriber:enableTermination', for: 'sim' },
      ...{ summary: 'the SIM may be terminated', answers: SHOWN },
      handle: (call) => subscribers.change(call, { terminationEnabled: true }),
    }),
    route({
      ...{ method: 'POST', path: `${PATH}/disable_termination`, api: 'Subscriber:disableTermination', for: 'sim' },
      ...{ summary: 'the SIM may not be terminated', answers: SHOWN },
      handle: (call) => subscribers.change(call, { terminationEnabled: false }),
    }),
    route({
      ...{ method: 'POST', path: `${PATH}/delete_session`, api: 'Subscriber:deleteSubscriberSession', for: 'sim' },
      ...{ summary: 'ends the session that the SIM has', answers: SHOWN },
      handle: (call) => {
        const { imsi } = subscribers.of(call);
        subscribers.closeSession(imsi, 'deleted by the operator');
        return ok(subscribers.view(subscribers.of(call), call));
      },
    }),
  ];
}

/** Tags, group and speed. */
function settings(subscribers: Subscribers): Route[] {
  return [
    route({
      ...{ method: 'PUT', path: `${PATH}/tags`, api: 'Subscriber:putSubscriberTags', formerApi: 'Subscriber:putTags' },
      ...{ for: 'sim', summary: 'adds or replaces tags of a SIM', body: tagList, answers: SHOWN },
      handle: (call) => subscribers.change(call, { tags: withTags(subscribers.of(call).tags, call.input) }),
    }),
    route({
      ...{ method: 'DELETE', path: `${PATH}/tags/:tag_name`, api: 'Subscriber:deleteSubscriberTag' },
      ...{ formerApi: 'Subscriber:deleteTag', for: 'sim', summary: 'takes one tag of a SIM away' },
      answers: { 204: 'nothing' },
      handle: (call) => {
        subscribers.change(call, { tags: withoutTag(subscribers.of(call).tags, call.param('tag_name')) });
        return noContent;
      },
    }),
    route({
      ...{ method: 'POST', path: `${PATH}/set_group`, api: 'Subscriber:setGroup', for: 'sim' },
      ...{ summary: 'puts a SIM into a group', body: groupChoice, answers: SHOWN },
      handle: (call) => known(() => subscribers.change(call, { groupId: call.input.groupId })),
    }),
    route({
      ...{ method: 'POST', path: `${PATH}/unset_group`, api: 'Subscriber:unsetGroup', for: 'sim' },
      ...{ summary: 'takes a SIM out of its group', answers: SHOWN },
      handle: (call) => {
        if (subscribers.of(call).group === undefined) throw new ApiError('in-no-group');
        return subscribers.change(call, { groupId: null });
      },
    }),
    route({
      ...{ method: 'POST', path: `${PATH}/update_speed_class`, api: 'Subscriber:updateSpeedClass', for: 'sim' },
      ...{ summary: 'changes the speed class of a SIM', body: speedChoice, answers: SHOWN },
      handle: (call) => subscribers.change(call, { speedClass: call.input.speedClass }),
    }),
  ];
}

/** Throws ApiError: a client may say whose SIMs it wants, its own operator's and no other's. */
function ownOnly(caller: ApiCaller, operatorId = ''): void {
  if (operatorId !== '' && operatorId !== caller.operatorId) throw new ApiError('forbidden');
}

const isAmong = (value: string, wanted: readonly string[] | undefined): boolean =>
  wanted === undefined || wanted.includes(value);

/** The directory's own refusals as the API's. */
function known<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    throw new ApiError(error.code === 'no-group' ? 'no-group' : 'no-subscriber');
  }
}
