// What an operator may have of groups and credentials; another operator does not notice.

import { describe, expect, it } from 'vitest';
import { API_LIMITS, DIRECTORY_LIMITS } from '../../host/platform/limits.js';
import { ApiWorld, OPERATOR, OTHER_OPERATOR } from './api-harness.js';

const LIMIT = { status: 409, json: { code: 'COM0010' } };
const psk = (key: string) => ({ type: 'psk', credentials: { key } });

describe('an operator has no more than the limit', () => {
  it('of groups; one that goes makes room', async () => {
    const world = new ApiWorld();
    const [root, other] = [await world.root(), await world.other()];
    const { directory } = world.platform;
    // Some are of the configuration.
    const had = directory.groups(OPERATOR).length;
    for (let i = had; i < DIRECTORY_LIMITS.groups; i++) directory.createGroup(OPERATOR, { id: `g${i}` });
    expect(await root.call('POST', '/groups', {})).toMatchObject(LIMIT);
    expect((await other.call('POST', '/groups', {})).status).toBe(201);
    expect((await root.call('DELETE', '/groups/g7')).status).toBe(204);
    expect((await root.call('POST', '/groups', {})).status).toBe(201);
    expect(await root.call('POST', '/groups', {})).toMatchObject(LIMIT);
  });

  it('of credentials; what is there may be replaced', async () => {
    const world = new ApiWorld();
    const [root, other] = [await world.root(), await world.other()];
    const { directory } = world.platform;
    const had = directory.credentialsRecords(OPERATOR).length;
    for (let i = had; i < DIRECTORY_LIMITS.credentials; i++) directory.putCredentials(OPERATOR, `c${i}`, psk('x'));
    expect(await root.call('POST', '/credentials/more', psk('x'))).toMatchObject(LIMIT);
    expect((await root.call('PUT', '/credentials/c3', psk('y'))).status).toBe(200);
    expect((await other.call('POST', '/credentials/more', psk('x'))).status).toBe(201);
    expect(directory.credentialsRecords(OTHER_OPERATOR)).toHaveLength(1);
  });

  it('of bytes of one entry', async () => {
    const root = await new ApiWorld().root();
    const most = 'x'.repeat(DIRECTORY_LIMITS.credentialsBytes - JSON.stringify(psk('')).length);
    expect((await root.call('POST', '/credentials/a', psk(most))).status).toBe(201);
    expect((await root.call('PUT', '/credentials/a', psk(`${most}x`))).status).toBe(400);
    expect((await root.call('POST', '/credentials/b', psk(`${most}x`))).status).toBe(400);
  });

  it('of tags of a group and of a SIM, with the longest names and values', async () => {
    const world = new ApiWorld();
    const root = await world.root();
    const { json } = await root.call<{ groupId: string }>('POST', '/groups', {});
    const tag = (i: number) => ({
      tagName: `${i}`.padEnd(API_LIMITS.tagName, 'n'),
      tagValue: 'v'.repeat(API_LIMITS.tagValue),
    });
    for (const path of [`/groups/${json.groupId}/tags`, '/subscribers/440101234567892/tags']) {
      const all = Array.from({ length: API_LIMITS.tags }, (_, i) => tag(i));
      expect((await root.call('PUT', path, all.slice(0, 25))).status).toBe(200);
      expect((await root.call('PUT', path, all.slice(25))).status).toBe(200);
      expect((await root.call('PUT', path, [tag(99)])).status).toBe(400);
      expect((await root.call('PUT', path, [{ tagName: 'n'.repeat(129), tagValue: '' }])).status).toBe(400);
    }
  });
});
