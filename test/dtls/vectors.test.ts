// Known answers: the PRF, and handshakes of OpenSSL and Mbed TLS, captured with their keys.
import { describe, expect, it } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { concat, fromHex, toHex } from '../../host/bytes.js';
import { DtlsState, loadKit } from '../../host/kit/index.js';
import { dtlsVectors, type DtlsTranscript } from '../vectors/read.js';
import { Message, Type, message, messages, records, vector16, type WireMessage, type WireRecord } from './wire.js';

const kit = await loadKit();
const { prf_sha256, transcripts } = dtlsVectors();

const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

describe('the PRF', () => {
  it('has all vectors', () => {
    expect(prf_sha256.length).toBe(2);
    expect(transcripts.length).toBe(5);
  });

  it.each(prf_sha256)('$source', ({ secret, label, seed, length, output }) => {
    expect(toHex(kit.dtlsPrf(fromHex(secret), concat(ascii(label), fromHex(seed)), length))).toBe(output);
    expect(toHex(kit.dtlsPrf(fromHex(secret), concat(ascii(label), fromHex(seed)), 1))).toBe(output.slice(0, 2));
  });
});

/** Records of one side in order; CIDs are those that the other side asked for. */
function recordsOf({ datagrams, client_cid, server_cid }: DtlsTranscript, from: string): WireRecord[] {
  const cid = (from === 'C' ? server_cid : client_cid) ?? '';
  return datagrams.filter((d) => d.from === from).flatMap((d) => records(fromHex(d.hex), cid.length / 2));
}

/** Clear messages of the handshake in wire order, from the second ClientHello on. */
function transcriptMessages({ datagrams }: DtlsTranscript): WireMessage[] {
  const all = datagrams.flatMap(({ hex }) =>
    records(fromHex(hex), 0)
      .filter(({ type, epoch }) => type === Type.Handshake && epoch === 0)
      .flatMap(({ fragment }) => messages(fragment)),
  );
  return all.slice(all.findIndex(({ type, sequence }) => type === Message.ClientHello && sequence === 1));
}

/** Type-25 records cannot be told apart without the length of their CID: cuts datagrams before them. */
function withoutCid(transcript: DtlsTranscript): DtlsTranscript {
  const datagrams = transcript.datagrams.map(({ from, hex }) => {
    const at = hex.indexOf('19fefd0001');
    return { from, hex: at < 0 ? hex : hex.slice(0, at) };
  });
  return { ...transcript, datagrams };
}

describe.each(transcripts.map((transcript) => [transcript.name, transcript] as const))('%s', (_, transcript) => {
  const { suite, psk, finished, extended_master_secret } = transcript;
  const key = fromHex(psk);
  const randoms = fromHex(transcript.client_random + transcript.server_random);
  const list = transcriptMessages(withoutCid(transcript)).map((each) => ({ type: each.type, bytes: message(each) }));
  const upTo = (type: number): Uint8Array => {
    const end = list.findIndex((each) => each.type === type) + 1;
    return concat(...list.slice(0, end).map(({ bytes }) => bytes));
  };
  const master = fromHex(transcript.master_secret);
  const plainOf = (from: string): DtlsTranscript['plain'] => transcript.plain.filter((row) => row.from === from);

  it('premaster secret, master secret and key block', () => {
    const premaster = concat(vector16(new Uint8Array(key.length)), vector16(key));
    expect(toHex(premaster)).toBe(transcript.premaster_secret);
    const seen = extended_master_secret ? upTo(Message.ClientKeyExchange) : new Uint8Array();
    if (extended_master_secret) expect(toHex(kit.sha256(seen))).toBe(transcript.session_hash);
    expect(toHex(kit.dtlsMaster(premaster, seen, randoms))).toBe(transcript.master_secret);
    const { client_write_key, server_write_key, client_write_iv, server_write_iv } = transcript;
    expect(toHex(kit.dtlsKeyBlock(master, randoms))).toBe(
      client_write_key + server_write_key + client_write_iv + server_write_iv,
    );
  });

  it('verify_data of both sides', () => {
    const before = upTo(Message.ClientKeyExchange);
    expect(toHex(kit.sha256(before))).toBe(finished.client.handshake_hash);
    expect(toHex(kit.dtlsVerifyData(master, 'client', before))).toBe(finished.client.verify_data);
    const own = { type: Message.Finished, sequence: 3, body: fromHex(finished.client.verify_data) };
    const ticket = list.filter(({ type }) => type === Message.NewSessionTicket).map(({ bytes }) => bytes);
    const after = concat(before, message(own), ...ticket);
    expect(toHex(kit.sha256(after))).toBe(finished.server.handshake_hash);
    expect(toHex(kit.dtlsVerifyData(master, 'server', after))).toBe(finished.server.verify_data);
  });

  it.each(['C', 'S'])(
    'every protected record of %s is opened, sealed to the same bytes, and refused when changed',
    (from) => {
      const mine = from === 'C';
      const keys = {
        suite: parseInt(suite, 16),
        key: fromHex(mine ? transcript.client_write_key : transcript.server_write_key),
        iv: fromHex(mine ? transcript.client_write_iv : transcript.server_write_iv),
      };
      const cid = ((mine ? transcript.server_cid : transcript.client_cid) ?? '').length / 2;
      const sealed = recordsOf(transcript, from).filter(({ epoch }) => epoch === 1);
      expect(sealed.length).toBe(plainOf(from).length);
      plainOf(from).forEach(({ plain, type, explicit_nonce }, i) => {
        const bytes = sealed[i]?.bytes ?? new Uint8Array();
        expect(bytes[0]).toBe(type);
        const content = fromHex(plain);
        expect(kit.dtlsOpen(keys, bytes, cid)).toEqual(content);
        const clear = bytes.slice();
        clear.set(concat(fromHex(explicit_nonce), content), 13 + cid);
        expect(toHex(kit.dtlsSeal(keys, clear, cid, content.length))).toBe(toHex(bytes));
        for (let at = 0; at < bytes.length; at++) {
          // The length is not looked at here: it says where the record ends.
          if (at === 11 + cid || at === 12 + cid) continue;
          const changed = bytes.slice();
          changed[at] = (changed[at] ?? 0) ^ 0x10;
          expect(kit.dtlsOpen(keys, changed, cid), `byte ${at}`).toBeUndefined();
        }
      });
    },
  );
});

// OpenSSL's client offers what ours does not; the two of Mbed TLS were captured with a client that offers the same.
const same = transcripts.filter(({ name }) => name.startsWith('mbedtls'));

it('there are two handshakes that the client can repeat', () => expect(same.length).toBe(2));

it.each(same)('$name: the client, given its random value, writes the same datagrams', (transcript) => {
  const { client_cid, client_random, identity, datagrams, plain } = transcript;
  const own = plain.filter(({ from }) => from === 'C');
  const ownCid = fromHex(client_cid ?? '');
  kit.dtlsNew({ onlyCcm8: true, withoutCid: ownCid.length === 0, ownCid });
  expect(kit.dtlsBegin(0, fromHex(client_random), ascii(identity), fromHex(transcript.psk))).toBe(0);
  const answers: string[] = [];
  for (const { from, hex } of datagrams) {
    if (from === 'S') {
      answers.push(...kit.dtlsReceive(0, fromHex(hex)).map(toHex));
      continue;
    }
    if (kit.dtlsStatus().state === DtlsState.Open) {
      const row = own.find(({ epoch_seq }) => hex.includes(`fefd${epoch_seq}`));
      if ((row?.inner_type ?? row?.type) === Type.Alert) kit.dtlsClose();
      else expect(kit.dtlsWrite(fromHex(row?.content ?? row?.plain ?? ''))).toBe(0);
    }
    const datagram = kit.dtlsOutput();
    expect(datagram && toHex(datagram)).toBe(hex);
  }
  const data = plain.filter(({ from, type, inner_type }) => from === 'S' && (inner_type ?? type) === Type.Data);
  expect(answers).toEqual(data.map((row) => row.content ?? row.plain));
  expect(kit.dtlsStatus()).toMatchObject({ state: DtlsState.Closed, result: Status.Closed, dropped: 0 });
});
