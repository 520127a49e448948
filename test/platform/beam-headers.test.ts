import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forwardedHeaders } from '../../host/platform/beam/headers.js';
import { isReserved } from '../../host/platform/beam/reserved-headers.js';
import { isFieldText } from '../../host/platform/http/text.js';
import { signature } from '../../host/platform/beam/signature.js';
import { Directory, type BeamEntry } from '../../host/platform/index.js';
import vectors from '../vectors/beam-signature.json' with { type: 'json' };
import {
  BeamWorld,
  config,
  EPOCH_MS,
  headerLines,
  ICCID,
  IMEI,
  IMSI,
  MSISDN,
  post,
  PSK,
  secretText,
  session,
} from './harness.js';

const KEY = 'http://beam.soracom.io:8888/';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('signature 20151001', () => {
  it.each(vectors.vectors)('of the documentation: $signature', (vector) => {
    expect(signature(secretText(vector.psk), Object.entries(vector.headers))).toBe(vector.signature);
  });
});

/** What a destination at http://site.test/ gets when a device's request has these header lines. */
async function forwarded(entry: object, deviceHeaders = ''): Promise<string[]> {
  const world = new BeamWorld({
    config: config({ [KEY]: { enabled: true, destination: 'http://site.test/', ...entry } }),
  });
  const { requests } = world.serveBytes('site.test', 80, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  expect(await world.request(post('{}', deviceHeaders))).toMatch(/^HTTP\/1\.1 200 /);
  expect(requests).toHaveLength(1);
  return headerLines(requests[0] ?? '');
}

const OPTIONS = [
  ['addEquipmentHeader', `x-soracom-imei`, IMEI],
  ['addSubscriberHeader', `x-soracom-imsi`, IMSI],
  ['addMsisdnHeader', `x-soracom-msisdn`, MSISDN],
  ['addSimIdHeader', `x-soracom-sim-id`, ICCID],
] as const;

describe('header options', () => {
  const matrix = Array.from({ length: 32 }, (_, bits) => bits).filter((bits) => bits !== 16);

  it.each(matrix)('combination %i gives exactly the headers that are on, signed in their fixed order', async (bits) => {
    const on = OPTIONS.filter((_, i) => (bits >> i) & 1);
    const signed = (bits & 16) !== 0;
    const entry = {
      ...Object.fromEntries(on.map(([option]) => [option, true])),
      ...(signed && { addSignature: true, psk: PSK }),
    };
    const soracom = (await forwarded(entry)).filter((line) => line.startsWith('x-soracom-'));
    const identity = on.map(([, name, value]) => `${name}: ${value}`);
    if (!signed) return expect(soracom).toEqual(identity);
    const timestamp = /^x-soracom-timestamp: (\d+)$/m.exec(soracom.join('\n'))?.[1] ?? '';
    expect(Number(timestamp) - EPOCH_MS).toBeGreaterThanOrEqual(0);
    expect(Number(timestamp) - EPOCH_MS).toBeLessThan(1000);
    const text = PSK + on.map(([, name, value]) => `${name}=${value}`).join('') + `x-soracom-timestamp=${timestamp}`;
    expect(soracom).toEqual([
      ...identity,
      `x-soracom-timestamp: ${timestamp}`,
      'x-soracom-signature-version: 20151001',
      `x-soracom-signature: ${sha256(text)}`,
    ]);
  });

  it('a device cannot state an identity, in any spelling', async () => {
    const forged = [
      'x-soracom-imsi',
      'X-Soracom-IMSI',
      'X-SORACOM-SIGNATURE',
      'x_soracom_imsi',
      'X-Soracom_Imei',
      'x-soracom-anything',
      ...[..."!#$%&'*+.^`|~"].map((mark) => `X${mark}Soracom${mark}Sim${mark}Id`),
      'x.soracom-imsi',
    ];
    const lines = await forwarded(
      { addSubscriberHeader: true },
      forged.map((name) => `${name}: 999\r\n${name}: 998\r\n`).join('') +
        'Connection: x-soracom-imsi, content-length\r\nX-Kept: 1\r\n',
    );
    expect(lines.filter((line) => /soracom/i.test(line))).toEqual([`x-soracom-imsi: ${IMSI}`]);
    expect(lines).toContain('x-kept: 1');
    expect(lines).toContain('content-length: 2');
  });

  it('device headers keep order and repetition; hop-by-hop ones stay behind', async () => {
    const lines = await forwarded(
      {},
      'B: 1\r\nTE: trailers\r\nUpgrade: h2c\r\na: 2\r\nB: 3\r\nConnection: X-Private\r\nX-Private: 1\r\nKeep-Alive: 1\r\n',
    );
    expect(lines).toEqual([
      'host: site.test',
      'content-type: application/json',
      'b: 1',
      'a: 2',
      'b: 3',
      'content-length: 2',
      'connection: close',
    ]);
  });

  it('custom headers: append, replace, delete', async () => {
    const lines = await forwarded(
      {
        customHeaders: {
          1: { action: 'append', headerKey: 'X-Tag', headerValue: 'two' },
          2: { action: 'replace', headerKey: 'x-group', headerValue: 'ours' },
          3: { action: 'replace', headerKey: 'X-New', headerValue: 'new' },
          4: { action: 'delete', headerKey: 'user-AGENT' },
          5: { action: 'delete', headerKey: 'X-Not-There' },
        },
      },
      'X-Tag: one\r\nX-Group: theirs\r\nX-GROUP: again\r\nUser-Agent: device\r\n',
    );
    expect(lines.filter((line) => line.startsWith('x-') || line.startsWith('user'))).toEqual([
      'x-tag: one',
      'x-tag: two',
      'x-group: ours',
      'x-new: new',
    ]);
  });

  it.each([
    ['api-token-credentials', { token: 'T0KEN' }, 'Bearer T0KEN'],
    ['psk', { key: 'K3Y' }, 'Bearer K3Y'],
    [
      'username-password-credentials',
      { username: 'Aladdin', password: 'open sesame' },
      'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
    ],
  ])('Authorization of %s replaces the device’s own, and is masked in the trace', async (type, credentials, value) => {
    const entry = {
      enabled: true,
      destination: 'http://site.test/',
      authorization: { $credentialsId: 'cloud-#{imsi}' },
    };
    const world = new BeamWorld({
      config: config({ [KEY]: entry }, { credentials: { [`cloud-${IMSI}`]: { type, credentials } } as never }),
    });
    const { requests } = world.serveBytes('site.test', 80, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await world.request(post('{}', 'authorization: mine\r\n'));
    expect(headerLines(requests[0] ?? '').filter((line) => line.startsWith('auth'))).toEqual([
      `authorization: ${value}`,
    ]);
    expect(JSON.stringify(world.events)).not.toContain(value.split(' ')[1]);
    expect(JSON.stringify(world.events)).toContain('["Authorization","[redacted]"]');
  });

  it('an entry that cannot be signed refuses: nothing goes out unsigned', async () => {
    const entry = {
      enabled: true,
      destination: 'http://site.test/',
      addSubscriberHeader: true,
      addSignature: true,
      psk: { $credentialsId: '#{imsi}' },
    };
    const world = new BeamWorld({ config: config({ [KEY]: entry }) });
    const { requests } = world.serveBytes('site.test', 80, 'HTTP/1.1 200 OK\r\n\r\n');
    expect(await world.request(post('{}'))).toMatch(/^HTTP\/1\.1 500 [^]*Beam: credentials are not in the store\n$/);
    expect(requests).toEqual([]);
  });

  it('a signature without an identity to sign refuses, whatever directory it comes from', () => {
    const entry: BeamEntry = {
      enabled: true,
      destination: 'http://x/',
      addSignature: true,
      psk: secretText(PSK),
      addMsisdnHeader: true,
    };
    expect(() => context({ entry, msisdn: '' })).toThrow('a signature needs at least one identity header');
    expect(() =>
      context({ entry: { enabled: true, destination: 'http://x/', addSignature: true, addSimIdHeader: true } }),
    ).toThrow('no pre-shared key');
  });
});

function context({
  entry,
  msisdn = MSISDN,
  device = [],
}: {
  entry: BeamEntry;
  msisdn?: string;
  device?: [string, string][];
}): [string, string][] {
  return forwardedHeaders(device, {
    entry,
    destination: new URL(entry.destination),
    subscriber: new Directory().register('OP', { imsi: IMSI, iccid: ICCID, msisdn }),
    caller: session(),
    directory: new Directory(),
    unixMs: EPOCH_MS,
    method: 'POST',
    bodyLength: 0,
  });
}

describe('whatever headers a device sends', () => {
  const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/);
  const forging = fc
    .tuple(
      fc.constantFrom('x-soracom-', 'x_soracom_', 'X-Soracom-', 'x-SORACOM_', 'x~soracom~', 'X.Soracom!', 'x|soracom^'),
      fc.constantFrom('imsi', 'IMEI', 'signature', 'timestamp', 'sim_id'),
    )
    .map((parts) => parts.join(''));
  const framing = fc.constantFrom(
    'Host',
    'content-length',
    'Transfer-Encoding',
    'connection',
    'Expect',
    'TE',
    'keep-alive',
  );
  const headers = fc.array(
    fc.tuple(fc.oneof(token, forging, framing), fc.string({ maxLength: 20 }).filter(isFieldText)),
    {
      maxLength: 20,
    },
  );

  it('identity and framing are Beam’s alone', () => {
    const entry: BeamEntry = {
      enabled: true,
      destination: 'https://x.test/',
      addSubscriberHeader: true,
      addSignature: true,
      psk: secretText(PSK),
    };
    fc.assert(
      fc.property(headers, (device) => {
        const reserved = context({ entry, device }).filter(([name]) => isReserved(name));
        expect(reserved.map(([name, value]) => `${name}=${value}`)).toEqual([
          'Host=x.test',
          'Content-Length=0',
          `x-soracom-imsi=${IMSI}`,
          `x-soracom-timestamp=${EPOCH_MS}`,
          'x-soracom-signature-version=20151001',
          `x-soracom-signature=${vectors.vectors[1]?.signature}`,
          'Connection=close',
        ]);
      }),
    );
  });
});
