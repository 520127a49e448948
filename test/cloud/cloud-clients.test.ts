// The clouds' stand-ins from the other side: the makers' own clients, on real sockets.

import { FirehoseClient, PutRecordCommand as FirehosePut } from '@aws-sdk/client-firehose';
import { IoTDataPlaneClient, PublishCommand } from '@aws-sdk/client-iot-data-plane';
import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { getClient } from '@azure-rest/core-client';
import { createSasTokenProvider } from '@azure/core-amqp';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { JWT } from 'google-auth-library';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RealClock } from '../../host/clock/real.js';
import { AwsCloud } from '../../host/cloud/aws/index.js';
import { AzureCloud } from '../../host/cloud/azure/index.js';
import { CloudServer, newServiceAccount } from '../../host/cloud/index.js';
import { GoogleCloud } from '../../host/cloud/google/index.js';
import { TokenVerifier } from '../../host/cloud/soracom-token.js';

const clock = new RealClock();
const verifier = new TokenVerifier(() => Promise.resolve(undefined));
const KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const LIMITED = { accessKeyId: 'AKIALIMITED', secretAccessKey: 'limited', allow: ['kinesis:PutRecord'] };
const SAS = { name: 'send', key: 'c2hhcmVk', hub: 'telemetry' };
const ROOT = { name: 'root', key: 'cm9vdA==', rights: ['Manage'] } as const;
const LISTEN = { name: 'listen', key: 'bGlzdGVu', rights: ['Listen'] } as const;
const { account, keyFile } = newServiceAccount('project', 'publisher');
const TOPIC = 'projects/project/topics/telemetry';

const aws = new AwsCloud(clock, {
  accessKeys: [KEY, LIMITED],
  streams: ['readings'],
  deliveryStreams: ['to-s3'],
  functions: {
    echo: (event, { clientContext }) => ({ event, clientContext }),
    'echo:7': () => 'seven',
    fails: () => {
      throw new TypeError('no');
    },
  },
});
const hubs = { namespace: 'akari', hubs: ['telemetry', 'other'], policies: [SAS, LISTEN, ROOT] };
const azure = new AzureCloud(clock, verifier, {
  eventHubs: hubs,
  functionApps: { app: { open: { handler: ({ json }) => ({ body: { got: json } }), wantsToken: false, key: 'k' } } },
});
const google = new GoogleCloud(clock, verifier, { serviceAccounts: [account], topics: [{ name: TOPIC }] });

const servers: CloudServer[] = [];
const at = new Map<string, string>();

beforeAll(async () => {
  for (const [host, handle] of [...aws.hosts, ...azure.hosts, ...google.hosts]) {
    const server = new CloudServer({ clock, handle });
    servers.push(server);
    at.set(
      host
        .split('.')
        .slice(0, host.includes('.iot.') ? 2 : 1)
        .join('.'),
      `http://127.0.0.1:${await server.listen()}`,
    );
  }
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  clock.close();
});

const origin = (name: string): string => at.get(name) ?? 'nowhere';
const options = (name: string, credentials = KEY, more: object = {}) => ({
  ...{ region: 'ap-northeast-1', endpoint: origin(name), maxAttempts: 1, credentials },
  requestHandler: new NodeHttpHandler(),
  ...more,
});
/** How a call ends: the error's own name and status, or `fine`. */
const outcome = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'fine',
    (error: { name: string; $metadata?: { httpStatusCode?: number } }) =>
      `${error.name} ${error.$metadata?.httpStatusCode}`,
  );

describe('AWS, by the AWS SDK', () => {
  const event = Buffer.from('{"n":1}');

  it('Lambda: invokes by name and by ARN, with a client context, a version, a failing function', async () => {
    const lambda = new LambdaClient(options('lambda'));
    const ClientContext = Buffer.from('{"custom":{"a":"温"}}').toString('base64');
    const arn = 'arn:aws:lambda:ap-northeast-1:123456789012:function:echo';
    for (const FunctionName of ['echo', arn, '123456789012:function:echo']) {
      const { Payload, StatusCode } = await lambda.send(
        new InvokeCommand({ FunctionName, Payload: event, ClientContext }),
      );
      expect([StatusCode, JSON.parse(Payload?.transformToString() ?? '')]).toEqual([
        200,
        { event: { n: 1 }, clientContext: { custom: { a: '温' } } },
      ]);
    }
    const seven = await lambda.send(new InvokeCommand({ FunctionName: arn, Qualifier: '7' }));
    expect([seven.ExecutedVersion, seven.Payload?.transformToString()]).toEqual(['7', '"seven"']);
    const failed = await lambda.send(new InvokeCommand({ FunctionName: 'fails', Payload: event }));
    expect([failed.FunctionError, failed.StatusCode]).toEqual(['Unhandled', 200]);
    expect(JSON.parse(failed.Payload?.transformToString() ?? '')).toMatchObject({
      errorType: 'TypeError',
      errorMessage: 'no',
    });
    const invoke = (input: object): Promise<string> =>
      outcome(lambda.send(new InvokeCommand({ FunctionName: 'echo', ...input })));
    expect(await invoke({ FunctionName: 'none' })).toBe('ResourceNotFoundException 404');
    expect(await invoke({ Payload: Buffer.from('{') })).toBe('InvalidRequestContentException 400');
    expect(await invoke({ ClientContext: 'no base64' })).toBe('InvalidRequestContentException 400');
    expect(await invoke({ Payload: Buffer.alloc(6_400_000, '1') })).toBe('RequestTooLargeException 413');
    expect(await invoke({ InvocationType: 'Event' })).toBe('fine');
  });

  it('Kinesis, Firehose and IoT take records and messages', async () => {
    const kinesis = new KinesisClient(options('kinesis'));
    const put = { StreamName: 'readings', PartitionKey: 'sim', Data: Buffer.from([0, 255]) };
    expect(await kinesis.send(new PutRecordCommand(put))).toMatchObject({ ShardId: 'shardId-000000000000' });
    expect(aws.kinesis.records.at(-1)).toMatchObject({ partitionKey: 'sim', data: Buffer.from([0, 255]) });
    expect(await outcome(kinesis.send(new PutRecordCommand({ ...put, StreamName: 'none' })))).toBe(
      'ResourceNotFoundException 400',
    );
    const large = { ...put, Data: Buffer.alloc(1_048_577) };
    expect(await outcome(kinesis.send(new PutRecordCommand(large)))).toBe('ValidationException 400');

    const firehose = new FirehoseClient(options('firehose'));
    const record = { DeliveryStreamName: 'to-s3', Record: { Data: Buffer.from('line\n') } };
    expect(await firehose.send(new FirehosePut(record))).toMatchObject({ Encrypted: false });
    expect(aws.firehose.records.at(-1)?.data.toString()).toBe('line\n');

    const iot = new IoTDataPlaneClient(options('a1b2c3d4e5f6g7-ats.iot'));
    expect(await outcome(iot.send(new PublishCommand({ topic: 'a b/温/c', qos: 1, payload: event })))).toBe('fine');
    expect(aws.iot.messages.at(-1)).toMatchObject({ topic: 'a b/温/c', qos: 1, payload: event });
    expect(await outcome(iot.send(new PublishCommand({ topic: 'a/#', payload: event })))).toBe(
      'InvalidRequestException 400',
    );
  });

  it.each([
    ['an unknown key', { ...KEY, accessKeyId: 'AKIAOTHER' }, {}, 'UnrecognizedClientException'],
    ['a wrong secret', { ...KEY, secretAccessKey: 'x' }, {}, 'InvalidSignatureException'],
    ['a session token that belongs to nothing', { ...KEY, sessionToken: 'x' }, {}, 'UnrecognizedClientException'],
    ['a clock six minutes slow', KEY, { systemClockOffset: -360_000 }, 'InvalidSignatureException'],
    ['a clock six minutes fast', KEY, { systemClockOffset: 360_000 }, 'InvalidSignatureException'],
    ['another region', KEY, { region: 'us-east-1' }, 'InvalidSignatureException'],
    ['a key without the right', LIMITED, {}, 'AccessDeniedException'],
  ])('refuses %s', async (_, credentials, more, name) => {
    const lambda = new LambdaClient(options('lambda', credentials, more));
    expect(await outcome(lambda.send(new InvokeCommand({ FunctionName: 'echo', Payload: event })))).toBe(`${name} 403`);
    const firehose = new FirehoseClient(options('firehose', credentials, more));
    const record = { DeliveryStreamName: 'to-s3', Record: { Data: event } };
    expect(await outcome(firehose.send(new FirehosePut(record)))).toBe(`${name} 400`);
  });

  it('takes a clock four minutes slow, and a key with just the right', async () => {
    const put = { StreamName: 'readings', PartitionKey: 'sim', Data: event };
    const slow = new KinesisClient(options('kinesis', LIMITED, { systemClockOffset: -240_000 }));
    expect(await outcome(slow.send(new PutRecordCommand(put)))).toBe('fine');
  });

  it('refuses a request that was changed on its way, and one without a signature', async () => {
    const kinesis = new KinesisClient(options('kinesis'));
    kinesis.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { body: string };
        request.body = request.body.replace('readings', 'readingt');
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const put = { StreamName: 'readings', PartitionKey: 'sim', Data: event };
    expect(await outcome(kinesis.send(new PutRecordCommand(put)))).toBe('InvalidSignatureException 400');
    const headers = { 'X-Amz-Target': 'Kinesis_20131202.PutRecord' };
    const bare = await fetch(origin('kinesis'), { method: 'POST', headers, body: '{}' });
    expect([bare.status, await bare.json()]).toMatchObject([400, { __type: 'MissingAuthenticationTokenException' }]);
  });
});

describe('Azure, by its own tokens and REST client', () => {
  const uri = 'https://akari.servicebus.windows.net/telemetry';
  const signature = async (resource: string, { name, key }: { name: string; key: string }): Promise<string> => {
    const made = await createSasTokenProvider({ sharedAccessKeyName: name, sharedAccessKey: key }).getToken(resource);
    return made.token;
  };
  /** A signature made two hours ago: Azure's are good for one. */
  const old = async (): Promise<string> => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 2 * 3_600_000 });
    try {
      return await signature(uri, SAS);
    } finally {
      vi.useRealTimers();
    }
  };
  /** Towards a stand-in: without TLS, and the first answer is the answer. */
  const OPEN = { allowInsecureConnection: true, retryOptions: { maxRetries: 0 } };
  const send = async (authorization: string | undefined, hub = 'telemetry'): Promise<string> => {
    const answer = await getClient(origin('akari'), OPEN)
      .pathUnchecked('/{hub}/messages', hub)
      .post({
        headers: {
          ...(authorization !== undefined && { Authorization: authorization }),
          BrokerProperties: '{"PartitionKey":"sim"}',
        },
        contentType: 'application/atom+xml;type=entry;charset=utf-8',
        queryParameters: { timeout: 60, 'api-version': '2014-01' },
        body: 'event',
      });
    return `${answer.status} ${/<Detail>(\w+)/.exec(String(answer.body))?.[1] ?? ''}`.trim();
  };

  it('Event Hubs takes an event with a good signature', async () => {
    expect(await send(await signature(uri, SAS))).toBe('201');
    expect(await send(await signature('sb://AKARI.servicebus.windows.net/Telemetry/', SAS))).toBe('201');
    const body = Buffer.from('event');
    expect(azure.eventHubs?.events.at(-1)).toMatchObject({ hub: 'telemetry', partitionKey: 'sim', body });
  });

  it.each([
    ['none', undefined, 'MissingToken'],
    ['another form', 'Bearer x', 'MalformedToken'],
    ['a field missing', 'SharedAccessSignature sr=x&sig=y&se=1', 'MalformedToken'],
    ['a wrong key', () => signature(uri, { ...SAS, key: 'x' }), 'InvalidSignature'],
    ['an unknown policy', () => signature(uri, { ...SAS, name: 'x' }), 'InvalidSignature'],
    ['one that is over', old, 'ExpiredToken'],
    ['one for another hub', () => signature(`${uri}x`, SAS), 'InvalidAudience'],
    [
      'one for another namespace',
      () => signature('https://b.servicebus.windows.net/telemetry', SAS),
      'InvalidAudience',
    ],
    ['one that may only listen', () => signature(uri, LISTEN), 'Unauthorized'],
  ])('Event Hubs refuses: %s', async (_, made, words) => {
    expect(await send(typeof made === 'function' ? await made() : made)).toBe(`401 ${words}`);
  });

  it('Event Hubs: a policy of one hub is nothing at another, the namespace’s at a hub that is not there is a 404', async () => {
    const other = await signature('https://akari.servicebus.windows.net/other', SAS);
    expect(await send(other, 'other')).toBe('401 InvalidSignature');
    const whole = 'https://akari.servicebus.windows.net/';
    expect(await send(await signature(whole, LISTEN), 'none')).toBe('401 Unauthorized');
    expect(await send(await signature(whole, ROOT), 'none')).toBe('404 The');
    expect(await send(await signature(whole, ROOT), 'other')).toBe('201');
  });

  it('Functions want their key', async () => {
    const call = async (path: string, key?: string): Promise<unknown[]> => {
      const client =
        key === undefined
          ? getClient(origin('app'), OPEN)
          : getClient(origin('app'), { key }, { ...OPEN, credentials: { apiKeyHeaderName: 'x-functions-key' } });
      const { status, body } = await client.pathUnchecked(path).post({ body: { a: 1 } });
      return [status, body];
    };
    const fine = ['200', { got: { a: 1 } }];
    expect(await call('/api/open', 'k')).toEqual(fine);
    expect(await call('/api/open?code=k')).toEqual(fine);
    expect((await call('/api/open'))[0]).toBe('401');
    expect((await call('/api/open', 'x'))[0]).toBe('401');
    expect((await call('/api/open?code=x'))[0]).toBe('401');
    expect((await call('/api/none', 'k'))[0]).toBe('404');
  });
});

describe('Google, by google-auth-library', () => {
  const file = JSON.parse(keyFile) as { client_email: string; private_key: string; private_key_id: string };
  const client = (more: object = {}): JWT => {
    const scopes = ['https://www.googleapis.com/auth/pubsub'];
    const { client_email: email, private_key: key, private_key_id: keyId } = file;
    const made = new JWT({ email, key, keyId, scopes, ...more });
    // Its only idea of where Google is is a constant: it is sent to the stand-in here.
    const ask = made.transporter.request.bind(made.transporter);
    made.transporter.request = (asked) =>
      ask({
        ...asked,
        url: String(asked?.url).replace('https://oauth2.googleapis.com', origin('oauth2')),
        retry: false,
      });
    return made;
  };
  const publish = async (token: string, body: unknown = { messages: [{ data: 'eA==' }] }): Promise<number> => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const url = `${origin('pubsub')}/v1/${TOPIC}:publish`;
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status;
  };

  it('a token for a service account publishes; none, another and one of another scope do not', async () => {
    const { token } = await client().getAccessToken();
    expect(await publish(token ?? '')).toBe(200);
    expect(google.pubsub.messages.at(-1)).toMatchObject({ topic: TOPIC, data: Buffer.from('x') });
    expect(await publish(`${token}x`)).toBe(401);
    const narrow = await client({ scopes: ['https://www.googleapis.com/auth/devstorage.read_only'] }).getAccessToken();
    expect(await publish(narrow.token ?? '')).toBe(403);
    for (const body of [{}, { messages: [] }, { messages: [{}] }, { messages: [{ data: '*' }] }, { messages: 'x' }]) {
      expect(await publish(token ?? '', body)).toBe(400);
    }
  });

  it.each([
    ['an account that is not there', { email: 'other@project.iam.gserviceaccount.com' }],
    ['a key of another', { key: (JSON.parse(newServiceAccount('p', 'o').keyFile) as typeof file).private_key }],
    ['no scope', { scopes: [] }],
  ])('refuses %s', async (_, more) => {
    await expect(client(more).getAccessToken()).rejects.toThrow(/invalid_grant|invalid_scope/);
  });
});
