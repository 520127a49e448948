// AWS's Security Token Service from the other side: the AWS SDK assumes roles and uses what it was given.

import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { AssumeRoleCommand, type AssumeRoleCommandInput, STSClient } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RealClock } from '../../host/clock/real.js';
import { AwsCloud } from '../../host/cloud/aws/index.js';
import { CloudServer } from '../../host/cloud/index.js';

const GUEST = { accessKeyId: 'AKIAGUEST', secretAccessKey: 'guest-secret' };
const STRANGER = { accessKeyId: 'AKIASTRANGER', secretAccessKey: 'stranger-secret' };
const ROLE = 'arn:aws:iam::123456789012:role/service/readings';
const ASK = { RoleArn: ROLE, RoleSessionName: 'test', ExternalId: 'from-the-operator' };

const clock = new RealClock();
/** How far AWS's clock, and that of the SDK, is ahead. */
let ahead = 0;
const time = Object.assign(new RealClock(), { unixMs: () => Date.now() + ahead });
const aws = new AwsCloud(time, {
  guests: [
    { ...GUEST, accountId: '111122223333' },
    { ...STRANGER, accountId: '999999999999' },
  ],
  roles: [
    {
      ...{ name: 'service/readings', trusts: '111122223333', externalId: 'from-the-operator' },
      allow: ['kinesis:PutRecord'],
    },
    { name: 'open', trusts: '111122223333', maxSeconds: 7200 },
  ],
  streams: ['readings'],
  deliveryStreams: ['to-s3'],
});
const servers: CloudServer[] = [];
const origins: Record<string, string> = {};

beforeAll(async () => {
  for (const [host, handle] of aws.hosts) {
    const server = new CloudServer({ clock, handle });
    servers.push(server);
    origins[host.split('.')[0] ?? ''] = `http://127.0.0.1:${await server.listen()}`;
  }
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  clock.close();
  time.close();
});
beforeEach(() => (ahead = 0));

const options = (name: string, credentials: object) => ({
  ...{ region: 'ap-northeast-1', endpoint: origins[name] ?? '', maxAttempts: 1, systemClockOffset: ahead },
  credentials: credentials as typeof GUEST,
  requestHandler: new NodeHttpHandler(),
});
const assume = async (input: Partial<AssumeRoleCommandInput> = {}, credentials: object = GUEST) =>
  new STSClient(options('sts', credentials)).send(new AssumeRoleCommand({ ...ASK, ...input }));
const outcome = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'fine',
    (error: { name: string; $metadata?: { httpStatusCode?: number } }) =>
      `${error.name} ${error.$metadata?.httpStatusCode}`,
  );
const put = (credentials: object): Promise<string> =>
  outcome(
    new KinesisClient(options('kinesis', credentials)).send(
      new PutRecordCommand({ StreamName: 'readings', PartitionKey: 'sim', Data: Buffer.from('x') }),
    ),
  );

/** As the SDK's other clients want them. */
async function given(input: Partial<AssumeRoleCommandInput> = {}) {
  const { Credentials: c } = await assume(input);
  return {
    accessKeyId: c?.AccessKeyId ?? '',
    secretAccessKey: c?.SecretAccessKey ?? '',
    sessionToken: c?.SessionToken ?? '',
  };
}

describe('AssumeRole', () => {
  it('gives credentials of the role, which do what the role may do and nothing else', async () => {
    const { AssumedRoleUser, Credentials } = await assume();
    expect(AssumedRoleUser?.Arn).toBe('arn:aws:sts::123456789012:assumed-role/service/readings/test');
    const lasts = (Credentials?.Expiration?.getTime() ?? 0) - Date.now();
    expect([lasts > 3_590_000, lasts <= 3_600_000]).toEqual([true, true]);
    const credentials = await given();
    expect(credentials.accessKeyId).toMatch(/^ASIA/);
    expect(await put(credentials)).toBe('fine');
    expect(await outcome(assume({}, credentials))).toBe('AccessDenied 403');
    const open = await given({ RoleArn: 'arn:aws:iam::123456789012:role/open', ExternalId: undefined });
    expect(await put(open)).toBe('fine');
    expect(open.accessKeyId).not.toBe(credentials.accessKeyId);
  });

  it('credentials end, with their hour or as asked for', async () => {
    const [hour, quarter] = [await given(), await given({ DurationSeconds: 900 })];
    ahead = 901_000;
    expect([await put(hour), await put(quarter)]).toEqual(['fine', 'ExpiredTokenException 400']);
    ahead = 3_601_000;
    expect(await put(hour)).toBe('ExpiredTokenException 400');
    ahead = 30 * 3_600_000;
    await assume();
    expect(await put(hour)).toBe('UnrecognizedClientException 400');
  });

  it.each([
    ['without their token', { sessionToken: undefined }, 'UnrecognizedClientException 400'],
    ['with another token', { sessionToken: 'AAAA' }, 'UnrecognizedClientException 400'],
    ['with another secret', { secretAccessKey: 'x' }, 'InvalidSignatureException 400'],
  ])('credentials %s are none', async (_, change, fault) => {
    expect(await put({ ...(await given()), ...change })).toBe(fault);
  });

  it.each([
    ['another external ID', { ExternalId: 'of-somebody-else' }, 'AccessDenied 403'],
    ['a part of it', { ExternalId: 'from-the' }, 'AccessDenied 403'],
    ['no external ID', { ExternalId: undefined }, 'AccessDenied 403'],
    ['a role that is not there', { RoleArn: `${ROLE}x` }, 'AccessDenied 403'],
    ['too short a session', { DurationSeconds: 899 }, 'ValidationError 400'],
    ['too long a session', { DurationSeconds: 3601 }, 'ValidationError 400'],
    ['a name that none can have', { RoleSessionName: 'with blanks in it' }, 'ValidationError 400'],
  ])('%s: refused', async (_, input, fault) => {
    expect(await outcome(assume(input))).toBe(fault);
  });

  it.each([
    ['of an account that the role does not trust', STRANGER, 'AccessDenied 403'],
    ['whom nobody knows', { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' }, 'InvalidClientTokenId 403'],
    ['with a wrong secret', { ...GUEST, secretAccessKey: 'x' }, 'SignatureDoesNotMatch 403'],
  ])('a user %s: refused', async (_, credentials, fault) => {
    expect(await outcome(assume({}, credentials))).toBe(fault);
  });

  it('a guest’s own key opens nothing but roles', async () => {
    expect(await put(GUEST)).toBe('AccessDeniedException 400');
  });
});
