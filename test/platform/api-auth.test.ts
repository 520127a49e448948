import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_OPERATOR, PlatformConfigError } from '../../host/platform/index.js';
import { toJsonLine } from '../../host/trace/json-lines.js';
import { ApiWorld, apiConfig, AUTH_KEY, Client, OPERATOR, OTHER_OPERATOR } from './api-harness.js';
import { IMSI } from './harness.js';

const PASSWORD = { email: 'Root@Operator.example', password: 'correct horse' };

describe('POST /v1/auth', () => {
  it('by AuthKey, and by e-mail and password: API key, token and operator', async () => {
    const { anybody } = new ApiWorld();
    const typed = {
      authKeyId: '',
      authKey: null,
      operatorId: '',
      userName: '',
      mfaOTPCode: '',
      tokenTimeoutSeconds: 0,
    };
    for (const login of [
      AUTH_KEY,
      PASSWORD,
      { ...AUTH_KEY, tokenTimeoutSeconds: 180 },
      { ...AUTH_KEY, mfaOTPCode: '123456' },
      { ...AUTH_KEY, x: 1 },
      { ...typed, ...PASSWORD },
    ]) {
      const { status, json } = await anybody.call('POST', '/auth', login);
      expect(status).toBe(200);
      expect(json).toEqual({
        apiKey: expect.stringMatching(/^api-/) as string,
        token: expect.any(String) as string,
        operatorId: OPERATOR,
      });
      expect((await new Client(anybody.fetch, json as never).get(`/subscribers/${IMSI}`)).status).toBe(200);
    }
  });

  it('by a SAM user’s password', async () => {
    const world = new ApiWorld();
    const root = await world.root();
    await root.call('POST', `/operators/${OPERATOR}/users/ops`, { description: 'night shift' });
    await root.call('POST', `/operators/${OPERATOR}/users/ops/password`, { password: 'a long enough one' });
    const login = { operatorId: OPERATOR, userName: 'ops', password: 'a long enough one' };
    const { json } = await world.anybody.call('POST', '/auth', login);
    expect(json).toMatchObject({ operatorId: OPERATOR, userName: 'ops' });
    const wrong = { ...login, operatorId: OTHER_OPERATOR };
    expect((await world.anybody.call('POST', '/auth', wrong)).status).toBe(401);
  });

  it.each([
    { ...AUTH_KEY, authKey: 'secret-wrong' },
    { ...AUTH_KEY, authKeyId: 'keyId-nobody' },
    { ...PASSWORD, password: 'wrong horse' },
    { email: 'nobody@operator.example', password: 'correct horse' },
    { operatorId: OPERATOR, userName: 'nobody', password: 'correct horse' },
    { ...PASSWORD, password: `${PASSWORD.password}\0` },
  ])('401 for %j, the same for what is wrong and for who is not there', async (login) => {
    const { status, text } = await new ApiWorld().anybody.call('POST', '/auth', login);
    expect(status).toBe(401);
    expect(JSON.parse(text)).toEqual({ code: 'AUM0001', message: 'authentication failed' });
  });

  it.each([
    [{}, 'wants authKeyId and authKey, or email and password'],
    [{ authKeyId: 'keyId-main' }, 'wants authKeyId'],
    [{ ...AUTH_KEY, ...PASSWORD }, 'wants authKeyId'],
    [{ authKeyId: '', authKey: '', x: 1 }, 'wants authKeyId'],
    [{ ...AUTH_KEY, mfaOTPCode: 7 }, 'mfaOTPCode: '],
    [{ ...AUTH_KEY, authKey: 7 }, 'authKey: '],
    [{ ...AUTH_KEY, tokenTimeoutSeconds: 179 }, 'tokenTimeoutSeconds: must be at least 180'],
    [{ ...AUTH_KEY, tokenTimeoutSeconds: 172_801 }, 'tokenTimeoutSeconds: must be at most 172800'],
    [{ ...AUTH_KEY, tokenTimeoutSeconds: 200.5 }, 'tokenTimeoutSeconds: '],
    [[], 'must be an object, not an array'],
    [null, 'must be an object, not null'],
  ])('400 for %j, with the field', async (login, fault) => {
    const { status, json } = await new ApiWorld().anybody.call('POST', '/auth', login);
    expect(status).toBe(400);
    expect(json.message).toContain(fault);
    expect(JSON.stringify(json)).not.toContain('secret-main');
  });

  it('any JSON at all: 400 or 401, never a token', async () => {
    const { anybody } = new ApiWorld();
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        expect([400, 401]).toContain((await anybody.call('POST', '/auth', value)).status);
      }),
      { numRuns: 50 },
    );
  });

  it('turns away who comes in too great numbers, and serves the rest', async () => {
    const { anybody } = new ApiWorld();
    const answers = await Promise.all(Array.from({ length: 40 }, () => anybody.call('POST', '/auth', AUTH_KEY)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(32);
    expect(statuses.filter((status) => status === 429)).toHaveLength(8);
  });
});

describe('a token', () => {
  it('is good until its time is over, on the world’s clock', async () => {
    const world = new ApiWorld();
    const client = await world.anybody.signIn({ ...AUTH_KEY, tokenTimeoutSeconds: 180 });
    await world.pass(179);
    expect((await client.get('/groups')).status).toBe(200);
    await world.pass(1);
    expect(await client.get('/groups')).toMatchObject({ status: 401, json: { code: 'AUM0002' } });
  });

  it('lives for a day unless told otherwise', async () => {
    const world = new ApiWorld();
    const client = await world.root();
    await world.pass(86_399);
    expect((await client.get('/groups')).status).toBe(200);
    await world.pass(1);
    expect((await client.get('/groups')).status).toBe(401);
  });

  it('is no good without its API key, with another’s, or altered', async () => {
    const world = new ApiWorld();
    const [one, two] = [await world.root(), await world.root()];
    const { apiKey = '', token = '' } = one.ticket ?? {};
    for (const ticket of [
      undefined,
      { apiKey: two.ticket?.apiKey ?? '', token },
      { apiKey, token: '' },
      { apiKey: token, token: apiKey },
      { apiKey, token: `${token}x` },
    ]) {
      expect((await new Client(world.anybody.fetch, ticket).get('/groups')).status).toBe(401);
    }
    const bare = await world.anybody.call('GET', '/groups', undefined, { headers: { 'x-soracom-token': token } });
    expect(bare.status).toBe(401);
  });

  it('can be renewed: a further one for the same key, of its own life', async () => {
    const world = new ApiWorld();
    const client = await world.anybody.signIn({ ...AUTH_KEY, tokenTimeoutSeconds: 180 });
    const renewed = await client.call<{ token: string }>('POST', `/operators/${OPERATOR}/token`, {
      tokenTimeoutSeconds: 3600,
    });
    expect(renewed.status).toBe(200);
    // An older name of the field, which a published library sends: the token lives as long as any.
    const older = await client.call('POST', `/operators/${OPERATOR}/token`, { timeout_seconds: 3600 });
    expect(older.status).toBe(200);
    expect(world.events.at(-1)).toMatchObject({
      type: 'api',
      unknown: ['unknown key "timeout_seconds"'],
    });
    const apiKey = client.ticket?.apiKey ?? '';
    const later = new Client(world.anybody.fetch, { apiKey, token: renewed.json.token });
    await world.pass(181);
    expect((await client.get('/groups')).status).toBe(401);
    expect((await later.get('/groups')).status).toBe(200);
    expect((await later.call('POST', `/operators/${OTHER_OPERATOR}/token`, {})).status).toBe(403);
    expect((await later.call('POST', `/operators/${OPERATOR}/token`, { tokenTimeoutSeconds: 1 })).status).toBe(400);
  });

  it('ends with POST /v1/auth/logout, with all others of its key', async () => {
    const world = new ApiWorld();
    const [client, stays] = [await world.root(), await world.root()];
    const { json } = await client.call<{ token: string }>('POST', `/operators/${OPERATOR}/token`, {});
    expect((await client.call('POST', '/auth/logout')).status).toBe(204);
    const renewed = new Client(world.anybody.fetch, { apiKey: client.ticket?.apiKey ?? '', token: json.token });
    for (const gone of [client, renewed]) expect((await gone.get('/groups')).status).toBe(401);
    expect((await stays.get('/groups')).status).toBe(200);
    expect((await client.call('POST', '/auth/logout')).status).toBe(401);
  });
});

describe('operators of a configuration', () => {
  it('there is a default one, without a way in until one is made, which is told once', async () => {
    const world = new ApiWorld({ config: {} });
    expect(world.platform.accounts.isLocked(DEFAULT_OPERATOR)).toBe(true);
    const { authKeyId, authKey } = await world.platform.accounts.makeAuthKey({
      operatorId: DEFAULT_OPERATOR,
      userName: undefined,
    });
    expect(String(authKey)).toBe('[redacted]');
    expect(world.platform.accounts.isLocked(DEFAULT_OPERATOR)).toBe(false);
    const told = Buffer.from(authKey.reveal()).toString();
    expect(told).toMatch(/^secret-[\w-]{43}$/);
    expect((await (await world.anybody.signIn({ authKeyId, authKey: told })).get('/groups')).status).toBe(200);
  });

  const faults = (operators: object): string => {
    try {
      new ApiWorld({ config: { operators }, configSource: 'world.json' });
      return '';
    } catch (error) {
      if (error instanceof PlatformConfigError) return error.message;
      throw error;
    }
  };

  it.each([
    [{ OP1: {} }, 'world.json: operators.OP1: the key must be OP and 10 digits'],
    [
      { [OPERATOR]: { email: 'a@b.example' } },
      `operators.${OPERATOR}: must have email and password together, or neither`,
    ],
    [{ [OPERATOR]: { email: 'a', password: 'p' } }, `operators.${OPERATOR}.email: must be an e-mail address`],
    [{ [OPERATOR]: { authKeys: { k: 's' } } }, 'must be keyId-...'],
    [{ [OPERATOR]: { authKey: 's' } }, 'unknown key "authKey"'],
    [
      {
        [OPERATOR]: { authKeys: { 'keyId-a': 'hunter2' } },
        [OTHER_OPERATOR]: { authKeys: { 'keyId-a': 'hunter2' } },
      },
      `operators.${OTHER_OPERATOR}.authKeys["keyId-a"] is another operator's`,
    ],
    [
      {
        [OPERATOR]: { email: 'a@b.example', password: 'hunter2' },
        [OTHER_OPERATOR]: { email: 'A@b.example', password: 'hunter2' },
      },
      `operators.${OTHER_OPERATOR}.email is another operator's`,
    ],
  ])('a fault: %j', (operators, fault) => {
    const message = faults(operators);
    expect(message).toContain(fault);
    expect(message).not.toContain('hunter2');
  });
});

it('the trace tells who did what, and no secret of it', async () => {
  const world = new ApiWorld();
  const client = await world.anybody.signIn(PASSWORD);
  await world.anybody.call('POST', '/auth', { ...AUTH_KEY, authKey: 'secret-wrong' });
  await client.get(`/subscribers/${IMSI}?device_secret=hush`);
  await client.get('/nowhere');
  const events = world.events.filter((event) => event.type === 'api');
  expect(events).toMatchObject([
    { method: 'POST', path: '/v1/auth', status: 200, api: 'Auth:auth' },
    { method: 'POST', path: '/v1/auth', status: 401, api: 'Auth:auth' },
    { path: `/v1/subscribers/${IMSI}`, status: 400, api: 'Subscriber:getSubscriber', operatorId: OPERATOR },
    { path: '/v1/nowhere', status: 404 },
  ]);
  const text = world.events.map((event) => toJsonLine(event, true)).join('\n');
  const { apiKey = '-', token = '-' } = client.ticket ?? {};
  for (const secret of ['correct horse', 'secret-', 'hush', apiKey, token]) expect(text).not.toContain(secret);
  expect(JSON.stringify(apiConfig)).toContain('correct horse');
});
