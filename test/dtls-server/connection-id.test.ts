// Connection IDs (RFC 9146) with clients nobody here wrote: Mbed TLS 3.6, in the program that its authors test with, behind a NAT that
// changes its port; and in one that changes its port itself.
import { afterAll, expect, onTestFinished } from 'vitest';
import type { DtlsLimits } from '../../host/dtls/index.js';
import { UdpRelay } from '../../tools/wakaama/relay.mjs';
import { readByTshark } from '../dtls/capture.js';
import { Type } from '../dtls/wire.js';
import { withPrograms } from '../peers.js';
import { until } from '../until.js';
import { mbedtls, sslClient2 } from './mbedtls.js';
import { cleanUp, PSK, ServerStation } from './station.js';

const { describe, it } = withPrograms('gcc', 'mbedtls-client', 'mbedtls-library', 'tshark');

afterAll(cleanUp);

const PAGE = Buffer.from('HTTP/1.0 200 OK\r\n\r\n');

async function station(limits: Partial<DtlsLimits> = {}): Promise<ServerStation> {
  const one = await ServerStation.start(limits);
  onTestFinished(() => one.end());
  return one;
}

/** The first byte of each datagram since number `from`: its first record's type. */
const types = ({ wire }: ServerStation, of: 'client' | 'server', from = 0): number[] =>
  wire.slice(from).flatMap(({ from: sender, datagram }) => (sender === of ? [datagram[0] ?? 0] : []));

describe.each(['ccm8', 'gcm'] as const)('%s', (suite) => {
  it("the authors' client: its port changes in the middle, and nothing is negotiated again; tshark reads all of it", async () => {
    const server = await station();
    const nat = await UdpRelay.open({ host: '127.0.0.1', port: server.port });
    onTestFinished(() => nat.close());
    // Exchanges follow each other at once: what comes after the answer to the first one comes from another port.
    server.answer = () => {
      if (server.data.length > 1) return PAGE;
      void nat.rebind().then(() => server.opened[0]?.send(PAGE));
      return undefined;
    };
    const client = sslClient2(nat.port, suite, 'cid=1', 'cid_val=c0ffee', 'exchanges=3', 'read_timeout=5000');
    expect(await client.ended(), client.said()).toBe(0);
    expect(client.said()).toMatch(/Use of Connection ID has been negotiated/);
    expect(client.said()).toMatch(/Peer CID \(length 4 Bytes\)/);
    expect(client.said().match(/200 OK/g)?.length).toBe(3);
    expect(server.data.length).toBe(3);
    expect(server.opened.length).toBe(1);
    expect(await until(() => server.ended.includes('closed by peer'))).toBe(true);
    expect(server.ports.size).toBe(2);

    const opened = server.wire.findIndex(({ datagram }) => datagram[0] === Type.Cid);
    expect(new Set(types(server, 'client', opened))).toEqual(new Set([Type.Cid]));
    expect(new Set(types(server, 'server', opened + 1))).toEqual(new Set([Type.Cid]));
    const seen = readByTshark(server.wire, PSK);
    expect(seen.complaints).toEqual([]);
    expect(seen.data.filter((text) => text.startsWith('GET')).length).toBe(3);
    expect(seen.extensions).toContain('54');
  });

  it("the authors' client: a session is resumed, with connection IDs again", async () => {
    const server = await station();
    server.answer = () => PAGE;
    const client = sslClient2(server.port, suite, 'cid=1', 'cid_val=c0ffee', 'reconnect=1', 'read_timeout=5000');
    expect(await client.ended(), client.said()).toBe(0);
    expect(server.opened.map(({ resumed }) => resumed)).toEqual([false, true]);
    expect(client.said().match(/Peer CID \(length 4 Bytes\)/g)?.length).toBeGreaterThanOrEqual(2);
    expect(server.data.length).toBe(2);
    expect(types(server, 'client')).not.toContain(Type.Data);
    expect(types(server, 'server')).not.toContain(Type.Data);
  });

  it.each([
    ['both have one', 'cid=c0ffee', 'cid 3 4', Type.Cid],
    ['the client wants none to be sent to it', 'cid=', 'cid 0 4', Type.Data],
  ])('%s: it goes on from another port', async (_, option, agreed, toClient) => {
    const server = await station();
    const client = mbedtls(server.port, suite, option);
    expect(await until(() => client.said().includes(agreed))).toBe(true);
    const opened = server.wire.length;
    for (const [i, text] of ['at home', 'from elsewhere', 'from a third place'].entries()) {
      if (i > 0) client.tell('!rebind\n');
      client.tell(`${text}\n`);
      expect(await until(() => client.said().includes(`data ${text.length} ${text}`)), text).toBe(true);
    }
    expect(server.ports.size).toBe(3);
    expect(server.opened.length).toBe(1);
    expect(types(server, 'client', opened)).toEqual(Array(3).fill(Type.Cid));
    expect(types(server, 'server', opened)).toEqual(Array(3).fill(toClient));

    client.tell('!resume\nresumed\n!rebind\nand elsewhere\n!quit\n');
    expect(await client.ended()).toBe(0);
    expect(client.said()).toContain('data 13 and elsewhere');
    expect(server.opened.map(({ resumed }) => resumed)).toEqual([false, true]);
  });
});

it.each<[string, readonly string[], Partial<DtlsLimits>]>([
  ['a server that has them switched off', ['cid=1', 'cid_val=c0ffee'], { connectionIds: false }],
  ['a client that has them switched off', ['cid=0'], {}],
])('%s: both go on without', async (_, options, limits) => {
  const server = await station(limits);
  server.answer = () => PAGE;
  const client = sslClient2(server.port, 'ccm8', ...options, 'read_timeout=5000');
  expect(await client.ended(), client.said()).toBe(0);
  expect(client.said()).not.toMatch(/Use of Connection ID has been negotiated/);
  expect(server.data.length).toBe(1);
  expect([...types(server, 'client'), ...types(server, 'server')]).not.toContain(Type.Cid);
});
