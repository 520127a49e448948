// Known answers for the server's side: the PRF, CCM, and handshakes of OpenSSL and Mbed TLS, captured with their keys.
import { describe, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import { fromHex, toHex } from '../../host/bytes.js';
import type { CipherSuite } from '../../host/dtls/index.js';
import { keyBlock, masterSecret, premasterSecret, prf, verifyData } from '../../host/dtls/key-schedule.js';
import { readClientHello, readClientKeyExchange, readFragments, whole } from '../../host/dtls/messages.js';
import { Protection, records } from '../../host/dtls/record.js';
import { dtlsVectors, type DtlsTranscript } from '../vectors/read.js';

const { prf_sha256, transcripts } = dtlsVectors();

it.each(prf_sha256)('PRF: $source', ({ secret, label, seed, length, output }) => {
  expect(toHex(prf(fromHex(secret), label, fromHex(seed), length))).toBe(output);
});

const cidBytes = ({ client_cid, server_cid }: DtlsTranscript, from: string): number =>
  ((from === 'C' ? server_cid : client_cid) ?? '').length / 2;

/** Records of a side, in order. */
const recordsOf = (transcript: DtlsTranscript, from: string) =>
  transcript.datagrams
    .filter((datagram) => datagram.from === from)
    .flatMap(({ hex }) => [...records(fromHex(hex), cidBytes(transcript, from))]);

/** Messages in the clear, from the ClientHello with its cookie on. */
function clearMessages(transcript: DtlsTranscript) {
  const all = transcript.datagrams.flatMap(({ from, hex }) =>
    [...records(fromHex(hex), cidBytes(transcript, from))]
      .filter(({ type, epoch }) => type === 22 && epoch === 0)
      .flatMap(({ fragment }) => readFragments(fragment))
      .map(({ type, sequence, bytes }) => ({ type, sequence, body: bytes })),
  );
  return all.slice(all.findIndex(({ type, sequence }) => type === 1 && sequence === 1));
}

describe.each(transcripts.map((transcript) => [transcript.name, transcript] as const))('%s', (_, transcript) => {
  const randoms = {
    clientRandom: fromHex(transcript.client_random),
    serverRandom: fromHex(transcript.server_random),
  };
  const messages = clearMessages(transcript);
  const upToKeyExchange = Buffer.concat(
    messages.slice(0, messages.findIndex(({ type }) => type === 16) + 1).map((message) => whole(message)),
  );

  it('the ClientHello says what it offers', () => {
    const hello = readClientHello(messages[0]?.body ?? Buffer.alloc(0));
    expect(toHex(hello.random)).toBe(transcript.client_random);
    expect(hello.suites).toContain(parseInt(transcript.suite, 16));
    expect(hello.extendedMasterSecret).toBe(transcript.extended_master_secret);
    expect(hello.cid && toHex(hello.cid)).toBe(transcript.client_cid ?? undefined);
    expect(readClientKeyExchange(messages.find(({ type }) => type === 16)?.body ?? Buffer.alloc(0)).toString()).toBe(
      transcript.identity,
    );
  });

  it('the keys follow from the PSK', () => {
    expect(toHex(premasterSecret(fromHex(transcript.psk)))).toBe(transcript.premaster_secret);
    const seen = transcript.extended_master_secret ? upToKeyExchange : undefined;
    if (seen) expect(createHash('sha256').update(seen).digest('hex')).toBe(transcript.session_hash);
    const master = masterSecret(fromHex(transcript.psk), randoms, seen);
    expect(toHex(master)).toBe(transcript.master_secret);
    const { client, server } = keyBlock(master, randoms);
    expect([client.key, client.iv, server.key, server.iv].map(toHex)).toEqual([
      ...[transcript.client_write_key, transcript.client_write_iv],
      ...[transcript.server_write_key, transcript.server_write_iv],
    ]);
    expect(toHex(verifyData(master, 'client', upToKeyExchange))).toBe(transcript.finished.client.verify_data);
  });

  it.each(['C', 'S'])('every protected record of %s opens, and none that was changed', (from) => {
    const mine = from === 'C';
    const key = {
      key: fromHex(mine ? transcript.client_write_key : transcript.server_write_key),
      iv: fromHex(mine ? transcript.client_write_iv : transcript.server_write_iv),
    };
    const cid = Buffer.from((mine ? transcript.server_cid : transcript.client_cid) ?? '', 'hex');
    const protection = new Protection(parseInt(transcript.suite, 16) as CipherSuite, key, cid);
    const sealed = recordsOf(transcript, from).filter(({ epoch }) => epoch === 1);
    const rows = transcript.plain.filter((row) => row.from === from);
    expect(sealed.length).toBe(rows.length);
    rows.forEach((row, i) => {
      const record = sealed[i];
      if (record === undefined) throw new Error('no record');
      const opened = protection.open(record);
      expect(opened && toHex(opened.content)).toBe(row.content ?? row.plain);
      expect(opened?.type).toBe(row.inner_type ?? row.type);
      for (let at = 0; at < record.fragment.length; at++) {
        const fragment = Buffer.from(record.fragment);
        fragment.writeUInt8(fragment.readUInt8(at) ^ 1, at);
        expect(protection.open({ ...record, fragment })).toBeUndefined();
      }
      expect(protection.open({ ...record, sequence: record.sequence + 1 })).toBeUndefined();
      expect(protection.open({ ...record, epoch: 2 })).toBeUndefined();
      // Where nonce and padding are ours, sealing gives the same bytes.
      const ours = opened && protection.seal(opened.type, 1, record.sequence, opened.content);
      const whole = transcript.datagrams.some(({ hex }) => ours !== undefined && hex.includes(toHex(ours)));
      const same = row.explicit_nonce === row.epoch_seq && row.plain.length - (row.content ?? row.plain).length <= 2;
      if (same) expect(whole).toBe(true);
    });
  });
});
