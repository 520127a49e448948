import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { soracomAir } from '../../host/platform/air/config.js';
import type { Session } from '../../host/cellular/network.js';
import {
  type Answered,
  apiConfig,
  ApiWorld,
  type Client,
  OPERATOR,
  OTHER_OPERATOR,
  OTHER_STOCK_IMSI,
  REGISTRATION_SECRET,
  STOCK_IMSI,
} from './api-harness.js';
import { EPOCH_MS, ICCID, IMSI, MSISDN, session } from './harness.js';

const SECOND_IMSI = '440101234567891';
const READY_IMSI = '440101234567892';

async function signedIn(): Promise<{ world: ApiWorld; root: Client }> {
  const world = new ApiWorld();
  return { world, root: await world.root() };
}

interface Listed {
  readonly imsi: string;
}
const imsis = (list: readonly Listed[]): string[] => list.map(({ imsi }) => imsi);

describe('GET /v1/subscribers', () => {
  it('lists the operator’s own, by IMSI', async () => {
    const { root } = await signedIn();
    const { status, json } = await root.get<Listed[]>('/subscribers');
    expect(status).toBe(200);
    expect(imsis(json)).toEqual([IMSI, SECOND_IMSI, READY_IMSI]);
    expect(json[0]).toMatchObject({ iccid: ICCID, operatorId: OPERATOR, sessionStatus: { online: false } });
  });

  it.each([
    ['tag_name=name&tag_value=roof', [IMSI]],
    ['tag_name=name&tag_value=ro', []],
    ['tag_name=name&tag_value=ro&tag_value_match_mode=prefix', [IMSI]],
    ['tag_name=site&tag_value=&tag_value_match_mode=prefix', [SECOND_IMSI]],
    ['tag_name=constructor&tag_value=&tag_value_match_mode=prefix', []],
    ['status_filter=active', [IMSI, SECOND_IMSI]],
    ['status_filter=ready%7Csuspended', [READY_IMSI]],
    ['speed_class_filter=s1.fast', [READY_IMSI]],
    ['speed_class_filter=s1.fast&status_filter=active', []],
    ['speed_class_filter=arc.standard', []],
    ['type_filter=s1.fast', [READY_IMSI]],
    ['serial_number_filter=NOPE', []],
    [`operatorId=${OPERATOR}&limit=1024`, [IMSI, SECOND_IMSI, READY_IMSI]],
    ['limit=1001', [IMSI, SECOND_IMSI, READY_IMSI]],
    ['limit=-1', [IMSI, SECOND_IMSI, READY_IMSI]],
    ['limit=0', [IMSI, SECOND_IMSI, READY_IMSI]],
    [
      'limit=&tag_name=&tag_value=&status_filter=&speed_class_filter=&last_evaluated_key=',
      [IMSI, SECOND_IMSI, READY_IMSI],
    ],
  ])('?%s', async (query, wanted) => {
    const { root } = await signedIn();
    expect(imsis((await root.get<Listed[]>(`/subscribers?${query}`)).json)).toEqual(wanted);
  });

  it.each([
    ['tag_name=name', 'tag_value must be given'],
    ['tag_name=a&tag_value=b&tag_value_match_mode=regex', 'tag_value_match_mode'],
    ['status_filter=awake', 'status_filter'],
    ['speed_class_filter=s1.warp', 'speed_class_filter'],
    ['limit=1e2', 'limit'],
    ['status=active', 'there is no parameter "status"'],
    ['__proto__=1', 'there is no parameter "__proto__"'],
    ['limit=1&limit=2', 'limit'],
  ])('?%s is malformed, and the answer says where', async (query, fault) => {
    const { root } = await signedIn();
    const { status, json } = await root.get(`/subscribers?${query}`);
    expect(status).toBe(400);
    expect(json.message).toContain(fault);
  });

  it('pages: link and x-soracom-next-key lead through all, each once', async () => {
    const { world, root } = await signedIn();
    for (let i = 0; i < 25; i++) {
      const tail = String(i).padStart(3, '0');
      const sim = { imsi: `44020000000${tail}0`, iccid: `89811000058194900${tail}`, tags: { batch: 'b 1' } };
      world.platform.directory.register(OPERATOR, sim);
    }
    const seen: string[] = [];
    let path: string | undefined = '/subscribers?limit=7&tag_name=batch&tag_value=b%201';
    let pages = 0;
    while (path !== undefined) {
      const { headers, json }: Answered<Listed[]> = await root.get<Listed[]>(path);
      seen.push(...imsis(json));
      const key = headers.get('x-soracom-next-key');
      expect(key).toBe(json.length === 7 ? json.at(-1)?.imsi : null);
      path = /^<\/v1(.*)>; rel=next$/.exec(headers.get('link') ?? '')?.[1];
      pages++;
    }
    expect(pages).toBe(4);
    expect(seen).toHaveLength(25);
    expect(new Set(seen).size).toBe(25);
    expect((await root.get<Listed[]>('/subscribers?last_evaluated_key=9')).json).toEqual([]);
  });

  it('one SIM, by its MSISDN; another operator’s is not there', async () => {
    const { world, root } = await signedIn();
    const path = `/subscribers/msisdn/${MSISDN}?operatorId=${OPERATOR}&limit=1024`;
    expect(await root.get(path)).toMatchObject({ status: 200, json: { imsi: IMSI } });
    expect((await root.get('/subscribers/msisdn/1')).status).toBe(404);
    // As people write it.
    const printed = encodeURIComponent(`+${MSISDN.slice(0, 2)} ${MSISDN.slice(2)}`);
    expect((await root.get(`/subscribers/msisdn/${printed}`)).status).toBe(200);
    expect((await root.get(`/subscribers?operatorId=${OTHER_OPERATOR}`)).status).toBe(403);
    expect((await (await world.other()).get(`/subscribers/msisdn/${MSISDN}`)).status).toBe(404);
  });

  it('of one group, and 404 for a group that is not there', async () => {
    const { root } = await signedIn();
    expect(imsis((await root.get<Listed[]>('/groups/sensors/subscribers')).json)).toEqual([IMSI]);
    expect((await root.get('/groups/others/subscribers')).status).toBe(404);
  });
});

describe('one subscriber', () => {
  it('shows its live session, and null where there is nothing', async () => {
    const { world, root } = await signedIn();
    world.sessions.set(IMSI, { ...session(), dns: ['100.127.0.53'], openedMs: EPOCH_MS });
    expect((await root.get(`/subscribers/${IMSI}`)).json).toMatchObject({
      sessionStatus: { online: true, ueIpAddress: '10.0.0.1', dnsServers: ['100.127.0.53'], lastUpdatedAt: EPOCH_MS },
    });
    expect((await root.get(`/subscribers/${SECOND_IMSI}`)).json).toMatchObject({
      groupId: null,
      sessionStatus: { online: false, ueIpAddress: null, imei: null },
    });
  });

  it('404 when it is not there', async () => {
    const { root } = await signedIn();
    for (const [method, path, body] of [
      ['GET', ''],
      ['POST', '/suspend'],
      ['PUT', '/tags', []],
      ['DELETE', '/tags/a'],
      ['POST', '/set_group', { groupId: 'sensors' }],
      ['POST', '/unset_group'],
      ['POST', '/update_speed_class', { speedClass: 's1.slow' }],
      ['POST', '/delete_session'],
    ] as const) {
      const { status, json } = await root.call(method, `/subscribers/440109999999999${path}`, body);
      expect(status).toBe(404);
      expect(json.code).toBe('SBS0001');
    }
  });

  it('tags: added, replaced, taken away; the name stays; not too many', async () => {
    const { root } = await signedIn();
    const tags = (list: object[]) => root.call<{ tags: object }>('PUT', `/subscribers/${IMSI}/tags`, list);
    const put = await tags([
      { tagName: 'name', tagValue: 'tower' },
      { tagName: 'a b', tagValue: 'ü' },
    ]);
    expect(put).toMatchObject({ status: 200, json: { tags: { name: 'tower', 'a b': 'ü' } } });
    expect((await root.call('DELETE', `/subscribers/${IMSI}/tags/a%20b`)).status).toBe(204);
    expect((await root.call('DELETE', `/subscribers/${IMSI}/tags/a%20b`)).json).toMatchObject({ code: 'TAG0001' });
    expect((await root.call('DELETE', `/subscribers/${IMSI}/tags/name`)).status).toBe(400);
    const many = Array.from({ length: 50 }, (_, i) => ({ tagName: `t${i}`, tagValue: '' }));
    expect((await tags(many)).status).toBe(400);
    expect((await tags(many.slice(1))).status).toBe(200);
    expect((await root.get(`/subscribers/${SECOND_IMSI}`)).json).toMatchObject({ tags: { name: 'cellar' } });
  });

  it('any tags: what was put reads back', async () => {
    const { root } = await signedIn();
    const name = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' });
    const list = fc.uniqueArray(fc.tuple(name, fc.string({ maxLength: 20 })), { maxLength: 10, selector: ([n]) => n });
    await fc.assert(
      fc.asyncProperty(list, async (entries) => {
        await root.call('POST', `/subscribers/${IMSI}/unset_group`);
        for (const [tag] of Object.entries((await root.get<{ tags: object }>(`/subscribers/${IMSI}`)).json.tags)) {
          if (tag === 'name') continue;
          const path = `/subscribers/${IMSI}/tags/${encodeURIComponent(tag)}`;
          // "." and ".." are steps in an address: no client can name such a tag.
          if (!/^\.{1,2}$/.test(tag)) expect((await root.call('DELETE', path)).status).toBe(204);
        }
        const body = entries.map(([tagName, tagValue]) => ({ tagName, tagValue }));
        const { status, json } = await root.call<{ tags: object }>('PUT', `/subscribers/${IMSI}/tags`, body);
        expect(status).toBe(200);
        expect(new Map(Object.entries(json.tags))).toEqual(
          new Map([['name', 'roof'], ...Object.entries(json.tags).filter(([t]) => /^\.{1,2}$/.test(t)), ...entries]),
        );
        await root.call('PUT', `/subscribers/${IMSI}/tags`, [{ tagName: 'name', tagValue: 'roof' }]);
      }),
      { numRuns: 40 },
    );
  });

  it('group: set, changed, unset', async () => {
    const { world, root } = await signedIn();
    const set = (groupId: unknown) => root.call('POST', `/subscribers/${SECOND_IMSI}/set_group`, { groupId });
    expect(await set('sensors')).toMatchObject({ status: 200, json: { groupId: 'sensors' } });
    expect(await set('nowhere')).toMatchObject({ status: 404, json: { code: 'GRP0001' } });
    expect((await set('')).status).toBe(400);
    expect((await set(7)).status).toBe(400);
    const whole = { groupId: 'sensors', operatorId: OPERATOR, configuration: { SoracomAir: {} }, tags: {} };
    expect((await root.call('POST', `/subscribers/${SECOND_IMSI}/set_group`, whole)).status).toBe(200);
    expect(soracomAir.of(world.platform.directory.group(OPERATOR, 'sensors'))?.userdata).toBe('hello');
    const unset = await root.call('POST', `/subscribers/${SECOND_IMSI}/unset_group`);
    expect(unset).toMatchObject({ status: 200, json: { groupId: null } });
    const again = await root.call('POST', `/subscribers/${SECOND_IMSI}/unset_group`);
    expect(again).toMatchObject({ status: 404, json: { code: 'GRP0002' } });
  });

  it('speed class', async () => {
    const { root } = await signedIn();
    const path = `/subscribers/${IMSI}/update_speed_class`;
    expect((await root.call('POST', path, { speedClass: 's1.minimum' })).json).toMatchObject({
      speedClass: 's1.minimum',
      type: 's1.minimum',
    });
    expect((await root.call('POST', path, { speedClass: 's9' })).status).toBe(400);
    expect((await root.call('POST', path, { speedClass: 's1.slow', more: 1 })).status).toBe(200);
  });
});

describe('status', () => {
  const step = (root: Client, name: string, imsi = IMSI) => root.call('POST', `/subscribers/${imsi}/${name}`);

  it.each([
    ['deactivate', 'inactive'],
    ['suspend', 'suspended'],
    ['set_to_standby', 'standby'],
  ])('%s: the SIM is %s, and its session ends', async (name, status) => {
    const { world, root } = await signedIn();
    const closed: string[] = [];
    const open: Session = { ...session(), close: (reason) => closed.push(reason) };
    world.sessions.set(IMSI, open);
    expect(await step(root, name)).toMatchObject({ status: 200, json: { status } });
    expect(closed).toEqual([`the SIM is ${status}`]);
    expect(await step(root, 'activate')).toMatchObject({ status: 200, json: { status: 'active' } });
    expect(closed).toHaveLength(1);
  });

  it('a ready SIM is activated', async () => {
    const { root } = await signedIn();
    expect((await step(root, 'activate', READY_IMSI)).json).toMatchObject({ status: 'active' });
  });

  it('termination has to be enabled, and is final', async () => {
    const { root } = await signedIn();
    expect(await step(root, 'terminate')).toMatchObject({ status: 409, json: { code: 'SBS0003' } });
    expect((await step(root, 'enable_termination')).json).toMatchObject({ terminationEnabled: true });
    expect((await step(root, 'disable_termination')).json).toMatchObject({ terminationEnabled: false });
    expect((await step(root, 'terminate')).status).toBe(409);
    await step(root, 'enable_termination');
    expect((await step(root, 'terminate')).json).toMatchObject({ status: 'terminated' });
    for (const name of ['activate', 'deactivate', 'suspend', 'set_to_standby', 'terminate']) {
      expect((await step(root, name)).status).toBe(409);
    }
  });

  it('a suspended SIM has to be activated before anything else', async () => {
    const { root } = await signedIn();
    await step(root, 'suspend');
    expect((await step(root, 'deactivate')).status).toBe(409);
    expect((await step(root, 'set_to_standby')).status).toBe(409);
    expect((await step(root, 'suspend')).status).toBe(200);
  });

  it('delete_session ends the session and leaves the status', async () => {
    const { world, root } = await signedIn();
    const closed: string[] = [];
    world.sessions.set(IMSI, { ...session(), close: (reason) => closed.push(reason) });
    expect((await step(root, 'delete_session')).json).toMatchObject({ status: 'active' });
    expect(closed).toEqual(['deleted by the operator']);
    expect((await step(root, 'delete_session', SECOND_IMSI)).status).toBe(200);
  });
});

describe('register', () => {
  const register = (client: Client, imsi: string, body: unknown) =>
    client.call('POST', `/subscribers/${imsi}/register`, body);

  it('a SIM of the stock, with its secret: 201, ready', async () => {
    const { world, root } = await signedIn();
    const body = {
      registrationSecret: REGISTRATION_SECRET,
      groupId: 'sensors',
      tags: [{ tagName: 'name', tagValue: 'new' }],
    };
    expect(await register(root, STOCK_IMSI, body)).toMatchObject({
      status: 201,
      json: { imsi: STOCK_IMSI, status: 'ready', groupId: 'sensors', tags: { name: 'new' }, operatorId: OPERATOR },
    });
    expect(await register(root, STOCK_IMSI, body)).toMatchObject({ status: 409, json: { code: 'SBS0002' } });
    const other = await world.other();
    expect(await register(other, STOCK_IMSI, { registrationSecret: REGISTRATION_SECRET })).toMatchObject({
      status: 404,
    });
  });

  it('wrong secret, unknown SIM, another operator’s SIM: one answer for all', async () => {
    const { world, root } = await signedIn();
    const other = await world.other();
    expect((await register(other, OTHER_STOCK_IMSI, { registrationSecret: 'another-secret' })).status).toBe(201);
    const answers = [
      await register(root, STOCK_IMSI, { registrationSecret: 'wrong' }),
      await register(root, '440109999999999', { registrationSecret: REGISTRATION_SECRET }),
      await register(root, OTHER_STOCK_IMSI, { registrationSecret: 'another-secret' }),
      await register(other, IMSI, { registrationSecret: REGISTRATION_SECRET }),
    ];
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(404);
    expect((await register(root, STOCK_IMSI, { registrationSecret: REGISTRATION_SECRET })).status).toBe(201);
  });

  it('into a group that is not the operator’s: 404, and the SIM stays in stock', async () => {
    const { world } = await signedIn();
    const other = await world.other();
    const body = { registrationSecret: REGISTRATION_SECRET, groupId: 'sensors' };
    expect(await register(other, STOCK_IMSI, body)).toMatchObject({ status: 404, json: { code: 'GRP0001' } });
    expect((await register(other, STOCK_IMSI, { registrationSecret: REGISTRATION_SECRET })).status).toBe(201);
  });

  it('as published clients register: tags as an object, empty fields, the older address', async () => {
    const { root } = await signedIn();
    const typed = { registrationSecret: REGISTRATION_SECRET, groupId: '', tags: { name: 'new' } };
    expect(await register(root, STOCK_IMSI, typed)).toMatchObject({
      status: 201,
      json: { groupId: null, tags: { name: 'new' } },
    });
    const { world, root: again } = await signedIn();
    const older = await again.call('POST', `/subscribers/${STOCK_IMSI}`, {
      ...{ registrationSecret: REGISTRATION_SECRET, tags: {} },
    });
    expect(older).toMatchObject({ status: 201, json: { imsi: STOCK_IMSI } });
    expect(world.platform.directory.subscriber(STOCK_IMSI)?.operatorId).toBe(OPERATOR);
  });

  it.each([[{}], [{ registrationSecret: '' }], [{ registrationSecret: 's', tags: { a: 1 } }], ['s']])(
    '400 for %j',
    async (body) => {
      const { root } = await signedIn();
      expect((await register(root, STOCK_IMSI, body)).status).toBe(400);
    },
  );

  it('a stock that names a SIM twice, or one that is a subscriber, is a fault', () => {
    const [sim] = apiConfig.stock;
    const twice = { ...apiConfig, stock: [sim, sim] };
    expect(() => new ApiWorld({ config: twice })).toThrow(`stock[1].imsi: ${STOCK_IMSI} is there twice`);
    const taken = { ...apiConfig, stock: [{ ...sim, imsi: IMSI }] };
    expect(() => new ApiWorld({ config: taken })).toThrow(`stock[0].imsi: ${IMSI} is there twice`);
  });
});
