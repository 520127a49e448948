import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { toHex } from '../../../host/bytes.js';
import { NasSecurity, SecurityHeader, encodeEmm, encodeEsm } from '../../../host/cellular/nas/index.js';
import { Secret } from '../../../host/secret.js';
import { emmMessages, esmMessages } from './messages.js';
import { withPrograms } from '../../peers.js';

const { it } = withPrograms('text2pcap', 'tshark');

// Wireshark's NAS-EPS dissector (Debian package tshark) reads what we write.

/** DLT of the capture, mapped to the dissector `nas-eps`. */
const DLT_USER0 = 147;

/** The dissection of each message, as text. */
function dissect(messages: readonly Uint8Array[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'nas-'));
  try {
    const text = join(folder, 'nas.txt');
    const pcap = join(folder, 'nas.pcap');
    writeFileSync(text, messages.map((bytes) => `0000 ${toHex(bytes).replace(/../g, '$& ')}\n`).join('\n'));
    execFileSync('text2pcap', ['-l', String(DLT_USER0), text, pcap], { stdio: 'ignore' });
    const map = `uat:user_dlts:"User 0 (DLT=${DLT_USER0})","nas-eps","0","","0",""`;
    const out = execFileSync('tshark', ['-r', pcap, '-o', map, '-o', 'nas-eps.null_decipher:TRUE', '-V'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return out.split(/^Frame \d+: /m).slice(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the dissector says of our messages, beside their names. */
const SAYS: Readonly<Record<string, readonly string[]>> = {
  'ATTACH REQUEST': [
    'EPS attach type: EPS attach (1)',
    'NAS key set identifier: No key is available (7)',
    'IMSI: 440103123456789',
    '128-EEA2: Supported',
    '128-EIA2: Supported',
    'EMM-REGISTERED w/o PDN connectivity: Supported',
    'ESM dummy message',
  ],
  'ATTACH ACCEPT': [
    'Attach result: EPS only (1)',
    'Tracking area code(TAC): 6699',
    'MME Group ID: 32769',
    'M-TMSI: 3237998081 (0xc0ffee01)',
    'EMM-REGISTERED w/o PDN connectivity: Supported',
  ],
  'ATTACH REJECT': ['Cause: EPS services and non-EPS services not allowed (8)'],
  'DETACH REQUEST': ['Detach Type: '],
  'TRACKING AREA UPDATE REQUEST': ['MME Code: 31'],
  'TRACKING AREA UPDATE REJECT': ['Cause: Implicitly detached (10)'],
  'AUTHENTICATION REQUEST': [
    'RAND value: 23553cbe9637a89d218ae64dae47bf35',
    'SQN xor AK: aa689c648350',
    'AMF: 8000',
    'MAC: 904cbb451b65def8',
  ],
  'AUTHENTICATION RESPONSE': ['RES: a54211d5e3ba50bf'],
  'AUTHENTICATION FAILURE': ['Cause: '],
  'SECURITY MODE COMMAND': ['128-EIA2 (2)', 'EEA0', 'UE security capability - Replayed UE security capabilities'],
  'SECURITY MODE REJECT': ['Security mode rejected, unspecified (24)'],
  'PDN CONNECTIVITY REQUEST': [
    'PDN type: IPv4 (1)',
    'Request type: Initial request (1)',
    'ESM information transfer flag',
  ],
  'ESM INFORMATION RESPONSE': [
    'APN: soracom.io',
    '(0xc023)',
    'Peer-ID: sora',
    'Password: sora',
    'Internet Protocol Control Protocol (0x8021)',
    'DNS Server IPv4 Address Request',
  ],
  'ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST': [
    'QCI 9 (9)',
    'APN: soracom.io',
    'PDN IPv4: 10.236.152.129',
    'Primary DNS Address: 100.127.0.53',
    'Secondary DNS Address: 100.127.1.53',
  ],
  'PDN CONNECTIVITY REJECT': ['Cause: Missing or unknown APN (27)'],
  'PDN DISCONNECT REQUEST': ['Linked EPS bearer identity: EPS bearer identity value 5 (5)'],
  'DEACTIVATE EPS BEARER CONTEXT REQUEST': ['Cause: Regular deactivation (36)'],
};

const comparable = (text: string): string => text.toLowerCase().replaceAll(/[^a-z]/g, '');

it('every message dissects under its own name with its own fields, and nothing is malformed', () => {
  const all = [...emmMessages, ...esmMessages].map(({ message }) => message);
  // ESM crosses the air inside a protected message only, and the dissector insists on that.
  const security = new NasSecurity(new Secret(new Uint8Array(32)), 0, 0, 'modem');
  const texts = dissect(
    all.map((m) => ('pti' in m ? security.protect(encodeEsm(m), SecurityHeader.ciphered) : encodeEmm(m))),
  );
  expect(texts.length).toBe(all.length);
  for (const [i, message] of all.entries()) {
    const text = texts[i] ?? '';
    const [, type = ''] = /(?:Message Type|session management messages): ([^\n]*) \(0x[4-9a-f]/.exec(text) ?? [];
    expect(comparable(type)).toBe(comparable(message.message));
    expect(text).not.toMatch(/malformed|expert info|unknown element|extraneous/i);
    for (const part of SAYS[message.message] ?? []) expect(text).toContain(part);
    if (message.message === 'TRACKING AREA UPDATE REQUEST') {
      expect(text).toContain(message.updateType === 3 ? 'Periodic updating (3)' : 'TA updating (0)');
    }
    if ('bearers' in message) {
      const active = [...text.matchAll(/EBI\((\d+)\): BEARER CONTEXT-ACTIVE/g)].map(([, ebi]) => Number(ebi));
      expect(active.sort((a, b) => a - b)).toEqual(message.bearers);
      expect(text).toContain('EPS bearer context status');
    }
  }
});

it('a protected message shows its header, MAC and sequence number around the plain one', () => {
  const security = new NasSecurity(new Secret(new Uint8Array(32)), 0, 0, 'modem');
  security.protect(Uint8Array.of(7, 0x46), SecurityHeader.ciphered);
  const bytes = security.protect(encodeEmm({ message: 'SECURITY MODE COMPLETE' }), SecurityHeader.cipheredNewContext);
  const [text = ''] = dissect([bytes]);
  expect(text).toContain('Integrity protected and ciphered with new EPS security context (4)');
  expect(text).toContain(`Message authentication code: 0x${toHex(bytes.slice(1, 5))}`);
  expect(text).toContain('Sequence number: 1');
});
