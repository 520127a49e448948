import { describe, expect, it } from 'vitest';
import { MS, SECOND } from '../../host/clock/clock.js';
import type { FunctionRequest, LambdaContext, LambdaFunction, LambdaHandler } from '../../host/cloud/index.js';
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

const FUNK = 'funk.soracom.io';
const ARN = 'arn:aws:lambda:ap-northeast-1:123456789012:function:answer';
const SRN = `srn:soracom:${OPERATOR}:jp:Subscriber:${IMSI}`;
const CONTEXT = {
  ...{ operatorId: OPERATOR, coverage: 'jp', resourceType: 'Subscriber', resourceId: IMSI, srn: SRN },
  ...{ imsi: IMSI, simId: ICCID, imei: IMEI },
};

const echo: LambdaHandler = (event, context) => ({ event, context: context.clientContext });

function lambda(
  funk: object = {},
  functions: Record<string, LambdaHandler | LambdaFunction> = { answer: echo },
  more: Partial<CloudWorldOptions> = {},
): Promise<CloudWorld> {
  const destination = { provider: 'aws', service: 'lambda', resourceUrl: ARN } as const;
  const SoracomFunk = { enabled: true, destination, credentialsId: { $credentialsId: 'aws' }, ...funk };
  return cloudWorld({
    configuration: { SoracomFunk },
    credentials: { aws: AWS_CREDENTIALS },
    clouds: { aws: { accessKeys: [ACCESS_KEY], functions } },
    ...more,
  });
}

describe('AWS Lambda', () => {
  it('HTTP: the body is the event, the client context says who called, what is returned is the answer', async () => {
    const { world } = await lambda();
    const { status, body, text } = await overHttp(world, FUNK, '{"temperature": 21.50}');
    expect(status).toBe(200);
    expect(text.toLowerCase()).toContain('content-type: application/json\r\n');
    expect(JSON.parse(body)).toEqual({
      event: { temperature: 21.5 },
      context: { custom: { ...CONTEXT, sourceProtocol: 'http' } },
    });
  });

  it('TCP and UDP: status, a space and what is returned; the connection stays', async () => {
    const seen: unknown[] = [];
    const answer: LambdaHandler = (event, { clientContext }) => {
      seen.push([event, (clientContext as { custom: { sourceProtocol: string } }).custom.sourceProtocol]);
      return { result: 'ok' };
    };
    const { world } = await lambda({ contentType: 'json' }, { answer });
    expect(await overTcp(world, FUNK, '{"n":1}')).toEqual({ reply: '200 {"result":"ok"}', ended: false });
    expect(await overUdp(world, FUNK, '{"n":2}')).toBe('200 {"result":"ok"}');
    expect(seen).toEqual([
      [{ n: 1 }, 'tcp'],
      [{ n: 2 }, 'udp'],
    ]);
  });

  it.each([
    ['json', '{"a":1}', { a: 1 }],
    ['json', '[1]', [1]],
    ['text', '{"a":1}', { payload: '{"a":1}' }],
    ['binary', '{"a":1}', { payload: 'eyJhIjoxfQ==' }],
    [undefined, '{"a":1}', { payload: 'eyJhIjoxfQ==' }],
  ])('with content type %s, UDP %s becomes %j', async (contentType, body, event) => {
    const { world } = await lambda({ ...(contentType !== undefined && { contentType }) });
    expect(JSON.parse((await overUdp(world, FUNK, body)).slice(4))).toMatchObject({ event });
  });

  it.each([
    ['text/plain', 'hello', { payload: 'hello' }],
    ['application/octet-stream', '\x00\xff', { payload: 'AMO/' }],
    ['application/json; charset=utf-8', '{"a":1}', { a: 1 }],
  ])('over HTTP the Content-Type %s decides', async (type, body, event) => {
    const { world } = await lambda();
    expect(JSON.parse((await overHttp(world, FUNK, body, type)).body)).toMatchObject({ event });
  });

  it('JSON that is none: 400 on every transport, and no function is called', async () => {
    let calls = 0;
    const { world } = await lambda({ contentType: 'json' }, { answer: () => calls++ });
    expect((await overHttp(world, FUNK, '{"a":')).status).toBe(400);
    expect((await overTcp(world, FUNK, '{"a":')).reply).toMatch(/^400 /);
    expect(await overUdp(world, FUNK, '\xff')).toMatch(/^400 /);
    expect(calls).toBe(0);
  });

  it('a version or alias of the function is called by the ARN’s last part', async () => {
    const version: LambdaHandler = (_, { functionVersion, invokedFunctionArn }) => [
      functionVersion,
      invokedFunctionArn,
    ];
    const functions = { answer: () => 'latest', 'answer:7': version, 'answer:prod': version };
    for (const qualifier of ['7', 'prod']) {
      const resourceUrl = `${ARN}:${qualifier}`;
      const { world } = await lambda({ destination: { provider: 'aws', service: 'lambda', resourceUrl } }, functions);
      expect(await overUdp(world, FUNK, '{}')).toBe(`200 ${JSON.stringify([qualifier, resourceUrl])}`);
    }
    const { world } = await lambda({}, functions);
    expect(await overUdp(world, FUNK, '{}')).toBe('200 "latest"');
  });

  it('skipStatusCode takes status and space away, for errors as well', async () => {
    const { world } = await lambda({ skipStatusCode: true, contentType: 'json' }, { answer: () => 'hi' });
    expect(await overUdp(world, FUNK, '{}')).toBe('"hi"');
    expect(await overUdp(world, FUNK, '{')).toBe('the payload is not valid JSON');
    expect((await overHttp(world, FUNK, '{}')).status).toBe(200);
  });

  it('a function that returns nothing answers null; its own statusCode is not unwrapped', async () => {
    const { world } = await lambda({}, { answer: () => undefined });
    expect(await overUdp(world, FUNK, '{}')).toBe('200 null');
    const own = await lambda({}, { answer: () => ({ statusCode: 418, body: 'teapot' }) });
    expect(await overHttp(own.world, FUNK, '{}')).toMatchObject({
      status: 200,
      body: '{"statusCode":418,"body":"teapot"}',
    });
  });

  it('a function that throws: 500 and its error object', async () => {
    const fails: LambdaHandler = () => {
      throw new RangeError('no such sensor');
    };
    const { world } = await lambda({}, { answer: fails });
    const error = { errorType: 'RangeError', errorMessage: 'no such sensor', trace: [] };
    const { status, body } = await overHttp(world, FUNK, '{}');
    expect([status, JSON.parse(body)]).toEqual([500, error]);
    expect(await overTcp(world, FUNK, '{}')).toMatchObject({ reply: `500 ${JSON.stringify(error)}` });
  });

  it('a function over its own time: 500, Sandbox.Timedout, after its three seconds', async () => {
    const { world } = await lambda({}, { answer: () => new Promise(() => undefined) });
    expect(await overUdp(world, FUNK, '{}')).toMatch(/^500 \{"errorType":"Sandbox.Timedout",[^}]*after 3.00 seconds/);
    expect(world.clock.now()).toBeLessThan(4 * SECOND);
  });

  it('a function slower than 30 seconds: 504; one that is just in time is answered', async () => {
    const slow = async (delay: number): Promise<string> => {
      const made: CloudWorld = await lambda(
        {},
        { answer: { handler: () => made.world.clock.sleep(delay), timeout: 900 * SECOND } },
      );
      const reply = await overUdp(made.world, FUNK, '{}');
      return `${reply} at ${Math.round(made.world.clock.now() / SECOND)} s`;
    };
    expect(await slow(29.5 * SECOND)).toBe('200 null at 30 s');
    expect(await slow(31 * SECOND)).toBe('504 the destination did not answer in time at 30 s');
  });

  it.each([
    ['the function is not there', {}, ACCESS_KEY, 404, 'Function not found: ' + ARN],
    ['the access key is unknown', { answer: echo }, { ...ACCESS_KEY, accessKeyId: 'AKIAOTHER' }, 403, 'security token'],
    ['the secret is wrong', { answer: echo }, { ...ACCESS_KEY, secretAccessKey: 'other' }, 403, 'does not match'],
  ])('%s: AWS’s own status and message', async (_, functions, credentials, status, message) => {
    const { world } = await lambda({}, functions, {
      credentials: { aws: { type: 'aws-credentials', credentials } },
    });
    expect(await overUdp(world, FUNK, '{}')).toMatch(new RegExp(`^${status} \\{"message":"[^"]*${message}`));
    expect(await overHttp(world, FUNK, '{}')).toMatchObject({ status, body: expect.stringContaining(message) });
  });

  it('an endpoint of the operator’s own takes the place of AWS’s', async () => {
    const { world, clouds } = await lambda({
      destination: {
        provider: 'aws',
        service: 'lambda',
        resourceUrl: ARN,
        endpoint: 'https://lambda.example:8443/aws',
      },
    });
    const asked: string[] = [];
    world.upstream.serve('lambda.example', 8443, (stream) => {
      asked.push('lambda.example');
      clouds.server('lambda.ap-northeast-1.amazonaws.com').accept(stream);
    });
    // Its certificate is for another name: no request goes out.
    expect(await overUdp(world, FUNK, '{}')).toBe('502 the certificate of the destination is not trusted');
    expect(asked).toEqual(['lambda.example']);
  });
});

describe.each([
  ['azure', 'function-app', 'https://sensors.azurewebsites.net/api/answer'],
  ['google', 'cloud-functions', 'https://asia-northeast1-akari.cloudfunctions.net/answer'],
] as const)('%s functions', (provider, service, resourceUrl) => {
  const made = (
    handler: (request: FunctionRequest) => object | Promise<object>,
    options: { funk?: object; key?: string; credentials?: CloudWorldOptions['credentials'] } = {},
  ): Promise<CloudWorld> => {
    const answer = { handler, ...(options.key !== undefined && { key: options.key }) };
    return cloudWorld({
      configuration: {
        SoracomFunk: { enabled: true, destination: { provider, service, resourceUrl } as never, ...options.funk },
      },
      credentials: options.credentials,
      clouds: {
        azure: { functionApps: { sensors: { answer } } },
        google: { functions: { 'asia-northeast1-akari': { answer } } },
      },
    });
  };

  it('get JSON and a token, by which the function knows the caller', async () => {
    let seen: FunctionRequest | undefined;
    const { world } = await made((request) => {
      seen = request;
      return { body: { ok: true } };
    });
    expect(await overHttp(world, FUNK, '{"n":1}')).toMatchObject({ status: 200, body: '{"ok":true}' });
    expect(seen).toMatchObject({ method: 'POST', json: { n: 1 }, soracom: { ...CONTEXT, sourceProtocol: 'http' } });
    const headers = Object.fromEntries((seen?.headers ?? []).map(([name, value]) => [name.toLowerCase(), value]));
    expect(headers).toMatchObject({ 'user-agent': 'SORACOM Funk', 'content-type': 'application/json' });
    const [head = '', claims = ''] = headers['x-soracom-token']?.split('.') ?? [];
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(read(head)).toEqual({ kid: expect.stringMatching(/^v1-[0-9a-f]{32}-x509\.pem$/), alg: 'RS256' });
    expect(read(claims)).toEqual({
      ...{ iss: 'https://soracom.io', aud: SRN, jti: expect.stringMatching(/^[\w-]{11}$/) },
      ...{ iat: Math.floor(EPOCH_MS / 1000), typ: 'soracom/token/v1', sub: 'funk.soracom.io' },
      ctx: { ...CONTEXT, sourceProtocol: 'http' },
    });
    expect(JSON.stringify(world.events)).not.toContain(claims);
  });

  it('answer with text, bytes, JSON, and statuses of their own', async () => {
    const answers = [
      { body: 'ok' },
      { body: Buffer.from([0, 1, 0xff]), contentType: 'application/octet-stream' },
      { status: 500, body: 'NG' },
      { status: 204 },
      { status: 404, body: { no: 'such' } },
    ];
    const { world } = await made(() => answers.shift() ?? {});
    expect(await overUdp(world, FUNK, '{}')).toBe('200 ok');
    expect(await overUdp(world, FUNK, '{}')).toBe('200 \x00\x01\xff');
    expect(await overTcp(world, FUNK, '{}')).toEqual({ reply: '500 NG', ended: false });
    expect(await overUdp(world, FUNK, '{}')).toBe('204');
    const { status, body, text } = await overHttp(world, FUNK, '{}');
    expect([status, body]).toEqual([404, '{"no":"such"}']);
    expect(text.toLowerCase()).toContain('content-type: application/json');
  });

  it('a function that fails, or is not there', async () => {
    const { world } = await made(() => Promise.reject(new Error('broken')));
    expect(await overUdp(world, FUNK, '{}')).toMatch(/^500/);
    const other = await made(() => ({}), {
      funk: { destination: { provider, service, resourceUrl: `${resourceUrl}x` } },
    });
    expect(await overUdp(other.world, FUNK, '{}')).toMatch(/^404/);
  });

  it('a key out of the store lets the function be called; without it, it is not', async () => {
    const credentials = {
      'key-440101234567890': { type: 'api-token-credentials', credentials: { token: 'k3y' } },
    } as const;
    const { world } = await made(() => ({ body: 'in' }), {
      ...{ key: 'k3y', credentials, funk: { credentialsId: { $credentialsId: 'key-#{imsi}' } } },
    });
    expect(await overUdp(world, FUNK, '{}')).toBe('200 in');
    expect(JSON.stringify(world.events)).not.toContain('k3y');
    const { world: without } = await made(() => ({ body: 'in' }), { key: 'k3y' });
    expect(await overUdp(without, FUNK, '{}')).toMatch(/^401/);
  });
});

describe('Funk refuses', () => {
  it.each([
    ['when it is off', { enabled: false }, {}, 400],
    ['a suspended SIM', {}, { status: 'suspended' }, 403],
    ['a SIM in no group', {}, { groupId: undefined }, 400],
  ])('%s', async (_, funk, subscriber, status) => {
    const { world } = await lambda(funk, undefined, { subscriber });
    expect((await overHttp(world, FUNK, '{}')).status).toBe(status);
    expect((await overTcp(world, FUNK, '{}')).reply).toMatch(new RegExp(`^${status} `));
    expect(await overUdp(world, FUNK, '{}')).toMatch(new RegExp(`^${status} `));
    expect(reasons(world)).toHaveLength(3);
  });

  it('methods other than POST', async () => {
    const { world } = await lambda();
    const answer = await world.request(
      `GET / HTTP/1.1\r\nHost: ${FUNK}\r\nConnection: close\r\n\r\n`,
      80,
      session(),
      FUNK,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 405 /);
  });

  it.each([
    ['that are missing', {}, 'credentials are not in the store'],
    [
      'of another type',
      { aws: { type: 'psk', credentials: { key: 'topsecret' } } } as const,
      'credentials of type psk do not fit the destination',
    ],
  ])('to call with credentials %s', async (_, credentials, message) => {
    const { world } = await lambda({ credentialsId: { $credentialsId: 'aws' } }, undefined, {
      // The configuration is checked when it is read; an entry can go or change afterwards.
      credentials: { aws: AWS_CREDENTIALS },
    });
    world.platform.directory.deleteCredentials(OPERATOR, 'aws');
    for (const [id, entry] of Object.entries(credentials)) world.platform.directory.putCredentials(OPERATOR, id, entry);
    expect(await overUdp(world, FUNK, '{}')).toBe(`500 ${message}`);
  });
});

it.each([
  ['a destination', { destination: undefined }, 'no destination is configured'],
  ['credentials for Lambda', { credentialsId: undefined }, 'no credentials are configured'],
])('a group without %s: 500 that says so', async (_, funk, message) => {
  const { world } = await lambda(funk);
  expect(await overUdp(world, FUNK, '{}')).toBe(`500 ${message}`);
  expect(await overHttp(world, FUNK, '{}')).toMatchObject({ status: 500, body: `${message}\n` });
});

describe('a cloud that fails', () => {
  it('refuses connections, cuts its answer short, hangs, answers garbage', async () => {
    const { world, clouds } = await lambda();
    const host = 'lambda.ap-northeast-1.amazonaws.com';
    clouds.server(host).next({ cut: 'answer' }, { cut: 'body' }, { hang: true });
    expect(await overUdp(world, FUNK, '{}')).toBe('502 the answer of the destination was cut short');
    expect(await overUdp(world, FUNK, '{}')).toBe('502 the answer of the destination was cut short');
    expect(await overUdp(world, FUNK, '{}')).toBe('504 the destination did not answer in time');
    world.upstream.serve(host, 443, (stream) => stream.once('data', () => stream.end('garbage\r\n\r\n')));
    expect(await overUdp(world, FUNK, '{}')).toMatch(/^502 /);
    world.upstream.serve(host, 443, 'refused');
    expect(await overHttp(world, FUNK, '{}')).toMatchObject({ status: 502, body: 'the destination cannot be reached' });
    expect(reasons(world)).toHaveLength(5);
  });
});

it('an HTTP connection is kept for 65 seconds', async () => {
  const { world } = await lambda();
  const device = world.connect(80, session(), FUNK);
  const request = `POST / HTTP/1.1\r\nHost: ${FUNK}\r\nContent-Length: 2\r\n\r\n{}`;
  device.send(request);
  await device.expect('200 OK');
  await world.clock.run({ deadline: world.clock.now() + 64 * SECOND });
  device.send(request);
  await world.run(() => device.text.match(/200 OK/g)?.length === 2);
  const since = world.clock.now();
  await device.ended();
  expect(world.clock.now() - since).toBeGreaterThan(64 * SECOND);
  expect(world.clock.now() - since).toBeLessThan(66 * SECOND);
});

it('one message after the other over one connection', async () => {
  const { world } = await lambda({ contentType: 'json' }, { answer: (event) => event });
  const device = world.connect(23080, session(), FUNK);
  for (const n of [1, 2, 3]) {
    device.send(JSON.stringify({ n }));
    await device.expect(`200 {"n":${n}}`);
    await world.clock.run({ deadline: world.clock.now() + 50 * MS });
  }
});

it('no secret is in the trace, whatever happens', async () => {
  const seen: LambdaContext[] = [];
  const { world } = await lambda({}, { answer: (_, context) => void seen.push(context) });
  await overHttp(world, FUNK, '{}');
  const { world: wrong } = await lambda(
    {},
    {},
    {
      credentials: {
        aws: { type: 'aws-credentials', credentials: { ...ACCESS_KEY, secretAccessKey: 'another/secret' } },
      },
    },
  );
  await overUdp(wrong, FUNK, '{}');
  const all = JSON.stringify([...world.events, ...wrong.events]);
  expect(seen).toHaveLength(1);
  expect(all).toContain('lambda.ap-northeast-1.amazonaws.com');
  for (const secret of [ACCESS_KEY.secretAccessKey, 'another/secret', 'AWS4-HMAC-SHA256 Credential']) {
    expect(all).not.toContain(secret);
  }
});

it.each([
  [{ destination: { provider: 'aws', service: 'lambda', resourceUrl: 'answer' } }, 'resourceUrl'],
  [{ destination: { provider: 'aws', service: 'kinesis', resourceUrl: ARN } }, 'service'],
  [{ destination: { provider: 'oracle', service: 'lambda', resourceUrl: ARN } }, 'provider'],
  [{ destination: { provider: 'azure', service: 'function-app', resourceUrl: 'ftp://a/b' } }, 'resourceUrl'],
  [{ skipStatus: true }, 'skipStatus'],
  [{ contentType: 'xml' }, 'contentType'],
  [{ credentialsId: 'aws' }, 'credentialsId'],
])('a configuration with %j is refused, with the field in the message', async (wrong, field) => {
  await expect(lambda(wrong)).rejects.toThrow(field);
});
