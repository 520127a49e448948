import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../host/cellular/network.js';
import { metadataTarget } from '../../host/platform/metadata/target.js';
import { select } from '../../host/platform/metadata/selector.js';
import { BeamWorld, EPOCH_MS, ICCID, IMEI, IMSI, MSISDN, session } from './harness.js';

const OTHER = '440109876543210';
const OTHER_ICCID = '8981100005819480018';
const METADATA = 'metadata.soracom.io';

/** Two SIMs: one in a group with Metadata, the other in a group of its own. */
function metadataWorld(metadata: object = { enabled: true }, air: object = {}): BeamWorld {
  return new BeamWorld({
    config: {
      groups: {
        sensors: { configuration: { SoracomAir: { metadata, userdata: '{"interval":60}', ...air } } },
        others: { configuration: { SoracomAir: { metadata: { enabled: true }, userdata: 'their secret plan' } } },
      },
      subscribers: [
        { imsi: IMSI, iccid: ICCID, msisdn: MSISDN, groupId: 'sensors', tags: { name: 'roof', 'a.b': 'dotted' } },
        { imsi: OTHER, iccid: OTHER_ICCID, groupId: 'others', tags: { name: 'theirs' } },
      ],
    },
  });
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function ask(
  world: BeamWorld,
  method: string,
  target: string,
  body?: string,
  { headers = '', caller = session() }: { headers?: string; caller?: Session } = {},
): Promise<Answered> {
  const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  const text = `${method} ${target} HTTP/1.1\r\nHost: ${METADATA}\r\n${headers}${length}Connection: close\r\n\r\n${body ?? ''}`;
  const answer = Buffer.from(await world.request(text, 80, caller, METADATA), 'latin1').toString();
  const [head = '', ...rest] = answer.split('\r\n\r\n');
  const [line = '', ...lines] = head.split('\r\n');
  return {
    status: Number(line.split(' ')[1]),
    headers: Object.fromEntries(
      lines.map((field) => [field.split(':')[0]?.toLowerCase() ?? '', field.replace(/^[^:]*: */, '')]),
    ),
    body: rest.join('\r\n\r\n'),
  };
}

const json = ({ body }: Answered): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>;
const subscriber = (world: BeamWorld, imsi = IMSI) => world.platform.directory.subscriber(imsi);

describe('GET /v1/subscriber', () => {
  it('is the Subscriber of the management API, with the live session', async () => {
    const world = metadataWorld();
    const answer = await ask(world, 'GET', '/v1/subscriber');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(json(answer)).toMatchObject({
      imsi: IMSI,
      iccid: ICCID,
      simId: ICCID,
      msisdn: MSISDN,
      apn: 'soracom.io',
      groupId: 'sensors',
      status: 'active',
      speedClass: 's1.standard',
      type: 's1.standard',
      subscription: 'plan01s',
      tags: { name: 'roof', 'a.b': 'dotted' },
      createdTime: EPOCH_MS,
      terminationEnabled: false,
      expiryTime: null,
      sessionStatus: { online: true, imei: IMEI, imsi: IMSI, ueIpAddress: '10.0.0.1', location: null },
    });
  });

  it('has all the fields of the schema', async () => {
    const fields =
      'apn bundles createdAt createdTime expiredAt expiryAction expiryTime groupId iccid imeiLock imsi ipAddress lastModifiedAt lastModifiedTime lastPortMappingCreatedTime locationRegistrationStatus moduleType msisdn operatorId packetCaptureSessions plan previousSession registeredTime renewalFeeStatusSetTime serialNumber sessionStatus simId speedClass status subscription tags terminationEnabled type';
    expect(Object.keys(json(await ask(metadataWorld(), 'GET', '/v1/subscriber'))).sort()).toEqual(fields.split(' '));
  });

  it('minimizeResponseBody leaves out what is null', async () => {
    const world = metadataWorld({ enabled: true, minimizeResponseBody: true });
    const whole = json(await ask(world, 'GET', '/v1/subscriber'));
    expect(JSON.stringify(whole)).not.toContain('null');
    expect(whole).toMatchObject({ imsi: IMSI, sessionStatus: { online: true } });
    expect((await ask(world, 'GET', '/v1/subscriber.sessionStatus')).body).not.toContain('null');
  });

  it('HEAD gives the header alone', async () => {
    const world = metadataWorld();
    const { body } = await ask(world, 'GET', '/v1/subscriber');
    const head = await ask(world, 'HEAD', '/v1/subscriber');
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers['content-length']).toBe(String(Buffer.byteLength(body)));
  });

  it('an absolute target is read by its path', async () => {
    expect(json(await ask(metadataWorld(), 'GET', `http://${METADATA}/v1/subscriber`)).imsi).toBe(IMSI);
  });
});

describe('dotted selectors', () => {
  it.each([
    ['imsi', IMSI],
    ['tags.name', 'roof'],
    ['tags.a.b', 'dotted'],
    ['tags%2ename', 'roof'],
    ['subscription', 'plan01s'],
    ['speedClass', 's1.standard'],
    ['sessionStatus.online', 'true'],
    ['sessionStatus.imei', IMEI],
    ['plan', '0'],
  ])('subscriber.%s is bare text', async (path, value) => {
    const answer = await ask(metadataWorld(), 'GET', `/v1/subscriber.${path}`);
    expect(answer).toMatchObject({ status: 200, body: value });
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it('an object is JSON', async () => {
    const answer = await ask(metadataWorld(), 'GET', '/v1/subscriber.tags');
    expect(json(answer)).toEqual({ name: 'roof', 'a.b': 'dotted' });
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
  });

  it.each([
    'nothing',
    'tags.nothing',
    'tags.',
    '.',
    '',
    'expiryTime',
    'imsi.length',
    'constructor',
    '__proto__',
    '%',
    'tags%00',
  ])('subscriber.%s is not there: 404 with the sentence that sketches compare with', async (path) => {
    const answer = await ask(metadataWorld(), 'GET', `/v1/subscriber.${path}`);
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toBe('text/plain');
    expect(answer.body).toBe('Specified key does not exist.');
  });

  it('where Metadata is off, 403 with the sentence that sketches compare with', async () => {
    const answer = await ask(metadataWorld({ enabled: false }), 'GET', '/v1/subscriber.tags.name');
    expect(answer.status).toBe(403);
    expect(answer.headers['content-type']).toBe('text/plain');
    expect(answer.body).toBe('You are not allowed to access Metadata Server.');
  });

  it('cannot be written to', async () => {
    expect((await ask(metadataWorld(), 'PUT', '/v1/subscriber.imsi', '1')).status).toBe(405);
  });

  it('any value, any path: the value at the path or nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, path) => {
        select(value, path);
      }),
    );
    const names = fc.array(fc.string(), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(names, fc.string(), (path, leaf) => {
        const value = path.reduceRight<unknown>((below, name) => Object.fromEntries([[name, below]]), leaf);
        expect(select(value, path.join('.'))).toBe(leaf);
      }),
    );
  });
});

describe('writing', () => {
  it('PUT tags adds and replaces, and gives the Subscriber', async () => {
    const world = metadataWorld();
    const tags = '[{"tagName":"name","tagValue":"cellar"},{"tagName":"__proto__","tagValue":"x"}]';
    const answer = await ask(world, 'PUT', '/v1/subscriber/tags', tags, {
      headers: 'Content-Type: application/json\r\n',
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('"__proto__":"x"');
    expect(json(answer)).toMatchObject({ imsi: IMSI, tags: { name: 'cellar', 'a.b': 'dotted' } });
    expect(subscriber(world)?.tags['name']).toBe('cellar');
    expect(subscriber(world, OTHER)?.tags).toEqual({ name: 'theirs' });
  });

  it('DELETE takes one tag away: 204, then 404; the name stays', async () => {
    const world = metadataWorld();
    await ask(world, 'PUT', '/v1/subscriber/tags', '[{"tagName":"a/b ü","tagValue":"v"}]');
    expect(await ask(world, 'DELETE', '/v1/subscriber/tags/a%2Fb%20%C3%BC')).toMatchObject({ status: 204, body: '' });
    expect((await ask(world, 'DELETE', '/v1/subscriber/tags/a%2Fb%20%C3%BC')).status).toBe(404);
    expect((await ask(world, 'DELETE', '/v1/subscriber/tags/name')).status).toBe(400);
    expect(Object.keys(subscriber(world)?.tags ?? {})).toEqual(['name', 'a.b']);
  });

  it('update_speed_class', async () => {
    const world = metadataWorld();
    const answer = await ask(world, 'POST', '/v1/subscriber/update_speed_class', '{"speedClass":"s1.fast"}');
    expect(json(answer)).toMatchObject({ speedClass: 's1.fast' });
    const wrong = await ask(world, 'POST', '/v1/subscriber/update_speed_class', '{"speedClass":"warp"}');
    expect(wrong.status).toBe(400);
    expect(json(wrong).message).toContain('speedClass');
    expect(subscriber(world)?.speedClass).toBe('s1.fast');
  });

  it.each([
    ['not JSON', '{', 400],
    ['another shape', '{"tagName":"a"}', 400],
    ['without a value, an unknown field beside it', '[{"tagName":"a","more":1}]', 400],
    ['too long a name', JSON.stringify([{ tagName: 'n'.repeat(129), tagValue: '' }]), 400],
    ['too deep', '['.repeat(60_000) + ']'.repeat(60_000), 413],
    ['deep', '['.repeat(3000) + ']'.repeat(3000), 400],
    ['too large', ' '.repeat(65_537), 413],
  ])('tags that are %s', async (_what, body, status) => {
    const answer = await ask(metadataWorld(), 'PUT', '/v1/subscriber/tags', body);
    expect(answer.status).toBe(status);
    expect(json(answer)).toMatchObject({ code: expect.stringMatching(/^[A-Z]{3}\d{4}$/) as string });
  });

  it('JSON that says it is something else: 415', async () => {
    const headers = 'Content-Type: application/x-www-form-urlencoded\r\n';
    expect((await ask(metadataWorld(), 'PUT', '/v1/subscriber/tags', '[]', { headers })).status).toBe(415);
  });

  it('a device may suspend itself, and nothing more is served', async () => {
    const world = metadataWorld();
    const answer = await ask(world, 'POST', '/v1/subscriber/suspend', '');
    expect(json(answer)).toMatchObject({ status: 'suspended' });
    expect((await ask(world, 'GET', '/v1/subscriber')).status).toBe(403);
  });
});

describe('userdata', () => {
  it('is the text as stored', async () => {
    const answer = await ask(metadataWorld(), 'GET', '/v1/userdata');
    expect(answer).toMatchObject({ status: 200, body: '{"interval":60}' });
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    const script = '#!/bin/sh\necho "héllo"\n';
    expect((await ask(metadataWorld(undefined, { userdata: script }), 'GET', '/v1/userdata')).body).toBe(script);
  });

  it('is 404 when there is none, 405 to a write', async () => {
    const none = await ask(metadataWorld(undefined, { userdata: '' }), 'GET', '/v1/userdata');
    // As for a tag that is not there: a program that does not see the status would take JSON for its userdata.
    expect(none).toMatchObject({ status: 404, body: 'Specified key does not exist.' });
    expect(none.headers['content-type']).toBe('text/plain');
    expect((await ask(metadataWorld(), 'PUT', '/v1/userdata', 'x')).status).toBe(405);
  });
});

describe('who may', () => {
  it('switched off, no group, suspended, session closed: 403', async () => {
    expect((await ask(metadataWorld({ enabled: false }), 'GET', '/v1/subscriber')).status).toBe(403);
    expect((await ask(metadataWorld({}), 'GET', '/v1/userdata')).status).toBe(403);
    const world = metadataWorld();
    const caller = { ...session(), open: false };
    expect((await ask(world, 'GET', '/v1/subscriber', undefined, { caller })).status).toBe(403);
    world.platform.directory.change(IMSI, { groupId: null });
    const alone = await ask(world, 'GET', '/v1/subscriber');
    expect([alone.status, alone.headers['content-type'], alone.body]).toEqual([
      ...[403, 'text/plain', 'You are not allowed to access Metadata Server.'],
    ]);
    world.platform.directory.change(IMSI, { groupId: 'sensors', status: 'suspended' });
    const suspended = await ask(world, 'GET', '/v1/subscriber');
    expect([suspended.headers['content-type'], suspended.body]).toEqual(['text/plain', 'the SIM is suspended']);
    const unknown = { caller: session('440100000000000') };
    expect((await ask(world, 'GET', '/v1/subscriber', undefined, unknown)).status).toBe(403);
    expect(world.events.filter((e) => e.type === 'service' && e.event === 'refused')).toHaveLength(4);
  });

  it('read-only blocks everything but reads', async () => {
    const world = metadataWorld({ enabled: true, readonly: true });
    for (const [method, path] of [
      ['PUT', 'tags'],
      ['DELETE', 'tags/a.b'],
      ['POST', 'update_speed_class'],
      ['POST', 'suspend'],
    ] as const) {
      const answer = await ask(world, method, `/v1/subscriber/${path}`, '[]');
      expect(answer.status).toBe(403);
      expect(json(answer).message).toContain('read-only');
    }
    expect((await ask(world, 'GET', '/v1/subscriber.tags.name')).body).toBe('roof');
    expect(subscriber(world)).toMatchObject({ status: 'active', tags: { name: 'roof', 'a.b': 'dotted' } });
  });

  it('a body announced with 100-continue is not asked for in vain', async () => {
    const world = metadataWorld({ enabled: true, readonly: true });
    const device = world.connect(80, session(), METADATA);
    device.send(
      `PUT /v1/subscriber/tags HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n`,
    );
    await device.ended();
    expect(device.text).toMatch(/^HTTP\/1\.1 403 /);
  });
});

describe('allowOrigin', () => {
  const ORIGIN = 'https://app.example';

  it('is on every answer, also on errors', async () => {
    const world = metadataWorld({ enabled: true, allowOrigin: ORIGIN });
    for (const path of ['/v1/subscriber', '/v1/subscriber.nothing', '/v1/userdata', '/elsewhere']) {
      expect((await ask(world, 'GET', path)).headers['access-control-allow-origin']).toBe(ORIGIN);
    }
    expect((await ask(metadataWorld(), 'GET', '/v1/subscriber')).headers).not.toHaveProperty(
      'access-control-allow-origin',
    );
  });

  it('answers a preflight: with what may be written, or with reads alone', async () => {
    const headers = `Origin: ${ORIGIN}\r\nAccess-Control-Request-Method: PUT\r\n`;
    const preflight = (metadata: object) =>
      ask(metadataWorld(metadata), 'OPTIONS', '/v1/subscriber/tags', undefined, { headers });
    expect(await preflight({ enabled: true, allowOrigin: ORIGIN })).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE',
        'access-control-allow-headers': 'Content-Type',
      },
    });
    const readonly = await preflight({ enabled: true, readonly: true, allowOrigin: '*' });
    expect(readonly.headers['access-control-allow-methods']).toBe('GET, HEAD');
    expect((await preflight({ enabled: true })).status).toBe(405);
  });
});

it('a device reads back what it sent to Harvest Data, and nobody else’s', async () => {
  const world = metadataWorld();
  const { operatorId } = subscriber(world) ?? { operatorId: '' };
  for (const resourceId of [IMSI, OTHER]) {
    const entry = { timeMs: EPOCH_MS, contentType: 'application/json', content: `{"of":"${resourceId}"}` };
    world.platform.data.add({ operatorId, resourceType: 'Subscriber', resourceId }, [entry]);
  }
  const answer = await ask(world, 'GET', '/v1/subscriber/data?limit=10');
  expect(JSON.parse(answer.body)).toMatchObject([{ time: EPOCH_MS, content: `{"of":"${IMSI}"}` }]);
});

describe('nothing but the caller’s own', () => {
  it.each([
    `/v1/subscribers/${OTHER}`,
    `/v1/subscribers`,
    `/v1/groups/others`,
    `/v1/subscriber/../subscribers/${OTHER}`,
    `/v1/subscriber/..%2fsubscribers%2f${OTHER}`,
    `/v1/subscriber/%2e%2e/%2e%2e/subscribers/${OTHER}`,
    `/v1/subscriber/%252e%252e/${OTHER}`,
    `/v1/subscriber/tags/..%2f..%2f${OTHER}`,
    `//v1/subscribers/${OTHER}`,
    `/v1//subscriber`,
    `/V1/Subscriber`,
    `/v1/SUBSCRIBER`,
    `/v1/subscriber/`,
    `/v1/subscriber//tags`,
    `/v1/subscriber/.`,
    `/v1/subscriber.json/..`,
    `/v1/subscriber\\..\\subscribers\\${OTHER}`,
    `/v1/subscriber;imsi=${OTHER}/x`,
    `/v1/userdata/`,
    `/`,
    `*`,
    `http://api.soracom.io/v1/subscribers/${OTHER}`,
  ])('GET %s', async (path) => {
    const answer = await ask(metadataWorld(), 'GET', path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body).not.toMatch(/theirs|their secret plan/);
  });

  it('register, which would need another operator’s secret, is not for SIMs', async () => {
    expect((await ask(metadataWorld(), 'POST', '/v1/subscriber/register', '{}')).status).toBe(403);
  });

  it('identity in a header or in the query does not matter', async () => {
    const headers = `X-Soracom-Imsi: ${OTHER}\r\nX-Soracom-API-Key: k\r\nX-Soracom-Token: t\r\nX-Forwarded-For: 10.0.0.2\r\n`;
    const answer = await ask(metadataWorld(), 'GET', `/v1/subscriber?imsi=${OTHER}`, undefined, { headers });
    expect(json(answer).imsi).toBe(IMSI);
  });

  it('any method, any path near it, any spelling: never the other SIM’s data, and no change of it', async () => {
    const world = metadataWorld();
    const mixed = (text: string) => fc.mixedCase(fc.constant(text));
    const part = fc.oneof(
      fc.constantFrom('..', '.', '', '%2e%2e', '%2E.', '%252e', '%2f', '%5c', '\\', ';', '%00', '%', '*'),
      fc.constantFrom(
        OTHER,
        'others',
        ':imsi',
        `${OTHER}/tags`,
        `..%2f${OTHER}`,
        `%2e%2e/${OTHER}`,
        `../${OTHER}/tags`,
        encodeURIComponent(`../${OTHER}`),
      ),
      fc.constantFrom('tags', 'subscribers', 'groups', 'suspend', 'set_group', 'update_speed_class', 'v1'),
      fc.string({ maxLength: 6 }).map(encodeURIComponent),
    );
    const start = fc.oneof(
      fc.constantFrom('/v1/subscriber/', '/v1/subscriber.', '/v1/', '/', '//', 'http://x/v1/subscriber/'),
      mixed('/v1/subscribers/'),
    );
    const method = fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH');
    const body = fc.constantFrom('', '{}', `{"imsi":"${OTHER}"}`, '[{"tagName":"name","tagValue":"mine"}]');
    await fc.assert(
      fc.asyncProperty(method, start, fc.array(part, { maxLength: 5 }), body, async (verb, prefix, parts, text) => {
        const target = (prefix + parts.join('/')).replace(/[\s\r\n]/g, '');
        const answer = await ask(world, verb, target, text);
        expect(answer.body).not.toMatch(/theirs|their secret plan|8981100005819480018/);
        expect(subscriber(world, OTHER)).toMatchObject({
          status: 'active',
          speedClass: 's1.standard',
          group: { id: 'others' },
        });
        expect(subscriber(world, OTHER)?.tags).toEqual({ name: 'theirs' });
        // What the caller did to itself is undone for the next round.
        world.platform.directory.change(IMSI, { status: 'active', groupId: 'sensors' });
      }),
      { numRuns: 300 },
    );
  });

  it('any target: its parts are whole names, or it is nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webPath(),
          fc.string().map((s) => `/v1/subscriber/${s}`),
        ),
        (text) => {
          const target = metadataTarget(text);
          if (target?.kind !== 'api') return;
          const url = new URL(`http://h/v1/subscribers/1/${target.segments.map(encodeURIComponent).join('/')}`);
          expect(
            url.pathname
              .split('/')
              .slice(4)
              .filter((s) => s !== '')
              .map(decodeURIComponent),
          ).toEqual(target.segments);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

it('tells of its use in the trace: who, what, and how it went', async () => {
  const world = metadataWorld();
  await ask(world, 'GET', '/v1/subscriber?secret=1');
  expect(world.events.filter((e) => e.type === 'api')).toMatchObject([
    { method: 'GET', path: `/v1/subscribers/${IMSI}`, status: 200, api: 'Subscriber:getSubscriber', imsi: IMSI },
  ]);
});
