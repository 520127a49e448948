// The routes of devices as typed programs and command lines of others call them: fields that nobody knows, empty values, parameters,
// limits; and answers as the public definition of the API has them.

import { describe, expect, it } from 'vitest';
import type { Answered, Client } from '../platform/api-harness.js';
import { ENDPOINT, InventoryWorld, OPERATOR, reply, TestDevice } from './world.js';

type Call = <T = Record<string, unknown>>(method: string, path: string, body?: unknown) => Promise<Answered<T>>;

async function joined(): Promise<{ world: InventoryWorld; device: TestDevice; root: Client; id: string; call: Call }> {
  const world = new InventoryWorld();
  const device = new TestDevice(world);
  const account = await device.account();
  expect(await device.connect(account)).toBe(true);
  expect((await device.register(['lwm2m=1.1', `ep=${ENDPOINT}`, 'b=U', 'lt=300'])).code).toBe('2.01');
  await world.pass(2_000_000_000);
  const root = await world.await(world.root());
  const id = Buffer.from(account.identity).toString();
  return { world, device, root, id, call: (method, path, body) => world.await(root.call(method, path, body)) };
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
}

describe('routes of devices', () => {
  it('pass over fields that they do not know', async () => {
    const { call, id } = await joined();
    const statuses: [string, number][] = [];
    for (const [method, path, body] of [
      ['POST', '/devices', { endpoint: 'a', device_id: 'd-mine', online: true, objects: {} }],
      ['PUT', `/devices/${id}/tags`, [{ tagName: 'n', tagValue: 'v', x: 1 }]],
      ['POST', `/devices/${id}/set_group`, { groupId: 'meters', operatorId: 'x', tags: {} }],
      ['POST', `/devices/${id}/unset_group`, { groupId: 'meters' }],
      ['PUT', `/devices/${id}/3/0/15`, { value: 'UTC', name: 'Timezone', observed: false }],
      ['PUT', `/devices/${id}/3/0`, { x: 1, resources: { 15: { value: 'UTC', x: 1 } } }],
      ['POST', `/devices/${id}/3/0/4/execute`, { x: 1 }],
      ['PUT', `/devices/${id}/3/0/9/attributes`, { pmin: 1, x: 1 }],
      ['POST', `/devices/${id}/1`, { x: 1, resources: [] }],
      ['POST', `/devices/${id}/3/0/9/observe`, { x: 1 }],
      ['POST', `/devices/${id}/firmware`, { file: '/none.bin', x: 1 }],
    ] as const) {
      statuses.push([`${method} ${path}`, (await call(method, path, body)).status]);
    }
    // The last: there is no such file.
    expect(statuses.map(([, status]) => status)).toEqual([201, 200, 200, 200, 202, 202, 202, 200, 200, 202, 404]);
  });

  it('take empty values for what is not set', async () => {
    const { call, id, device } = await joined();
    for (const empty of [{}, { endpoint: '', groupId: '', tags: null }, { endpoint: null, groupId: null, tags: [] }]) {
      const { status, json } = await call('POST', '/devices', empty);
      expect([status, json['groupId'], json['tags']]).toEqual([201, null, {}]);
      expect(json['endpoint']).toBe(json['deviceId']);
    }
    for (const body of [{ value: '' }, { value: null }, {}, null]) {
      expect((await call('POST', `/devices/${id}/3/0/4/execute`, body)).status).toBe(202);
    }
    expect(device.executed).toEqual(['/3/0/4', '/3/0/4', '/3/0/4', '/3/0/4']);
    for (const values of [null, {}, [], '']) {
      expect((await call('PUT', `/devices/${id}/3/0/15`, { id: null, value: 'UTC', values })).status).toBe(202);
    }
    // Empty, and yet a value.
    expect((await call('PUT', `/devices/${id}/3/0/15`, { value: '', values: null })).status).toBe(202);
    expect(device.resources.get('/3/0/15')?.value).toBe('');
    expect((await call('PUT', `/devices/${id}/3/0/9/attributes`, { pmin: 3, pmax: '', gt: [], lt: null })).status).toBe(
      200,
    );
    expect(device.requests.at(-1)?.query).toEqual(['pmin=3', 'lt']);
    expect((await call('PUT', `/devices/${id}/3/0/15`, { value: null, values: null })).text).toContain(
      'must have either value or values',
    );
  });

  it('refuse a parameter of the query that they do not have, by its name', async () => {
    const { call, root, world } = await joined();
    const { paths } = (
      await world.await(root.get<{ paths: Record<string, Record<string, Operation>> }>('/openapi.json'))
    ).json;
    const routes = Object.entries(paths).filter(([path]) => path.startsWith('/devices'));
    expect(routes.length).toBeGreaterThan(25);
    for (const [path, methods] of routes) {
      for (const method of Object.keys(methods)) {
        const filled = path.replace(/\{\w+\}/g, '3');
        // The second is one of lists.
        for (const name of ['x-y', ...(path === '/devices' ? [] : ['tag_name'])]) {
          const address = `${filled}?${name}=1`;
          const { status, json } = await call(method.toUpperCase(), address, method === 'get' ? undefined : {});
          const fault = expect.stringContaining(`there is no parameter "${name}"`) as string;
          expect([path, status, String(json['message'])]).toEqual([path, 400, fault]);
        }
      }
    }
  });

  it('have the parameters, operations and statuses of the public definition', async () => {
    const { root, world } = await joined();
    const { paths } = (
      await world.await(
        root.get<{ paths: Record<string, Record<string, Operation & { responses: object }>> }>('/openapi.json'),
      )
    ).json;
    const one = '/devices/{device_id}';
    const at = `${one}/{object}/{instance}`;
    const expected: readonly [string, string, string, readonly string[], number][] = [
      [
        'get',
        '/devices',
        'listDevices',
        ['tag_name', 'tag_value', 'tag_value_match_mode', 'last_evaluated_key', 'limit'],
        200,
      ],
      ['post', '/devices', 'createDevice', [], 201],
      ['get', one, 'getDevice', ['model'], 200],
      ['delete', one, 'deleteDevice', [], 204],
      ['put', `${one}/tags`, 'putDeviceTags', [], 200],
      ['delete', `${one}/tags/{tag_name}`, 'deleteDeviceTag', [], 204],
      ['post', `${one}/set_group`, 'setDeviceGroup', [], 200],
      ['post', `${one}/unset_group`, 'unsetDeviceGroup', [], 200],
      ['get', at, 'readDeviceResources', ['model'], 200],
      ['get', `${at}/{resource}`, 'readDeviceResource', ['model'], 200],
      ['put', `${at}/{resource}`, 'writeDeviceResource', [], 202],
      ['post', `${at}/{resource}/execute`, 'executeDeviceResource', [], 202],
      ['post', `${at}/observe`, 'observeDeviceResources', ['model'], 202],
      ['post', `${at}/{resource}/observe`, 'observeDeviceResource', ['model'], 202],
      ['post', `${at}/unobserve`, 'unobserveDeviceResources', [], 204],
      ['post', `${at}/{resource}/unobserve`, 'unobserveDeviceResource', [], 204],
    ];
    for (const [method, path, name, query, status] of expected) {
      const found = paths[path]?.[method];
      // The same operation at another depth has a number behind its name.
      expect(found?.operationId.replace(/_\d+$/, '')).toBe(name);
      const inQuery = found?.parameters.filter((parameter) => parameter.in === 'query').map((one) => one.name) ?? [];
      expect([name, query.filter((parameter) => !inQuery.includes(parameter))]).toEqual([name, []]);
      expect(found?.responses).toHaveProperty(String(status));
    }
  });

  it('clamp limits, and know the parameter model', async () => {
    const { call, id } = await joined();
    for (const limit of ['-1', '0', '1024', '99999999', '']) {
      const { status, json } = await call<unknown[]>('GET', `/devices?limit=${limit}`);
      expect([limit, status, json.length]).toEqual([limit, 200, 1]);
    }
    expect((await call('GET', '/devices?limit=many')).status).toBe(400);
    expect((await call('GET', '/devices?tag_value_match_mode=sideways')).status).toBe(400);
    const plain = await call<{ objects: Record<string, object> }>('GET', `/devices/${id}?model=false`);
    expect(plain.json.objects['3']).toEqual({ id: 3, instances: { 0: { id: 0 } } });
    const model = await call<{ objects: Record<string, object> }>('GET', `/devices/${id}?model=true`);
    expect(model.json.objects['3']).toMatchObject({
      ...{ id: 3, name: 'Device', multiple: false, mandatory: true, instances: { 0: { id: 0 } } },
      resources: { 9: { id: 9, name: 'Battery Level', operations: 'R', type: 'INTEGER' } },
    });
    expect((await call('GET', `/devices/${id}?model=perhaps`)).status).toBe(400);
  });

  it('answer as the definition has it: the device that is made, tags that go, values in a list', async () => {
    const { call, id, device } = await joined();
    const { json } = await call('POST', '/devices', { endpoint: 'new', tags: { name: 'lamp' } });
    expect(json).toMatchObject({
      ...{ endpoint: 'new', tags: { name: 'lamp' }, online: false, deviceKeyId: expect.any(String) as string },
      device: { device_id: json['device_id'], endpoint: 'new' },
    });
    expect(Buffer.from(String(json['secretKey']), 'base64')).toHaveLength(16);
    await call('PUT', `/devices/${id}/tags`, [{ tagName: 'site', tagValue: 'roof' }]);
    const gone = await call('DELETE', `/devices/${id}/tags/site`);
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect((await call('DELETE', `/devices/${id}/tags/site`)).status).toBe(404);
    expect((await call('PUT', `/devices/${id}/3/0/7`, { values: [3800, 5000] })).status).toBe(202);
    expect([device.resources.get('/3/0/7/0')?.value, device.resources.get('/3/0/7/1')?.value]).toEqual([3800, 5000]);
  });

  it('say whose error it is when a value is written', async () => {
    const { call, id, device } = await joined();
    for (const [code, status, fault] of [
      ['4.05', 400, 'DEV0004'],
      ['4.04', 404, 'DEV0009'],
      ['4.00', 500, 'DEV0011'],
      ['5.00', 500, 'DEV0011'],
    ] as const) {
      device.override = () => reply(code);
      const answer = await call('PUT', `/devices/${id}/3/0/15`, { value: 'UTC' });
      expect([code, answer.status, answer.json['code']]).toEqual([code, status, fault]);
      expect(String(answer.json['message'])).toContain(code);
    }
  });

  it('are permitted under the name of the definition, and under the one that permissions had before', async () => {
    const { root, world, id } = await joined();
    for (const [name, api, statuses] of [
      ['one', 'Device:readDeviceResource', [200, 403, 403]],
      ['all', 'Device:readDeviceResources', [200, 200, 403]],
      ['put', 'Device:writeDeviceResource', [403, 403, 202]],
    ] as const) {
      const own = `/operators/${OPERATOR}/users/${name}`;
      const permission = JSON.stringify({ statements: [{ effect: 'allow', api }] });
      expect((await world.await(root.call('POST', own, {}))).status).toBe(201);
      expect((await world.await(root.call('PUT', `${own}/permission`, { permission }))).status).toBe(200);
      const key = (await world.await(root.call('POST', `${own}/auth_keys`))).json;
      const user = await world.await(world.anybody.signIn({ authKeyId: key['authKeyId'], authKey: key['authKey'] }));
      const seen = [
        await world.await(user.get(`/devices/${id}/3/0/9`)),
        await world.await(user.get(`/devices/${id}/3/0`)),
        await world.await(user.call('PUT', `/devices/${id}/3/0/15`, { value: 'UTC' })),
      ];
      expect([name, seen.map(({ status }) => status)]).toEqual([name, statuses]);
    }
  });
});
