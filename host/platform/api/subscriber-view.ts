// The Subscriber as operators and Metadata show it (soracom-api, definition Subscriber). What the emulator has no value
// for is null.

import type { Session } from '../../cellular/network.js';
import type { Subscriber } from '../directory/index.js';

/** Subscription and plan of every SIM here. */
const SUBSCRIPTION = 'plan01s';
const PLAN_WITHOUT_SMS = 0;
const APN = 'soracom.io';

export interface SubscriberView extends Readonly<Record<string, unknown>> {
  readonly imsi: string;
}

/** `session`: the open one, if there is one. */
export function subscriberView(subscriber: Subscriber, session: Session | undefined): SubscriberView {
  const { imsi, iccid, simId, msisdn, operatorId, speedClass, status, group, createdMs, modifiedMs } = subscriber;
  const online = session?.open === true;
  return {
    apn: APN,
    bundles: null,
    createdAt: createdMs,
    createdTime: createdMs,
    expiredAt: null,
    expiryAction: null,
    expiryTime: null,
    groupId: group?.id ?? null,
    iccid,
    imeiLock: null,
    imsi,
    ipAddress: null,
    lastModifiedAt: modifiedMs,
    lastModifiedTime: modifiedMs,
    lastPortMappingCreatedTime: null,
    locationRegistrationStatus: null,
    moduleType: null,
    msisdn,
    operatorId,
    packetCaptureSessions: null,
    plan: PLAN_WITHOUT_SMS,
    previousSession: null,
    registeredTime: createdMs,
    renewalFeeStatusSetTime: null,
    serialNumber: null,
    sessionStatus: online ? sessionView(session) : { ...NO_SESSION, imsi, lastUpdatedAt: modifiedMs },
    simId,
    speedClass,
    status,
    subscription: SUBSCRIPTION,
    tags: { ...(Object.hasOwn(subscriber.tags, 'name') ? {} : { name: '' }), ...subscriber.tags },
    terminationEnabled: subscriber.terminationEnabled,
    type: speedClass,
  };
}

const NO_SESSION = {
  cell: null,
  dnsServers: null,
  gatewayPrivateIpAddress: null,
  gatewayPublicIpAddress: null,
  imei: null,
  imsi: null as string | null,
  lastUpdatedAt: null as number | null,
  location: null,
  online: false,
  placement: null,
  sessionId: null,
  subscription: SUBSCRIPTION,
  ueIpAddress: null,
  vpgId: null,
};

const sessionView = ({ imsi, imei, ip, dns, openedMs }: Session): Record<keyof typeof NO_SESSION, unknown> => ({
  ...NO_SESSION,
  dnsServers: [...dns],
  imei: imei === '' ? null : imei,
  imsi,
  lastUpdatedAt: openedMs ?? null,
  online: true,
  ueIpAddress: ip,
});

/** A JSON value without the fields that are null. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, below]) => below !== null)
      .map(([name, below]) => [name, withoutNulls(below)]),
  );
}
