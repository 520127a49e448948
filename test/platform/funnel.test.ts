import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../host/clock/clock.js';
import { type CloudRequest, type CloudResponse, newServiceAccount } from '../../host/cloud/index.js';
import {
  ACCESS_KEY,
  AWS_CREDENTIALS,
  type CloudWorld,
  cloudWorld,
  type CloudWorldOptions,
  ICCID,
  IMEI,
  IMSI,
  OPERATOR,
  overHttp,
  overTcp,
  overUdp,
  reasons,
} from './cloud-world.js';
import { EPOCH_MS, session } from './harness.js';
import { refusedBy } from '../../host/platform/cloud-delivery/cloud-message.js';

const FUNNEL = 'funnel.soracom.io';
const IOT = 'a1b2c3d4e5f6g7-ats.iot.ap-northeast-1.amazonaws.com';
const KINESIS = 'https://kinesis.ap-northeast-1.amazonaws.com/readings';
const FIREHOSE = 'https://firehose.ap-northeast-1.amazonaws.com/to-s3';
const HUB = 'https://akari-hubs.servicebus.windows.net/telemetry';
const TOPIC = 'projects/akari-project/topics/telemetry';
const SAS = { policyName: 'device send', key: 'c2hhcmVkIGFjY2VzcyBrZXk=' };
const { keyFile, account } = newServiceAccount('akari-project', 'funnel');

const CREDENTIALS = {
  aws: AWS_CREDENTIALS,
  azure: { type: 'azure-credentials', credentials: SAS },
  google: { type: 'google-service-account-json', credentials: { credentials: keyFile } },
} as const;

interface Received {
  readonly requests: CloudRequest[];
  answer: CloudResponse;
}

async function funnel(
  destination: object,
  config: object = {},
  more: Partial<CloudWorldOptions> = {},
): Promise<CloudWorld & { partner: Received }> {
  const partner: Received = { requests: [], answer: { status: 200 } };
  const provider = (destination as { provider: string }).provider;
  const credentialsId = Object.hasOwn(CREDENTIALS, provider) ? { credentialsId: { $credentialsId: provider } } : {};
  const made = await cloudWorld({
    configuration: { SoracomFunnel: { enabled: true, destination: destination as never, ...credentialsId, ...config } },
    credentials: CREDENTIALS,
    clouds: {
      aws: { accessKeys: [ACCESS_KEY], streams: ['readings'], deliveryStreams: ['to-s3'] },
      azure: {
        eventHubs: {
          ...{ namespace: 'akari-hubs', hubs: ['telemetry'] },
          policies: [{ name: SAS.policyName, key: SAS.key, hub: 'telemetry' }],
        },
      },
      google: { serviceAccounts: [account], topics: [{ name: TOPIC }] },
      others: {
        'partner.example': (request) => {
          partner.requests.push(request);
          return partner.answer;
        },
      },
    },
    ...more,
  });
  return { ...made, partner };
}

const PARTNER = {
  provider: 'partner',
  service: 'https',
  resourceUrl: 'https://partner.example/in/#{imsi}?key=pathkey',
};
const bodyOf = ({ requests }: Received): unknown => JSON.parse(requests.at(-1)?.body.toString() ?? '');
const header = (received: Received, name: string): string | undefined =>
  received.requests.at(-1)?.headers.find(([other]) => other.toLowerCase() === name)?.[1];

describe('the envelope', () => {
  it('says who sent what, when, by which way and where to', async () => {
    const { world, partner } = await funnel(PARTNER);
    expect(await overHttp(world, FUNNEL, '{"t": 21.50, "big": 12345678901234567890}')).toMatchObject({ status: 204 });
    const { requests } = partner;
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([`POST /in/${IMSI}?key=pathkey`]);
    expect(bodyOf(partner)).toEqual({
      operatorId: OPERATOR,
      timestamp: expect.any(Number),
      destination: {
        ...{ provider: 'partner', service: 'https', resourceUrl: `https://partner.example/in/${IMSI}?key=pathkey` },
        ...{ payloadsOnly: false, sendPayloadsAsBinary: false },
      },
      payloads: { t: 21.5, big: 1.2345678901234567e19 },
      sourceProtocol: 'http',
      ...{ imsi: IMSI, imei: IMEI },
    });
    // Numbers are passed on as they were written.
    expect(requests[0]?.body.toString()).toContain('"payloads":{"t": 21.50, "big": 12345678901234567890}');
    expect((bodyOf(partner) as { timestamp: number }).timestamp).toBeGreaterThanOrEqual(EPOCH_MS);
    expect(header(partner, 'content-type')).toBe('application/json');
  });

  it.each([
    ['tcp', overTcp],
    ['udp', overUdp],
  ] as const)('%s: a payload without a content type is binary, and the answer is 200', async (protocol, send) => {
    const { world, partner } = await funnel(PARTNER);
    const answer = await send(world, FUNNEL, Buffer.from([0, 255]));
    expect(typeof answer === 'string' ? answer : answer.reply).toBe('200');
    expect(bodyOf(partner)).toMatchObject({ payloads: { payload: 'AP8=' }, sourceProtocol: protocol });
  });

  it.each([
    ['json', '{"a":[1,2]}', { a: [1, 2] }],
    ['text', '{"a":1}', { payload: '{"a":1}' }],
    ['binary', '{"a":1}', { payload: 'eyJhIjoxfQ==' }],
  ])('content type %s: %s becomes %j', async (contentType, body, payloads) => {
    const { world, partner } = await funnel(PARTNER, { contentType });
    expect(await overUdp(world, FUNNEL, body)).toBe('200');
    expect(bodyOf(partner)).toMatchObject({ payloads });
  });

  it.each([
    ['application/json', '[1]', [1]],
    ['text/plain', 'hello', { payload: 'hello' }],
    ['application/xml', '<a/>', { payload: '<a/>' }],
    ['application/octet-stream', '\x01', { payload: 'AQ==' }],
  ])('over HTTP the Content-Type %s decides', async (type, body, payloads) => {
    const { world, partner } = await funnel(PARTNER);
    expect((await overHttp(world, FUNNEL, body, type)).status).toBe(204);
    expect(bodyOf(partner)).toMatchObject({ payloads });
  });

  it('names the credentials, the SIM’s id when asked to, and no IMEI that is not known', async () => {
    const { world, partner } = await funnel(
      PARTNER,
      { credentialsId: 'key-#{imsi}', addSimId: true },
      {
        credentials: { [`key-${IMSI}`]: { type: 'api-token-credentials', credentials: { token: 'partner-t0ken' } } },
      },
    );
    await overHttp(world, FUNNEL, '{}', 'application/json', session(IMSI, ''));
    expect(bodyOf(partner)).toMatchObject({ credentialsId: `key-${IMSI}`, simId: ICCID });
    expect(bodyOf(partner)).not.toHaveProperty('imei');
    expect(header(partner, 'authorization')).toBe('Bearer partner-t0ken');
  });

  it('payloadsOnly sends the value of payloads alone, wherever it is configured', async () => {
    for (const place of ['destination', 'namespace']) {
      const inside = place === 'destination' ? { payloadsOnly: true } : {};
      const outside = place === 'namespace' ? { payloadsOnly: true } : {};
      const { world, partner } = await funnel({ ...PARTNER, ...inside }, outside);
      await overHttp(world, FUNNEL, '{"t": 1.0}');
      expect(partner.requests[0]?.body.toString()).toBe('{"t": 1.0}');
      await overHttp(world, FUNNEL, 'hello', 'text/plain');
      expect(bodyOf(partner)).toEqual({ payload: 'hello' });
    }
  });

  it('sendPayloadsAsBinary with it sends the device’s own bytes', async () => {
    const { world, partner } = await funnel({ ...PARTNER, payloadsOnly: true, sendPayloadsAsBinary: true });
    await overUdp(world, FUNNEL, Buffer.from([1, 0, 255]));
    expect(partner.requests[0]?.body).toEqual(Buffer.from([1, 0, 255]));
    expect(header(partner, 'content-type')).toBe('application/octet-stream');
    await overHttp(world, FUNNEL, 'hello', 'text/plain');
    expect(partner.requests[1]?.body.toString()).toBe('hello');
  });

  it('whatever a device sends, the envelope is JSON that gives it back, and its identity is the session’s', async () => {
    const { world, partner } = await funnel(PARTNER, { contentType: 'text' });
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), async (text) => {
        expect(await overUdp(world, FUNNEL, text)).toBe('200');
        expect(bodyOf(partner)).toMatchObject({ payloads: { payload: Buffer.from(text).toString() }, imsi: IMSI });
      }),
      { numRuns: 30 },
    );
    const { world: json, partner: seen } = await funnel(PARTNER, { contentType: 'json' });
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        expect(await overUdp(json, FUNNEL, JSON.stringify(value))).toBe('200');
        expect(bodyOf(seen)).toMatchObject({ imsi: IMSI, operatorId: OPERATOR, sourceProtocol: 'udp' });
        expect((bodyOf(seen) as { payloads: unknown }).payloads).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['{"imsi":"440109999999999","operatorId":"OP9"}'],
    ['{}},"imsi":"440109999999999","x":{"a":1'],
    ['1,"imsi":"440109999999999"'],
  ])('no payload can put an identity beside its own: %s', async (body) => {
    const { world, partner } = await funnel(PARTNER, { contentType: 'json' });
    const reply = await overUdp(world, FUNNEL, body);
    if (reply === '200') expect(bodyOf(partner)).toMatchObject({ imsi: IMSI, operatorId: OPERATOR });
    else expect(reply).toBe('400 Invalid JSON is send to funnel.');
  });
});

describe('AWS', () => {
  it('IoT: publishes to a topic with the IMSI in it', async () => {
    const { world, clouds } = await funnel({
      provider: 'aws',
      service: 'aws-iot',
      resourceUrl: `${IOT}/devices/#{imsi}/up`,
    });
    expect(await overTcp(world, FUNNEL, '{"n":1}')).toEqual({ reply: '200', ended: false });
    expect((await overHttp(world, FUNNEL, '{"n":2}')).status).toBe(204);
    const { messages } = clouds.aws.iot;
    expect(messages.map(({ topic, qos }) => [topic, qos])).toEqual([
      [`devices/${IMSI}/up`, 1],
      [`devices/${IMSI}/up`, 1],
    ]);
    expect(JSON.parse(messages[1]?.payload.toString() ?? '')).toMatchObject({
      ...{ payloads: { n: 2 }, credentialsId: 'aws', imsi: IMSI },
      destination: { service: 'aws-iot', resourceUrl: `${IOT}/devices/${IMSI}/up` },
    });
  });

  it('Kinesis: PutRecord, the IMSI as partition key', async () => {
    const { world, clouds } = await funnel({ provider: 'aws', service: 'kinesis', resourceUrl: KINESIS });
    expect(await overUdp(world, FUNNEL, 'x')).toBe('200');
    const [record] = clouds.aws.kinesis.records;
    expect(record).toMatchObject({ stream: 'readings', partitionKey: IMSI });
    expect(JSON.parse(record?.data.toString() ?? '')).toMatchObject({ payloads: { payload: 'eA==' } });
  });

  it('Firehose: PutRecord, here with the payload alone', async () => {
    const destination = { provider: 'aws', service: 'firehose', resourceUrl: FIREHOSE, payloadsOnly: true };
    const { world, clouds } = await funnel(destination);
    expect((await overHttp(world, FUNNEL, '{"n":1}\n')).status).toBe(204);
    expect(clouds.aws.firehose.records.map(({ stream, data }) => [stream, data.toString()])).toEqual([
      ['to-s3', '{"n":1}'],
    ]);
  });

  it.each([
    ['kinesis', KINESIS, { secretAccessKey: 'other' }, 400, 'The request signature we calculated does not match'],
    ['kinesis', KINESIS, { accessKeyId: 'AKIAOTHER' }, 400, 'The security token included in the request is invalid.'],
    ['kinesis', `${KINESIS}x`, {}, 400, 'Stream readingsx under account 123456789012 not found.'],
    ['firehose', `${FIREHOSE}x`, {}, 400, 'Firehose to-s3x under account 123456789012 not found.'],
    [
      'aws-iot',
      `${IOT}/a`,
      { accessKeyId: 'AKIAOTHER' },
      403,
      'The security token included in the request is invalid.',
    ],
    ['aws-iot', `${IOT}/a/b/c/d/e/f/g/h/i`, {}, 400, 'Topic has too many levels'],
  ])('%s refuses: its status and words reach the device (%s)', async (service, resourceUrl, wrong, status, words) => {
    const { world } = await funnel(
      { provider: 'aws', service, resourceUrl },
      {},
      {
        credentials: { aws: { type: 'aws-credentials', credentials: { ...ACCESS_KEY, ...wrong } } },
      },
    );
    expect(await overUdp(world, FUNNEL, 'x')).toContain(`${status} ${words}`);
    expect(await overHttp(world, FUNNEL, '{}')).toMatchObject({ status, body: expect.stringContaining(words) });
    expect(await overTcp(world, FUNNEL, 'x')).toEqual({ reply: expect.stringContaining(words), ended: false });
  });
});

describe('Azure Event Hubs', () => {
  const destination = { provider: 'azure', service: 'eventhubs', resourceUrl: HUB };

  it('sends an event with a shared access signature', async () => {
    const { world, clouds } = await funnel(destination);
    expect(await overTcp(world, FUNNEL, 'x')).toEqual({ reply: '200', ended: false });
    const [event] = clouds.azure.eventHubs?.events ?? [];
    expect(event).toMatchObject({ hub: 'telemetry', contentType: 'application/json' });
    expect(JSON.parse(event?.body.toString() ?? '')).toMatchObject({ imsi: IMSI, payloads: { payload: 'eA==' } });
  });

  it.each([
    ['key', { ...SAS, key: 'other' }, HUB, 'InvalidSignature'],
    ['policy', { ...SAS, policyName: 'other' }, HUB, 'InvalidSignature'],
    ['hub', SAS, `${HUB}-2`, 'InvalidSignature'],
  ])('another %s: 401 and Azure’s words', async (_, credentials, resourceUrl, words) => {
    const { world } = await funnel(
      { ...destination, resourceUrl },
      {},
      {
        credentials: { azure: { type: 'azure-credentials', credentials } },
      },
    );
    expect(await overUdp(world, FUNNEL, 'x')).toMatch(new RegExp(`^401 ${words}: .* TrackingId:`));
  });
});

describe('Google Pub/Sub', () => {
  const destination = {
    provider: 'google',
    service: 'pubsub',
    resourceUrl: `https://pubsub.googleapis.com/v1/${TOPIC}`,
  };

  it('publishes with a token for the service account, and asks for a new one only when it has to', async () => {
    const { world, clouds } = await funnel(destination);
    const { tokens, pubsub } = clouds.google;
    expect(await overUdp(world, FUNNEL, 'a')).toBe('200');
    expect(await overUdp(world, FUNNEL, 'b')).toBe('200');
    expect(tokens.granted).toBe(1);
    await world.clock.run({ deadline: world.clock.now() + 58 * MINUTE });
    expect(await overUdp(world, FUNNEL, 'c')).toBe('200');
    expect(tokens.granted).toBe(1);
    await world.clock.run({ deadline: world.clock.now() + 2 * MINUTE });
    expect(await overUdp(world, FUNNEL, 'd')).toBe('200');
    expect(tokens.granted).toBe(2);
    expect(pubsub.messages.map(({ topic }) => topic)).toEqual(Array(4).fill(TOPIC));
    expect(JSON.parse(pubsub.messages[3]?.data.toString() ?? '')).toMatchObject({ payloads: { payload: 'ZA==' } });
  });

  it('an account that Google does not know, another’s key, a topic that is not there', async () => {
    const other = newServiceAccount('akari-project', 'other');
    const forged = { ...(JSON.parse(other.keyFile) as object), client_email: account.clientEmail };
    const sent = async (file: string, resourceUrl = destination.resourceUrl): Promise<string> => {
      const entry = { type: 'google-service-account-json', credentials: { credentials: file } } as const;
      const { world } = await funnel({ ...destination, resourceUrl }, {}, { credentials: { google: entry } });
      return overUdp(world, FUNNEL, 'x');
    };
    expect(await sent(other.keyFile)).toBe('400 Invalid grant: account not found');
    expect(await sent(JSON.stringify(forged))).toBe('400 Invalid JWT Signature.');
    expect(await sent(keyFile, `${destination.resourceUrl}-2`)).toBe('404 Resource not found (resource=telemetry-2).');
    expect(await sent('no json')).toBe('500 the credentials are no key file of a service account');
    expect(await sent(JSON.stringify({ ...(JSON.parse(keyFile) as object), private_key: 'x' }))).toBe(
      '500 the private key of the service account cannot be read',
    );
  });

  it('a token that is taken back is not used again', async () => {
    const { world, clouds } = await funnel(destination);
    expect(await overUdp(world, FUNNEL, 'a')).toBe('200');
    clouds.server('pubsub.googleapis.com').next({ status: 401, body: '{"error":{"code":401,"message":"revoked"}}' });
    expect(await overUdp(world, FUNNEL, 'b')).toBe('401 revoked');
    expect(await overUdp(world, FUNNEL, 'c')).toBe('200');
    expect(clouds.google.tokens.granted).toBe(2);
  });
});

it.each([
  [200, 502],
  [302, 502],
  [400, 400],
  [503, 503],
])('a token service that gives no token with status %i is %i to a device', (status, shown) => {
  expect(refusedBy({ status, headers: [], body: Buffer.from('words') })).toMatchObject({
    status: shown,
    message: 'words',
  });
});

describe('a destination', () => {
  it.each([
    [{ status: 200 }, 204, '200'],
    [{ status: 202, body: 'taken' }, 204, '200'],
    [
      { status: 302, headers: [['Location', '/x']] as [string, string][] },
      502,
      '502 the destination answered with status 302',
    ],
    [{ status: 400, body: '{"message":"no such field"}' }, 400, '400 no such field'],
    [{ status: 403, body: '{"Message":"denied"}' }, 403, '403 denied'],
    [{ status: 404, body: '{"error":{"code":404,"message":"gone"}}' }, 404, '404 gone'],
    [{ status: 401, body: '{"error":"invalid","error_description":"expired"}' }, 401, '401 expired'],
    [{ status: 403, body: '<Error><Code>A</Code><Message>denied</Message></Error>' }, 403, '403 denied'],
    [{ status: 429, body: 'slow down\n' }, 429, '429 slow down'],
    [{ status: 500 }, 500, '500 Internal Server Error'],
    [{ status: 503, body: 'x'.repeat(5000) }, 503, `503 ${'x'.repeat(1024)}`],
  ])('that answers %j gives %i over HTTP', async (answer, status, reply) => {
    const { world, partner } = await funnel(PARTNER);
    partner.answer = answer;
    expect((await overHttp(world, FUNNEL, '{}')).status).toBe(status);
    expect(await overUdp(world, FUNNEL, 'x')).toBe(reply);
    expect(await overTcp(world, FUNNEL, 'x')).toEqual({ reply, ended: false });
  });

  it('that is dead, cuts, hangs, answers garbage, shows another’s certificate', async () => {
    const { world, clouds } = await funnel(PARTNER);
    const server = clouds.server('partner.example');
    server.next({ cut: 'answer' }, { hang: true });
    expect(await overUdp(world, FUNNEL, 'x')).toBe('502 the answer of the destination was cut short');
    const before = world.clock.now();
    expect((await overHttp(world, FUNNEL, '{}')).status).toBe(504);
    expect(world.clock.now() - before).toBeLessThan(31 * SECOND);
    world.upstream.serve('partner.example', 443, (stream) => stream.once('data', () => stream.end('garbage')));
    expect(await overUdp(world, FUNNEL, 'x')).toMatch(/^502 /);
    world.upstream.serve('partner.example', 443, (stream) => world.customer.accept(stream));
    expect(await overUdp(world, FUNNEL, 'x')).toBe('502 the certificate of the destination is not trusted');
    world.upstream.serve('partner.example', 443, 'refused');
    expect(await overTcp(world, FUNNEL, 'x')).toMatchObject({ reply: '502 the destination cannot be reached' });
    expect(reasons(world)).toHaveLength(5);
  });

  it('at an endpoint of the operator’s own', async () => {
    const { world, partner } = await funnel({ ...PARTNER, endpoint: 'https://partner.example/elsewhere' });
    expect(await overUdp(world, FUNNEL, 'x')).toBe('200');
    expect(partner.requests[0]?.url).toBe('/elsewhere');
  });

  it('gets user name and password, or a token, out of the store', async () => {
    const { world, partner } = await funnel(
      PARTNER,
      { credentialsId: { $credentialsId: 'user' } },
      {
        credentials: {
          user: { type: 'username-password-credentials', credentials: { username: 'u', password: 'p4ss' } },
        },
      },
    );
    await overUdp(world, FUNNEL, 'x');
    expect(header(partner, 'authorization')).toBe(`Basic ${Buffer.from('u:p4ss').toString('base64')}`);
    expect(JSON.stringify(world.events)).not.toContain('p4ss');
  });
});

describe('Funnel refuses', () => {
  it('JSON that is none: 400 with its own words, and over TCP the end of the connection', async () => {
    const { world, partner } = await funnel(PARTNER, { contentType: 'json' });
    const { status, body } = await overHttp(world, FUNNEL, '{"a":');
    expect([status, body]).toEqual([400, 'Invalid JSON is send to funnel.']);
    expect(await overTcp(world, FUNNEL, '{"a":')).toEqual({
      reply: '400 Invalid JSON is send to funnel.',
      ended: true,
    });
    expect(await overUdp(world, FUNNEL, '{"a":')).toBe('400 Invalid JSON is send to funnel.');
    expect(partner.requests).toHaveLength(0);
    const { world: plain } = await funnel(PARTNER);
    expect((await overHttp(plain, FUNNEL, 'no json')).status).toBe(400);
  });

  it('a body of more than 800,000 bytes: 413 with its own words', async () => {
    const { world, partner } = await funnel(PARTNER);
    const { status, body } = await overHttp(world, FUNNEL, Buffer.alloc(800_001), 'application/octet-stream');
    expect([status, body.trim()]).toEqual([413, 'Maximum content-length is: 800000']);
    expect((await overHttp(world, FUNNEL, Buffer.alloc(800_000), 'application/octet-stream')).status).toBe(204);
    expect(partner.requests).toHaveLength(1);
  });

  it.each([
    ['when it is off', { enabled: false }, {}, 400],
    ['a suspended SIM', {}, { status: 'suspended' }, 403],
    ['a SIM in no group', {}, { groupId: undefined }, 400],
    ['without a destination', { destination: undefined }, {}, 500],
  ])('%s', async (_, config, subscriber, status) => {
    const { world, partner } = await funnel(PARTNER, config, { subscriber });
    expect((await overHttp(world, FUNNEL, '{}')).status).toBe(status);
    expect((await overTcp(world, FUNNEL, '{}')).reply).toMatch(new RegExp(`^${status} `));
    expect(await overUdp(world, FUNNEL, '{}')).toMatch(new RegExp(`^${status} `));
    expect(partner.requests).toHaveLength(0);
  });

  it.each([
    ['aws', 'kinesis', KINESIS],
    ['azure', 'eventhubs', HUB],
    ['google', 'pubsub', TOPIC],
  ])('%s without credentials, with missing ones, with ones of another type', async (provider, service, resourceUrl) => {
    const reply = async (config: object): Promise<string> => {
      const psk = { type: 'psk', credentials: { key: 'topsecret' } } as const;
      const { world } = await funnel({ provider, service, resourceUrl }, config, {
        credentials: { ...CREDENTIALS, psk, other: psk },
      });
      // The configuration is checked when it is read; an entry can go afterwards.
      world.platform.directory.deleteCredentials(OPERATOR, 'other');
      return overUdp(world, FUNNEL, 'x');
    };
    expect(await reply({ credentialsId: undefined })).toBe('500 no credentials are configured');
    expect(await reply({ credentialsId: 'other' })).toBe('500 credentials are not in the store');
    expect(await reply({ credentialsId: 'psk' })).toBe('500 credentials of type psk do not fit the destination');
  });
});

it('no secret is in the trace, whatever way is taken', async () => {
  const ways = [
    { provider: 'aws', service: 'aws-iot', resourceUrl: `${IOT}/t` },
    { provider: 'aws', service: 'kinesis', resourceUrl: KINESIS },
    { provider: 'aws', service: 'firehose', resourceUrl: `${FIREHOSE}x` },
    { provider: 'azure', service: 'eventhubs', resourceUrl: HUB },
    { provider: 'google', service: 'pubsub', resourceUrl: TOPIC },
  ];
  const worlds = await Promise.all(ways.map((way) => funnel(way)));
  const replies: string[] = [];
  for (const { world } of worlds) replies.push(await overUdp(world, FUNNEL, 'x'));
  expect(replies.map((reply) => reply.slice(0, 3))).toEqual(['200', '200', '400', '200', '200']);
  const all = JSON.stringify(worlds.map(({ world }) => world.events));
  const privateKey = (JSON.parse(keyFile) as { private_key: string }).private_key;
  const secrets = [ACCESS_KEY.secretAccessKey, SAS.key, privateKey.slice(40, 100), 'assertion', 'ya29.', 'sig='];
  for (const secret of [...secrets, 'AWS4-HMAC-SHA256 Credential']) expect(all).not.toContain(secret);
  expect(all).toContain('oauth2.googleapis.com/token');
});

it('clouds’ clocks: a platform that is six minutes late is refused by AWS', async () => {
  const { world, clouds } = await funnel({ provider: 'aws', service: 'kinesis', resourceUrl: KINESIS });
  const host = 'kinesis.ap-northeast-1.amazonaws.com';
  clouds.server(host).next({ delay: 6 * MINUTE });
  expect(await overUdp(world, FUNNEL, 'x')).toMatch(/^504 /);
  await world.clock.run({ deadline: world.clock.now() + HOUR });
  expect(clouds.aws.kinesis.records).toHaveLength(0);
});

it.each([
  [{ ...PARTNER, resourceUrl: 'partner.example' }, 'resourceUrl'],
  [{ ...PARTNER, endpoint: 'ftp://x' }, 'endpoint'],
  [
    { provider: 'aws', service: 'kinesis', resourceUrl: 'https://kinesis.example.com/s' },
    'must be https://kinesis.REGION.amazonaws.com/STREAM',
  ],
  [{ provider: 'aws', service: 's3', resourceUrl: KINESIS }, 'is none of aws'],
  [{ provider: 'aws', service: 'constructor', resourceUrl: KINESIS }, 'is none of aws'],
  [{ provider: 'aws', service: 'aws-iot', resourceUrl: `${IOT}/a/+/b` }, 'wildcard'],
  [{ provider: 'aws', service: 'aws-iot', resourceUrl: IOT }, 'must be ENDPOINT.iot.REGION.amazonaws.com/TOPIC'],
  [{ provider: 'azure', service: 'eventhubs', resourceUrl: 'https://a.servicebus.windows.net/' }, 'EVENT-HUB'],
  [{ provider: 'google', service: 'pubsub', resourceUrl: 'topics/x' }, 'must be projects/PROJECT/topics/TOPIC'],
  [{ ...PARTNER, payloadOnly: true }, 'payloadOnly'],
])('a configuration with %j is refused, with the field in the message', async (destination, message) => {
  await expect(funnel(destination)).rejects.toThrow(message);
});
