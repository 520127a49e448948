import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../host/clock/clock.js';
import { frame } from './frames.js';
import { BeamWorld, config, CUSTOMER, headerLines, ICCID, IMEI, IMSI, MSISDN, post, PSK, session } from './harness.js';

const TCP = 'tcp://beam.soracom.io:23080';
const UDP = 'udp://beam.soracom.io:23080';
const PORT = 23080;
const DESTINATION = 'http://site.test/in?a=1';

const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** A world whose TCP and UDP entries lead to a destination that gives these bytes. */
function worldWith(entry: object, reply: string, air: object = {}) {
  const whole = { enabled: true, destination: DESTINATION, version: '202411', ...entry };
  const tcpOnly = ['binaryFormatV1', 'eodBytes'];
  const udp = Object.fromEntries(Object.entries(whole).filter(([key]) => !tcpOnly.includes(key)));
  const base = config({ [TCP]: whole, [UDP]: udp }) as { groups: { sensors: { configuration: object } } };
  Object.assign(base.groups.sensors.configuration, { SoracomAir: air });
  const world = new BeamWorld({ config: base });
  return { world, requests: world.serveBytes('site.test', 80, reply).requests };
}

/** One message over TCP on a connection of its own, which the device half-closes. */
async function tcp(world: BeamWorld, bytes: string | Uint8Array, caller = session(), name?: string): Promise<string> {
  const device = world.connect(PORT, caller, name);
  device.send(bytes);
  device.stream.end();
  await device.ended();
  return device.text;
}

const ways: [string, (world: BeamWorld, bytes: string | Uint8Array) => Promise<string>][] = [
  ['TCP', tcp],
  ['UDP', (world, bytes) => world.datagram(bytes)],
];

describe.each(ways)('a message over %s', (_, send) => {
  it('becomes a POST with the payload in Base64, the headers of the entry, and Beam’s own User-Agent', async () => {
    const entry = {
      addSubscriberHeader: true,
      addEquipmentHeader: true,
      addMsisdnHeader: true,
      addSimIdHeader: true,
      addSignature: true,
      psk: PSK,
      customHeaders: { 1: { action: 'append', headerKey: 'X-Group', headerValue: 'g' } },
      authorization: { $credentialsId: 'beam-psk' },
    };
    const { world, requests } = worldWith(entry, ok('fine'));
    expect(await send(world, Buffer.from('\x00temp=21\xff', 'latin1'))).toBe('200 fine');
    expect(requests).toHaveLength(1);
    const [request = ''] = requests;
    expect(request).toMatch(/^POST \/in\?a=1 HTTP\/1\.1\r\n/);
    expect(request.split('\r\n\r\n')[1]).toBe('{"payload":"AHRlbXA9MjH/"}');
    const lines = headerLines(request);
    const timestamp = /^x-soracom-timestamp: (\d+)$/m.exec(lines.join('\n'))?.[1] ?? '';
    const signed = [
      ['x-soracom-imei', IMEI],
      ['x-soracom-imsi', IMSI],
      ['x-soracom-msisdn', MSISDN],
      ['x-soracom-sim-id', ICCID],
      ['x-soracom-timestamp', timestamp],
    ];
    const text = PSK + signed.map(([name, value]) => `${name}=${value}`).join('');
    expect(lines).toEqual([
      'host: site.test',
      'user-agent: SORACOM Beam',
      'content-type: application/json',
      'x-group: g',
      `authorization: Bearer ${PSK}`,
      'content-length: 26',
      ...signed.map(([name, value]) => `${name}: ${value}`),
      'x-soracom-signature-version: 20151001',
      `x-soracom-signature: ${createHash('sha256').update(text).digest('hex')}`,
      'connection: close',
    ]);
    expect(JSON.stringify(world.events)).not.toContain(PSK);
  });

  it('is JSON of the Binary Parser where the group has it', async () => {
    const air = { binaryParserEnabled: true, binaryParserFormat: 't::int:16:/10' };
    const { world, requests } = worldWith({}, ok(''), air);
    expect(await send(world, Buffer.from([0, 215]))).toBe('200');
    expect(requests[0]?.split('\r\n\r\n')[1]).toBe('{"t":21.5,"binaryParserEnabled":true}');
  });

  it('goes over TLS, and the customer verifies it', async () => {
    const entry = { destination: `https://${CUSTOMER}/t`, addSubscriberHeader: true, addSignature: true, psk: PSK };
    const { world } = worldWith(entry, ok(''));
    expect(await send(world, 'x')).toMatch(/^201 \{.*"imsi":"440101234567890"/);
    expect(world.customer.messages).toMatchObject([{ method: 'POST', url: '/t', identity: { imsi: IMSI } }]);
  });

  it.each([
    ['200 with a body', {}, ok('{"r":1}'), '200 {"r":1}'],
    ['200 without', {}, ok(''), '200'],
    ['204', {}, 'HTTP/1.1 204 No Content\r\n\r\n', '204'],
    ['a redirection', {}, 'HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n', '302'],
    ['404 with a body', {}, 'HTTP/1.1 404 N\r\nContent-Length: 2\r\n\r\nno', '404 no'],
    ['503 without', {}, 'HTTP/1.1 503 N\r\nContent-Length: 0\r\n\r\n', '503'],
    ['200, status skipped', { skipStatusCode: true }, ok('r'), 'r'],
    ['404, status skipped', { skipStatusCode: true }, 'HTTP/1.1 404 N\r\nContent-Length: 2\r\n\r\nno', 'no'],
    ['bytes that are no text', {}, ok('\x00\xff\n'), '200 \x00\xff\n'],
  ])('version 202411: %s', async (_what, entry, reply, got) => {
    const { world } = worldWith(entry, Buffer.from(reply, 'latin1').toString('latin1'));
    world.upstream.serve('site.test', 80, (stream) => {
      stream.once('data', () => stream.end(Buffer.from(reply, 'latin1')));
    });
    expect(await send(world, 'x')).toBe(got);
  });

  it('gets 400 when the entry is off, 502 when the destination is dead, 504 when it is slow', async () => {
    const { world } = worldWith({ enabled: false }, ok(''));
    expect(await send(world, 'x')).toBe('400 Beam: no entry point is enabled here');
    const dead = worldWith({ destination: 'http://dead.test/' }, ok('')).world;
    expect(await send(dead, 'x')).toBe('502 Beam: the destination cannot be reached');
    const slow = worldWith({}, ok('')).world;
    slow.upstream.serve('site.test', 80, () => undefined);
    expect(await send(slow, 'x')).toBe('504 Beam: the destination did not answer in time');
    const garbage = worldWith({}, 'SSH-2.0-x\r\n').world;
    expect(await send(garbage, 'x')).toBe('502 Beam: the destination does not speak HTTP');
  });

  it('gets 500 when a secret is missing in the store: nothing goes out', async () => {
    const entry = { addSubscriberHeader: true, addSignature: true, psk: { $credentialsId: 'psk-#{imsi}' } };
    const { world, requests } = worldWith(entry, ok(''));
    expect(await send(world, 'x')).toBe('500 Beam: credentials are not in the store');
    expect(requests).toEqual([]);
  });
});

describe('an empty answer whose status is skipped', () => {
  it('is no byte over TCP', async () => {
    const { world, requests } = worldWith({ skipStatusCode: true }, ok(''));
    expect(await tcp(world, 'x')).toBe('');
    expect(requests).toHaveLength(1);
  });

  it('is no datagram over UDP', async () => {
    const { world, requests } = worldWith({ skipStatusCode: true }, ok(''));
    await expect(world.datagram('x')).rejects.toThrow('no reply');
    expect(requests).toHaveLength(1);
  });
});

describe('version 201509', () => {
  const worded = `${DESTINATION} returns a status code (404). Please check your destination.\r\n`;
  const notFound = 'HTTP/1.1 404 N\r\nContent-Length: 2\r\n\r\nno';

  it.each([
    ['200 with a body', {}, ok('r'), '200 r\n', '200 r'],
    ['200 without', {}, ok(''), '200\n', '200'],
    ['status skipped', { skipStatusCode: true }, ok('r'), 'r\n', 'r'],
    ['other end-of-data bytes', { eodBytes: '0d0a00' }, ok('r'), '200 r\r\n\0', '200 r'],
    ['no end-of-data bytes', { eodBytes: '' }, ok('r'), '200 r', '200 r'],
    ['an error', {}, notFound, `404 ${worded}`, `404 ${worded}`],
    ['an error, status skipped', { skipStatusCode: true }, notFound, worded, worded],
  ])('%s', async (_, entry, reply, overTcp, overUdp) => {
    for (const version of [{ version: '201509' }, { version: undefined }]) {
      const { world } = worldWith({ ...entry, ...version }, reply);
      expect(await tcp(world, 'x')).toBe(overTcp);
      expect(await world.datagram('x')).toBe(overUdp);
    }
  });

  it('202411 may have end-of-data bytes too', async () => {
    expect(await tcp(worldWith({ eodBytes: '0a' }, ok('r')).world, 'x')).toBe('200 r\n');
  });
});

describe('a TCP connection', () => {
  it('brings one message for each read, answered in order', async () => {
    const { world, requests } = worldWith({}, ok('+'));
    const device = world.connect(PORT);
    for (const text of ['one', 'two', 'three']) {
      device.send(text);
      await world.run(() => false, SECOND);
    }
    device.stream.end();
    await device.ended();
    expect(device.text).toBe('200 +200 +200 +');
    const bodies = requests.map((r) => (JSON.parse(r.split('\r\n\r\n')[1] ?? '') as { payload: string }).payload);
    expect(bodies.map((text) => Buffer.from(text, 'base64').toString())).toEqual(['one', 'two', 'three']);
  });

  it('brings whole messages in Binary Format v1, however it is split', async () => {
    const { world, requests } = worldWith({ binaryFormatV1: true }, ok('+'));
    const device = world.connect(PORT);
    const bytes = Buffer.concat([frame('a'.repeat(3000)), frame('b')]);
    for (let at = 0; at < bytes.length; at += 700) {
      device.send(bytes.subarray(at, at + 700));
      await world.run(() => false, SECOND);
    }
    device.stream.end();
    await device.ended();
    expect(device.text).toBe('200 +200 +');
    expect(requests.map((r) => r.length > 4000)).toEqual([true, false]);
  });

  it('of a SIM that is suspended in between: 403, nothing goes out; and back again', async () => {
    const { world, requests } = worldWith({}, ok(''));
    const device = world.connect(PORT);
    device.send('1');
    await device.expect('200');
    world.platform.directory.change(IMSI, { status: 'suspended' });
    device.send('2');
    await device.expect('403 the SIM is suspended');
    world.platform.directory.change(IMSI, { status: 'active' });
    device.send('3');
    await device.expect('suspended200');
    expect(requests).toHaveLength(2);
  });

  it('whose session is closed: 403', async () => {
    const { world, requests } = worldWith({}, ok(''));
    const caller = session();
    const device = world.connect(PORT, caller);
    device.send('1');
    await device.expect('200');
    caller.open = false;
    device.send('2');
    await device.expect('403 the session is closed');
    expect(requests).toHaveLength(1);
  });
});

describe('a datagram', () => {
  it('whose answer is too long for a datagram gets 502 instead', async () => {
    expect(await worldWith({}, ok('x'.repeat(65_503))).world.datagram('x')).toHaveLength(65_507);
    expect(await worldWith({}, ok('x'.repeat(65_504))).world.datagram('x')).toBe(
      '502 the answer does not fit into a datagram',
    );
  });

  it('may be empty, and may be as long as datagrams are', async () => {
    const { world, requests } = worldWith({}, ok(''));
    expect(await world.datagram('')).toBe('200');
    expect(await world.datagram(Buffer.alloc(65_507))).toBe('200');
    expect(requests[0]?.split('\r\n\r\n')[1]).toBe('{"payload":""}');
    expect(requests[1]?.split('\r\n\r\n')[1]).toHaveLength('{"payload":""}'.length + 87_344);
  });
});

describe('whatever a device sends', () => {
  it('identity in what leaves is the session’s, over HTTP, TCP and UDP, and through the Unified Endpoint', async () => {
    const identity = {
      addSubscriberHeader: true,
      addEquipmentHeader: true,
      addMsisdnHeader: true,
      addSimIdHeader: true,
    };
    const OTHER = '440109876543210';
    const forged = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.constantFrom(
        `POST / HTTP/1.1\r\nx-soracom-imsi: ${OTHER}\r\n\r\n`,
        `\r\nX-Soracom-Imsi: ${OTHER}\r\n\r\n`,
        `{"imsi":"${OTHER}","x-soracom-imsi":"${OTHER}"}`,
        `imsi=${OTHER} timestamp=1;signature=0\n`,
      ),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    );
    const way = fc.constantFrom('http', 'tcp', 'udp');
    const names = fc.constantFrom('beam.soracom.io', 'uni.soracom.io');
    await fc.assert(
      fc.asyncProperty(forged, way, names, fc.boolean(), async (text, protocol, name, own) => {
        const entry = { enabled: true, destination: 'http://site.test/', ...identity };
        const entries = { 'http://beam.soracom.io:8888/': entry, [TCP]: entry, [UDP]: entry };
        const subscribers = [IMSI, OTHER].map((imsi, i) => ({
          ...{ imsi, groupId: 'sensors' },
          iccid: `898110000581948000${i}`,
          msisdn: `81201234567${i}`,
        }));
        const world = new BeamWorld({ config: config(entries, { subscribers }) });
        const { requests } = world.serveBytes('site.test', 80, ok(''));
        const imsi = own ? IMSI : OTHER;
        const caller = session(imsi, own ? IMEI : '860000098765432');
        const bytes = Buffer.from(text, 'latin1');
        if (protocol === 'udp') await world.datagram(bytes, caller, name);
        else if (protocol === 'tcp') await tcp(world, bytes, caller, name);
        else
          await world.request(
            post(bytes.toString('latin1'), `X-Soracom-Imsi: ${OTHER}\r\nx_soracom_imei: 1\r\n`),
            name === 'uni.soracom.io' ? 80 : 8888,
            caller,
            name,
          );
        for (const request of requests) {
          expect(headerLines(request).filter((line) => /soracom[-_]/.test(line))).toEqual([
            `x-soracom-imei: ${caller.imei}`,
            `x-soracom-imsi: ${imsi}`,
            `x-soracom-msisdn: 81201234567${own ? 0 : 1}`,
            `x-soracom-sim-id: 898110000581948000${own ? 0 : 1}`,
          ]);
        }
        if (bytes.length > 0) expect(requests).toHaveLength(1);
        world.platform.close();
      }),
      { numRuns: 60 },
    );
  });
});
