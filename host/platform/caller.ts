// Who may use a service at all: the subscriber behind a session.

import type { Session } from '../cellular/network.js';
import { CallerStatus } from './choices.js';
import type { Group, Subscriber, SubscriberDirectory } from './directory/index.js';
import { Refusal } from './refusal.js';

/** A subscriber in a group. */
export type Caller = Subscriber & { readonly group: Group };

/** How a service answers callers that it has nothing for; see CallerStatus. */
export type CallerStatuses = Readonly<Record<keyof typeof CallerStatus, number>>;

/**
 * The subscriber behind a session, asked again for each request: a session may close, an operator may suspend a SIM or
 * change its group. Throws Refusal.
 */
export function subscriberOf(
  directory: SubscriberDirectory,
  session: Session,
  statuses: CallerStatuses = CallerStatus,
): Subscriber {
  if (!session.open) throw new Refusal(statuses.SessionClosed, 'the session is closed');
  const subscriber = directory.subscriber(session.imsi);
  if (subscriber === undefined) throw new Refusal(statuses.Unknown, 'unknown subscriber');
  if (subscriber.status !== 'active') throw new Refusal(statuses.NotActive, `the SIM is ${subscriber.status}`);
  return subscriber;
}

/** The same, for services that a group switches on. Throws Refusal. */
export function callerOf(
  directory: SubscriberDirectory,
  session: Session,
  statuses: CallerStatuses = CallerStatus,
): Caller {
  const subscriber = subscriberOf(directory, session, statuses);
  const { group } = subscriber;
  if (group === undefined) throw new Refusal(statuses.NoGroup, 'the SIM is in no group');
  return { ...subscriber, group };
}

/** For services that a switch in the group turns on. Throws Refusal. */
export function wantOn(on: boolean | undefined, service: string, status: number): void {
  if (on !== true) throw new Refusal(status, `${service} is not enabled for the group`);
}
