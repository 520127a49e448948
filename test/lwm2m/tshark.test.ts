// Wireshark (Debian package tshark), given the key alone, reads all that a device says and hears from power-on to De-register: bootstrap in
// clear, handshake, registration, requests, an observation and its notifications. It has nothing to say against any of it.
import { expect } from 'vitest';
import { dissect, type Datagram } from '../coap/capture.js';
import { withPrograms } from '../peers.js';
import { OLD, world } from './rig-world.js';
import { TLV, account, security, serverInstance, tlv, tlvEntry, type Command, type Rig } from './rig.js';

const { it } = withPrograms('tshark');
const SECOND = 1_000;

const portOf = (address: string): number => Number(address.split(':')[1]);
const datagrams = (rig: Rig): Datagram[] =>
  rig.wire.map(({ up, host, device, bytes }) => {
    const [from = '', to = ''] = up ? [device, host] : [host, device];
    return { from: portOf(from), to: portOf(to), bytes };
  });

async function life(withCid: boolean, lifetime = 300): Promise<{ rig: Rig; answers: string[] }> {
  const { rig, server, dm } = await world();
  dm.dtls.cid = withCid;
  server.commands = [
    { method: 'DELETE', path: '/' },
    { method: 'GET', path: '/', accept: 40 },
    ...account(security('dm.example', 123, 'd-1', OLD), serverInstance(123, { 1: lifetime })),
    { method: 'GET', path: '/1', accept: 110 },
  ];
  rig.powerOn();
  rig.run(10 * SECOND);
  const answers: string[] = [];
  const ask = (command: Command): void => {
    dm.coap.ask(dm.device, command, (answer) => answers.push(answer?.code ?? '-'));
    rig.run(5 * SECOND);
  };
  ask({ method: 'GET', path: '/3/0', accept: TLV });
  ask({ method: 'POST', path: '/33000', format: TLV, payload: tlvEntry(0, 1, tlv({ 0: 5 })) });
  ask({ method: 'GET', path: '/33000/1/0', accept: 112, observe: 0 });
  ask({ method: 'PUT', path: '/33000/1', format: TLV, payload: tlv({ 0: 6 }) });
  ask({ method: 'GET', path: '/33000/1', accept: 40 });
  ask({ method: 'POST', path: '/1/1/8' });
  ask({ method: 'PUT', path: '/1/1/5', format: 0, payload: Buffer.from('60') });
  rig.run(10 * SECOND);
  ask({ method: 'POST', path: '/1/1/4' });
  rig.run(90 * SECOND);
  return { rig, answers };
}

it.each([true, false])('a whole life, with a connection ID: %s', async (withCid) => {
  const { rig, answers } = await life(withCid);
  expect(answers).toEqual(['2.05', '2.01', '2.05', '2.04', '2.05', '2.04', '2.04', '2.04']);
  const sent = datagrams(rig);
  const seen = dissect(sent, OLD);
  expect(seen.complaints).toEqual([]);
  expect(seen.frames).toBe(sent.length);
  // All but handshakes and goodbyes is CoAP: bootstrap and what was decrypted.
  const clear = sent.filter(({ from, to }) => from === 5683 || to === 5683).length;
  expect(seen.coap).toBeGreaterThan(clear + 20);
});

it('with another key it reads the bootstrap alone: it does depend on the key', async () => {
  const { rig } = await life(true);
  const sent = datagrams(rig);
  const clear = sent.filter(({ from, to }) => from === 5683 || to === 5683).length;
  expect(dissect(sent, new Uint8Array(16).fill(7)).coap).toBe(clear);
});
