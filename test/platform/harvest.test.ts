import { describe, expect, it } from 'vitest';
import { HOUR, SECOND } from '../../host/clock/clock.js';
import { Database, PlatformConfigError } from '../../host/platform/index.js';
import type { DataEntry } from '../../host/platform/harvest/store.js';
import { BeamWorld, EPOCH_MS, ICCID, IMSI, session } from './harness.js';
import { ask, datagram, harvestWorld, OTHER } from './harvest-world.js';

const HOST = 'harvest.soracom.io';
const PORT = 8514;
const JSON_TYPE = { 'Content-Type': 'application/json' };

const world = (more: object = {}): BeamWorld => harvestWorld({ SoracomHarvest: { enabled: true, ...more } });
const OPERATOR = 'OP0012345678';
const entries = (of: BeamWorld, imsi = IMSI): readonly DataEntry[] =>
  of.platform.data.list(
    { operatorId: OPERATOR, resourceType: 'Subscriber', resourceId: imsi },
    { sort: 'asc', limit: 1000 },
  ).entries;
const post = (of: BeamWorld, body: string | Uint8Array, headers: Record<string, string> = JSON_TYPE) =>
  ask(of, HOST, 'POST', '/', { body, headers });

/** One message over a TCP connection of its own; what came back until nothing more does. */
async function tcp(of: BeamWorld, body: string | Uint8Array, caller = session()): Promise<string> {
  const device = of.connect(PORT, caller, HOST);
  device.send(body);
  await of.run(() => device.text !== '', SECOND * 60);
  device.stream.end();
  await device.ended();
  return device.text;
}

describe('Harvest Data over HTTP', () => {
  it('201 without a body, and the entry stands under the SIM with the time of its arrival', async () => {
    const harvest = world();
    const answer = await post(harvest, '{"temperature":20}');
    expect(answer).toMatchObject({ status: 201, body: Buffer.alloc(0) });
    expect(answer.headers['content-length']).toBe('0');
    const [entry, ...more] = entries(harvest);
    expect(more).toEqual([]);
    expect(entry).toEqual({
      time: expect.any(Number) as number,
      contentType: 'application/json',
      content: '{"temperature":20}',
      resourceType: 'Subscriber',
      resourceId: IMSI,
    });
    expect((entry?.time ?? 0) - EPOCH_MS).toBeGreaterThanOrEqual(20);
    expect((entry?.time ?? 0) - EPOCH_MS).toBeLessThan(1000);
  });

  it.each([
    ['application/json', '{"a":1.0}', 'application/json', '{"a":1.0}'],
    ['application/json; charset=utf-8', ' [1,2]\n', 'application/json', '[1,2]'],
    ['text/plain', 'Hello, SORACOM Harvest Data!', 'text/plain', 'Hello, SORACOM Harvest Data!'],
    ['text/plain;charset=utf-8', 'こんにちは', 'text/plain;charset=utf-8', 'こんにちは'],
    ['application/octet-stream', Buffer.from('0102ff', 'hex'), 'application/json', '{"payload":"AQL/"}'],
    ['image/png', Buffer.from('0102ff', 'hex'), 'application/json', '{"payload":"AQL/"}'],
  ])('%s is kept as %j', async (sent, body, contentType, content) => {
    const harvest = world();
    expect((await post(harvest, body, { 'Content-Type': sent })).status).toBe(201);
    expect(entries(harvest)).toMatchObject([{ contentType, content }]);
  });

  it('the path does not count', async () => {
    const harvest = world();
    expect((await ask(harvest, HOST, 'POST', '/some/where?x=1', { body: '{}', headers: JSON_TYPE })).status).toBe(201);
    expect(entries(harvest)).toHaveLength(1);
  });

  it('X-Soracom-Timestamp is the entry’s time', async () => {
    const harvest = world();
    await post(harvest, '{}', { ...JSON_TYPE, 'x-soracom-timestamp': '1545652714887' });
    expect(entries(harvest)).toMatchObject([{ time: 1545652714887 }]);
  });

  it.each(['', 'now', '-1', '1.5', '1e3', '99999999999999999', '253402300800000'])(
    'X-Soracom-Timestamp %j: 400, nothing kept',
    async (value) => {
      const harvest = world();
      expect((await post(harvest, '{}', { ...JSON_TYPE, 'X-Soracom-Timestamp': value })).status).toBe(400);
      expect(entries(harvest)).toEqual([]);
    },
  );

  it.each(['{"a":', '{a:1}', '', Buffer.from('7b2261223a22ff227d', 'hex')])(
    'JSON that is none (%j): 400',
    async (body) => {
      const harvest = world();
      const answer = await post(harvest, body);
      expect(answer.status).toBe(400);
      expect(answer.body.toString()).toBe('the payload is not valid JSON\n');
      expect(entries(harvest)).toEqual([]);
    },
  );

  it.each(['GET', 'PUT', 'DELETE'])('%s: 405', async (method) => {
    expect((await ask(world(), HOST, method, '/')).status).toBe(405);
  });

  it('1,024 bytes are taken, one more is not, and the limit is a setting', async () => {
    const harvest = world();
    const text = { 'Content-Type': 'text/plain' };
    expect((await post(harvest, 'x'.repeat(1024), text)).status).toBe(201);
    const answer = await post(harvest, 'x'.repeat(1025), text);
    expect([answer.status, answer.body.toString()]).toEqual([400, '1025 bytes, 1024 are the limit\n']);
    const roomy = harvestWorld({ SoracomHarvest: { enabled: true } }, { harvestLimits: { entryBytes: 2048 } });
    expect((await post(roomy, 'x'.repeat(1025), text)).status).toBe(201);
    expect(entries(harvest)).toHaveLength(1);
  });

  it('the group’s content type goes before the device’s', async () => {
    const harvest = world({ contentType: 'binary' });
    await post(harvest, '{}');
    expect(entries(harvest)).toMatchObject([{ content: '{"payload":"e30="}' }]);
  });

  it('with a category, the entry carries it', async () => {
    const harvest = world({ category: 'roof' });
    await post(harvest, '{}');
    expect(entries(harvest)).toMatchObject([{ category: 'roof' }]);
  });

  it('the Binary Parser’s JSON is kept', async () => {
    const air = { binaryParserEnabled: true, binaryParserFormat: 'temp:0:int:16:/10' };
    const harvest = harvestWorld({ SoracomHarvest: { enabled: true }, SoracomAir: air });
    await post(harvest, Buffer.from('00d7', 'hex'), { 'Content-Type': 'application/octet-stream' });
    const [entry] = entries(harvest);
    expect(entry?.contentType).toBe('application/json');
    expect(JSON.parse(entry?.content ?? '')).toMatchObject({ temp: 21.5 });
  });

  it('many entries of one connection, some refused: each has its own answer', async () => {
    const harvest = world();
    const device = harvest.connect(80, session(), HOST);
    const one = (body: string): string =>
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    device.send(one('{"n":1}') + one('{n}') + one('{"n":2}').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    await device.ended();
    expect(device.text.match(/(?<=HTTP\/1\.1 )\d+/g)).toEqual(['201', '400', '201']);
    expect(entries(harvest).map(({ content }) => content)).toEqual(['{"n":1}', '{"n":2}']);
  });
});

describe('Harvest Data over TCP and UDP', () => {
  it.each([
    ['TCP', (of: BeamWorld, body: string | Uint8Array) => tcp(of, body)],
    ['UDP', (of: BeamWorld, body: string | Uint8Array) => datagram(of, HOST, PORT, body)],
  ])('%s: 201 as text; JSON is JSON, anything else binary; errors with their status', async (_, send) => {
    const harvest = world();
    expect(await send(harvest, '{"uptime":5}')).toBe('201');
    expect(await send(harvest, '21.5')).toBe('201');
    expect(await send(harvest, Buffer.from('00ff', 'hex'))).toBe('201');
    expect(await send(harvest, 'x'.repeat(1025))).toBe('400 1025 bytes, 1024 are the limit');
    expect(entries(harvest).map(({ content }) => content)).toEqual([
      '{"uptime":5}',
      '{"payload":"MjEuNQ=="}',
      '{"payload":"AP8="}',
    ]);
  });

  it('a content type of the group counts, and JSON that is none is refused', async () => {
    const harvest = world({ contentType: 'json' });
    expect(await datagram(harvest, HOST, PORT, '21.5')).toBe('201');
    expect(await datagram(harvest, HOST, PORT, '{x}')).toBe('400 the payload is not valid JSON');
    const text = world({ contentType: 'text' });
    expect(await datagram(text, HOST, PORT, '{}')).toBe('201');
    expect(entries(text)).toMatchObject([{ content: '{}', contentType: 'text/plain' }]);
  });

  it('several sends on one TCP connection', async () => {
    const harvest = world();
    const device = harvest.connect(PORT, session(), HOST);
    for (const n of [1, 2, 3]) {
      device.send(`{"n":${n}}`);
      await device.expect('201'.repeat(n));
    }
    expect(entries(harvest).map(({ content }) => content)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
  });
});

describe('Binary Format v1', () => {
  it('frames of one TCP connection become entries, wherever the segments are cut; a bad CRC is 400', async () => {
    const harvest = world({ binaryFormatV1: true, contentType: 'text' });
    const device = harvest.connect(PORT, session(), HOST);
    // The body 01..06 of the documentation's example, whose CRC is 0x4917.
    const frame = Buffer.from('00060102030405064917', 'hex');
    device.send(Buffer.concat([frame, frame.subarray(0, 5)]));
    await device.expect('201');
    device.send(frame.subarray(5));
    await device.expect('201201');
    device.send(Buffer.from('00060102030405064918', 'hex'));
    await device.expect('201201400 ');
    expect(entries(harvest)).toMatchObject(Array(2).fill({ content: '\x01\x02\x03\x04\x05\x06' }));
  });
});

describe('custom timestamp', () => {
  const custom = (format: string, value = '/time') =>
    world({ customTimestamp: { type: 'jsonpointer', value, format } });

  it.each([
    ['iso-8601', '"2024-09-02T12:34:56.789Z"', 1725280496789],
    ['iso-8601', '"2025-03-17T09:00:00+09:00"', 1742169600000],
    ['iso-8601', '"20250317T090000+0900"', 1742169600000],
    ['iso-8601', '"2025-03-17"', 1742169600000],
    ['unix-seconds', '1742169600', 1742169600000],
    ['unix-seconds', '1742169600.25', 1742169600250],
    ['unix-seconds', '"1742169600.25"', 1742169600250],
    ['unix-milliseconds', '1742169600123', 1742169600123],
    ['unix-milliseconds', '"1742169600123"', 1742169600123],
  ])('%s %s', async (format, time, ms) => {
    const harvest = custom(format);
    expect(await datagram(harvest, HOST, PORT, `{"time":${time},"t":1}`)).toBe('201');
    expect(entries(harvest)).toMatchObject([{ time: ms, content: `{"time":${time},"t":1}` }]);
  });

  it.each(['{"t":1}', '{"time":"2024-02-30T00:00:00Z"}', '{"time":true}', '{"time":{"time":1}}', '[1]'])(
    'missing or unreadable in %s: the header’s time, or that of the arrival',
    async (body) => {
      const harvest = custom('iso-8601');
      await post(harvest, body, { ...JSON_TYPE, 'X-Soracom-Timestamp': '5000' });
      await post(harvest, body);
      expect(entries(harvest)[0]?.time).toBe(5000);
      expect(entries(harvest)[1]?.time).toBeGreaterThan(EPOCH_MS);
    },
  );

  it('goes before the header, and may lie deep', async () => {
    const harvest = custom('unix-seconds', '/a~1b/0/t');
    await post(harvest, '{"a/b":[{"t":7}]}', { ...JSON_TYPE, 'X-Soracom-Timestamp': '5000' });
    expect(entries(harvest)).toMatchObject([{ time: 7000 }]);
  });
});

describe('batch write', () => {
  const batch = (value = '/data', more: object = {}) =>
    world({
      customTimestamp: { type: 'jsonpointer', value: '/time', format: 'unix-seconds' },
      batchWrite: { type: 'jsonpointer', value },
      ...more,
    });

  it('each element is an entry with its own time, as the device wrote it', async () => {
    const harvest = batch('/data', { category: 'c' });
    const body = '{"data": [ {"time":100, "v": 1.50}, {"v":12345678901234567890,"time":50} ]}';
    expect((await post(harvest, body)).status).toBe(201);
    expect(entries(harvest)).toMatchObject([
      { time: 50_000, content: '{"v":12345678901234567890,"time":50}', category: 'c' },
      { time: 100_000, content: '{"time":100, "v": 1.50}', category: 'c' },
    ]);
  });

  it('an empty pointer is the whole payload', async () => {
    const harvest = batch('');
    expect(await datagram(harvest, HOST, PORT, '[{"time":1},{"time":2}]')).toBe('201');
    expect(entries(harvest)).toHaveLength(2);
  });

  it('100 entries are taken, 101 are not; each may have 1,024 bytes', async () => {
    const harvest = batch('');
    const many = (n: number): string =>
      JSON.stringify(Array.from({ length: n }, (_, time) => ({ time, pad: 'x'.repeat(900) })));
    expect((await post(harvest, many(100))).status).toBe(201);
    expect(entries(harvest)).toHaveLength(100);
    const answer = await post(harvest, many(101));
    expect([answer.status, answer.body.toString()]).toEqual([400, 'the payload has 101 entries, 100 are the limit\n']);
    expect(entries(harvest)).toHaveLength(100);
  });

  it.each([
    ['{"data":[{"time":1},{"v":2}]}', 'entry 1 has no time'],
    ['{"data":[{"time":1},"text"]}', 'entry 1 has no time'],
    [`{"data":[{"time":1},{"time":2,"pad":"${'x'.repeat(1024)}"}]}`, 'entry 1: 1043 bytes, 1024 are the limit'],
    ['{"data":{}}', '"/data" of the payload is not an array'],
    ['{"other":[]}', '"/data" of the payload is not an array'],
    ['{"data":[]}', '"/data" of the payload is empty'],
  ])('%s: refused as a whole', async (body, reason) => {
    const harvest = batch();
    expect(await datagram(harvest, HOST, PORT, body)).toBe(`400 ${reason}`);
    expect(entries(harvest)).toEqual([]);
  });

  it('same times in one batch: all are kept', async () => {
    const harvest = batch('');
    await post(harvest, '[{"time":1,"n":1},{"time":1,"n":2},{"time":1,"n":3}]');
    expect(entries(harvest).map(({ content }) => JSON.parse(content) as unknown)).toMatchObject([
      { n: 1 },
      { n: 2 },
      { n: 3 },
    ]);
  });
});

describe('who may', () => {
  const off = { SoracomHarvest: { enabled: false } };

  it.each([
    ['off in the group', off],
    ['not configured', {}],
  ])('%s: 400 on all transports, nothing kept', async (_, configuration) => {
    const harvest = harvestWorld(configuration);
    expect((await post(harvest, '{}')).status).toBe(400);
    expect(await datagram(harvest, HOST, PORT, '{}')).toBe('400 Harvest Data is not enabled for the group');
    expect(await tcp(harvest, '{}')).toBe('400 Harvest Data is not enabled for the group');
    expect(entries(harvest)).toEqual([]);
  });

  it('in no group, suspended, switched off or closed in mid-connection', async () => {
    const harvest = world();
    const { directory } = harvest.platform;
    const caller = session();
    const device = harvest.connect(PORT, caller, HOST);
    device.send('{}');
    await device.expect('201');
    directory.change(IMSI, { status: 'suspended' });
    device.send('{}');
    await device.expect('403 the SIM is suspended');
    directory.change(IMSI, { status: 'active', groupId: null });
    device.send('{}');
    await device.expect('400 the SIM is in no group');
    directory.change(IMSI, { groupId: 'sensors' });
    directory.changeGroup(OPERATOR, 'sensors', { configuration: off });
    device.send('{}');
    await device.expect('400 Harvest Data is not enabled');
    caller.open = false;
    device.send('{}');
    await device.expect('403 the session is closed');
    expect(entries(harvest)).toHaveLength(1);
  });

  it('identity comes from the session, whatever headers and payload say', async () => {
    const harvest = world();
    const forged = { ...JSON_TYPE, 'X-Soracom-Imsi': OTHER, 'x-soracom-sim-id': ICCID };
    await ask(harvest, HOST, 'POST', `/v1/data/Subscriber/${OTHER}?imsi=${OTHER}`, {
      headers: forged,
      body: JSON.stringify({ imsi: OTHER, resourceId: OTHER }),
    });
    expect(entries(harvest, OTHER)).toEqual([]);
    expect(entries(harvest, IMSI)).toHaveLength(1);
  });
});

describe('configuration', () => {
  it.each([
    [{ enabled: 'yes' }, '.enabled: '],
    [{ enabled: true, batch: true }, ': unknown key "batch"'],
    [
      { enabled: true, batchWrite: { type: 'jsonpointer', value: '/d' } },
      '.customTimestamp: must be given for batchWrite',
    ],
    [
      { enabled: true, customTimestamp: { type: 'jsonpointer', value: 'time', format: 'iso-8601' } },
      '.customTimestamp.value: is not a JSON pointer',
    ],
    [
      { enabled: true, customTimestamp: { type: 'jsonpointer', value: '/a~2', format: 'iso-8601' } },
      '.customTimestamp.value: is not a JSON pointer',
    ],
    [
      { enabled: true, customTimestamp: { type: 'jsonpointer', value: '/a', format: 'rfc' } },
      '.customTimestamp.format: ',
    ],
    [{ enabled: true, category: 'x'.repeat(256) }, '.category: '],
  ])('%j: refused, with the field', (SoracomHarvest, fault) => {
    const path = 'groups.sensors.configuration.SoracomHarvest';
    let faults: readonly string[] = [];
    try {
      harvestWorld({ SoracomHarvest }, {}, {});
    } catch (error) {
      if (!(error instanceof PlatformConfigError)) throw error;
      ({ faults } = error);
    }
    expect(faults.join('\n')).toContain(path + fault);
  });

  it('an empty category means not set', async () => {
    const harvest = world({ category: '' });
    await post(harvest, '{}');
    expect(entries(harvest)).toHaveLength(1);
    expect(entries(harvest)[0]).not.toHaveProperty('category');
  });
});

describe('when storage fails', () => {
  it('a full disk: 503, nothing half stored, and the service goes on when there is room', async () => {
    const database = new Database();
    const harvest = harvestWorld(
      {
        SoracomHarvest: {
          enabled: true,
          customTimestamp: { type: 'jsonpointer', value: '/time', format: 'unix-seconds' },
          batchWrite: { type: 'jsonpointer', value: '' },
        },
      },
      { database },
    );
    const many = JSON.stringify(Array.from({ length: 100 }, (_, time) => ({ time, pad: 'x'.repeat(900) })));
    const pages = Number(database.get('PRAGMA page_count')?.['page_count']);
    database.all(`PRAGMA max_page_count=${pages + 4}`);
    const answer = await post(harvest, many);
    expect([answer.status, answer.body.toString()]).toEqual([503, 'not stored (SQLITE_FULL)\n']);
    expect(await datagram(harvest, HOST, PORT, many)).toBe('503 not stored (SQLITE_FULL)');
    expect(entries(harvest)).toEqual([]);
    expect(await datagram(harvest, HOST, PORT, '[{"time":1}]')).toBe('201');
    database.all('PRAGMA max_page_count=1000000');
    expect((await post(harvest, many)).status).toBe(201);
    expect(entries(harvest)).toHaveLength(101);
    expect(harvest.events).toContainEqual(
      expect.objectContaining({ type: 'service', service: 'harvest', event: 'refused', status: 503, imsi: IMSI }),
    );
  });

  it('entries of 40 days ago are gone, whatever their own time says', async () => {
    const harvest = world();
    await post(harvest, '{"n":1}', { ...JSON_TYPE, 'X-Soracom-Timestamp': '1000' });
    await harvest.run(() => false, 24 * HOUR * 39);
    await post(harvest, '{"n":2}', { ...JSON_TYPE, 'X-Soracom-Timestamp': '2000' });
    expect(entries(harvest)).toHaveLength(2);
    await harvest.run(() => false, 24 * HOUR * 2);
    expect(entries(harvest)).toMatchObject([{ content: '{"n":2}' }]);
    await post(harvest, '{"n":3}');
    expect(entries(harvest)).toHaveLength(2);
  });
});
