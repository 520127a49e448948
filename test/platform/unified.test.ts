import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { duplexPair } from '../../host/cloud/index.js';
import { Directory, PlatformConfigError } from '../../host/platform/index.js';
import { MESSAGE_SERVICES, NAMESPACES } from '../../host/platform/services.js';
import {
  type DeviceMessage,
  type MessageAnswer,
  type MessageService,
  statusAndBody,
} from '../../host/platform/message/message.js';
import { Refusal } from '../../host/platform/refusal.js';
import { Unified, unified } from '../../host/platform/unified/index.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { frame } from './frames.js';
import { serviceContext } from './fronts.js';
import { BeamWorld, config, Device, EPOCH_MS, FakeRegistry, headerLines, IMSI, post, session } from './harness.js';

const UNI = 'uni.soracom.io';
const DESTINATION = 'http://site.test/in';

/** A group with these namespaces beside Beam's HTTP entry at /, which is what `config` has. */
function groupConfig(SoracomBeam: object, UnifiedEndpoint?: object, more: object = {}): unknown {
  const base = config() as { groups: { sensors: { configuration: object } } };
  base.groups.sensors.configuration = { SoracomBeam, ...(UnifiedEndpoint && { UnifiedEndpoint }), ...more };
  return base;
}

const beam = (key: string, more: object = {}) => ({
  [key]: { enabled: true, destination: DESTINATION, addSubscriberHeader: true, ...more },
});
const TCP = 'tcp://beam.soracom.io:23080';
const UDP = 'udp://beam.soracom.io:23080';
const HTTP = 'http://beam.soracom.io:8888/';
const reply = (status: number, body: string): string =>
  `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\nX-Own: 1\r\n\r\n${body}`;

function beamWorld(entries: object, answer: string, unified?: object, more?: object) {
  const world = new BeamWorld({ config: groupConfig(entries, unified, more) });
  return { world, requests: world.serveBytes('site.test', 80, answer).requests };
}

const overHttp = (world: BeamWorld, body = 'x', headers = '', path = '/'): Promise<string> =>
  world.request(post(body, headers, path), 80, session(), UNI);

async function overTcp(world: BeamWorld, bytes: string | Uint8Array): Promise<string> {
  const device = world.connect(23080, session(), UNI);
  device.send(bytes);
  device.stream.end();
  await device.ended();
  return device.text;
}

describe('through the Unified Endpoint, Beam', () => {
  it('takes TCP and UDP by its 23080 entries, always as version 202411', async () => {
    const version = { version: '201509', eodBytes: '0d0a' };
    const { world, requests } = beamWorld({ ...beam(TCP, version), ...beam(UDP) }, reply(404, 'no'));
    expect(await overTcp(world, 'hello')).toBe('404 no');
    expect(await world.datagram('hello', session(), UNI)).toBe('404 no');
    expect(requests.map((r) => r.split('\r\n\r\n')[1])).toEqual(Array(2).fill('{"payload":"aGVsbG8="}'));
    expect(requests[0]).toContain('User-Agent: SORACOM Beam');
    expect(headerLines(requests[0] ?? '')).toContain(`x-soracom-imsi: ${IMSI}`);
  });

  it('skips the status code where its entry says so', async () => {
    const { world } = beamWorld({ ...beam(TCP, { skipStatusCode: true }) }, reply(200, 'fine'));
    expect(await overTcp(world, 'x')).toBe('fine');
  });

  it('takes HTTP by its HTTP entry of the same path, and gives back the answer as it is', async () => {
    const { world, requests } = beamWorld(beam(HTTP), reply(418, 'tea'));
    const answer = await overHttp(world, '{"a":1}', 'X-Soracom-Imsi: 1\r\nX-Kept: 1\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 418 X\r\n[^]*X-Own: 1\r\n[^]*\r\n\r\ntea$/);
    expect(answer.match(/content-length/gi)).toHaveLength(1);
    expect(requests[0]).toMatch(/^POST \/in HTTP\/1\.1\r\n/);
    expect(headerLines(requests[0] ?? '')).toEqual(expect.arrayContaining(['x-kept: 1', `x-soracom-imsi: ${IMSI}`]));
    expect(await overHttp(world, 'x', '', '/other')).toMatch(
      /^HTTP\/1\.1 400 [^]*no service is enabled for the group\n$/,
    );
  });

  it('is not reached by TCP to TCP, nor by an entry of another transport', async () => {
    const entries = {
      ...beam(UDP),
      'tcp://beam.soracom.io:8023': { enabled: true, destination: 'tcp://site.test:80' },
    };
    const { world, requests } = beamWorld(entries, reply(200, ''));
    expect(await overTcp(world, 'x')).toBe('400 no service is enabled for the group');
    expect(requests).toEqual([]);
  });

  it('gets the Binary Parser’s JSON, and frames of Binary Format v1 where the endpoint has its switch on', async () => {
    const air = { SoracomAir: { binaryParserEnabled: true, binaryParserFormat: 't::uint:8' } };
    const { world, requests } = beamWorld(beam(TCP), reply(200, ''), { binaryFormatV1: true }, air);
    expect(await overTcp(world, Buffer.concat([frame('\x05'), frame('\x07')]))).toBe('200200');
    expect(requests.map((r) => r.split('\r\n\r\n')[1])).toEqual([
      '{"t":5,"binaryParserEnabled":true}',
      '{"t":7,"binaryParserEnabled":true}',
    ]);
    // Beam's own switch is another one.
    const own = beamWorld(beam(TCP, { binaryFormatV1: true }), reply(200, ''));
    expect(await overTcp(own.world, 'raw')).toBe('200');
  });

  it('fails as it does by itself', async () => {
    const { world } = beamWorld(beam(TCP, { destination: 'http://dead.test/' }), '');
    expect(await overTcp(world, 'x')).toBe('502 Beam: the destination cannot be reached');
  });
});

type Act = (message: DeviceMessage) => Promise<MessageAnswer> | MessageAnswer;

/** The endpoint before services of the test's own; each says what it got. */
class UnifiedWorld {
  readonly clock = new VirtualClock(EPOCH_MS);
  readonly events: TraceEvent[] = [];
  readonly registry = new FakeRegistry();
  readonly got: { service: string; message: DeviceMessage }[] = [];

  constructor(acts: Readonly<Record<string, Act | undefined>>, response?: object) {
    const directory = new Directory({ namespaces: NAMESPACES }).seed(groupConfig({}, response && { response }));
    const services = Object.entries(acts).map(([name, act]): MessageService => ({
      name,
      enabledFor: () => act !== undefined,
      answer: async (message) => {
        this.got.push({ service: name, message });
        return (await act?.(message)) ?? { status: 500, body: Buffer.alloc(0) };
      },
      reply: (answer) => ({ bytes: Buffer.concat([Buffer.from(`${name}:`), statusAndBody(answer)]) }),
      framed: () => false,
    }));
    const { namespace } = unified(MESSAGE_SERVICES);
    const order = MESSAGE_SERVICES.map(({ name }) => name);
    const context = serviceContext(this.clock, directory, this.events);
    new Unified(context, services, { namespace, order }).register(this.registry);
  }

  run(until: () => boolean, within = 60 * SECOND): Promise<string> {
    return this.clock.run({ until, deadline: this.clock.now() + within });
  }

  async udp(bytes = 'x'): Promise<string> {
    let text: string | undefined;
    this.registry.send(UNI, 23080, Buffer.from(bytes), session(), (answer) => (text = Buffer.from(answer).toString()));
    await this.run(() => text !== undefined);
    return text ?? 'nothing';
  }

  async ask(port: number, bytes: string): Promise<string> {
    const [near, far] = duplexPair(this.clock, MS);
    this.registry.connect(port, far, session(), UNI);
    const device = new Device(this, near);
    device.send(bytes);
    near.end();
    await device.ended();
    return device.text;
  }

  tcp(bytes = 'x'): Promise<string> {
    return this.ask(23080, bytes);
  }

  async http(headers = ''): Promise<{ status: number; head: string; body: string }> {
    const [head = '', body = ''] = (await this.ask(80, post('{"a":1}', headers))).split('\r\n\r\n');
    return { status: Number(head.slice(9, 12)), head, body };
  }
}

const gives =
  (status: number, body = ''): Act =>
  () => ({ status, body: Buffer.from(body) });
const ok = { beam: gives(200, 'b'), funnel: gives(204), funk: gives(200, '{"f":1}'), harvest: gives(201) };

const detail = (...statuses: [string, number, string][]) =>
  Object.fromEntries(statuses.map(([name, statusCode, body]) => [name, { statusCode, body }]));
const ALL = detail(['beam', 200, 'b'], ['funnel', 204, ''], ['funk', 200, '{"f":1}'], ['harvest', 201, '']);

describe('the Unified Endpoint', () => {
  it('gives every enabled service the same message, and says the Unified object about all', async () => {
    const whole = { statusCode: 200, body: { result: 'ok', detail: ALL } };
    for (const world of [new UnifiedWorld(ok), new UnifiedWorld(ok, { format: 'Unified' })]) {
      expect(JSON.parse(await world.udp())).toEqual(whole);
      expect(JSON.parse(await world.tcp())).toEqual(whole);
      const { status, head, body } = await world.http();
      expect(status).toBe(200);
      expect(head).toMatch(/content-type: application\/json/i);
      expect(JSON.parse(body)).toEqual(whole.body);
      expect(world.got.map(({ service }) => service)).toEqual(Array(3).fill(Object.keys(ok)).flat());
      expect(
        new Set(world.got.map(({ message }) => `${message.id} ${message.session.imsi} ${message.unified}`)).size,
      ).toBe(3);
    }
  });

  it('says 207 and ng when one fails, with each one’s own status', async () => {
    const acts: Record<string, Act> = {
      ...ok,
      funnel: () => Promise.reject(new Refusal(400, 'Invalid JSON is send to funnel.')),
      funk: () => Promise.reject(new Error('a secret')),
    };
    const world = new UnifiedWorld(acts);
    const mixed = {
      result: 'ng',
      detail: {
        ...ALL,
        ...detail(['funnel', 400, 'Invalid JSON is send to funnel.'], ['funk', 500, 'internal error']),
      },
    };
    expect(JSON.parse(await world.udp())).toEqual({ statusCode: 207, body: mixed });
    const { status, body } = await world.http();
    expect([status, JSON.parse(body)]).toEqual([207, mixed]);
    expect(JSON.stringify(world.events)).not.toContain('a secret');
  });

  it('waits for the slowest', async () => {
    const world = new UnifiedWorld({});
    const slow: Act = async () => {
      await slowly.clock.sleep(20 * SECOND);
      return { status: 200, body: Buffer.from('late') };
    };
    const slowly = new UnifiedWorld({ ...ok, beam: slow });
    expect(JSON.parse(await slowly.udp())).toMatchObject({ body: { detail: { beam: { body: 'late' } } } });
    expect(slowly.clock.now()).toBeGreaterThanOrEqual(20 * SECOND);
    expect(await world.udp()).toBe('400 no service is enabled for the group');
  });

  it('Auto with one service gives its answer in its own form; Unified does not', async () => {
    const one = { beam: undefined, harvest: gives(201) };
    expect(await new UnifiedWorld(one).udp()).toBe('harvest:201');
    expect(await new UnifiedWorld(one, { format: 'Auto' }).tcp()).toBe('harvest:201');
    expect(await new UnifiedWorld(one).http()).toMatchObject({ status: 201, body: '' });
    expect(JSON.parse(await new UnifiedWorld(one, { format: 'Unified' }).udp())).toEqual({
      statusCode: 200,
      body: { result: 'ok', detail: detail(['harvest', 201, '']) },
    });
  });

  it.each([
    ['SoracomBeam', 'beam:200 b', 200, 'b'],
    ['SORACOMFunnel', 'funnel:204', 204, ''],
    ['SORACOMFunk', 'funk:200 {"f":1}', 200, '{"f":1}'],
    ['SoracomHarvest', 'harvest:201', 201, ''],
  ])(
    'format %s gives that service’s answer; the others have the message all the same',
    async (format, text, status, body) => {
      const world = new UnifiedWorld(
        { ...ok, [format.slice(7).toLowerCase()]: ok[format.slice(7).toLowerCase() as 'beam'] },
        { format },
      );
      expect(await world.udp()).toBe(text);
      expect(await world.http()).toMatchObject({ status, body });
      expect(world.got).toHaveLength(8);
    },
  );

  it('a format that names a service which is off: 400, and the others have the message', async () => {
    const world = new UnifiedWorld({ beam: gives(200), funk: undefined }, { format: 'SoracomFunk' });
    expect(await world.udp()).toBe('400 funk is not enabled for the group');
    expect(await world.http()).toMatchObject({ status: 400, body: 'funk is not enabled for the group' });
    expect(world.got).toHaveLength(2);
  });

  it('Custom gives the operator’s own words for success and failure', async () => {
    const response = {
      format: 'Custom',
      success: { statusCode: 202, body: '{"thanks":1}', contentType: 'application/json' },
      failure: { statusCode: 503 },
    };
    const good = new UnifiedWorld(ok, response);
    expect(await good.udp()).toBe('202 {"thanks":1}');
    const answer = await good.http();
    expect(answer).toMatchObject({ status: 202, body: '{"thanks":1}' });
    expect(answer.head).toContain('Content-Type: application/json');
    const bad = new UnifiedWorld({ ...ok, beam: gives(500) }, response);
    expect(await bad.tcp()).toBe('503');
    expect(await bad.http()).toMatchObject({ status: 503, body: '' });
  });

  it('does not pass a timestamp header on, in any spelling', async () => {
    const world = new UnifiedWorld({ harvest: gives(201) });
    await world.http('X-Soracom-Timestamp: 1\r\nx_soracom_timestamp: 2\r\nX-SORACOM_TIMESTAMP: 3\r\nX-Other: 4\r\n');
    const names = world.got[0]?.message.headers.map(([name]) => name.toLowerCase());
    expect(names).toEqual(['host', 'content-type', 'x-other', 'content-length', 'connection']);
  });

  it('answers some object or text to anything, and no service is asked twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom('beam', 'funnel', 'funk', 'harvest'), fc.integer({ min: 200, max: 599 })),
        fc.constantFrom('Auto', 'Unified', 'SoracomBeam', 'SoracomFunk'),
        fc.string({ unit: 'binary' }),
        async (statuses, format, body) => {
          const acts = Object.fromEntries(
            Object.entries(statuses).map(([name, status]) => [name, gives(status, body)]),
          );
          const world = new UnifiedWorld(acts, { format });
          const text = await world.udp(body);
          expect(text).toMatch(/^(\d{3}( |$)|[a-z]+:\d{3}|\{"statusCode":20[07],)/);
          const order = ['beam', 'funnel', 'funk', 'harvest'].filter((name) => name in acts);
          expect(world.got.map(({ service }) => service)).toEqual(order);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the namespace UnifiedEndpoint', () => {
  const seed = (UnifiedEndpoint: object) => () =>
    new Directory({ namespaces: NAMESPACES }).seed(groupConfig({}, UnifiedEndpoint));

  it('is as the platform’s API shows it', () => {
    expect(seed({ response: { format: 'SoracomHarvest' }, enabled: true })).not.toThrow();
  });

  it.each([
    [{ response: { format: 'Best' } }, '.response.format: is none of Auto, Unified, Custom, SoracomBeam'],
    [{ response: { format: 'Custom' } }, '.response: needs success and failure for the format Custom'],
    [{ response: { success: { statusCode: 100 } } }, '.response.success.statusCode: '],
    [{ response: { success: { statusCode: 200, contentType: 'a\r\nb' } } }, '.response.success.contentType: must be'],
    [{ responses: {} }, ': unknown key'],
  ])('%j is refused with the field’s path', (value, fault) => {
    expect(seed(value)).toThrow(PlatformConfigError);
    expect(seed(value)).toThrow(`groups.sensors.configuration.UnifiedEndpoint${fault}`);
  });
});
