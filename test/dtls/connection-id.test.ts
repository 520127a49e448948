// Connection IDs (RFC 9146) with a server nobody here wrote: Mbed TLS 3.6, in the program that its authors test with, and in one that
// hears a client from wherever it is.
import { afterAll, expect, onTestFinished } from 'vitest';
import { DtlsState, type DtlsOptions } from '../../host/kit/index.js';
import { until } from '../until.js';
import { withPrograms } from '../peers.js';
import { ascii } from './link.js';
import { cleanUp, mbedtls, openssl, type Program, sslServer2, Station } from './peer.js';
import { Type } from './wire.js';

const { describe, it } = withPrograms('gcc', 'mbedtls-library', 'mbedtls-server', 'openssl');

afterAll(cleanUp);

async function open(program: Program, options: DtlsOptions = {}): Promise<Station> {
  const one = await Station.to(program);
  onTestFinished(async () => {
    one.end();
    await program.stop();
  });
  expect(await one.handshake({ firstTimeout: 200, patience: 30_000, ...options })).toBe(DtlsState.Open);
  return one;
}

/** The first byte of each datagram since number `from`: its first record's type. */
const types = ({ wire }: Station, of: 'client' | 'server', from = 0): number[] =>
  wire.slice(from).flatMap(({ from: sender, datagram }) => (sender === of ? [datagram[0] ?? 0] : []));
/** The connection ID of the client's last record. */
const cidOfLast = ({ wire }: Station, bytes: number): string =>
  Buffer.from(wire.findLast(({ from }) => from === 'client')?.datagram.subarray(11, 11 + bytes) ?? []).toString('hex');

describe.each(['ccm8', 'gcm'] as const)('%s', (suite) => {
  it("the authors' server: both sides' records carry the other's connection ID", async () => {
    const program = await sslServer2(suite, 'cid=1', 'cid_val=c0ffee');
    const one = await open(program, { ownCid: Uint8Array.of(0xde, 0xad) });
    const before = one.wire.length;
    expect(await one.exchange('up and away')).toMatch(/^HTTP\/1\.0 200 OK/);
    // This server says one thing, and then close_notify, to which the device answers.
    expect(await until(() => types(one, 'client', before).length === 2)).toBe(true);
    expect([...types(one, 'client', before), ...types(one, 'server', before)]).toEqual(Array(4).fill(Type.Cid));
    expect(cidOfLast(one, 3)).toBe('c0ffee');
    expect(program.said()).toMatch(/Use of Connection ID has been negotiated/);
    expect(program.said()).toMatch(/Peer CID \(length 2 Bytes\): de ad/);
    expect(program.said()).toContain('up and away');
  });

  it("the authors' server: a session is resumed, with connection IDs again", async () => {
    const program = await sslServer2(suite, 'cid=1', 'cid_val=c0ffee');
    const one = await open(program, { ownCid: Uint8Array.of(0xde, 0xad) });
    expect(await one.exchange('one')).toMatch(/200 OK/);
    expect(await until(() => one.kit.dtlsStatus().state === DtlsState.Closed)).toBe(true);
    expect(await one.handshake()).toBe(DtlsState.Open);
    expect(one.kit.dtlsStatus().resumed).toBe(true);
    const before = one.wire.length;
    expect(await one.exchange('two')).toMatch(/200 OK/);
    expect(types(one, 'client', before)[0]).toBe(Type.Cid);
    expect(cidOfLast(one, 3)).toBe('c0ffee');
  });

  it.each<[string, string, Uint8Array, boolean]>([
    ['both have one', 'c0ffee', Uint8Array.of(7, 8), true],
    ['the device wants none to be sent to it', 'c0ffee', new Uint8Array(), true],
    ['the server wants none to be sent to it', '', Uint8Array.of(7, 8), false],
  ])('%s', async (_, serverCid, ownCid, moves) => {
    const program = await mbedtls(suite, 'sid', `cid=${serverCid}`);
    const one = await open(program, { ownCid });
    // The program says so after the device's handshake has ended, when it gets its turn.
    await until(() => program.said().includes(' cid '));
    expect(program.said()).toContain(`cid ${serverCid.length / 2} ${ownCid.length}`);
    const before = one.wire.length;
    expect(await one.exchange('at home')).toBe('at home');
    const [toServer, toClient] = [serverCid, ownCid].map(({ length }) => (length > 0 ? Type.Cid : Type.Data));
    expect(types(one, 'client', before)).toEqual([toServer]);
    expect(types(one, 'server', before)).toEqual([toClient]);

    // A NAT on the way forgets the device's port, and gives it another.
    const moved = one.wire.length;
    one.rebind();
    if (moves) {
      for (const text of ['from elsewhere', 'and again']) expect(await one.exchange(text)).toBe(text);
      one.rebind();
      expect(await one.exchange('from a third place')).toBe('from a third place');
      expect(program.said().match(/^moved$/gm)?.length).toBe(2);
    } else {
      one.write(ascii('from elsewhere'));
      expect(await until(() => one.wire.length > moved + 1, 500)).toBe(false);
      return;
    }
    // Not one message of a handshake.
    expect([...types(one, 'client', moved), ...types(one, 'server', moved)]).not.toContain(Type.Handshake);

    one.close();
    expect(await until(() => program.said().includes('ended'))).toBe(true);
    expect(await one.handshake()).toBe(DtlsState.Open);
    expect(one.kit.dtlsStatus().resumed).toBe(true);
    one.rebind();
    expect(await one.exchange('resumed, and elsewhere')).toBe('resumed, and elsewhere');
  });
});

describe('a server without connection IDs', () => {
  it.each<[string, () => Promise<Program>]>([
    ['Mbed TLS that has them switched off', () => sslServer2('ccm8', 'cid=0')],
    ['OpenSSL, which has none', () => openssl('ccm8')],
  ])('%s: we go on without', async (name, make) => {
    const program = await make();
    const one = await open(program, { ownCid: Uint8Array.of(7, 8) });
    const before = one.wire.length;
    one.write(ascii('up and away\n'));
    expect(await until(() => program.said().includes('up and away'))).toBe(true);
    expect(types(one, 'client', before)[0]).toBe(Type.Data);
    if (name.startsWith('Mbed')) expect(await until(() => one.data.some((text) => text.includes('200 OK')))).toBe(true);
    expect(types(one, 'server', before)).not.toContain(Type.Cid);
  });
});

it('a device that offers none, to a server that would like to have them: neither uses any', async () => {
  const program = await mbedtls('ccm8', 'cid=c0ffee');
  const one = await open(program, { withoutCid: true });
  expect(program.said()).not.toContain(' cid ');
  const before = one.wire.length;
  expect(await one.exchange('bare')).toBe('bare');
  expect([...types(one, 'client', before), ...types(one, 'server', before)]).toEqual([Type.Data, Type.Data]);
});
