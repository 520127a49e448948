// What the cloud receives (SORACOM, Funnel: "format of data").

import type { DeviceMessage } from '../message/message.js';
import type { Payload } from '../message/payload.js';
import { withImsi } from '../cloud-delivery/credentials.js';
import type { FunnelDestination, SoracomFunnel } from './config.js';

export interface Content {
  readonly data: Buffer;
  readonly contentType: string;
}

/** The payload alone where the group wants it so, the envelope round it otherwise. */
export function contentFor(
  message: DeviceMessage,
  config: SoracomFunnel,
  destination: FunnelDestination,
  payload: Payload,
): Content {
  const payloadsOnly = destination.payloadsOnly ?? config.payloadsOnly ?? false;
  const sendPayloadsAsBinary = destination.sendPayloadsAsBinary ?? config.sendPayloadsAsBinary ?? false;
  if (payloadsOnly && sendPayloadsAsBinary) return { data: payload.bytes, contentType: payload.contentType };
  const text = payloadsOnly
    ? payload.json
    : envelope(message, config, { ...destination, payloadsOnly, sendPayloadsAsBinary }, payload);
  return { data: Buffer.from(text), contentType: 'application/json' };
}

function envelope(
  { caller, session, protocol, unixMs, deviceId }: DeviceMessage,
  { credentialsId, addSimId }: SoracomFunnel,
  { provider, service, resourceUrl, payloadsOnly, sendPayloadsAsBinary }: FunnelDestination,
  { json }: Payload,
): string {
  const { operatorId, imsi, simId } = caller;
  const sim: [string, unknown][] = [
    ['imsi', imsi],
    ['simId', addSimId === true ? simId : undefined],
    ['imei', session.imei === '' ? undefined : session.imei],
  ];
  const fields: [string, unknown][] = [
    ['operatorId', operatorId],
    ['timestamp', unixMs],
    [
      'destination',
      { provider, service, resourceUrl: withImsi(resourceUrl, imsi), payloadsOnly, sendPayloadsAsBinary },
    ],
    ['credentialsId', credentialsId && withImsi(credentialsId.$credentialsId, imsi)],
    ['payloads', PAYLOADS],
    ['sourceProtocol', protocol],
    ...(deviceId === undefined ? sim : [['deviceId', deviceId] satisfies [string, unknown]]),
  ];
  // The payload stands in it as it was written: numbers and the order of keys stay the device's.
  const members = fields
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${JSON.stringify(name)}:${value === PAYLOADS ? json : JSON.stringify(value)}`);
  return `{${members.join(',')}}`;
}

const PAYLOADS = Symbol('payloads');
