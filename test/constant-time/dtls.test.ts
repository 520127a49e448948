// Constant time of the DTLS client: the device binary as native code, with the key and all that is made of it undefined to memcheck.
//
// What the protocol itself tells is declassified: the outcome of a comparison, and the content of a record whose tag is right.
import { afterAll, beforeAll, expect } from 'vitest';
import { toHex } from '../../host/bytes.js';
import { DtlsState } from '../../host/kit/index.js';
import { loadDevice, type Device } from '../dtls/device.js';
import { IDENTITY, PSK, ascii, linkTo } from '../dtls/link.js';
import type { ServerOptions, TestServer } from '../dtls/server.js';
import { DECLASSIFY, changed, cleanUp, knownOutcome, native, run } from './memcheck.js';
import { withPrograms } from '../peers.js';

const { describe, it } = withPrograms('gcc', 'libc', 'valgrind', 'wasm2c');

const ENTRY = 'assembly/probe/dtls.ts';
const CLIENT = { entry: ENTRY, driver: 'test/constant-time/dtls.c', module: 'client' };

afterAll(cleanUp);

/** The client's sources, of both suites, with nothing changed but what is declassified. */
const watched = {
  ...knownOutcome,
  ...changed(
    'assembly/net/dtls/record.ts',
    'wipe(NONCE, SALT_BYTES);',
    'wipe(NONCE, SALT_BYTES);\n  if (opening && good) declassify(data, len);',
    DECLASSIFY,
  ),
  ...changed(ENTRY, 'import { Ccm8,', 'import { Ccm8Gcm as Ccm8,'),
};

const hex = (bytes: Uint8Array | undefined): string => (bytes && bytes.length > 0 ? toHex(bytes) : '-');

/** A dialogue that the device binary has on the host: commands for the native one, and what it has to answer. */
function dialogue(
  device: Device,
  options: Partial<ServerOptions>,
  ownCid: Uint8Array,
): { lines: string[]; expected: string[] } {
  const lines: string[] = [];
  const expected: string[] = [];
  device.dtlsNew({ ownCid });
  const { server } = linkTo(device, options, {}, 'constant time');
  const todo: Uint8Array[] = [];
  const answer = (line: string, data: Uint8Array[] = []): void => {
    const out = device.dtlsOutput();
    lines.push(line);
    expected.push(`${hex(out)} ${hex(data[0])}`);
    if (out) todo.push(...server.receive(out));
  };
  const receive = (datagram: Uint8Array): void => {
    const data = device.dtlsReceive(0, datagram);
    answer(`receive ${toHex(datagram)}`, data);
  };
  const handshake = (random: number): void => {
    const bytes = new Uint8Array(32).fill(random);
    device.dtlsBegin(0, bytes, ascii(IDENTITY), PSK);
    answer(`begin ${toHex(bytes)} ${toHex(ascii(IDENTITY))} ${toHex(PSK)} ${hex(ownCid)}`);
    for (let next = todo.shift(); next; next = todo.shift()) receive(next);
    expect(device.dtlsStatus().state).toBe(DtlsState.Open);
  };
  const talk = (peer: TestServer): void => {
    const data = ascii('a secret reading');
    device.dtlsWrite(data);
    answer(`write ${toHex(data)}`);
    const forged = peer.send(ascii('forged'));
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    receive(forged);
    receive(peer.send(ascii('an answer')));
  };
  handshake(1);
  talk(server);
  device.dtlsClose();
  answer('close');
  handshake(2);
  expect(device.dtlsStatus().resumed).toBe(true);
  talk(server);
  device.dtlsForget();
  answer('forget');
  return { lines, expected };
}

const CASES: [string, Partial<ServerOptions>, Uint8Array][] = [
  ['CCM_8', {}, new Uint8Array()],
  ['CCM_8 with connection IDs', { cid: ascii('srv'), padding: 5 }, ascii('dev')],
  ['CCM_8 without extended master secret', { ems: false, hint: ascii('hint') }, new Uint8Array()],
  ['GCM', { suite: 0xa8 }, new Uint8Array()],
];

describe('under memcheck, with key and data undefined', () => {
  let client = '';
  let device: Device;
  beforeAll(async () => {
    client = await native('client', CLIENT, watched);
    device = await loadDevice('Ccm8Gcm');
  }, 180_000);

  it.each(CASES)(
    'handshake, data, forgery, close and resumption take no branch and no address from them: %s',
    (_, options, cid) => {
      const { lines, expected } = dialogue(device, options, cid);
      const { answers, findings } = run(client, lines);
      expect([answers, findings]).toEqual([expected, []]);
    },
  );

  it('it tells of a branch on a byte of the premaster secret, and of a tag compared byte by byte', async () => {
    const { lines } = dialogue(device, {}, new Uint8Array());
    const leaks = [
      changed(
        'assembly/crypto/hmac.ts',
        'wipe(PAD, SHA256_BLOCK_BYTES);',
        'if (load<u8>(PAD, 20) == 0x36) wipe(DIGEST, 1);\n  wipe(PAD, SHA256_BLOCK_BYTES);',
      ),
      changed(
        'assembly/crypto/ccm.ts',
        'const good = ctEqual(data + len, MAC, tagLen);',
        'if (load<u8>(data + len) != load<u8>(MAC)) return 0;\n  const good = ctEqual(data + len, MAC, tagLen);',
      ),
    ];
    for (const [n, leak] of leaks.entries()) {
      const leaky = await native(`leak-${n}`, CLIENT, { ...watched, ...leak });
      expect(run(leaky, lines).findings.join('\n')).toMatch(/Conditional jump/);
    }
  }, 180_000);
});
