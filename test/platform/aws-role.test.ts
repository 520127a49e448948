// aws-iam-role-credentials: the platform assumes a role of its operator and signs with what it gets, for Funnel and for Funk.

import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../host/clock/clock.js';
import type { RoleConfig } from '../../host/cloud/aws/index.js';
import { AWS_ROLE } from '../../host/platform/index.js';
import { type CloudWorld, cloudWorld, IMSI, overHttp, overUdp, PLATFORM_KEY } from './cloud-world.js';

const ROLE = 'arn:aws:iam::123456789012:role/from-soracom';
const ENTRY = { roleArn: ROLE, externalId: 'of-the-operator' };
const TRUST: RoleConfig = { name: 'from-soracom', trusts: AWS_ROLE.account, externalId: 'of-the-operator' };
const STS = 'sts.ap-northeast-1.amazonaws.com';
const reference = { $credentialsId: 'role' };

interface Options {
  readonly role?: Partial<RoleConfig>;
  readonly entry?: Partial<typeof ENTRY>;
  readonly withoutKey?: boolean;
}

function start({ role = {}, entry = {}, withoutKey = false }: Options = {}): Promise<CloudWorld> {
  return cloudWorld({
    withoutKey,
    configuration: {
      SoracomFunnel: {
        ...{ enabled: true, contentType: 'json', credentialsId: reference },
        destination: {
          ...{ provider: 'aws', service: 'kinesis' },
          resourceUrl: 'https://kinesis.ap-northeast-1.amazonaws.com/readings',
        },
      },
      SoracomFunk: {
        ...{ enabled: true, contentType: 'json', credentialsId: reference },
        destination: {
          ...{ provider: 'aws', service: 'lambda' },
          resourceUrl: 'arn:aws:lambda:ap-northeast-1:123456789012:function:answer',
        },
      },
    },
    credentials: { role: { type: 'aws-iam-role-credentials', credentials: { ...ENTRY, ...entry } } },
    clouds: { aws: { roles: [{ ...TRUST, ...role }], streams: ['readings'], functions: { answer: () => 'done' } } },
  });
}

const funnel = (world: CloudWorld['world']): Promise<string> => overUdp(world, 'funnel.soracom.io', '{"n":1}');
const funk = (world: CloudWorld['world']): Promise<string> => overUdp(world, 'funk.soracom.io', '{"n":1}');
/** Requests that have come to STS. */
const asked = ({ world }: CloudWorld): number =>
  world.events.filter((event) => event.type === 'http' && event.kind === 'request' && event.url.includes(STS)).length;

describe('a role of the operator', () => {
  it('cannot be assumed by a platform without a key at AWS, which is 503: a fault of neither the device nor the operator', async () => {
    const { world } = await start({ withoutKey: true });
    const answer = '503 this platform has no key at AWS to assume a role with';
    expect([await funnel(world), await funk(world)]).toEqual([answer, answer]);
  });

  it('Funnel and Funk work with what it gives, and ask for it once in an hour', async () => {
    const it = await start();
    expect([await funnel(it.world), await funk(it.world)]).toEqual(['200', '200 "done"']);
    for (let n = 0; n < 3; n++) expect([await funnel(it.world), await funk(it.world)]).toEqual(['200', '200 "done"']);
    expect(it.clouds.aws.kinesis.records.map(({ partitionKey }) => partitionKey)).toEqual(Array(4).fill(IMSI));
    // One for each of the two services.
    expect(asked(it)).toBe(2);
    await it.world.clock.run({ deadline: it.world.clock.now() + 54 * MINUTE });
    expect([await funnel(it.world), asked(it)]).toEqual(['200', 2]);
    await it.world.clock.run({ deadline: it.world.clock.now() + 2 * MINUTE });
    expect([await funnel(it.world), asked(it)]).toEqual(['200', 3]);
    await it.world.clock.run({ deadline: it.world.clock.now() + 300 * MINUTE });
    expect([await funnel(it.world), await funk(it.world)]).toEqual(['200', '200 "done"']);
  });

  it.each<[string, Options]>([
    ['that wants another external ID', { role: { externalId: 'of-somebody-else' } }],
    ['that trusts another account', { role: { trusts: '111122223333' } }],
    ['that is not there', { entry: { roleArn: `${ROLE}x` } }],
    ['named with another external ID', { entry: { externalId: 'guessed' } }],
  ])('%s: the device gets AWS’s refusal, and nothing is delivered', async (_, options) => {
    const it = await start(options);
    const words =
      /^403 User: arn:aws:iam::\d{12}:user\/\S+ is not authorized to perform: sts:AssumeRole on resource: \S+$/;
    expect(await funnel(it.world)).toMatch(words);
    expect(await funk(it.world)).toMatch(words);
    expect((await overHttp(it.world, 'funnel.soracom.io', '{}')).status).toBe(403);
    expect(it.clouds.aws.kinesis.records).toEqual([]);
    // It is asked for again each time: the operator may have put it right.
    expect(asked(it)).toBe(3);
  });

  it('that may do less than a request needs: the service’s own refusal, and the role is asked for again', async () => {
    const it = await start({ role: { allow: ['kinesis:PutRecord'] } });
    expect(await funk(it.world)).toMatch(
      /^403 .*from-soracom\/soracom is not authorized to perform: lambda:InvokeFunction/,
    );
    expect(await funnel(it.world)).toBe('200');
    await funk(it.world);
    expect(asked(it)).toBe(3);
  });

  it('changed by the operator is another one at once', async () => {
    const it = await start();
    expect(await funnel(it.world)).toBe('200');
    const entry = { type: 'aws-iam-role-credentials', credentials: { ...ENTRY, externalId: 'another' } };
    it.world.platform.directory.putCredentials('OP0012345678', 'role', entry);
    expect(await funnel(it.world)).toMatch(/^403 User: /);
  });

  it.each([
    ['dead', { hang: true }, /^504 /],
    ['cutting off its answer', { cut: 'body' as const }, /^502 /],
    ['answering without credentials', { status: 200, body: '<AssumeRoleResponse/>' }, /^502 the destination gave no/],
    ['answering garbage', { status: 200, body: '\xff{' }, /^502 /],
    ['busy', { status: 503, body: '<Error><Message>Slow down</Message></Error>' }, /^503 Slow down$/],
  ])('when STS is %s', async (_, behaviour, reply) => {
    const it = await start();
    it.clouds.server(STS).behaviour = behaviour;
    expect(await funnel(it.world)).toMatch(reply);
    it.clouds.server(STS).behaviour = {};
    expect(await funnel(it.world)).toBe('200');
  });

  it('no key, token or external ID shows in the trace', async () => {
    const it = await start();
    await funnel(it.world);
    await funk(it.world);
    const told = JSON.stringify(it.world.events);
    expect(told).toContain(STS);
    expect(told).not.toMatch(/SessionToken|SecretAccessKey|of-the-operator/);
    expect(told).not.toContain(PLATFORM_KEY.secretAccessKey);
    const tokens = it.world.events.flatMap((event) =>
      event.type === 'http' && event.kind === 'request'
        ? event.headers.filter(([name]) => /security-token|authorization/i.test(name))
        : [],
    );
    expect(tokens.length).toBeGreaterThan(4);
    expect(new Set(tokens.map(([, value]) => value))).toEqual(new Set(['[redacted]']));
  });
});

describe('an entry of the credentials store that names no role', () => {
  it.each([
    ['another resource', { roleArn: 'arn:aws:iam::123456789012:user/u' }],
    ['a name that no role has', { roleArn: 'from soracom' }],
    ['blanks in the external ID', { externalId: 'a b' }],
    ['no external ID', { externalId: '' }],
  ])('%s: refused with the field', async (_, entry) => {
    const { world } = await start();
    const write = (): unknown =>
      world.platform.directory.putCredentials('OP0012345678', 'role', {
        ...{ type: 'aws-iam-role-credentials', credentials: { ...ENTRY, ...entry } },
      });
    expect(write).toThrow(new RegExp(`credentials\\.${Object.keys(entry)[0]}`));
  });
});
