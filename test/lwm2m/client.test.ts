// The LwM2M client as a whole: DTLS sessions, servers that are gone, refuse, or ask for silence; several servers; queue mode.
import { generate, parse } from 'coap-packet';
import { describe, expect, test } from 'vitest';
import { NEW, OLD, rotate, trigger, world } from './rig-world.js';
import {
  BootstrapServer,
  DmServer,
  Rig,
  TLV,
  account,
  optionOf,
  security,
  serverInstance,
  tlv,
  tlvEntry,
  type Command,
} from './rig.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

/** Asks the device; its answer, or undefined when there is none. */
function ask(rig: Rig, dm: DmServer, command: Command): { code: string; text: string } | undefined {
  let result: { code: string; text: string } | undefined;
  dm.coap.ask(dm.device, command, (answer) => {
    result = answer && { code: answer.code, text: answer.payload.toString() };
  });
  rig.run(SECOND);
  return result;
}
const read = (path: string): Command => ({ method: 'GET', path, accept: 0 });
const registers = (dm: DmServer): number[] =>
  dm.coap.requests.filter(({ path }) => path === '/rd').map(({ at }) => Math.round(at / SECOND));
const updates = (dm: DmServer): number =>
  dm.coap.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/rd/')).length;

describe('over DTLS', () => {
  test('a device without anything bootstraps in clear and registers with its new key', async () => {
    const { rig, dm } = await world();
    rig.powerOn();
    rig.run(10 * SECOND);
    expect([dm.handshakes, dm.identities]).toEqual([1, ['d-1']]);
    expect(rig.logs.at(-1)).toBe('lwm2m: registered with server 123');
  });

  test('after a restart it registers by what the store holds', async () => {
    const { rig, server, dm } = await world();
    rig.powerOn();
    rig.run(10 * SECOND);
    rig.powerOff();
    rig.powerOn();
    rig.run(10 * SECOND);
    expect([server.sessions, dm.identities]).toEqual([1, ['d-1', 'd-1']]);
  });

  test('one handshake and an Update in time: a week', async () => {
    const { rig, dm } = await world();
    rig.powerOn();
    rig.run(7 * DAY);
    expect([dm.handshakes, registers(dm).length]).toEqual([1, 1]);
    // Lifetime 300 s less 93 s.
    expect(updates(dm)).toBe(Math.floor((7 * 24 * 3_600) / 207));
  });

  test('another address behind a NAT: the connection ID keeps the session', async () => {
    const { rig, dm } = await world();
    rig.powerOn();
    rig.run(10 * SECOND);
    for (let i = 0; i < 5; i++) {
      rig.rebind();
      rig.run(HOUR);
    }
    expect([dm.handshakes, registers(dm).length]).toEqual([1, 1]);
    expect(ask(rig, dm, read('/1/1/1'))).toEqual({ code: '2.05', text: '300' });
  });

  test('another address, and a server without connection IDs: a new session when the Update is not answered', async () => {
    const { rig, dm } = await world();
    dm.dtls.cid = false;
    rig.powerOn();
    rig.run(10 * SECOND);
    rig.rebind();
    rig.run(HOUR);
    expect([dm.handshakes, registers(dm).length]).toEqual([2, 2]);
    expect(rig.app?.registered()).toBe(1);
  });

  test('a server that has lost its sessions: a new one when the Update is not answered', async () => {
    const { rig, dm } = await world();
    rig.powerOn();
    rig.run(10 * SECOND);
    dm.dtls.sessions = [];
    rig.run(600 * SECOND);
    expect([dm.handshakes, registers(dm).length]).toEqual([2, 2]);
  });

  test('a server that says goodbye: a new session at once', async () => {
    const { rig, dm } = await world();
    rig.powerOn();
    rig.run(10 * SECOND);
    const session = dm.dtls.sessions.at(-1)?.server;
    if (!session) throw new Error('no session');
    rig.send(session.alert(1, 0), dm.device, dm.host);
    rig.run(5 * SECOND);
    expect([dm.handshakes, registers(dm).length, rig.app?.registered()]).toEqual([2, 2, 1]);
  });

  test('loss, duplication, reordering and corruption of 30 % each way: it stays registered, or is so again', async () => {
    for (let i = 0; i < 10; i++) {
      const { rig, dm } = await world({ seed: `faults ${i}` });
      rig.faults = { loss: 0.3, duplication: 0.3, reordering: 0.3, corruption: 0.3 };
      rig.powerOn();
      rig.until(() => rig.app?.registered() === 1, 7 * DAY);
      rig.run(6 * HOUR);
      rig.faults = {};
      rig.until(() => rig.app?.registered() === 1, 2 * HOUR);
      rig.run(600 * SECOND);
      expect(ask(rig, dm, read('/1/1/1'))?.text).toBe('300');
    }
  });
});

describe('key rotation', () => {
  test('the server asks for a bootstrap, the new key is on trial, then it is the only one', async () => {
    const parts = await world();
    const { rig, server, dm } = parts;
    rig.powerOn();
    rig.run(10 * SECOND);
    rotate(parts);
    trigger(parts);
    rig.run(20 * SECOND);
    expect([server.finished, dm.identities]).toEqual([2, ['d-1', 'd-2']]);
    expect(rig.logs.slice(-5)).toEqual([
      'lwm2m: bootstrap asked for by the server',
      'lwm2m: bootstrap from coap://bootstrap.example',
      'lwm2m: bootstrap done, new account on trial',
      'lwm2m: registered with server 123',
      'lwm2m: the new account is proven',
    ]);
    expect(Buffer.from(rig.store.read(1) ?? []).includes(Buffer.from(OLD))).toBe(false);
  });

  test('a new key that is wrong: back to the old one, /1/x/11 and the log say why', async () => {
    const parts = await world();
    const { rig, dm } = parts;
    rig.powerOn();
    rig.run(10 * SECOND);
    rotate(parts, new Uint8Array(16).fill(9));
    trigger(parts);
    rig.run(HOUR);
    expect(dm.identities).toEqual(['d-1', 'd-1']);
    const silence = 'lwm2m: handshake with server 123 failed: silence on our key, which may be wrong';
    expect(rig.logs.slice(5)).toEqual([
      'lwm2m: bootstrap done, new account on trial',
      ...[60, 120, 240, 480].map((s) => `${silence}, next in ${s} s`),
      `${silence}, given up`,
      'lwm2m: the new account does not work: back to the old one',
      'lwm2m: registered with server 123',
    ]);
    expect(ask(rig, dm, read('/1/1/11'))).toEqual({ code: '2.05', text: '51' });
    expect(Buffer.from(rig.store.read(1) ?? []).includes(Buffer.alloc(16, 9))).toBe(false);
  });

  test('alert 115, unknown identity: no further attempt, back to the old one at once', async () => {
    const parts = await world();
    const { rig, dm } = parts;
    rig.powerOn();
    rig.run(10 * SECOND);
    rotate(parts);
    dm.dtls.refuses = (server) => (server.identity === 'd-2' ? server.alert(2, 115, 0) : undefined);
    trigger(parts);
    rig.run(20 * SECOND);
    expect(dm.identities).toEqual(['d-1', 'd-1']);
    expect(rig.logs.slice(-3)).toEqual([
      'lwm2m: handshake with server 123 failed: refused, alert 115, given up',
      'lwm2m: the new account does not work: back to the old one',
      'lwm2m: registered with server 123',
    ]);
    expect(ask(rig, dm, read('/1/1/11'))).toEqual({ code: '2.05', text: '115' });
  });

  test('the new server refuses the registration (4.03): back to the old one by the retry rules', async () => {
    const parts = await world();
    const { rig, server, dm } = parts;
    const other = new DmServer(rig, 'new.example:5684');
    other.keys.set('d-2', NEW);
    other.code = '4.03';
    rig.powerOn();
    rig.run(10 * SECOND);
    server.commands = account(security('new.example', 7, 'd-2', NEW), serverInstance(7, { 17: 2, 18: 10 }));
    trigger(parts);
    rig.run(60 * SECOND);
    expect(registers(other)).toHaveLength(2);
    expect(dm.identities).toEqual(['d-1', 'd-1']);
    expect(rig.logs.slice(-4)).toEqual([
      'lwm2m: registration with server 7 failed: 4.03, next in 10 s',
      'lwm2m: registration with server 7 failed: 4.03, given up',
      'lwm2m: the new account does not work: back to the old one',
      'lwm2m: registered with server 123',
    ]);
  });

  test('a bootstrap that fails leaves the old account in use, without a new handshake, and is tried again', async () => {
    const parts = await world();
    const { rig, server, dm } = parts;
    rig.powerOn();
    rig.run(10 * SECOND);
    server.code = '4.03';
    trigger(parts);
    rig.run(30 * SECOND);
    expect([dm.handshakes, rig.app?.registered(), server.sessions]).toEqual([1, 1, 2]);
    server.code = '2.04';
    rotate(parts);
    rig.run(HOUR);
    expect(dm.identities.at(-1)).toBe('d-2');
  });
});

describe('a server that is gone', () => {
  test('for a day, with its bootstrap server: the device keeps its account and comes back with it', async () => {
    const { rig, server, dm } = await world();
    rig.powerOn();
    rig.run(10 * SECOND);
    const before = rig.wire.length;
    for (const host of [dm.host, server.host]) rig.down.add(host);
    rig.run(DAY);
    expect(rig.app?.registered()).toBe(0);
    // Not more than a few hundred datagrams in a day of trying.
    expect(rig.wire.length - before).toBeLessThan(1_500);
    rig.down.clear();
    rig.until(() => rig.app?.registered() === 1, HOUR);
    expect(dm.identities.at(-1)).toBe('d-1');
  });

  test('for ever: after the retry rules a bootstrap brings another account', async () => {
    const { rig, server, dm } = await world();
    rig.powerOn();
    rig.run(10 * SECOND);
    const other = new DmServer(rig, 'new.example:5684');
    other.keys.set('d-2', NEW);
    server.commands = account(security('new.example', 123, 'd-2', NEW), serverInstance(123), 2);
    rig.down.add(dm.host);
    rig.run(2 * HOUR);
    expect(other.identities).toEqual(['d-2']);
  });

  test('and resource 16 says no bootstrap: another turn after resource 19', async () => {
    const parts = await world();
    const { rig, server, dm } = parts;
    server.commands = account(
      security('dm.example', 123, 'd-1', OLD),
      serverInstance(123, { 16: 0, 17: 1, 19: 7_200 }),
    );
    rig.powerOn();
    rig.run(10 * SECOND);
    rig.down.add(dm.host);
    rig.run(3 * HOUR);
    expect(server.sessions).toBe(1);
    rig.down.clear();
    rig.run(2 * HOUR);
    expect([rig.app?.registered(), server.sessions]).toEqual([1, 1]);
  });
});

describe('what a server may do', () => {
  const fresh = async (): Promise<Awaited<ReturnType<typeof world>>> => {
    const parts = await world();
    parts.rig.powerOn();
    parts.rig.run(10 * SECOND);
    return parts;
  };

  test('Disable: 2.04, De-register, silence for /1/x/5, then Register', async () => {
    const { rig, dm } = await fresh();
    expect(ask(rig, dm, { method: 'PUT', path: '/1/1/5', format: 0, payload: Buffer.from('600') })?.code).toBe('2.04');
    expect(ask(rig, dm, { method: 'POST', path: '/1/1/4' })?.code).toBe('2.04');
    const quiet = rig.wire.length;
    expect(rig.logs.at(-1)).toBe('lwm2m: off for server 123, next in 600 s');
    rig.run(590 * SECOND);
    expect([dm.registrations.size, rig.wire.length]).toEqual([0, quiet]);
    rig.run(20 * SECOND);
    expect([dm.registrations.size, rig.app?.registered()]).toEqual([1, 1]);
  });

  test('Registration Update Trigger', async () => {
    const { rig, dm } = await fresh();
    ask(rig, dm, { method: 'POST', path: '/1/1/8' });
    expect(updates(dm)).toBe(1);
  });

  test('a lifetime that it writes is in the next Update, and outlives a restart', async () => {
    const { rig, dm } = await fresh();
    ask(rig, dm, { method: 'PUT', path: '/1/1/1', format: 0, payload: Buffer.from('1000') });
    expect(dm.coap.requests.at(-1)?.query).toEqual(['lt=1000']);
    rig.powerOff();
    rig.powerOn();
    rig.run(10 * SECOND);
    expect(dm.coap.requests.at(-1)?.query).toContain('lt=1000');
  });

  test('new instances are told in an Update', async () => {
    const { rig, dm } = await fresh();
    rig.app?.grow();
    rig.run(300 * SECOND);
    expect(dm.coap.requests.filter(({ payload }) => payload.includes('</33000/3>'))).toHaveLength(1);
    const created = ask(rig, dm, {
      method: 'POST',
      path: '/33000',
      format: TLV,
      payload: tlvEntry(0, 1, tlv({ 0: 5 })),
    });
    expect([created?.code, dm.coap.requests.at(-1)?.payload.toString().includes('</33000/1>')]).toEqual(['2.01', true]);
  });

  test('not: see or touch Security, make or delete servers', async () => {
    const { rig, dm } = await fresh();
    expect(ask(rig, dm, read('/0/1/5'))?.code).toBe('4.01');
    expect(ask(rig, dm, { method: 'DELETE', path: '/1/1' })?.code).toMatch(/^[45]\./);
    expect(ask(rig, dm, { method: 'POST', path: '/1', format: TLV, payload: serverInstance(9) })?.code).toMatch(
      /^[45]\./,
    );
    expect(rig.app?.registered()).toBe(1);
  });

  test.each(['4.12', '4.00'])('a server of LwM2M 1.0 (%s): with that, and what it knows', async (code) => {
    const { rig, dm } = await world();
    const { handler } = dm.coap;
    dm.coap.handler = (packet, path, from) =>
      packet.options.some(({ value }) => String(value) === 'lwm2m=1.1') ? { code } : handler(packet, path, from);
    rig.powerOn();
    rig.run(10 * SECOND);
    const [first, second, ...more] = dm.coap.requests;
    expect([first?.query[0], second?.query[0], more.length]).toEqual(['lwm2m=1.1', 'lwm2m=1.0', 0]);
    expect(String(first?.payload)).toBe('</>;rt="oma.lwm2m";ct=11542,</1>;ver=1.1,</1/1>,</3/0>,</33000>');
    expect(String(second?.payload)).toBe('</>;rt="oma.lwm2m",</1/1>,</3/0>,</33000>');
    expect(rig.app?.registered()).toBe(1);
    rig.app?.grow();
    rig.run(300 * SECOND);
    expect(dm.coap.requests.map(({ payload }) => String(payload))).toContain(
      '</>;rt="oma.lwm2m",</1/1>,</3/0>,</33000/3>',
    );
  });

  test('a server of LwM2M 1.0 that learns 1.1: the device speaks it as soon as it registers again, and tells all', async () => {
    const { rig, dm } = await world();
    const { handler } = dm.coap;
    let isOld = true;
    dm.coap.handler = (packet, path, from) =>
      isOld && packet.options.some(({ value }) => String(value) === 'lwm2m=1.1')
        ? { code: '4.12' }
        : handler(packet, path, from);
    const said = (): string[] =>
      dm.coap.requests.splice(0).map(({ path, query, payload }) => [path, query[0], payload].join(' '));
    const links = { new: '</>;rt="oma.lwm2m";ct=11542,</1>;ver=1.1,</1/1>,</3/0>,</33000>', old: '' };
    links.old = '</>;rt="oma.lwm2m",</1/1>,</3/0>,</33000>';
    rig.powerOn();
    rig.run(10 * SECOND);
    expect(said()).toEqual([`/rd lwm2m=1.1 ${links.new}`, `/rd lwm2m=1.0 ${links.old}`]);
    // Updates go on as they are.
    rig.run(210 * SECOND);
    expect(said()).toEqual(['/rd/0  ']);
    // It forgets the device, first as it is and then with an update of itself.
    dm.registrations.clear();
    rig.run(210 * SECOND);
    expect(said()).toEqual(['/rd/0  ', `/rd lwm2m=1.1 ${links.new}`, `/rd lwm2m=1.0 ${links.old}`]);
    isOld = false;
    dm.registrations.clear();
    rig.run(210 * SECOND);
    expect(said()).toEqual(['/rd/1  ', `/rd lwm2m=1.1 ${links.new}`]);
    expect(rig.app?.registered()).toBe(1);
  });

  test('objects that come while Register is under way are told, and the registration counts', async () => {
    const { rig, dm } = await world();
    const { handler } = dm.coap;
    dm.coap.handler = (packet, path, from) => {
      if (path === '/rd') rig.app?.grow();
      return handler(packet, path, from);
    };
    rig.powerOn();
    rig.run(10 * SECOND);
    expect(dm.coap.requests.map(({ path }) => path)).toEqual(['/rd', '/rd/0']);
    expect(rig.logs.at(-1)).toBe('lwm2m: registered with server 123');
    expect([rig.app?.registered(), rig.app?.trial()]).toEqual([1, 0]);
  });
});

describe('queue mode', () => {
  test('it sleeps 93 s after the last message, and wakes with an Update over the same session', async () => {
    const { rig, server, dm } = await world();
    server.commands = account(security('dm.example', 123, 'd-1', OLD), serverInstance(123, { 1: 3_600, 7: 'UQ' }));
    rig.powerOn();
    rig.run(10 * SECOND);
    expect(dm.coap.requests[0]?.query).toContain('Q');
    rig.run(60 * SECOND);
    expect(ask(rig, dm, read('/1/1/1'))?.text).toBe('3600');
    rig.run(100 * SECOND);
    expect(ask(rig, dm, read('/1/1/1'))).toBeUndefined();
    rig.run(2 * HOUR);
    expect([dm.handshakes, registers(dm).length, updates(dm)]).toEqual([1, 1, 2]);
  });
});

describe('observations', () => {
  const NOTIFIED = '2.05';
  /** Payloads of notifications that came, besides answers. */
  function listen(dm: DmServer): string[] {
    const told: string[] = [];
    const receive = dm.coap.receive.bind(dm.coap);
    dm.coap.receive = (datagram, from) => {
      const packet = parse(datagram);
      if (packet.code === NOTIFIED && optionOf(packet, 'Observe').length > 0 && !packet.ack) {
        told.push(packet.payload.toString());
        if (packet.confirmable)
          dm.coap.transmit(generate({ ack: true, messageId: packet.messageId, code: '0.00' }), from);
      }
      receive(datagram, from);
    };
    return told;
  }
  const observe: Command = { method: 'GET', path: '/33000/3/0', accept: 0, observe: 0 };

  test('outlive another address, by the connection ID', async () => {
    const { rig, dm } = await world();
    rig.powerOn();
    rig.run(10 * SECOND);
    rig.app?.grow();
    rig.run(300 * SECOND);
    const told = listen(dm);
    expect(ask(rig, dm, observe)).toEqual({ code: '2.05', text: '0' });
    rig.app?.measure(7);
    rig.run(300 * SECOND);
    rig.rebind();
    rig.app?.measure(8);
    rig.run(300 * SECOND);
    expect(told).toEqual(['7', '8']);
  });

  test('end with the registration', async () => {
    const { rig, dm } = await world();
    rig.powerOn();
    rig.run(10 * SECOND);
    rig.app?.grow();
    rig.run(300 * SECOND);
    const told = listen(dm);
    ask(rig, dm, observe);
    dm.registrations.clear();
    rig.run(300 * SECOND);
    expect(registers(dm)).toHaveLength(2);
    rig.app?.measure(7);
    rig.run(300 * SECOND);
    expect(told).toEqual([]);
  });

  test('wake a device in queue mode: Update first, then the notification', async () => {
    const { rig, server, dm } = await world();
    const rules = { 1: 86_400, 6: 1, 7: 'UQ' };
    server.commands = account(security('dm.example', 123, 'd-1', OLD), serverInstance(123, rules));
    rig.powerOn();
    rig.run(10 * SECOND);
    rig.app?.grow();
    ask(rig, dm, { method: 'POST', path: '/1/1/8' });
    rig.run(60 * SECOND);
    const told = listen(dm);
    expect(ask(rig, dm, observe)?.code).toBe('2.05');
    rig.run(200 * SECOND);
    expect(ask(rig, dm, read('/1/1/1'))).toBeUndefined();
    const before = updates(dm);
    rig.app?.measure(9);
    rig.wake();
    rig.run(10 * SECOND);
    expect([told, updates(dm) - before, dm.handshakes]).toEqual([['9'], 1, 1]);
  });
});

describe('two servers', () => {
  const KEY = new Uint8Array(16).fill(3);
  async function two(
    a: Readonly<Record<number, number | string>>,
    b: Readonly<Record<number, number | string>>,
    more: Command[] = [],
  ): Promise<{ rig: Rig; server: BootstrapServer; one: DmServer; other: DmServer }> {
    const { rig, server, dm: one } = await world();
    const other = new DmServer(rig, 'other.example:5684');
    other.keys.set('o-1', KEY);
    server.commands = [
      ...account(security('dm.example', 1, 'd-1', OLD), serverInstance(1, a)),
      { method: 'PUT', path: '/0/2', format: TLV, payload: security('other.example', 2, 'o-1', KEY) },
      { method: 'PUT', path: '/1/2', format: TLV, payload: serverInstance(2, b) },
      ...more,
    ];
    return { rig, server, one, other };
  }

  test('register independently', async () => {
    const { rig, one, other } = await two({}, {});
    rig.powerOn();
    rig.run(60 * SECOND);
    expect([one.registrations.size, other.registrations.size]).toEqual([1, 1]);
    rig.run(HOUR);
    expect([one.handshakes, other.handshakes]).toEqual([1, 1]);
  });

  test('register in the order of resource 13, the second after its delay, resource 14', async () => {
    const { rig, one, other } = await two({ 13: 2, 14: 30 }, { 13: 1 });
    rig.powerOn();
    rig.run(120 * SECOND);
    const [first = 0] = registers(other);
    const [second = 0] = registers(one);
    expect(second - first).toBeGreaterThanOrEqual(30);
    expect(second - first).toBeLessThan(33);
  });

  test('a failure of the first blocks the second when resource 15 says so, and else not', async () => {
    for (const block of [0, 1]) {
      const { rig, one, other } = await two({ 13: 2, 16: 0 }, { 13: 1, 15: block, 16: 0, 17: 1 });
      other.code = '4.03';
      rig.powerOn();
      rig.run(HOUR);
      expect(one.registrations.size).toBe(1 - block);
    }
  });

  test('what one may not do to the other: its Server instance is not its own', async () => {
    const { rig, server, one } = await two({}, {});
    rig.powerOn();
    rig.run(60 * SECOND);
    expect(ask(rig, one, read('/1/1/1'))).toEqual({ code: '2.05', text: '300' });
    for (const command of [read('/1/2/1'), { method: 'POST', path: '/1/2/9' } as const])
      expect(ask(rig, one, command)?.code).toBe('4.01');
    expect(server.sessions).toBe(1);
  });

  test('who creates an instance owns it; the other sees it only by a list that says so', async () => {
    const { rig, one, other } = await two({}, {});
    rig.powerOn();
    rig.run(60 * SECOND);
    const create: Command = { method: 'POST', path: '/33000', format: TLV, payload: tlvEntry(0, 1, tlv({ 0: 5 })) };
    // Nobody has been given the right to create.
    expect(ask(rig, one, create)?.code).toBe('4.01');
    const list = (instance: number): Buffer =>
      Buffer.concat([
        tlv({ 0: 33_000, 1: instance }),
        tlvEntry(2, 2, Buffer.concat([tlvEntry(1, 1, Buffer.from([16])), tlvEntry(1, 2, Buffer.from([0]))])),
        tlv({ 3: 65_535 }),
      ]);
    const again = await two({}, {}, [{ method: 'PUT', path: '/2/0', format: TLV, payload: list(65_535) }]);
    again.rig.powerOn();
    again.rig.run(60 * SECOND);
    expect(ask(again.rig, again.one, create)?.code).toBe('2.01');
    expect(ask(again.rig, again.other, { ...create, payload: tlvEntry(0, 2, tlv({ 0: 5 })) })?.code).toBe('4.01');
    expect(ask(again.rig, again.one, read('/33000/1/0'))).toEqual({ code: '2.05', text: '5' });
    expect(ask(again.rig, again.other, read('/33000/1/0'))?.code).toBe('4.01');
    // And it outlives a restart.
    again.rig.powerOff();
    again.rig.powerOn();
    again.rig.run(60 * SECOND);
    expect(ask(again.rig, again.other, read('/1/2/1'))?.code).toBe('2.05');
    void other;
  });
});

test('the device comes to rest: a day of a registered device takes few turns', async () => {
  const { rig } = await world();
  rig.powerOn();
  rig.run(10 * SECOND);
  const before = rig.turns;
  rig.run(DAY);
  expect(rig.turns - before).toBeLessThan(417 * 12);
});
