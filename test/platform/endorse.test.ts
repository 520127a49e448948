import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../host/clock/clock.js';
import { Platform } from '../../host/platform/index.js';
import { BeamWorld, EPOCH_MS, FakeRegistry, headerLines, ICCID, IMEI, IMSI, MSISDN, session } from './harness.js';
import { secure as secureTo } from './secure.js';

const ALL = { simId: true, imsi: true, imei: true, msisdn: true, requestParameters: true };

function world(endorse: object = {}, subscriber: object = {}): BeamWorld {
  const SoracomEndorse = { enabled: true, parametersToEndorse: ALL, ...endorse };
  return new BeamWorld({
    config: {
      groups: { sensors: { configuration: { SoracomEndorse } } },
      subscribers: [{ imsi: IMSI, iccid: ICCID, msisdn: MSISDN, groupId: 'sensors', ...subscriber }],
    },
  });
}

const get = (target = '/', headers = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: endorse.soracom.io\r\n${headers}Connection: close\r\n\r\n`;
const post = (body: string): string =>
  `POST / HTTP/1.1\r\nHost: endorse.soracom.io\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
const ask = (on: BeamWorld, text: string, caller = session()): Promise<string> =>
  on.request(text, 80, caller, 'endorse.soracom.io');
const bodyOf = (answer: string): string => answer.split('\r\n\r\n')[1] ?? '';
const tokenOf = (answer: string): string => (JSON.parse(bodyOf(answer)) as { token: string }).token;

/** Claims, after a check with another hand's code against the published key. */
function verified(on: BeamWorld, token: string): jwt.JwtPayload {
  const { kid = '' } = jwt.decode(token, { complete: true })?.header ?? {};
  return jwt.verify(token, on.platform.keys.published(kid) ?? '', {
    algorithms: ['RS256'],
    issuer: 'https://soracom.io',
    audience: 'soracom-endorse-audience',
    clockTimestamp: Math.floor(on.clock.unixMs() / 1000),
  }) as jwt.JwtPayload;
}

describe('a token', () => {
  it('says who the SIM is, for ten minutes, and is signed by a published key', async () => {
    const on = world();
    const answer = await ask(on, get());
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(headerLines(answer)).toContain('content-type: application/json');
    expect(headerLines(answer)).toContain('cache-control: no-store');
    const iat = Math.floor(EPOCH_MS / 1000);
    expect(verified(on, tokenOf(answer))).toEqual({
      iss: 'https://soracom.io',
      aud: 'soracom-endorse-audience',
      exp: iat + 600,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      iat,
      nbf: iat - 60,
      sub: 'soracom-endorse',
      'soracom-endorse-claim': { imsi: IMSI, imei: IMEI, msisdn: MSISDN, simId: ICCID },
    });
  });

  it('is good for as long as the group says, and not a second more', async () => {
    const on = world({ tokenTimeoutSeconds: 90 });
    const token = tokenOf(await ask(on, get()));
    await on.clock.run({ deadline: 89 * SECOND });
    expect(verified(on, token)).toMatchObject({ sub: 'soracom-endorse' });
    await on.clock.run({ deadline: 91 * SECOND });
    expect(() => verified(on, token)).toThrow('jwt expired');
  });

  it('is another one each time', async () => {
    const on = world();
    expect(tokenOf(await ask(on, get()))).not.toBe(tokenOf(await ask(on, get())));
  });

  it.each([
    [{ imsi: true }, { imsi: IMSI }],
    [{ imei: true, msisdn: false }, { imei: IMEI }],
    [
      { simId: true, msisdn: true },
      { simId: ICCID, msisdn: MSISDN },
    ],
    [{ requestParameters: true }, { requestParameters: { a: '1' } }],
    [{}, {}],
  ])('endorses what the group allows: %j', async (parametersToEndorse, claim) => {
    const on = world({ parametersToEndorse });
    expect(verified(on, tokenOf(await ask(on, get('/?a=1'))))['soracom-endorse-claim']).toEqual(claim);
  });

  it('leaves out what is not known', async () => {
    const on = world({}, { msisdn: undefined });
    const claim = verified(on, tokenOf(await ask(on, get(), session(IMSI, ''))))['soracom-endorse-claim'] as object;
    expect(claim).toEqual({ imsi: IMSI, simId: ICCID });
  });
});

describe('request parameters', () => {
  const signed = async (text: string): Promise<unknown> => {
    const on = world();
    const claim = verified(on, tokenOf(await ask(on, text)))['soracom-endorse-claim'] as Record<string, unknown>;
    return claim['requestParameters'];
  };

  it('of a query become strings', async () => {
    expect(await signed(get('/?foo=bar&n=1&e=&t=%E6%B8%A9%E5%BA%A6+x&f'))).toEqual({
      ...{ foo: 'bar', n: '1', e: '', t: '温度 x', f: '' },
    });
  });

  it('of a POST are copied as they are', async () => {
    const parameters = { n: 1.5, nested: { list: [true, null, 'x'] }, imsi: '440109999999999' };
    expect(await signed(post(JSON.stringify(parameters)))).toEqual(parameters);
    expect(await signed(post(''))).toBeUndefined();
    expect(await signed(post('{}'))).toBeUndefined();
  });

  it('never shadow the identity, whatever they are called', async () => {
    const on = world();
    const names = '"imsi":"1","imei":"2","simId":"3","iss":"4","exp":9999999999,"soracom-endorse-claim":{"imsi":"5"}';
    const claims = verified(on, tokenOf(await ask(on, post(`{${names},"__proto__":{"imsi":"6"}}`))));
    expect(claims).toMatchObject({ iss: 'https://soracom.io', exp: Math.floor(EPOCH_MS / 1000) + 600 });
    expect(claims['soracom-endorse-claim']).toMatchObject({ imsi: IMSI, imei: IMEI, simId: ICCID });
  });

  it.each(['[1]', '"text"', 'null', '7', '{"a":', '\xff\xfe', 'a=b'])('%j is refused with 400', async (body) => {
    const answer = await ask(world(), post(body));
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(bodyOf(answer))).toMatchObject({ code: 'END0002' });
  });

  it('of more than 4096 bytes are refused with 413', async () => {
    expect(await ask(world(), post(JSON.stringify({ a: 'x'.repeat(4096) })))).toMatch(/^HTTP\/1\.1 413 /);
    expect(await ask(world(), post(JSON.stringify({ a: 'x'.repeat(4088) })))).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('whatever JSON they are, they come back equal', async () => {
    const on = world();
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (parameters) => {
        const text = JSON.stringify(parameters);
        const kept = JSON.parse(text) as Record<string, unknown>;
        delete kept['redirect_url'];
        const claim = verified(on, tokenOf(await ask(on, post(text))))['soracom-endorse-claim'] as object;
        const wanted = Object.keys(kept).length > 0 ? kept : undefined;
        expect((claim as Record<string, unknown>)['requestParameters']).toEqual(wanted);
      }),
      { numRuns: 50 },
    );
  });
});

describe('redirect_url', () => {
  const authorizedRedirectUrls = ['https://app.example/login', 'http://localhost:8080/'];
  const to = async (target: string): Promise<{ status: string; location: string | undefined; on: BeamWorld }> => {
    const on = world({ authorizedRedirectUrls });
    const answer = await ask(on, get(`/?a=1&redirect_url=${encodeURIComponent(target)}`));
    const location = headerLines(answer).find((line) => line.startsWith('location: '));
    return { status: answer.slice(9, 12), location: location?.slice('location: '.length), on };
  };

  it('sends the device to an authorised URL with the token in its query; the parameter itself is not signed', async () => {
    const { status, location = '', on } = await to('https://app.example/login');
    expect(status).toBe('302');
    const url = new URL(location);
    expect(url.origin + url.pathname).toBe('https://app.example/login');
    const claims = verified(on, url.searchParams.get('soracom_endorse_token') ?? '');
    expect(claims['soracom-endorse-claim']).toMatchObject({ imsi: IMSI, requestParameters: { a: '1' } });
    expect(JSON.stringify(on.events)).not.toContain(url.searchParams.get('soracom_endorse_token'));
  });

  it('keeps the query that it came with', async () => {
    const { location = '' } = await to('https://app.example/login?next=%2Fhome&soracom_endorse_token=forged');
    const { searchParams } = new URL(location);
    expect(searchParams.get('next')).toBe('/home');
    expect(searchParams.getAll('soracom_endorse_token')).toEqual([expect.stringMatching(/^eyJ/)]);
  });

  it.each([
    'https://app.example/login/',
    'https://app.example/login/../admin',
    'https://app.example/Login',
    'https://app.example/',
    'https://app.example:444/login',
    'http://app.example/login',
    'https://app.example.evil.test/login',
    'https://app.example@evil.test/login',
    'https://user:password@app.example/login',
    'https://evil.test/?https://app.example/login',
    'https://evil.test/login#https://app.example/login',
    '//app.example/login',
    'javascript:alert(1)',
    'login',
    '',
  ])('%j is refused', async (target) => {
    expect((await to(target)).status).toBe('400');
  });

  it('given twice is refused; without any authorised URL as well', async () => {
    const query = `redirect_url=${encodeURIComponent('https://app.example/login')}`;
    expect(await ask(world({ authorizedRedirectUrls }), get(`/?${query}&${query}`))).toMatch(/^HTTP\/1\.1 400 /);
    expect(await ask(world(), get(`/?${query}`))).toMatch(/^HTTP\/1\.1 400 [^]*"END0003"/);
  });
});

describe('browsers of other origins', () => {
  it('read the answer when the group allows their origin', async () => {
    const on = world({ allowOrigin: 'https://app.example' });
    for (const text of [get(), post('[]')]) {
      const lines = headerLines(await ask(on, text));
      expect(lines).toContain('access-control-allow-origin: https://app.example');
      expect(lines).toContain('vary: Origin');
    }
    expect(headerLines(await ask(world({ allowOrigin: '*' }), get()))).toContain('access-control-allow-origin: *');
    expect((await ask(world(), get())).toLowerCase()).not.toContain('access-control');
  });

  it('may ask first', async () => {
    const preflight = get('/', 'Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n').replace(
      'GET',
      'OPTIONS',
    );
    const answer = await ask(world({ allowOrigin: 'https://app.example' }), preflight);
    expect(answer).toMatch(/^HTTP\/1\.1 204 /);
    expect(headerLines(answer)).toEqual(
      expect.arrayContaining([
        'access-control-allow-origin: https://app.example',
        'access-control-allow-methods: GET, POST',
        'access-control-allow-headers: Content-Type',
      ]),
    );
    expect(await ask(world(), preflight)).toMatch(/^HTTP\/1\.1 405 /);
  });
});

describe('no token', () => {
  it.each([
    ['the group has Endorse off', { enabled: false }, {}],
    ['the SIM is suspended', {}, { status: 'suspended' }],
    ['the SIM is in no group', {}, { groupId: undefined }],
  ])('%s: 403 with code and message', async (_, endorse, subscriber) => {
    const on = world(endorse, subscriber);
    const answer = await ask(on, get());
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(JSON.parse(bodyOf(answer))).toEqual({ code: 'END0001', message: expect.any(String) });
    expect(on.events.filter((event) => event.type === 'service')).toMatchObject([{ service: 'endorse', status: 403 }]);
  });

  it('for an unknown SIM, and for a session that is closed', async () => {
    expect(await ask(world(), get(), session('440109999999999'))).toMatch(/^HTTP\/1\.1 403 /);
    expect(await ask(world(), get(), { ...session(), open: false })).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('for other paths and methods', async () => {
    expect(await ask(world(), get('/other'))).toMatch(/^HTTP\/1\.1 404 /);
    expect(await ask(world(), get('http://[/'))).toMatch(/^HTTP\/1\.1 (404|400) /);
    expect(await ask(world(), get().replace('GET', 'DELETE'))).toMatch(/^HTTP\/1\.1 405 /);
  });
});

it.each([
  [{ tokenTimeoutSeconds: -1 }, 'tokenTimeoutSeconds'],
  [{ tokenTimeoutSeconds: 86_401 }, 'tokenTimeoutSeconds'],
  [{ tokenTimeoutSeconds: 1.5 }, 'tokenTimeoutSeconds'],
  [{ allowOrigin: 'https://app.example/' }, 'allowOrigin'],
  [{ allowOrigin: 'app.example' }, 'allowOrigin'],
  [{ authorizedRedirectUrls: ['javascript:alert(1)'] }, 'authorizedRedirectUrls[0]'],
  [{ parametersToEndorse: { imis: true } }, 'parametersToEndorse'],
  [{ enable: true }, 'SoracomEndorse'],
])('a configuration with %j is refused, with the field in the message', (wrong, field) => {
  expect(() => world(wrong)).toThrow(field);
});

it('a time of 0 means not set', async () => {
  const on = world({ tokenTimeoutSeconds: 0 });
  const { exp = 0, iat = 0 } = verified(on, tokenOf(await ask(on, get())));
  expect(exp - iat).toBe(600);
});

it('no token is in the trace', async () => {
  const on = world();
  const token = tokenOf(await ask(on, get()));
  expect(JSON.stringify(on.events)).not.toContain(token);
  expect(JSON.stringify(on.events)).not.toContain(token.split('.')[2]);
  expect(on.events.find((event) => event.type === 'http' && event.kind === 'response')).toMatchObject({
    body: '{"token":"[redacted]"}',
  });
});

describe('over TLS at port 443', () => {
  const secure = (on: BeamWorld, text: string, servername?: string): Promise<string> =>
    secureTo(on, 'endorse.soracom.io', text, servername === undefined ? {} : { servername });

  it('the certificate is of the world’s authority, and the session says who calls', async () => {
    const on = world();
    const claims = verified(on, tokenOf(await secure(on, get())));
    expect(claims['soracom-endorse-claim']).toMatchObject({ imsi: IMSI });
    expect(await secure(on, get(), 'other.soracom.io')).toMatch(/^error: Hostname\/IP does not match/);
    expect(await secure(on, get())).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('what is not TLS ends the connection; a handshake that stops is closed in time', async () => {
    const on = world();
    const plain = on.connect(443, session(), 'endorse.soracom.io');
    plain.send('GET / HTTP/1.1\r\n\r\n');
    await plain.ended();
    expect(plain.text).not.toContain('HTTP/1.1');
    const slow = on.connect(443, session(), 'endorse.soracom.io');
    slow.send(Buffer.from('1603010200010001fc0303', 'hex'));
    await slow.ended();
    expect(on.clock.now()).toBeGreaterThan(1 * MINUTE);
    expect(on.clock.now()).toBeLessThan(5 * MINUTE);
  });

  it('without a supplier of certificates there is no such port', () => {
    const { clock, trace, upstream } = world();
    const registry = new FakeRegistry();
    new Platform({ clock, trace, upstream }).register(registry);
    const ports = [...registry.services.keys()].filter((key) => key.startsWith('endorse.soracom.io:'));
    expect(ports).toEqual(['endorse.soracom.io:80']);
  });
});

describe('a login page', () => {
  const LOGIN = 'https://myserver.example.com/login';
  const form = (body: string, target: string, type = 'application/x-www-form-urlencoded'): string =>
    `POST ${target} HTTP/1.1\r\nHost: endorse.soracom.io\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
  const claim = (on: BeamWorld, token: string): unknown => verified(on, token)['soracom-endorse-claim'];

  it('posts its form, and the browser is sent on with the token', async () => {
    const on = world({ authorizedRedirectUrls: [LOGIN] });
    const answer = await ask(on, form('username=sora&note=a+b%C3%A9', `/?redirect_url=${encodeURIComponent(LOGIN)}`));
    expect(answer).toMatch(/^HTTP\/1\.1 302 /);
    const location = new URL(
      headerLines(answer)
        .find((line) => line.startsWith('location'))
        ?.slice(10) ?? '',
    );
    expect(location.origin + location.pathname).toBe(LOGIN);
    expect(claim(on, location.searchParams.get('soracom_endorse_token') ?? '')).toMatchObject({
      imsi: IMSI,
      requestParameters: { username: 'sora', note: 'a b\u00e9' },
    });
  });

  it('posts JSON, called a form by curl, or without a redirect', async () => {
    const on = world({ authorizedRedirectUrls: [LOGIN] });
    const json = await ask(on, form('{"username":"sora"}', `/?redirect_url=${LOGIN}`));
    expect(json).toMatch(/^HTTP\/1\.1 302 /);
    const plain = await ask(on, form('username=sora', '/'));
    expect(claim(on, tokenOf(plain))).toMatchObject({ requestParameters: { username: 'sora' } });
  });

  it('is sent nowhere that the operator did not name, and a form of no form is refused', async () => {
    const on = world({ authorizedRedirectUrls: [LOGIN] });
    const refused = await ask(on, form('username=sora', '/?redirect_url=https://evil.example/login'));
    expect(refused).toMatch(/^HTTP\/1\.1 400 [^]*END0003/);
    expect(refused).not.toMatch(/^location/im);
    expect(await ask(on, form('username=sora', '/', 'text/plain'))).toMatch(/^HTTP\/1\.1 400 [^]*END0002/);
  });
});
