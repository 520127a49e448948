// The management API from inside the cellular network: https://api.soracom.io, for a device that an operator has given a key.

import { describe, expect, it } from 'vitest';
import { apiConfig, AUTH_KEY } from './api-harness.js';
import { BeamWorld, IMSI } from './harness.js';
import { secure } from './secure.js';

const NAME = 'api.soracom.io';
const request = (method: string, path: string, headers = '', body = ''): string =>
  `${method} ${path} HTTP/1.1\r\nHost: ${NAME}\r\n${headers}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
const JSON_TYPE = 'Content-Type: application/json\r\n';
const bodyOf = (answer: string): Record<string, unknown> =>
  JSON.parse(answer.split('\r\n\r\n')[1] ?? '') as Record<string, unknown>;

describe('https://api.soracom.io for a device', () => {
  const on = new BeamWorld({ config: apiConfig });

  it('signs in with its key, and reads and writes with its token', async () => {
    const signedIn = await secure(on, NAME, request('POST', '/v1/auth', JSON_TYPE, JSON.stringify(AUTH_KEY)));
    expect(signedIn).toMatch(/^HTTP\/1\.1 200 /);
    const { apiKey, token } = bodyOf(signedIn);
    const ticket = `X-Soracom-API-Key: ${String(apiKey)}\r\nX-Soracom-Token: ${String(token)}\r\n`;
    const tags = request(
      'PUT',
      `/v1/subscribers/${IMSI}/tags`,
      ticket + JSON_TYPE,
      '[{"tagName":"by","tagValue":"device"}]',
    );
    expect(await secure(on, NAME, tags)).toMatch(/^HTTP\/1\.1 200 /);
    const answer = await secure(on, NAME, request('GET', `/v1/subscribers/${IMSI}`, ticket));
    expect(bodyOf(answer)).toMatchObject({ imsi: IMSI, tags: { by: 'device' } });
  });

  it('the session counts for nothing there: without a token nobody gets in', async () => {
    for (const path of [`/v1/subscribers/${IMSI}`, '/v1/subscribers', '/v1/subscriber', '/v1/groups']) {
      expect(await secure(on, NAME, request('GET', path))).toMatch(/^HTTP\/1\.1 (401|404) /);
    }
  });

  it('shows a certificate for its name, and no other', async () => {
    const other = await secure(on, NAME, request('GET', '/v1/groups'), { servername: 'beam.soracom.io' });
    expect(other).toMatch(/^error: Hostname\/IP does not match/);
  });

  it('no key, token or password of it shows in the trace', () => {
    const told = JSON.stringify(on.events);
    expect(on.events.filter(({ type }) => type === 'api').length).toBeGreaterThan(3);
    expect(told).not.toContain(AUTH_KEY.authKey);
    expect(told).not.toMatch(/"(apiKey|token)"/i);
  });
});
