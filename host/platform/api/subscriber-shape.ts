// The shape of a Subscriber (definition Subscriber of the public API; null where the emulator has no value).

import { z } from 'zod';
import { SUBSCRIBER_STATUS } from '../directory/index.js';
import { milliseconds, named } from './shapes.js';
import { tagsShown } from './tags.js';

const session = z.strictObject({
  cell: z.null(),
  dnsServers: z.array(z.string()).nullable(),
  gatewayPrivateIpAddress: z.null(),
  gatewayPublicIpAddress: z.null(),
  imei: z.string().nullable(),
  imsi: z.string(),
  lastUpdatedAt: milliseconds.nullable(),
  location: z.null(),
  online: z.boolean(),
  placement: z.null(),
  sessionId: z.null(),
  subscription: z.string(),
  ueIpAddress: z.string().nullable(),
  vpgId: z.null(),
});

export const subscriberShape = named(
  'Subscriber',
  z.strictObject({
    apn: z.string(),
    bundles: z.null(),
    createdAt: milliseconds,
    createdTime: milliseconds,
    expiredAt: z.null(),
    expiryAction: z.null(),
    expiryTime: z.null(),
    groupId: z.string().nullable(),
    iccid: z.string(),
    imeiLock: z.null(),
    imsi: z.string(),
    ipAddress: z.null(),
    lastModifiedAt: milliseconds,
    lastModifiedTime: milliseconds,
    lastPortMappingCreatedTime: z.null(),
    locationRegistrationStatus: z.null(),
    moduleType: z.null(),
    msisdn: z.string(),
    operatorId: z.string(),
    packetCaptureSessions: z.null(),
    plan: z.int(),
    previousSession: z.null(),
    registeredTime: milliseconds,
    renewalFeeStatusSetTime: z.null(),
    serialNumber: z.null(),
    sessionStatus: session,
    simId: z.string(),
    speedClass: z.string(),
    status: z.enum(SUBSCRIBER_STATUS),
    subscription: z.string(),
    tags: tagsShown,
    terminationEnabled: z.boolean(),
    type: z.string(),
  }),
);
