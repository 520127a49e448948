// Bootstrap, client's side: the messages beside Wakaama's, every command at every level, and what goes wrong.
import { beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'coap-packet';
import { fromHex, toHex } from '../../host/bytes.js';
import { coapVectors } from '../vectors/read.js';
import {
  BootstrapServer,
  ClientState,
  CoapPeer,
  DmServer,
  Rig,
  TLV,
  account,
  security,
  serverInstance,
  textsOf,
  tlv,
  tlvEntry,
  type Command,
  type RigOptions,
} from './rig.js';

const LINK = 40;
const SENML_JSON = 110;
const SENML_CBOR = 112;
const HOST = 'bootstrap.example:5683';
const SECOND = 1_000;

let rig: Rig;
let server: BootstrapServer;
let dm: DmServer;

async function begin(options: RigOptions = {}): Promise<void> {
  rig = await Rig.create(options);
  server = new BootstrapServer(rig);
  dm = new DmServer(rig, 'dm.example:5683');
  server.commands = account(security('dm.example', 123), serverInstance(123));
}
beforeEach(() => begin());

const registrations = (): number => dm.coap.requests.filter(({ path }) => path === '/rd').length;
/** Runs until the server's commands are done; what the device answered to each. */
function play(commands: Command[], more: { finish?: boolean } = {}): string[] {
  server.commands = commands;
  if (more.finish !== true) server.finishAfter = -1;
  rig.powerOn();
  rig.run(20 * SECOND);
  return server.answers;
}
const codes = (): string[] => server.answers.map((answer) => answer.split(' ').at(-1) ?? '');
const text = (index: number): string => server.payloads[index]?.toString() ?? '';
const put = (path: string, payload: Uint8Array | string, format?: number): Command => ({
  ...{ method: 'PUT', path, payload: Buffer.from(payload as string) },
  ...(format === undefined ? {} : { format }),
});
const get = (path: string, accept?: number): Command => ({
  method: 'GET',
  path,
  ...(accept === undefined ? {} : { accept }),
});
const remove = (path: string): Command => ({ method: 'DELETE', path });

describe('beside Wakaama', () => {
  const rows = coapVectors().messages;
  const vector = (name: string): Buffer => {
    const found = rows.find((row) => row.name === name);
    if (!found) throw new Error(`no vector ${name}`);
    return Buffer.from(fromHex(found.hex));
  };
  /** Sends Wakaama's bytes; the device's answer. */
  const ask = (bytes: Buffer): string => {
    rig.wire.length = 0;
    rig.send(bytes, server.device, HOST);
    rig.run(SECOND);
    const answers = rig.wire.filter(({ up, host }) => up && host === HOST);
    expect(answers).toHaveLength(1);
    return toHex(answers[0]?.bytes ?? new Uint8Array());
  };
  /** An answer without body to that request, as Wakaama's client gives it. */
  const ack = (request: Buffer, code: string): string => `64${code}${toHex(request.subarray(2, 8))}`;

  test.each([11542, SENML_JSON, SENML_CBOR])(
    'Bootstrap-Request with pct=%i has its options and its length',
    async (pct) => {
      await begin({ preferred: pct });
      server.finishAfter = -1;
      server.commands = [];
      rig.powerOn();
      rig.run(SECOND);
      const theirs = parse(vector('Bootstrap-Request POST /bs?ep=apa&pct=110'));
      const ours = parse(rig.wire[0]?.bytes ?? Buffer.alloc(0));
      expect(textsOf(theirs, 'Uri-Query')).toEqual(['ep=apa', 'pct=110']);
      expect(textsOf(ours, 'Uri-Query')).toEqual(['ep=apa', `pct=${pct}`]);
      expect([ours.code, textsOf(ours, 'Uri-Path'), ours.token.length, ours.payload.length]).toEqual([
        ...[theirs.code, textsOf(theirs, 'Uri-Path'), theirs.token.length, theirs.payload.length],
      ]);
    },
  );

  test('each of its commands is answered as its client answered, byte by byte', () => {
    server.finishAfter = -1;
    server.commands = [];
    rig.powerOn();
    rig.run(SECOND);
    for (const name of ['Bootstrap-Delete /', 'Bootstrap-Delete /0'])
      expect(ask(vector(name))).toBe(ack(vector(name), '42'));
    expect(toHex(vector('2.02'))).toBe(ack(vector('Bootstrap-Delete /0'), '42'));
    // The SenML of the first and the TLV of the second are of the same account.
    for (const name of ['Bootstrap-Write /0/1 SenML CBOR', 'Bootstrap-Write /0/1 TLV', 'Bootstrap-Write /1/1 TLV']) {
      // Message IDs come again in the capture; here each message is its own.
      const bytes = Buffer.from(vector(name));
      bytes.writeUInt16BE(0x100 + name.length * 7 + (name.includes('TLV') ? 1 : 0), 2);
      expect(ask(bytes)).toBe(ack(bytes, '44'));
    }
    const discover = ask(vector('Bootstrap-Discover / (Accept 40)'));
    const theirs = vector('Bootstrap-Discover response').subarray(8).toString('latin1');
    const ours = Buffer.from(discover, 'hex').subarray(8).toString('latin1');
    // Content-Format and marker, then the links: those of the objects that both have are the same.
    const links = (payload: string): string[] => payload.split(',').filter((link) => /<\/[01](\/1)?>/.test(link));
    expect(links(ours)).toEqual(links(theirs));
    expect(ours.slice(0, 3)).toBe(theirs.slice(0, 3));
    expect(ours).toContain(
      '</>;lwm2m=1.1,</0/1>;ssid=1;uri="coap://127.0.0.1:5683",</0/65534>,</1>;ver=1.1,</1/1>;ssid=1',
    );
    const finish = vector('Bootstrap-Finish POST /bs');
    expect(ask(finish)).toBe(ack(finish, '44'));
  });

  test('a whole TLV bootstrap takes no more messages and no more bytes: 12 and 185', () => {
    const from = (name: string): Buffer => parse(vector(name)).payload;
    server.commands = account(from('Bootstrap-Write /0/1 TLV'), from('Bootstrap-Write /1/1 TLV'));
    new DmServer(rig, '127.0.0.1:5683');
    rig.powerOn();
    rig.run(20 * SECOND);
    expect(server.finished).toBe(1);
    const messages = rig.wire.filter(({ host }) => host === HOST);
    const total = messages.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect([messages.length, total <= 185]).toEqual([12, true]);
  });
});

describe('Bootstrap-Write', () => {
  const finishes = (commands: Command[]): void => {
    play(commands, { finish: true });
    expect([server.answers.at(-1), registrations()]).toEqual(['finish 2.04', 1]);
  };
  const sec = security('dm.example', 7);
  const srv = serverInstance(7);

  test('of an instance: PUT /0/3', () => {
    finishes([put('/0/3', sec, TLV), put('/1/9', srv, TLV)]);
  });
  test('of all instances of an object at once: PUT /0 with two', () => {
    const other = security('other.example', 8);
    finishes([
      put('/0', Buffer.concat([tlvEntry(0, 3, sec), tlvEntry(0, 4, other)]), TLV),
      put('/1', tlvEntry(0, 0, srv), TLV),
    ]);
  });
  test('of resources one by one: PUT /0/3/0', () => {
    finishes([
      ...[
        put('/0/3/0', 'coap://dm.example'),
        put('/0/3/1', '0'),
        put('/0/3/2', '3', 0),
        put('/0/3/10', tlv({ 10: 7 }), TLV),
      ],
      ...[put('/1/0/0', '7'), put('/1/0/1', '300'), put('/1/0/6', '0'), put('/1/0/7', 'U', 0)],
    ]);
  });
  test('in SenML JSON, with both instances of a request in any order', () => {
    const senml =
      '[{"bn":"/0/3/","n":"0","vs":"coap://dm.example"},{"bn":"/0/3/","n":"10","v":7},{"bn":"/0/3/1","vb":false},{"bn":"/0/3/2","v":3}]';
    finishes([
      put('/0/3', senml, SENML_JSON),
      put(
        '/1/0',
        '[{"bn":"/1/0/","n":"0","v":7},{"n":"1","v":300},{"n":"6","vb":true},{"n":"7","vs":"U"}]',
        SENML_JSON,
      ),
    ]);
  });
  test('block by block, 64 bytes each', () => {
    server.szx = 2;
    finishes([
      put('/0/3', Buffer.concat([sec, tlv({ 3: Buffer.alloc(128, 1), 5: Buffer.alloc(64, 2) })]), TLV),
      put('/1/0', srv, TLV),
    ]);
  });
  test('replaces: what an instance had before is gone', () => {
    play([put('/1/0', tlv({ 0: 7, 1: 300, 2: 1, 6: 0, 7: 'U' }), TLV), put('/1/0', srv, TLV), get('/1', TLV)]);
    expect(toHex(server.payloads[2] ?? new Uint8Array())).toBe(toHex(tlvEntry(0, 0, srv)));
  });
  test('passes over resources that it does not know', () => {
    finishes([
      put('/0/3', Buffer.concat([sec, tlv({ 25: 'x', 999: 1 })]), TLV),
      put('/1/0', Buffer.concat([srv, tlv({ 22: 'U' })]), TLV),
    ]);
  });
  test('access control lists, and values of the app', () => {
    const acl = Buffer.concat([
      tlv({ 0: 3, 1: 0 }),
      tlvEntry(2, 2, Buffer.concat([tlvEntry(1, 7, Buffer.from([3]))])),
      tlv({ 3: 7 }),
    ]);
    play([
      put('/2/0', acl, TLV),
      get('/2', TLV),
      put('/33000/2', tlv({ 0: 42 }), TLV),
      put('/33000/1/0', '41'),
      get('/', LINK),
    ]);
    expect(codes()).toEqual(['2.04', '2.05', '2.04', '2.04', '2.05']);
    expect(toHex(server.payloads[1] ?? new Uint8Array())).toBe(toHex(tlvEntry(0, 0, acl)));
    expect([rig.app?.value(1), rig.app?.value(2)]).toEqual([41, 42]);
    expect(text(4)).toMatch(/<\/2\/0>,<\/3\/0>,<\/33000\/1>,<\/33000\/2>$/);
  });

  test.each<[string, string, Command]>([
    ['4.00', 'TLV whose length goes beyond its end', put('/0/1', fromHex('c8001563'), TLV)],
    ['4.00', 'a value of another type', put('/0/1', tlv({ 1: 'maybe' }), TLV)],
    ['4.00', 'an SSID of 0', put('/1/1', tlv({ 0: 0 }), TLV)],
    ['4.00', 'a binding without UDP', put('/1/1', tlv({ 7: 'S' }), TLV)],
    ['4.00', 'a key of 65 bytes', put('/0/1', tlv({ 5: Buffer.alloc(65) }), TLV)],
    ['4.00', 'an identity of 129 bytes', put('/0/1', tlv({ 3: Buffer.alloc(129) }), TLV)],
    ['4.00', 'a URI of 256 bytes', put('/0/1', tlv({ 0: 'a'.repeat(256) }), TLV)],
    ['4.00', 'SenML of another instance than the path', put('/1/1', '[{"n":"/1/2/0","v":1}]', SENML_JSON)],
    ['4.00', 'resources without an instance around them', put('/1', tlv({ 0: 1 }), TLV)],
    ['4.00', 'the reserved instance 65535', put('/1/65535', serverInstance(1), TLV)],
    ['4.00', 'a value that the app does not want', put('/33000/1', tlv({ 0: 1001 }), TLV)],
    ['4.00', 'a multiple resource written as a single one', put('/2/1', tlv({ 2: 1 }), TLV)],
    ['4.04', 'an object that is not there', put('/9/0', tlv({ 0: 1 }), TLV)],
    ['4.04', 'a path that is none', put('/x', tlv({ 0: 1 }), TLV)],
    ['4.05', 'the root', put('/', '[]', SENML_JSON)],
    ['4.15', 'a format that it does not know', put('/1/1', 'x', 50)],
    [
      '4.13',
      'more servers than there is room for',
      put('/1', Buffer.concat([1, 2, 3].map((id) => tlvEntry(0, id, serverInstance(id)))), TLV),
    ],
    ['5.00', 'an instance that the app cannot make', put('/33000/7', tlv({}), TLV)],
  ])('%s: %s, and nothing of it is carried out', (code, _what, command) => {
    play([command, get('/', LINK)]);
    expect(codes()).toEqual([code, '2.05']);
    expect(text(1)).toBe('</>;lwm2m=1.1,</0/65534>,</1>;ver=1.1,</2>,</3/0>,</33000>');
  });
});

describe('Bootstrap-Delete', () => {
  const all = [...account(security('dm.example', 7), serverInstance(7), 1), put('/33000/1', tlv({ 0: 1 }), TLV)];
  test.each([
    ['/', ['/0/65534', '/3/0']],
    ['/0', ['/0/65534', '/1/1', '/3/0', '/33000/1']],
    ['/0/1', ['/0/65534', '/1/1', '/3/0', '/33000/1']],
    ['/1', ['/0/1', '/0/65534', '/3/0', '/33000/1']],
    ['/33000', ['/0/1', '/0/65534', '/1/1', '/3/0']],
    ['/33000/1', ['/0/1', '/0/65534', '/1/1', '/3/0']],
    // Gone already.
    ['/1/9', ['/0/1', '/0/65534', '/1/1', '/3/0', '/33000/1']],
  ])('%s: 2.02, and there is left %j', (path, left) => {
    play([...all, remove(path), get('/', LINK)]);
    expect(codes().slice(-2)).toEqual(['2.02', '2.05']);
    expect([...text(server.payloads.length - 1).matchAll(/<(\/\d+\/\d+)>/g)].map(([, found]) => found)).toEqual(left);
  });
  test.each(['/0/65534', '/3/0', '/3', '/1/1/0'])('%s: 4.00', (path) => {
    play([...all, remove(path)]);
    expect(codes().at(-1)).toBe('4.00');
  });
});

describe('Bootstrap-Discover and Bootstrap-Read', () => {
  const all = account(security('dm.example', 7), serverInstance(7), 1);
  test('of one object', () => {
    play([...all, get('/0', LINK), get('/1', LINK), get('/9', LINK)]);
    expect([text(4), text(5)]).toEqual([
      '</>;lwm2m=1.1,</0/1>;ssid=7;uri="coap://dm.example",</0/65534>',
      '</>;lwm2m=1.1,</1>;ver=1.1,</1/1>;ssid=7',
    ]);
    expect(codes().at(-1)).toBe('4.04');
  });
  test('keys are never given out: /0 is not readable', () => {
    play([...all, get('/0', TLV), get('/0/1', TLV), get('/0/1/5', TLV), get('/3', TLV), get('/9', TLV)]);
    expect(codes().slice(4)).toEqual(['4.05', '4.05', '4.05', '4.05', '4.04']);
  });
  test('reads /1 and /2 in the format that is asked for', () => {
    play([
      ...all,
      get('/1', TLV),
      get('/1/1', SENML_JSON),
      get('/1/1'),
      get('/2', TLV),
      get('/1/5', TLV),
      get('/1', 50),
    ]);
    expect(codes().slice(4)).toEqual(['2.05', '2.05', '2.05', '2.05', '4.04', '4.06']);
    expect(text(5)).toBe('[{"bn":"/1/1/","n":"0","v":7},{"n":"1","v":300},{"n":"6","vb":false},{"n":"7","vs":"U"}]');
    expect(toHex(server.payloads[6] ?? new Uint8Array())).toBe(toHex(serverInstance(7)));
  });
});

describe('Bootstrap-Finish', () => {
  const sec = security('dm.example', 7);
  test.each<[string, Command[]]>([
    ['nothing was written', []],
    ['there is no Server instance', [put('/0/1', sec, TLV)]],
    ['there is no Security instance', [put('/1/1', serverInstance(7), TLV)]],
    ['SSIDs differ', [put('/0/1', sec, TLV), put('/1/1', serverInstance(8), TLV)]],
    [
      'the SSID was left out',
      [put('/0/1', tlv({ 0: 'coap://dm.example', 1: 0, 2: 3 }), TLV), put('/1/1', serverInstance(7), TLV)],
    ],
    ['the lifetime was left out', [put('/0/1', sec, TLV), put('/1/1', tlv({ 0: 7, 6: 0, 7: 'U' }), TLV)]],
    [
      'the URI is none',
      [put('/0/1', tlv({ 0: 'dm.example', 1: 0, 2: 3, 10: 7 }), TLV), put('/1/1', serverInstance(7), TLV)],
    ],
    [
      'scheme and mode differ',
      [
        put('/0/1', tlv({ 0: 'coap://dm.example', 1: 0, 2: 0, 3: 'i', 5: 'k', 10: 7 }), TLV),
        put('/1/1', serverInstance(7), TLV),
      ],
    ],
    [
      'the key was left out',
      [
        put('/0/1', tlv({ 0: 'coaps://dm.example', 1: 0, 2: 0, 3: 'i', 10: 7 }), TLV),
        put('/1/1', serverInstance(7), TLV),
      ],
    ],
    [
      'the mode is not supported',
      [put('/0/1', tlv({ 0: 'coaps://dm.example', 1: 0, 2: 2, 10: 7 }), TLV), put('/1/1', serverInstance(7), TLV)],
    ],
    [
      'two servers have one SSID',
      [put('/0/1', sec, TLV), put('/1/1', serverInstance(7), TLV), put('/1/2', serverInstance(7), TLV)],
    ],
    [
      'two bootstrap accounts were written',
      [
        ...[put('/0/1', sec, TLV), put('/1/1', serverInstance(7), TLV)],
        ...[2, 3].map((id) => put(`/0/${id}`, tlv({ 0: 'coap://b.example', 1: 1, 2: 3 }), TLV)),
      ],
    ],
  ])('4.06 when %s: nothing is kept, and the device asks again', (_what, commands) => {
    play(commands, { finish: true });
    expect(server.answers[commands.length]).toBe('finish 4.06');
    expect(rig.store.writes).toBe(0);
    expect(rig.logs[1]).toMatch(/^lwm2m: bootstrap with the bootstrap server failed: 4\.06, next in [234] s$/);
    expect(server.sessions).toBeGreaterThan(1);
  });

  test('a new bootstrap account takes the place of the old one', () => {
    const next = new BootstrapServer(rig, 'b.example:5683');
    play(
      [
        put('/0/1', sec, TLV),
        put('/1/1', serverInstance(7), TLV),
        put('/0/0', tlv({ 0: 'coap://b.example', 1: 1, 2: 3 }), TLV),
      ],
      { finish: true },
    );
    expect(server.finished).toBe(1);
    next.finishAfter = -1;
    dm.coap.ask(dm.device, { method: 'POST', path: '/1/1/9' }, () => undefined);
    rig.run(20 * SECOND);
    expect([server.sessions, next.sessions]).toEqual([1, 1]);
  });

  test('a server that writes over the bootstrap account itself leaves the device a way back to the factory one', () => {
    play([put('/0/65534', sec, TLV), put('/1/1', serverInstance(7), TLV)], { finish: true });
    expect(registrations()).toBe(1);
    server.finishAfter = -1;
    dm.coap.ask(dm.device, { method: 'POST', path: '/1/1/9' }, () => undefined);
    rig.run(20 * SECOND);
    expect(server.sessions).toBe(2);
  });

  test('the store refuses: 5.00, nothing has changed, and the device asks again', () => {
    rig.store.fate = (n) => (n === 0 ? -4 : 'done');
    play(account(sec, serverInstance(7)), { finish: true });
    expect(server.answers.filter((answer) => answer.startsWith('finish'))).toEqual(['finish 5.00', 'finish 2.04']);
    expect(registrations()).toBe(1);
  });

  test('/1/x/12 tells when, and /0/x/12 has the bootstrap account given up', () => {
    const boot = tlv({ 0: 'coap://bootstrap.example', 1: 1, 2: 3, 12: 60 });
    play([put('/0/0', boot, TLV), put('/0/1', sec, TLV), put('/1/1', serverInstance(7), TLV)], { finish: true });
    let read: Buffer | undefined;
    dm.coap.ask(dm.device, { method: 'GET', path: '/1/1/12', accept: 0 }, (answer) => (read = answer?.payload));
    rig.run(61 * SECOND);
    expect(Number(read?.toString())).toBe(Date.UTC(2026, 0, 1) / SECOND);
    expect(rig.logs.at(-1)).toBe('lwm2m: the bootstrap account is given up');
    rig.powerOff();
    rig.powerOn();
    rig.run(10 * SECOND);
    dm.coap.ask(dm.device, { method: 'POST', path: '/1/1/9' }, () => undefined);
    rig.run(3_600 * SECOND);
    expect([server.sessions, rig.logs.at(-1)]).toEqual([
      1,
      'lwm2m: bootstrap is needed, and there is no bootstrap account',
    ]);
    expect(rig.app?.registered()).toBe(1);
  });
});

describe('a session', () => {
  test('is begun by the first command when the answer to the request is lost', () => {
    server.dropsAck = true;
    play(server.commands, { finish: true });
    expect([server.finished, server.requests.length]).toEqual([1, 1]);
  });
  test('of which every datagram comes twice', () => {
    rig.faults = { duplication: 1 };
    play(server.commands, { finish: true });
    expect([server.finished, rig.store.writes, registrations()]).toEqual([1, 1, 1]);
  });
  test('lasts 247 s from command to command', () => {
    server.finishAfter = 246 * SECOND;
    rig.powerOn();
    rig.run(300 * SECOND);
    expect(server.answers.at(-1)).toBe('finish 2.04');
  });
  test.each([248 * SECOND, -1])('is over 247 s after the last command: Finish after %i ms comes too late', (wait) => {
    server.finishAfter = wait;
    rig.powerOn();
    rig.run(251 * SECOND);
    expect([server.finished, rig.store.writes]).toEqual([0, 0]);
    expect(rig.logs[1]).toMatch(/^lwm2m: bootstrap with the bootstrap server failed: no answer, next in [234] s$/);
  });
  test('the answer to Finish is lost: it is given again, and the device registers meanwhile', () => {
    let lost = 0;
    const receive = server.receive.bind(server);
    server.receive = (datagram, from) => {
      const packet = parse(datagram);
      if (packet.code === '2.04' && server.answers.length === 4 && lost++ === 0) return;
      receive(datagram, from);
    };
    play(server.commands, { finish: true });
    expect([server.answers.at(-1), lost, registrations()]).toEqual(['finish 2.04', 2, 1]);
  });
  test('nobody else is listened to', () => {
    server.finishAfter = 100 * SECOND;
    rig.powerOn();
    rig.run(SECOND);
    const stranger = new CoapPeer(rig, 'evil.example:5683');
    let answer: unknown;
    // From another address the datagram does not even reach the socket of the bootstrap server; from the same one it is a command.
    stranger.ask('10.0.0.1:49999', put('/0/1', 'x', TLV), (got) => (answer = got));
    rig.run(90 * SECOND);
    expect(answer).toBeUndefined();
  });
  test('after it a command is refused: 4.00', () => {
    play(server.commands, { finish: true });
    let code: string | undefined;
    server.ask(server.device, remove('/'), (answer) => (code = answer?.code));
    rig.run(SECOND);
    expect([code, rig.app?.registered()]).toEqual(['4.00', 1]);
  });
});

test.each([
  ['does not know the format wished for', '4.15'],
  ['does not know wishes, as LwM2M 1.0', '4.00'],
])('a server that %s (%s) is asked without a wish, at once', (_, code) => {
  const old = server.handler;
  server.handler = (packet, path, from) =>
    textsOf(packet, 'Uri-Query').some((part) => part.startsWith('pct=')) ? { code } : old(packet, path, from);
  rig.powerOn();
  rig.run(10 * SECOND);
  expect(server.requests.map(({ query }) => query)).toEqual([['ep=apa', 'pct=11542'], ['ep=apa']]);
  expect(registrations()).toBe(1);
});

describe('back-off', () => {
  /** When Bootstrap-Requests went out, in s; retransmissions left out. */
  const times = (): number[] => server.requests.map(({ at }) => at / SECOND);
  test('a server that refuses is asked again after 3, 6, 12 .. 3600 s, give or take a quarter, without end', () => {
    server.code = '4.03';
    rig.powerOn();
    rig.run(6 * 3_600 * SECOND);
    const waits = times()
      .map((at, i, all) => at - (all[i - 1] ?? at))
      .slice(1);
    waits.forEach((wait, n) => {
      const base = Math.min(3 * 2 ** n, 3_600);
      expect(wait).toBeGreaterThan(base * 0.74);
      expect(wait).toBeLessThan(base * 1.26 + 1);
    });
    expect(waits.length).toBeGreaterThan(13);
    expect(rig.logs[1]).toMatch(/^lwm2m: bootstrap with the bootstrap server failed: 4\.03, next in [234] s$/);
    server.code = '2.04';
    rig.run(2 * 3_600 * SECOND);
    expect(rig.app?.registered()).toBe(1);
  });
  test('a silent server too', () => {
    rig.down.add(HOST);
    rig.powerOn();
    rig.run(24 * 3_600 * SECOND);
    rig.down.clear();
    rig.run(2 * 3_600 * SECOND);
    expect(rig.app?.registered()).toBe(1);
  });
  test('without a bootstrap account there is nothing to do', async () => {
    await begin({ factory: false });
    rig.powerOn();
    rig.run(3_600 * SECOND);
    expect([rig.app?.state(), rig.wire, rig.logs]).toEqual([
      ...[ClientState.Off, [], ['lwm2m: no server, and no bootstrap account']],
    ]);
  });
});

describe('Bootstrap-Pack of LwM2M 1.2', () => {
  const pack =
    '[{"bn":"/0/1/","n":"0","vs":"coap://dm.example"},{"n":"1","vb":false},{"n":"2","v":3},{"n":"10","v":7},' +
    '{"bn":"/1/1/","n":"0","v":7},{"n":"1","v":300},{"n":"6","vb":false},{"n":"7","vs":"U"},' +
    '{"bn":"/33000/2/","n":"0","v":42},{"bn":"/9999/0/","n":"0","v":1}]';
  const serve = (code: string, body: string): void => {
    const old = server.handler;
    server.handler = (packet, path, from) =>
      path === '/bspack'
        ? {
            code,
            ...(code === '2.05'
              ? { options: [['Content-Format', Uint8Array.of(110)]], payload: Buffer.from(body) }
              : {}),
          }
        : old(packet, path, from);
  };
  beforeEach(() => begin({ pack: true, preferred: SENML_JSON }));

  test('brings all in one answer', () => {
    serve('2.05', pack);
    rig.powerOn();
    rig.run(10 * SECOND);
    expect(server.requests.map(({ method, path, query }) => `${method} ${path}?${query.join('&')}`)).toEqual([
      'GET /bspack?ep=apa',
    ]);
    expect([registrations(), rig.app?.value(2)]).toEqual([1, 42]);
  });
  test.each([
    ['4.00', ''],
    ['4.04', ''],
    ['4.05', ''],
    ['4.06', ''],
    ['5.01', ''],
    ['2.05', '[{"n":"/0/1/0","vs":"coap://dm.example"}]'],
    ['2.05', 'nothing of the sort'],
  ])('%s %s: the long way instead', (code, body) => {
    serve(code, body);
    rig.powerOn();
    rig.run(10 * SECOND);
    expect(server.requests.map(({ path }) => path)).toEqual(['/bspack', '/bs']);
    expect([server.finished, registrations()]).toEqual([1, 1]);
  });
});
