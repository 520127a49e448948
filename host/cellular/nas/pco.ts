// Protocol configuration options (TS 24.008 10.5.6.3): PPP packets between modem and gateway, carried by ESM.
// User name and password of an APN travel here as PAP (RFC 1334) or CHAP (RFC 1994), DNS addresses as IPCP (RFC 1877).

import { createHash, timingSafeEqual } from 'node:crypto';
import { concat } from '../../bytes.js';
import type { Secret } from '../../secret.js';
import { NasError, NasReader, lv } from './bytes.js';
import { decodeIp, encodeIp } from './elements.js';

/** Container and protocol identifiers. */
export const PcoId = { pap: 0xc023, chap: 0xc223, ipcp: 0x8021, dnsIpv4: 0x000d } as const;

export interface PcoOption {
  readonly id: number;
  readonly content: Uint8Array;
}

/** Extension bit, configuration protocol PPP. */
const HEADER = 0x80;
const PPP_HEADER = 4;
const IPCP_DNS_1 = 0x81;
const IPCP_DNS_2 = 0x83;

/** Codes of PPP packets. */
const Code = { request: 1, ack: 2, nak: 3, challenge: 1, response: 2, success: 3 } as const;

export function encodePco(options: readonly PcoOption[]): Uint8Array {
  return concat(
    Uint8Array.of(HEADER),
    ...options.map(({ id, content }) => concat(Uint8Array.of(id >> 8, id & 0xff), lv(content))),
  );
}

export function decodePco(bytes: Uint8Array): PcoOption[] {
  const reader = new NasReader(bytes);
  reader.u8('protocol configuration options');
  const options: PcoOption[] = [];
  while (reader.left > 0) {
    const id = (reader.u8('option') << 8) | reader.u8('option');
    options.push({ id, content: reader.lv('option') });
  }
  return options;
}

interface PppPacket {
  readonly code: number;
  readonly identifier: number;
  readonly data: Uint8Array;
}

function encodePpp({ code, identifier, data }: PppPacket): Uint8Array {
  const length = data.length + PPP_HEADER;
  return concat(Uint8Array.of(code, identifier, length >> 8, length & 0xff), data);
}

function decodePpp(bytes: Uint8Array): PppPacket {
  const reader = new NasReader(bytes);
  const code = reader.u8('PPP code');
  const identifier = reader.u8('PPP identifier');
  const length = (reader.u8('PPP length') << 8) | reader.u8('PPP length');
  if (length < PPP_HEADER) throw new NasError('bad-element', `a PPP packet of length ${length}`);
  return { code, identifier, data: reader.take(length - PPP_HEADER, 'PPP packet') };
}

/** IPCP options for the two DNS servers. */
function dnsOptions(dns: readonly [string, string]): Uint8Array {
  return concat(Uint8Array.of(IPCP_DNS_1, 6), encodeIp(dns[0]), Uint8Array.of(IPCP_DNS_2, 6), encodeIp(dns[1]));
}

/** Who the user says he is. `chapChallenge` 16 random bytes, used by CHAP only. */
export interface PppCredentials {
  readonly auth: 'none' | 'pap' | 'chap';
  readonly user: string;
  readonly password: Secret;
  readonly chapChallenge: Uint8Array;
}

/** What a modem asks for: its credentials, and the DNS servers by IPCP and by container 000D. */
export function requestPco(credentials: PppCredentials): PcoOption[] {
  const zero = '0.0.0.0';
  const ipcp = encodePpp({ code: Code.request, identifier: 0, data: dnsOptions([zero, zero]) });
  return [
    ...credentialOptions(credentials),
    { id: PcoId.ipcp, content: ipcp },
    { id: PcoId.dnsIpv4, content: new Uint8Array() },
  ];
}

function credentialOptions({ auth, user, password, chapChallenge }: PppCredentials): PcoOption[] {
  const name = Buffer.from(user, 'utf8');
  if (auth === 'none') return [];
  if (auth === 'pap') {
    const data = concat(lv(name), lv(password.reveal()));
    return [{ id: PcoId.pap, content: encodePpp({ code: Code.request, identifier: 1, data }) }];
  }
  // The modem plays both ends of CHAP: it makes the challenge itself, for the gateway to check (TS 29.061 11.2.1).
  const identifier = 1;
  const response = chapResponse(identifier, password.reveal(), chapChallenge);
  const challenge = { code: Code.challenge, identifier, data: concat(lv(chapChallenge), Buffer.from('akari')) };
  return [
    { id: PcoId.chap, content: encodePpp(challenge) },
    { id: PcoId.chap, content: encodePpp({ code: Code.response, identifier, data: concat(lv(response), name) }) },
  ];
}

function chapResponse(identifier: number, password: Uint8Array, challenge: Uint8Array): Uint8Array {
  return new Uint8Array(
    createHash('md5').update(Uint8Array.of(identifier)).update(password).update(challenge).digest(),
  );
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * The gateway's answer. `ok` false: wrong credentials. Without any, or with empty ones, the session is given: the SIM has said who it is, and devices
 * without user name and password are known to work in the field. Options: PAP ack or CHAP success, IPCP nak with
 * the DNS servers (a nak is how IPCP says "use these", RFC 1877 1). Throws NasError for options that do not parse.
 */
export function answerPco(
  asked: readonly PcoOption[],
  expected: { readonly user: string; readonly password: Secret },
  dns: readonly [string, string],
): { readonly ok: boolean; readonly options: PcoOption[] } {
  const options: PcoOption[] = [];
  const user = Buffer.from(expected.user, 'utf8');
  let challenge: PppPacket | undefined;
  let verdict: boolean | undefined;
  for (const { id, content } of asked) {
    if (id === PcoId.pap) {
      verdict ??= false;
      const { code, identifier, data } = decodePpp(content);
      const reader = new NasReader(data);
      if (code !== Code.request) continue;
      const name = reader.lv('PAP peer-ID');
      const password = reader.lv('PAP password');
      const none = name.length + password.length === 0;
      const ok = none || (same(name, user) && same(password, expected.password.reveal()));
      verdict = ok;
      options.push({ id, content: encodePpp({ code: ok ? Code.ack : Code.nak, identifier, data: Uint8Array.of(0) }) });
    } else if (id === PcoId.chap) {
      verdict ??= false;
      const packet = decodePpp(content);
      if (packet.code === Code.challenge) challenge = packet;
      if (packet.code !== Code.response || challenge?.identifier !== packet.identifier) continue;
      const reader = new NasReader(packet.data);
      const response = reader.lv('CHAP response');
      const given = new NasReader(challenge.data).lv('CHAP challenge');
      const name = reader.rest();
      verdict =
        name.length === 0 ||
        (same(name, user) && same(response, chapResponse(packet.identifier, expected.password.reveal(), given)));
      if (verdict)
        options.push({
          id,
          content: encodePpp({ code: Code.success, identifier: packet.identifier, data: new Uint8Array() }),
        });
    } else if (id === PcoId.ipcp) {
      const { code, identifier } = decodePpp(content);
      if (code === Code.request)
        options.push({ id, content: encodePpp({ code: Code.nak, identifier, data: dnsOptions(dns) }) });
    }
  }
  return { ok: verdict ?? true, options };
}

/** The DNS servers in a gateway's answer, by IPCP or by container 000D. */
export function dnsOf(options: readonly PcoOption[]): string[] {
  const found: string[] = [];
  for (const { id, content } of options) {
    if (id === PcoId.dnsIpv4) found.push(decodeIp(content));
    if (id !== PcoId.ipcp) continue;
    const reader = new NasReader(decodePpp(content).data);
    while (reader.left > 0) {
      const type = reader.u8('IPCP option');
      const length = reader.u8('IPCP option');
      const value = reader.take(Math.max(0, length - 2), 'IPCP option');
      if (type === IPCP_DNS_1 || type === IPCP_DNS_2) found.push(decodeIp(value));
    }
  }
  return [...new Set(found)];
}
