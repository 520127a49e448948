// Endorse, Funk, Funnel and Harvest Data: who calls is what the session says. Whatever a device writes into path, headers and payload, nothing
// goes out under another SIM's identity, to another group's destination or with its credentials. Metadata and Harvest Files have
// the same property in their own tests, the operator API in api-isolation.
import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import { describe, expect, it } from 'vitest';
import { Clouds, type CloudRequest, type LambdaContext } from '../../host/cloud/index.js';
import { ACCESS_KEY, AWS_CREDENTIALS, OPERATOR, overTcp, overUdp } from './cloud-world.js';
import { BeamWorld, ca, ICCID, IMEI, IMSI, MSISDN } from './harness.js';

/** The other SIM, all of whose names begin alike, so that no part of one is part of the other's. */
const B = {
  ...{ imsi: '440109999999991', imei: '869999999999992', simId: '8981109999999999993', msisdn: '819999999994' },
  ...{ group: 'others-group', key: 'others-key', host: 'others.example' },
};
const OF_B = /99999|others/i;
const ARN = (name: string): string => `arn:aws:lambda:ap-northeast-1:123456789012:function:${name}`;

interface Heard {
  readonly world: BeamWorld;
  /** What has come to the caller's destination, and to the other's. */
  readonly partner: CloudRequest[];
  readonly others: unknown[];
  readonly calls: { readonly event: unknown; readonly context: unknown }[];
}

const groupOf = (host: string, name: string, key: string): object => ({
  configuration: {
    SoracomFunnel: {
      enabled: true,
      destination: { provider: 'partner', service: 'https', resourceUrl: `https://${host}/in/#{imsi}` },
    },
    SoracomFunk: {
      enabled: true,
      destination: { provider: 'aws', service: 'lambda', resourceUrl: ARN(name) },
      credentialsId: { $credentialsId: key },
    },
    SoracomHarvest: { enabled: true },
    SoracomEndorse: {
      enabled: true,
      parametersToEndorse: { simId: true, imsi: true, imei: true, msisdn: true, requestParameters: true },
    },
  },
});

async function twoSims(): Promise<Heard> {
  const world = new BeamWorld({
    config: {
      groups: {
        mine: groupOf('partner.example', 'answer', 'aws'),
        [B.group]: groupOf(B.host, 'others-answer', B.key),
      },
      credentials: { aws: AWS_CREDENTIALS, [B.key]: AWS_CREDENTIALS },
      subscribers: [
        { imsi: IMSI, iccid: ICCID, msisdn: MSISDN, groupId: 'mine' },
        { imsi: B.imsi, iccid: B.simId, msisdn: B.msisdn, groupId: B.group },
      ],
    },
  });
  const heard: Heard = { world, partner: [], others: [], calls: [] };
  const keys = (kid: string): Promise<string | undefined> => Promise.resolve(world.platform.keys.published(kid));
  const answer = (event: unknown, { clientContext }: LambdaContext): string => {
    heard.calls.push({ event, context: clientContext });
    return 'done';
  };
  const clouds = await Clouds.create(
    {
      aws: {
        accessKeys: [ACCESS_KEY],
        functions: { answer, 'others-answer': (event) => heard.others.push(event) },
      },
      others: {
        'partner.example': (request) => (heard.partner.push(request), { status: 200 }),
        [B.host]: (request) => (heard.others.push(request), { status: 200 }),
      },
    },
    { clock: world.clock, authority: ca, keys },
  );
  for (const [host, server] of clouds.servers) world.upstream.serve(host, 443, (stream) => server.accept(stream));
  return heard;
}

const mixed = (text: string): fc.Arbitrary<string> => fc.mixedCase(fc.constant(text));
const name = fc.constantFrom('imsi', 'imei', 'simId', 'msisdn', 'operatorId', 'resourceId', 'srn', 'groupId', 'sub');
const value = fc.constantFrom(...Object.values(B), OPERATOR, '#{imsi}', ':imsi');

/** Ways to write a name of the other's into a path. */
const part = fc.oneof(
  value,
  value.map((text) => `..%2f${text}`),
  value.map((text) => `%2e%2e/${text}`),
  value.map((text) => [...text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')),
  fc.constantFrom(
    '..',
    '.',
    '',
    '%2e%2e',
    '%2E.',
    '%252e',
    '%5c',
    ';',
    '%00',
    '#{imsi}',
    '%23%7Bimsi%7D',
    ':imsi',
    'in',
  ),
);
const query = fc
  .array(fc.tuple(name.chain(mixed), value), { maxLength: 3 })
  .map((pairs) => pairs.map(([key, text]) => `${key}=${encodeURIComponent(text)}`).join('&'));
const target = fc
  .tuple(
    fc.constantFrom('/', '//', `http://${B.host}/`, `http://${B.imsi}@x/`),
    fc.array(part, { maxLength: 4 }),
    query,
  )
  .map(([start, parts, text]) => `${start}${parts.join('/')}${text === '' ? '' : `?${text}`}`);

const headerName = fc.oneof(
  ...['x-soracom-imsi', 'x-soracom-imei', 'x-soracom-sim-id', 'x-soracom-msisdn', 'x-soracom-endpoint'].map(mixed),
  ...['x-forwarded-for', 'forwarded', 'x-real-ip', 'authorization', 'x-amz-client-context', 'x-soracom-token'].map(
    mixed,
  ),
);
const headers = fc
  .array(fc.tuple(headerName, value), { maxLength: 4 })
  .map((lines) => lines.map(([key, text]) => `${key}: ${text}\r\n`).join(''));

/** JSON that says it is the other's, also where a service puts its own fields. */
const payload = fc
  .dictionary(
    fc.oneof(
      name.chain(mixed),
      fc.constantFrom('soracom-endorse-claim', 'payloads', 'destination', 'custom', '__proto__', 'iss', 'toString'),
    ),
    fc.oneof(
      value,
      value.map((text) => ({ imsi: text, custom: { imsi: text } })),
    ),
    { maxKeys: 5 },
  )
  .map((fields) => JSON.stringify(fields));
const contentType = fc.constantFrom('application/json', 'text/plain', 'application/octet-stream', '');

const request = fc
  .tuple(fc.constantFrom('POST', 'POST', 'GET', 'PUT'), target, headers, contentType, payload)
  .map(([method, path, lines, type, body]) => {
    const content = type === '' ? '' : `Content-Type: ${type}\r\n`;
    const length = method === 'GET' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    const host = `Host: ${B.host}\r\n`;
    return `${method} ${path} HTTP/1.1\r\n${host}${lines}${content}${length}Connection: close\r\n\r\n${method === 'GET' ? '' : body}`;
  });

/** What goes out for Funnel is the caller's but for the payload, which is whatever the device says. */
function checkFunnel({ partner }: Heard): void {
  for (const { url, headers: sent, body } of partner.splice(0)) {
    const { payloads, ...envelope } = JSON.parse(body.toString()) as Record<string, unknown>;
    expect(payloads).toBeDefined();
    expect(url).toBe(`/in/${IMSI}`);
    expect(envelope).toMatchObject({ imsi: IMSI, imei: IMEI, operatorId: OPERATOR });
    expect(JSON.stringify([envelope, sent])).not.toMatch(OF_B);
  }
}

function checkFunk({ calls }: Heard): void {
  for (const { context } of calls.splice(0)) {
    expect(context).toMatchObject({ custom: { imsi: IMSI, imei: IMEI, simId: ICCID, operatorId: OPERATOR } });
    expect(JSON.stringify(context)).not.toMatch(OF_B);
  }
}

describe('any request of one SIM that names another', () => {
  it('Funnel over HTTP: the caller’s envelope to the caller’s destination', async () => {
    const heard = await twoSims();
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(request, async (text) => {
        const answer = await heard.world.request(text, 80, undefined, 'funnel.soracom.io');
        expect(answer).not.toMatch(/^HTTP\/1\.1 5/);
        taken += heard.partner.length;
        checkFunnel(heard);
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(30);
    expect(heard.others).toEqual([]);
  });

  it('Funk over HTTP: the caller’s context to the caller’s function', async () => {
    const heard = await twoSims();
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(request, async (text) => {
        const answer = await heard.world.request(text, 80, undefined, 'funk.soracom.io');
        expect(answer).not.toMatch(/^HTTP\/1\.1 5/);
        taken += heard.calls.length;
        checkFunk(heard);
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(30);
    expect(heard.others).toEqual([]);
  });

  it.each([
    ['TCP', overTcp],
    ['UDP', overUdp],
  ] as const)('Funnel and Funk over %s', async (_, send) => {
    const heard = await twoSims();
    let taken = 0;
    const bytes = fc.oneof(
      payload,
      request,
      payload.map((text) => `imsi=${B.imsi} ${text}`),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom('funnel.soracom.io', 'funk.soracom.io'), async (text, service) => {
        await send(heard.world, service, text);
        taken += heard.partner.length + heard.calls.length;
        checkFunnel(heard);
        checkFunk(heard);
      }),
      { numRuns: 60 },
    );
    expect(taken).toBe(60);
    expect(heard.others).toEqual([]);
  });

  it('Harvest Data over HTTP, TCP and UDP: an entry of the caller, whatever it says', async () => {
    const { world } = await twoSims();
    const ways = fc.oneof(
      fc.tuple(fc.constant('http'), request),
      fc.tuple(fc.constantFrom('tcp', 'udp'), fc.oneof(payload, request)),
    );
    await fc.assert(
      fc.asyncProperty(ways, async ([way, text]) => {
        if (way === 'http') {
          expect(await world.request(text, 80, undefined, 'harvest.soracom.io')).not.toMatch(/^HTTP\/1\.1 5/);
        } else {
          const over = way === 'tcp' ? overTcp : overUdp;
          await over(world, 'harvest.soracom.io', text, undefined, 8514);
        }
      }),
      { numRuns: 300 },
    );
    const kept = (imsi: string): number => {
      const resource = { operatorId: OPERATOR, resourceType: 'Subscriber', resourceId: imsi } as const;
      return world.platform.data.list(resource, { sort: 'asc', limit: 1000 }).entries.length;
    };
    expect(kept(IMSI)).toBeGreaterThan(30);
    expect(kept(B.imsi)).toBe(0);
  });

  it('Endorse: a token about the caller, or none', async () => {
    const { world } = await twoSims();
    let tokens = 0;
    await fc.assert(
      fc.asyncProperty(request, async (text) => {
        const answer = await world.request(text, 80, undefined, 'endorse.soracom.io');
        expect(answer).not.toMatch(/^HTTP\/1\.1 5/);
        const token = /"token":"([^"]+)"/.exec(answer)?.[1];
        if (token === undefined) return;
        tokens++;
        const { kid = '' } = jwt.decode(token, { complete: true })?.header ?? {};
        const options = { clockTimestamp: Math.floor(world.clock.unixMs() / 1000) };
        const claims = jwt.verify(token, world.platform.keys.published(kid) ?? '', options) as jwt.JwtPayload;
        const { requestParameters, ...identity } = claims['soracom-endorse-claim'] as Record<string, unknown>;
        expect([undefined, 'object']).toContain(requestParameters && typeof requestParameters);
        expect(identity).toEqual({ imsi: IMSI, imei: IMEI, simId: ICCID, msisdn: MSISDN });
        expect(JSON.stringify({ ...claims, 'soracom-endorse-claim': identity })).not.toMatch(OF_B);
      }),
      { numRuns: 400 },
    );
    expect(tokens).toBeGreaterThan(30);
  });
});
