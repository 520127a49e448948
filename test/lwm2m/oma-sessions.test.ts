// The client's test cases of OMA's enabler test specification for LwM2M 1.1 that are about bootstrap, registration and security, by their
// numbers. Those about objects are in oma.test.ts. Not here: int-2 and int-3 (certificates, smart card), int-106 (TCP).
import { expect, test } from 'vitest';
import { OLD, NEW, world } from './rig-world.js';
import { BootstrapServer, DmServer, Rig, TLV, account, security, serverInstance, tlv, type Command } from './rig.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const put = (path: string, payload: Uint8Array): Command => ({ method: 'PUT', path, format: TLV, payload });
const clear = account(security('dm.example', 1), serverInstance(1));

/** A device and its servers in clear. */
async function plain(commands = clear): Promise<{ rig: Rig; server: BootstrapServer; dm: DmServer }> {
  const rig = await Rig.create();
  const server = new BootstrapServer(rig);
  const dm = new DmServer(rig, 'dm.example:5683');
  server.commands = commands;
  rig.powerOn();
  return { rig, server, dm };
}
const asked = (dm: DmServer): string[] => dm.coap.requests.map(({ method, path }) => `${method} ${path}`);
function ask(rig: Rig, dm: DmServer, command: Command): string | undefined {
  let code: string | undefined;
  dm.coap.ask(dm.device, command, (answer) => (code = answer?.code));
  rig.run(SECOND);
  return code;
}
const text = (path: string, value: string): Command => ({
  ...{ method: 'PUT', path, format: 0, payload: Buffer.from(value) },
});

test('int-0: client initiated bootstrap', async () => {
  const { rig, server } = await plain();
  rig.run(10 * SECOND);
  expect(server.requests[0]).toMatchObject({ method: 'POST', path: '/bs', query: ['ep=apa', 'pct=11542'] });
  expect(server.answers).toEqual(['DELETE /0 2.02', 'DELETE /1 2.02', 'PUT /0/1 2.04', 'PUT /1/1 2.04', 'finish 2.04']);
});

test('int-1: the same over DTLS, with the pre-shared key of the bootstrap account', async () => {
  // The account comes from a hand-over: the first bootstrap server names another one, with a key.
  const boot = tlv({ 0: 'coaps://safe.example', 1: 1, 2: 0, 3: 'b-1', 5: NEW });
  const { rig, server, dm } = await plain([...clear, put('/0/0', boot)]);
  const safe = new BootstrapServer(rig, 'safe.example:5684');
  safe.dtls.keys.set('b-1', NEW);
  const secured = new DmServer(rig, 'dm.example:5684');
  secured.keys.set('d-1', OLD);
  safe.commands = account(security('dm.example', 1, 'd-1', OLD), serverInstance(1), 2);
  rig.run(10 * SECOND);
  ask(rig, dm, { method: 'POST', path: '/1/1/9' });
  rig.run(30 * SECOND);
  expect([server.sessions, safe.finished, safe.dtls.handshakes, secured.identities]).toEqual([1, 1, 1, ['d-1']]);
});

test('int-4: Bootstrap-Delete of all: nothing is left but the bootstrap account and the device', async () => {
  const { rig, server } = await plain([
    ...clear,
    { method: 'DELETE', path: '/' },
    { method: 'GET', path: '/', accept: 40 },
  ]);
  rig.run(10 * SECOND);
  expect(server.payloads.at(-1)?.toString()).toBe('</>;lwm2m=1.1,</0/65534>,</1>;ver=1.1,</2>,</3/0>,</33000>');
});

test('int-5: server initiated bootstrap', async () => {
  const { rig, server, dm } = await plain();
  rig.run(10 * SECOND);
  expect(ask(rig, dm, { method: 'POST', path: '/1/1/9' })).toBe('2.04');
  rig.run(20 * SECOND);
  expect([server.finished, asked(dm).filter((what) => what === 'POST /rd').length]).toEqual([2, 2]);
});

test('int-6: bootstrap sequence: a device that has a server registers with it, and does not bootstrap', async () => {
  const { rig, server, dm } = await plain();
  rig.run(10 * SECOND);
  rig.powerOff();
  rig.powerOn();
  rig.run(10 * SECOND);
  expect([server.sessions, asked(dm)]).toEqual([1, ['POST /rd', 'POST /rd']]);
});

test('int-7: fall-back to bootstrap when the registration fails by its retry rules', async () => {
  const { rig, server, dm } = await plain(
    account(security('dm.example', 1), serverInstance(1, { 17: 2, 18: 5, 20: 1 })),
  );
  dm.code = '4.03';
  rig.run(60 * SECOND);
  expect(server.sessions).toBeGreaterThan(1);
});

test('int-8: Bootstrap-Read of Server and Access Control', async () => {
  const reads = ['/1', '/1/1', '/2'].map((path): Command => ({ method: 'GET', path, accept: TLV }));
  const { rig, server } = await plain([...clear, ...reads]);
  rig.run(10 * SECOND);
  expect(server.answers.slice(4, 7)).toEqual(['GET /1 2.05', 'GET /1/1 2.05', 'GET /2 2.05']);
  expect(server.payloads[5]?.equals(serverInstance(1))).toBe(true);
});

test('int-9: a configuration that is not consistent is refused at Finish: 4.06', async () => {
  const { rig, server } = await plain([put('/0/1', security('dm.example', 1)), put('/1/1', serverInstance(2))]);
  rig.run(2 * SECOND);
  expect(server.answers.at(-1)).toBe('finish 4.06');
});

test('int-101: initial registration', async () => {
  const { rig, dm } = await plain();
  rig.run(10 * SECOND);
  expect(dm.coap.requests[0]).toMatchObject({
    ...{ method: 'POST', path: '/rd', query: ['lwm2m=1.1', 'ep=apa', 'b=U', 'lt=300'] },
    payload: Buffer.from('</>;rt="oma.lwm2m";ct=11542,</1>;ver=1.1,</1/1>,</3/0>,</33000>'),
  });
});

test('int-102: a lifetime that is written is told in an Update', async () => {
  const { rig, dm } = await plain();
  rig.run(10 * SECOND);
  ask(rig, dm, text('/1/1/1', '600'));
  expect(dm.coap.requests.at(-1)).toMatchObject({ method: 'POST', path: '/rd/0', query: ['lt=600'] });
});

test('int-103: De-register', async () => {
  const { rig, dm } = await plain();
  rig.run(10 * SECOND);
  expect(ask(rig, dm, { method: 'POST', path: '/1/1/4' })).toBe('2.04');
  expect(asked(dm).at(-1)).toBe('DELETE /rd/0');
});

test('int-104: registration update trigger', async () => {
  const { rig, dm } = await plain();
  rig.run(10 * SECOND);
  expect(ask(rig, dm, { method: 'POST', path: '/1/1/8' })).toBe('2.04');
  expect(dm.coap.requests.at(-1)).toMatchObject({ method: 'POST', path: '/rd/0', query: [] });
});

test('int-105: an Update that is discarded (4.04): the device registers again', async () => {
  const { rig, dm } = await plain();
  rig.run(10 * SECOND);
  dm.registrations.clear();
  rig.run(300 * SECOND);
  expect(asked(dm)).toEqual(['POST /rd', 'POST /rd/0', 'POST /rd']);
});

test('int-107: the registration is extended before its lifetime is over, again and again', async () => {
  const { rig, dm } = await plain();
  rig.run(HOUR);
  const times = dm.coap.requests.map(({ at }) => at);
  for (let i = 1; i < times.length; i++) expect((times[i] ?? 0) - (times[i - 1] ?? 0)).toBeLessThan(300 * SECOND);
  expect(new Set(asked(dm).slice(1))).toEqual(new Set(['POST /rd/0']));
});

test('int-108: queue mode is turned on: an Update says so', async () => {
  const { rig, dm } = await plain();
  rig.run(10 * SECOND);
  expect(ask(rig, dm, text('/1/1/7', 'UQ'))).toBe('2.04');
  expect(dm.coap.requests.at(-1)).toMatchObject({ method: 'POST', path: '/rd/0', query: ['b=U', 'Q'] });
  expect(ask(rig, dm, text('/1/1/7', 'U'))).toBe('2.04');
  expect(dm.coap.requests.at(-1)).toMatchObject({ method: 'POST', path: '/rd/0', query: ['b=U'] });
});

test('int-109: in queue mode the device answers while it is awake, sleeps, and is there again with its next Update', async () => {
  const { rig, server, dm } = await world();
  server.commands = account(security('dm.example', 123, 'd-1', OLD), serverInstance(123, { 7: 'UQ' }));
  rig.powerOn();
  rig.run(10 * SECOND);
  const read: Command = { method: 'GET', path: '/1/1/1', accept: 0 };
  expect(ask(rig, dm, read)).toBe('2.05');
  rig.run(100 * SECOND);
  expect(ask(rig, dm, read)).toBeUndefined();
  const before = dm.coap.requests.length;
  rig.until(() => dm.coap.requests.length > before);
  expect(ask(rig, dm, read)).toBe('2.05');
});

test('int-401: the channel is secured by a pre-shared key; with another key there is none', async () => {
  for (const key of [OLD, NEW]) {
    const { rig, dm } = await world();
    dm.keys.set('d-1', key);
    rig.powerOn();
    rig.run(60 * SECOND);
    expect(dm.identities).toEqual(key === OLD ? ['d-1'] : []);
  }
});
