// Register, Update, De-register: bytes beside Wakaama's, and what follows a server that refuses, forgets, or is silent.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { beforeEach, describe, expect, test } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { fromHex, toHex } from '../../host/bytes.js';
import { loadKit, type CoapParsed } from '../../host/kit/index.js';
import { codeOf, uri } from '../coap/hex.js';
import { coapVectors } from '../vectors/read.js';
import { withPrograms } from '../peers.js';
import { until } from '../until.js';
import { endsWithTests } from '../leftover.js';

const kit = await loadKit();
const vector = (name: string): CoapParsed => {
  const found = coapVectors().messages.find((row) => row.name === name);
  if (!found) throw new Error(`no vector ${name}`);
  return kit.coapParse(fromHex(found.hex));
};
const REGISTER = vector('Register');
const SECOND = 1_000;

let now = 0;
/** All that was sent, but for retransmissions. */
let sent: CoapParsed[] = [];
let seen = new Set<string>();
/** What the server answers to a message: a code with Location-Path, or nothing. */
let server: (message: CoapParsed) => string | undefined = () => undefined;
let status = { state: '', failure: 0, version: 0, reconnect: false };

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
function begin(options: { name?: string; lifetime?: number; version?: 10 | 11; queue?: boolean } = {}): number {
  kit.coapBegin({ seed: 5n });
  now = 0;
  sent = [];
  seen = new Set();
  const { name = 'apa', lifetime = 300, version = 11, queue = false } = options;
  const result = kit.lwm2mRegistrationBegin(bytes(name), REGISTER.payload, lifetime, version, queue);
  look();
  return result;
}
function look(): void {
  const { reconnect, ...rest } = kit.lwm2mRegistrationStatus();
  status = { ...rest, reconnect: reconnect || status.reconnect };
}

/** Sends what waits; the server answers at once. */
function pump(): void {
  for (let out = kit.coapOutput(); out.length > 0; out = kit.coapOutput()) {
    if (!seen.has(toHex(out))) sent.push(kit.coapParse(out));
    seen.add(toHex(out));
    const message = kit.coapParse(out);
    const answer = message.code < 32 && message.code > 0 ? server(message) : undefined;
    if (answer === undefined) continue;
    const [code = '', ...location] = answer.split(' ');
    const options = location.map((part) => [8, bytes(part)] as const);
    const reply = kit.coapWrite({ ...message, type: 2, code: codeOf(code), options, payload: new Uint8Array() });
    kit.lwm2mRegistrationAnswered(now, kit.coapReceive(now, reply));
  }
  look();
}

/** Lets time go on. */
function run(until: number): void {
  pump();
  for (;;) {
    const next = Math.max(now, Math.min(kit.coapDeadline(), kit.lwm2mRegistrationDeadline()));
    if (next > until) break;
    now = next;
    kit.lwm2mRegistrationAnswered(now, kit.coapStep(now));
    kit.lwm2mRegistrationStep(now);
    pump();
  }
  now = until;
}
const act = (what: Parameters<typeof kit.lwm2mRegistrationDo>[0]): void => {
  kit.lwm2mRegistrationDo(what, now);
  pump();
};
const texts = (message: CoapParsed | undefined, option: number): string[] =>
  (message?.options ?? []).filter(([number]) => number === option).map(([, value]) => Buffer.from(value).toString());
const requests = (): string[] =>
  sent.map((m) => `${['', 'GET', 'POST', 'PUT', 'DELETE'][m.code]} /${texts(m, 11).join('/')}`);
const willing = (message: CoapParsed): string =>
  message.code === 4 ? '2.02' : texts(message, 11).length > 1 ? '2.04' : '2.01 rd 0';

beforeEach(() => {
  server = willing;
  status = { state: '', failure: 0, version: 0, reconnect: false };
  begin();
});

describe('the messages', () => {
  test('are option by option and byte by byte those of Wakaama', () => {
    act({ do: 'start' });
    expect(status.state).toBe('registered');
    act({ do: 'update' });
    act({ do: 'stop' });
    expect(status.state).toBe('off');
    expect(sent).toHaveLength(3);
    ['Register', 'Update POST /rd/0', 'De-register DELETE /rd/0'].forEach((name, i) => {
      const theirs = vector(name);
      // Only message ID and token are everybody's own; the token is as long.
      const { type, code, options, payload } = sent[i] as CoapParsed;
      expect({ type, code, options, payload }).toEqual({
        ...{ type: theirs.type, code: theirs.code, options: theirs.options, payload: theirs.payload },
      });
      expect(sent[i]?.token).toHaveLength(theirs.token.length);
    });
  });

  test('of LwM2M 1.0, and of queue mode in both versions', () => {
    begin({ version: 10, queue: true });
    act({ do: 'start' });
    expect(texts(sent[0], 15)).toEqual(['lwm2m=1.0', 'ep=apa', 'b=UQ', 'lt=300']);
    begin({ queue: true });
    act({ do: 'start' });
    expect(texts(sent[0], 15)).toEqual(['lwm2m=1.1', 'ep=apa', 'b=U', 'lt=300', 'Q']);
  });

  test('a name of up to 120 bytes', () => {
    expect(begin({ name: 'n'.repeat(121) })).toBe(Status.TooLong);
    expect(begin({ name: 'n'.repeat(120) })).toBe(Status.Ok);
    act({ do: 'start' });
    expect(status.state).toBe('registered');
    expect(texts(sent[0], 15)[1]).toBe(`ep=${'n'.repeat(120)}`);
  });

  test('an Update tells what is new, once', () => {
    act({ do: 'start' });
    act({ do: 'lifetime', seconds: 600 });
    expect([texts(sent[1], 15), sent[1]?.payload]).toEqual([['lt=600'], new Uint8Array()]);
    act({ do: 'links', body: bytes('</3/0>') });
    expect([texts(sent[2], 15), Buffer.from(sent[2]?.payload ?? []).toString(), sent[2]?.format]).toEqual([
      [],
      '</3/0>',
      40,
    ]);
    act({ do: 'update' });
    expect([texts(sent[3], 15), sent[3]?.payload]).toEqual([[], new Uint8Array()]);
    // The same lifetime is nothing new.
    act({ do: 'lifetime', seconds: 600 });
    expect(sent).toHaveLength(4);
  });

  test('the server gives any path', () => {
    server = (m) => (m.code === 2 && texts(m, 11)[0] === 'rd' ? '2.01 a bc %2F' : '2.04');
    act({ do: 'start' });
    act({ do: 'update' });
    expect(requests()[1]).toBe('POST /a/bc/%2F');
  });
});

describe('in time', () => {
  test.each([
    [86_400, 86_307],
    [300, 207],
    [186, 93],
    [185, 92],
    [60, 30],
    [1, 1],
  ])('with a lifetime of %i s an Update goes out after %i s', (lifetime, wait) => {
    begin({ lifetime });
    act({ do: 'start' });
    run(wait * SECOND - 1);
    expect(sent).toHaveLength(1);
    run(wait * SECOND);
    expect(requests().at(-1)).toBe('POST /rd/0');
  });

  test('a day: an Update every 207 s, and never anything else', () => {
    act({ do: 'start' });
    run(86_400 * SECOND);
    expect(sent).toHaveLength(1 + Math.floor(86_400 / 207));
    expect(new Set(requests().slice(1))).toEqual(new Set(['POST /rd/0']));
  });
});

describe('when the server', () => {
  test('has forgotten the device (4.04): Register again at once', () => {
    act({ do: 'start' });
    server = (m) => (texts(m, 11).length > 1 ? '4.04' : '2.01 rd 7');
    run(207 * SECOND);
    expect(requests()).toEqual(['POST /rd', 'POST /rd/0', 'POST /rd']);
    expect([status.state, status.reconnect]).toEqual(['registered', false]);
    server = willing;
    act({ do: 'update' });
    expect(requests().at(-1)).toBe('POST /rd/7');
  });

  test('does not answer an Update: Register again, over a new session', () => {
    act({ do: 'start' });
    server = (m) => (texts(m, 11).length > 1 ? undefined : '2.01 rd 1');
    run(207 * SECOND);
    expect(status.state).toBe('updating');
    run((207 + 93) * SECOND);
    expect(requests()).toEqual(['POST /rd', 'POST /rd/0', 'POST /rd']);
    expect(status).toMatchObject({ state: 'registered', reconnect: true });
  });

  test('knows only LwM2M 1.0 (4.12): with that, at once', () => {
    server = (m) => (texts(m, 15)[0] === 'lwm2m=1.1' ? '4.12' : '2.01 rd 0');
    act({ do: 'start' });
    run(0);
    expect(sent).toHaveLength(2);
    expect(status).toMatchObject({ state: 'registered', version: 10 });
  });

  test('knows no version: a failure like any other', () => {
    server = () => '4.12';
    act({ do: 'start' });
    run(0);
    expect(sent).toHaveLength(2);
    expect(status).toMatchObject({ state: 'waiting', failure: codeOf('4.12') });
  });

  test.each(['4.00', '4.03', '5.00', '2.04', '2.01'])(
    'answers %s: attempts after 60, 120, 240, 480 s, then failed',
    (code) => {
      server = () => code;
      act({ do: 'start' });
      run(0);
      const times: number[] = [0];
      for (let second = 1; second <= 2_000; second++) {
        const before = sent.length;
        run(second * SECOND);
        if (sent.length > before) times.push(second);
      }
      expect(times).toEqual([0, 60, 180, 420, 900]);
      expect(status).toMatchObject({ state: 'failed', failure: codeOf(code) });
      expect(kit.lwm2mRegistrationDeadline()).toBe(Infinity);
      // A bootstrap or a person starts again.
      server = willing;
      act({ do: 'start' });
      expect(status.state).toBe('registered');
    },
  );

  test('is silent for two sequences of two attempts and comes back in the third', () => {
    kit.lwm2mRegistrationRules({ count: 2, timer: 10, delay: 3_600, sequences: 3 });
    let up = false;
    server = (m) => (up ? willing(m) : undefined);
    act({ do: 'start' });
    run(2 * 3_600 * SECOND);
    expect(status).toMatchObject({ state: 'waiting', failure: Status.Timeout, reconnect: true });
    expect(sent).toHaveLength(4);
    up = true;
    run(2 * 3_600 * SECOND + 600 * SECOND);
    expect(status.state).toBe('registered');
    expect(requests().filter((request) => request === 'POST /rd')).toHaveLength(5);
  });

  test('fails once and resource 19 says never: failed', () => {
    kit.lwm2mRegistrationRules({ count: 1, timer: 10, delay: 0xffffffff, sequences: 9 });
    server = () => '4.03';
    act({ do: 'start' });
    expect(status.state).toBe('failed');
  });
});

describe('De-register', () => {
  test('is over with any answer, or after 10 s without', () => {
    for (const answer of ['2.02', '4.04', '5.00', undefined]) {
      server = willing;
      begin();
      act({ do: 'start' });
      server = () => answer;
      act({ do: 'stop' });
      run(9_999);
      expect(status.state).toBe(answer === undefined ? 'leaving' : 'off');
      run(10_000);
      look();
      expect([status.state, kit.coapIdle()]).toEqual(['off', true]);
      expect(requests().at(-1)).toBe('DELETE /rd/0');
    }
  });

  test('Disable: off for so long, then registered again', () => {
    act({ do: 'start' });
    act({ do: 'pause', seconds: 600 });
    expect(requests().at(-1)).toBe('DELETE /rd/0');
    run(599 * SECOND);
    expect([status.state, sent.length]).toEqual(['waiting', 2]);
    run(600 * SECOND);
    expect([status.state, requests().at(-1)]).toEqual(['registered', 'POST /rd']);
  });

  test('before the server has answered Register: nothing more is sent', () => {
    server = () => undefined;
    act({ do: 'start' });
    act({ do: 'stop' });
    run(3_600 * SECOND);
    expect([status.state, sent.length]).toEqual(['off', 1]);
    expect(kit.coapIdle()).toBe(true);
  });
});

test('requests of the server are served meanwhile: they are none of the registration', () => {
  server = () => undefined;
  act({ do: 'start' });
  const get = kit.coapWrite({
    ...{ type: 0, code: 1, mid: 1, token: new Uint8Array(), payload: new Uint8Array() },
    options: uri('3/0'),
  });
  expect(kit.lwm2mRegistrationAnswered(now, kit.coapReceive(now, get))).toBe(false);
  expect(status.state).toBe('registering');
});

withPrograms('coap-rd-openssl').test('coap-rd of libcoap, a resource directory, takes Register', async () => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const probe = createSocket('udp4');
  const port = await new Promise<number>((resolve) => probe.bind(0, '127.0.0.1', () => resolve(probe.address().port)));
  probe.close();
  const directory = endsWithTests(
    spawn('coap-rd-openssl', ['-A', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' }),
  );
  const answers: CoapParsed[] = [];
  const send = (): void => {
    for (let out = kit.coapOutput(); out.length > 0; out = kit.coapOutput()) socket.send(out, port, '127.0.0.1');
    look();
  };
  socket.on('message', (datagram) => {
    answers.push(kit.coapParse(datagram));
    kit.lwm2mRegistrationAnswered(Date.now(), kit.coapReceive(Date.now(), datagram));
    send();
  });
  const becomes = async (state: string): Promise<void> => {
    await until(() => {
      if (status.state === state) return true;
      kit.lwm2mRegistrationAnswered(Date.now(), kit.coapStep(Date.now()));
      kit.lwm2mRegistrationStep(Date.now());
      send();
      return false;
    });
    expect(status.state).toBe(state);
  };
  const wish = (what: 'start' | 'update'): void => {
    kit.lwm2mRegistrationDo({ do: what }, Date.now());
    send();
  };
  try {
    begin();
    wish('start');
    await becomes('registered');
    expect(texts(answers.at(-1), 8)[0]).toBe('rd');
    wish('update');
    await becomes('registered');
    // It has no Update by POST, which is LwM2M's own: what it refuses is registered again.
    expect(answers.slice(1).map(({ code }) => code)).toEqual([codeOf('4.05'), codeOf('2.01')]);
  } finally {
    directory.kill();
    socket.close();
  }
});
