// Cases of the OMA enabler test specification, by number: a device with the whole client, registered over DTLS, and a server played by
// coap-packet. README.md has the table of all numbers and where each is shown.
import { beforeAll, describe, expect, test } from 'vitest';
import { OMA_APP } from './oma-app.js';
import { world } from './rig-world.js';
import type { Answer, Command, DmServer, Notification, Rig } from './rig.js';

const TEXT = 0;
const LINK = 40;
const CBOR = 60;
const JSON_FORMAT = 110;
const SENML_CBOR = 112;
const TLV = 11_542;
/** Of LwM2M 1.0. */
const OLD_JSON = 11_543;
const SECOND = 1_000;

let rig: Rig;
let dm: DmServer;
beforeAll(start);
async function start(): Promise<void> {
  const made = await world({ app: OMA_APP, preferred: SENML_CBOR });
  rig = made.rig;
  dm = made.dm;
  rig.powerOn();
  rig.run(10 * SECOND);
  expect(dm.identities).toEqual(['d-1']);
}

/** The server asks; the answer. */
function ask(command: Command): Answer {
  let answer: Answer | undefined;
  dm.coap.ask(dm.device, command, (got) => (answer = got));
  rig.run(SECOND);
  if (!answer) throw new Error(`no answer to ${command.method} ${command.path}`);
  return answer;
}
const get = (path: string, accept?: number): Answer =>
  ask({ method: 'GET', path, ...(accept !== undefined && { accept }) });
const read = (path: string, accept = TEXT): string => get(path, accept).payload.toString();
const put = (path: string, payload: string | Buffer, format = TEXT): string =>
  ask({ method: 'PUT', path, format, payload: Buffer.from(payload) }).code;
const post = (path: string, payload: string | Buffer, format = TEXT): string =>
  ask({ method: 'POST', path, format, payload: Buffer.from(payload) }).code;
const execute = (path: string): string => ask({ method: 'POST', path }).code;
const attributes = (path: string, query: string): string => ask({ method: 'PUT', path, query }).code;
const discover = (path: string): string => get(path, LINK).payload.toString();
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const names = (...paths: string[]): Buffer => Buffer.from(JSON.stringify(paths.map((n) => ({ n }))));
const fetch = (paths: string[], more: Partial<Command> = {}): Answer =>
  ask({ method: 'FETCH', path: '/', format: JSON_FORMAT, payload: names(...paths), ...more });
/** The Server instance of this device. */
const S = '/1/1';

/** Values by path of a SenML JSON answer. */
function values(payload: Buffer): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  let base = '';
  for (const { bn, n = '', ...value } of JSON.parse(payload.toString()) as Record<string, string>[]) {
    if (bn !== undefined) base = bn;
    found[base + n] = Object.values(value)[0];
  }
  return found;
}

/** Notifications of an observation for so many seconds. */
function notifications(seconds: number, token: Buffer): Notification[] {
  const from = dm.coap.notifications.length;
  rig.run(seconds * SECOND);
  return dm.coap.notifications.slice(from).filter((n) => n.token.equals(token));
}
const gaps = (all: readonly Notification[]): number[] =>
  all.slice(1).map(({ at }, i) => Math.round((at - (all[i]?.at ?? 0)) / SECOND));
const lifetimes = (): string[] =>
  dm.coap.requests.flatMap(({ path, query }) =>
    path.startsWith('/rd/') ? query.filter((q) => q.startsWith('lt=')) : [],
  );

describe('device management', () => {
  test('int-201: Device in plain text', () => {
    expect(['/3/0/0', '/3/0/1', '/3/0/2'].map((path) => read(path))).toEqual(['Akari', 'model 1', 's1']);
  });

  test('int-203: Device in TLV', () => {
    const { code, format, payload } = get('/3/0', TLV);
    expect([code, format]).toEqual(['2.05', TLV]);
    const text = payload.toString('hex');
    for (const entry of ['c500416b617269', 'c7016d6f64656c2031', 'c2027331', 'c503312e302e30', '830b410000', 'c11055'])
      expect(text).toContain(entry);
  });

  test('int-205: Server in plain text, and back', () => {
    for (const set of [
      [101, 1010, 2000],
      [1, 10, 86_400],
    ]) {
      expect([2, 3, 5].map((resource, i) => put(`${S}/${resource}`, String(set[i])))).toEqual(['2.04', '2.04', '2.04']);
      expect([2, 3, 5].map((resource) => Number(read(`${S}/${resource}`)))).toEqual(set);
    }
  });

  test('int-211: Server in CBOR', () => {
    const cbor = (resource: number): string => get(`${S}/${resource}`, CBOR).payload.toString('hex');
    put(`${S}/6`, '0');
    expect([cbor(0), cbor(6), cbor(7)]).toEqual(['187b', 'f4', '6155']);
  });

  test('int-212: Server set in CBOR', () => {
    expect([
      put(`${S}/2`, hex('1865'), CBOR),
      put(`${S}/3`, hex('1903f2'), CBOR),
      put(`${S}/6`, hex('f5'), CBOR),
    ]).toEqual([...['2.04', '2.04', '2.04']]);
    expect([read(`${S}/2`), read(`${S}/3`), read(`${S}/6`)]).toEqual(['101', '1010', '1']);
  });

  test('int-215: Server set in TLV, and replaced by what it was', () => {
    put(`${S}/6`, '0');
    put(`${S}/2`, '1');
    put(`${S}/3`, '10');
    const before = get(S, TLV).payload;
    expect(post(S, hex('c10265 c20303f2 c20507d0 c10601 c10755'), TLV)).toBe('2.04');
    expect([2, 3, 5, 6, 7].map((resource) => read(`${S}/${resource}`))).toEqual(['101', '1010', '2000', '1', 'U']);
    // Without what only the device writes: short server ID and last bootstrap.
    const saved = hex('c2010e10 c10201 c1030a c40500015180 c10600 c10755');
    expect(put(S, saved, TLV)).toBe('2.04');
    expect([2, 3, 5, 6].map((resource) => read(`${S}/${resource}`))).toEqual(['1', '10', '86400', '0']);
    expect(before.length).toBeGreaterThan(20);
  });

  test('int-221: Security is nobody’s: 4.01', () => {
    expect([get('/0').code, put('/0/0/0', 'coap://x'), attributes('/0', 'pmin=30&pmax=45')]).toEqual([
      ...['4.01', '4.01', '4.01'],
    ]);
  });

  test('int-222, int-223: Read on object and on instance', () => {
    for (const path of ['/1', S, '/3', '/3/0']) {
      const { code, payload } = get(path, JSON_FORMAT);
      expect(code).toBe('2.05');
      const found = Object.keys(values(payload));
      const wanted = path.startsWith('/1') ? [0, 1, 6, 7].map((r) => `${S}/${r}`) : ['/3/0/0', '/3/0/11/0', '/3/0/16'];
      for (const one of wanted) expect(found).toContain(one);
    }
  });

  test('int-224, int-225: Read on resource and on resource instance', () => {
    expect([read(`${S}/0`), read(`${S}/7`), read('/3/0/16'), read('/3/0/11/0')]).toEqual(['123', 'U', 'U', '0']);
  });

  test('int-226, int-227: a lifetime written, in an instance and alone, is in an Update', () => {
    const before = read(`${S}/1`);
    expect(post(S, hex('c1013d c10601'), TLV)).toBe('2.04');
    rig.run(5 * SECOND);
    expect(lifetimes().at(-1)).toBe('lt=61');
    expect(put(`${S}/1`, '63')).toBe('2.04');
    rig.run(5 * SECOND);
    expect([lifetimes().at(-1), read(`${S}/1`)]).toEqual(['lt=63', '63']);
    expect(put(`${S}/1`, before)).toBe('2.04');
    put(`${S}/6`, '0');
  });

  test('int-228, int-1630: an instance created with several identities; one of them written', () => {
    // The specification's second byte group begins with 80, which leaves no room for its length: 88 is meant.
    const made = ask({
      ...{ method: 'POST', path: '/16', format: TLV },
      payload: hex(
        `08012e 88002b 480011 ${Buffer.from('Host Device ID #2').toString('hex')} 480114 ${Buffer.from('Host Device Model #2').toString('hex')}`,
      ),
    });
    expect(made.code).toBe('2.01');
    expect(discover('/16/1')).toBe('</16/1>,</16/1/0>;dim=2');
    expect(put('/16/1/0/1', 'test')).toBe('2.04');
    expect(read('/16/1/0', JSON_FORMAT)).toBe(
      '[{"bn":"/16/1/0/","n":"0","vs":"Host Device ID #2"},{"n":"1","vs":"test"}]',
    );
    // The server hears of it.
    rig.run(5 * SECOND);
    expect(dm.coap.requests.at(-1)?.payload.toString()).toContain('</16/1>');
  });

  test.each([
    ['SenML JSON', JSON_FORMAT],
    ['SenML CBOR', SENML_CBOR],
  ])('int-229, int-280, int-281, int-236: Read-Composite in %s, with paths that are not there', (_name, accept) => {
    const { code, format } = fetch(['/3', S, `${S}/1`, '/3/0/11/0'], { accept });
    expect([code, format]).toEqual(['2.05', accept]);
    const only = fetch(['/3/0/16', '/3/0/11/0', S, '/3339/0/5522'], { accept: JSON_FORMAT });
    const found = values(only.payload);
    expect([found['/3/0/16'], found['/3/0/11/0'], found[`${S}/0`], found[`${S}/7`]]).toEqual(['U', 0, 123, 'U']);
    expect(Object.keys(found).some((path) => path.startsWith('/3339'))).toBe(false);
    expect(Object.keys(values(fetch([`${S}/0`, `${S}/7`, `${S}/8`], { accept: JSON_FORMAT }).payload))).toEqual([
      ...[`${S}/0`, `${S}/7`],
    ]);
  });

  test('int-230: Write-Composite of Server and Portfolio', () => {
    const lifetime = read(`${S}/1`);
    const records = [
      ...[`{"n":"${S}/1","v":61}`, `{"n":"${S}/6","vb":true}`],
      ...['aa', 'bb', 'cc', 'dd'].map((text, i) => `{"n":"/16/1/0/${i}","vs":"${text}"}`),
    ];
    const payload = Buffer.from(`[${records.join(',')}]`);
    expect(ask({ method: 'IPATCH', path: '/', format: JSON_FORMAT, payload }).code).toBe('2.04');
    rig.run(5 * SECOND);
    expect([lifetimes().at(-1), read(`${S}/6`)]).toEqual(['lt=61', '1']);
    expect(Object.values(values(get('/16/1/0', JSON_FORMAT).payload))).toEqual(['aa', 'bb', 'cc', 'dd']);
    put(`${S}/1`, lifetime);
  });

  test.each([
    ['int-231: SenML JSON', JSON_FORMAT],
    ['int-232: SenML CBOR', SENML_CBOR],
  ])('%s of object, instance, resource, resource instance', (_name, accept) => {
    for (const path of ['/1', '/3/0', '/3/0/16', '/3/0/11/0'])
      expect(get(path, accept)).toMatchObject({ code: '2.05', format: accept });
  });

  test('int-233, int-234: Portfolio set in SenML CBOR and JSON', () => {
    expect(put('/16/1/0/0', hex('81 a2 21 69 2f31362f312f302f30 03 61 78'), SENML_CBOR)).toBe('2.04');
    expect(read('/16/1/0/0')).toBe('x');
    expect(put('/16/1/0/0', '[{"bn":"/16/1/0/0","vs":"test_value"}]', JSON_FORMAT)).toBe('2.04');
    expect(read('/16/1/0/0')).toBe('test_value');
  });

  test('int-235: Read-Composite of the root: all but Security', () => {
    const { code, payload } = fetch(['/'], { accept: JSON_FORMAT });
    expect(code).toBe('2.05');
    const objects = new Set(Object.keys(values(payload)).map((path) => path.split('/')[1]));
    expect([...objects].sort()).toEqual(['1', '16', '3', '4', '6', '7']);
  });

  test('int-237: Read without Accept', () => {
    expect([get('/1').format, get('/3').format]).toEqual([SENML_CBOR, SENML_CBOR]);
  });

  test('int-241, int-655: Reboot is answered first', () => {
    expect(execute('/3/0/4')).toBe('2.04');
    expect(rig.app?.value(0)).toBe(1);
  });

  test('int-256: a write to what is read-only', () => {
    expect([put(`${S}/0`, '124'), read(`${S}/0`)]).toEqual(['4.05', '123']);
  });

  test('int-257: Write-Composite of Server and Device, the specification’s own bytes', () => {
    const s = (path: string): string => Buffer.from(path).toString('hex');
    // The instance is another one here: 1/1 where the specification has 1/0.
    const payload = hex(
      `83 a3 21 61 2f 00 65 ${s('1/1/2')} 02 1865 a2 00 65 ${s('1/1/6')} 04 f5 a2 00 66 ${s('3/0/13')} 02 00`,
    );
    expect(ask({ method: 'IPATCH', path: '/', format: SENML_CBOR, payload }).code).toBe('2.04');
    expect([read(`${S}/2`), read(`${S}/6`)]).toEqual(['101', '1']);
    expect(Number(read('/3/0/13'))).toBeLessThan(10);
    put(`${S}/2`, '1');
  });

  test('int-260: Discover', () => {
    expect(discover('/3')).toContain('</3>,</3/0>,</3/0/0>');
    expect(discover('/3')).toContain('</3/0/6>;dim=1,</3/0/7>;dim=1,</3/0/9>');
    expect(attributes('/3', 'pmin=10&pmax=200')).toBe('2.04');
    expect(discover('/3/0')).toMatch(/^<\/3\/0>,<\/3\/0\/0>/);
    expect(attributes('/3/0/7', 'lt=1&gt=6&st=1')).toBe('2.04');
    expect(discover('/3/0')).toContain('</3/0/7>;dim=1;gt=6;lt=1;st=1,');
    expect(discover('/3/0/7')).toBe('</3/0/7>;dim=1;pmin=10;pmax=200;gt=6;lt=1;st=1,</3/0/7/0>');
    attributes('/3/0/7', 'lt&gt&st');
    attributes('/3', 'pmin&pmax');
  });

  test('int-261: attributes at every level of a multiple resource', () => {
    expect(discover('/3/0/11')).toBe('</3/0/11>;dim=1,</3/0/11/0>');
    expect([
      attributes('/3', 'pmin=10&pmax=200'),
      attributes('/3/0', 'pmax=320'),
      attributes('/3/0/11/0', 'pmax=100&epmin=1&epmax=20'),
    ]).toEqual(['2.04', '2.04', '2.04']);
    expect(discover('/3/0/11')).toBe('</3/0/11>;dim=1;pmin=10;pmax=320,</3/0/11/0>;pmax=100;epmin=1;epmax=20');
    attributes('/3', 'pmin&pmax');
    attributes('/3/0', 'pmax');
    attributes('/3/0/11/0', 'pmax&epmin&epmax');
  });
});

describe('information reporting', () => {
  const observe = (path: string, accept = JSON_FORMAT): Answer => ask({ method: 'GET', path, observe: 0, accept });
  const cancel = (path: string, token: Buffer): string =>
    ask({ method: 'GET', path, observe: 1, token, accept: JSON_FORMAT }).code;

  test('int-301, int-302: voltage comes regularly, until it is refused', () => {
    expect(attributes('/3/0/7', 'pmin=5&pmax=15')).toBe('2.04');
    const { code, token } = observe('/3/0/7');
    expect(code).toBe('2.05');
    const quiet = notifications(61, token);
    expect(gaps(quiet)).toEqual([15, 15, 15]);
    for (let i = 0; i < 4; i++) {
      rig.app?.value(1);
      rig.run(SECOND);
    }
    const busy = notifications(20, token);
    expect(busy.length).toBeGreaterThan(0);
    for (const gap of gaps(busy)) expect(gap).toBeGreaterThanOrEqual(5);
    dm.coap.refuses = (refused) => refused.equals(token);
    expect(notifications(40, token)).toHaveLength(1);
    expect(notifications(60, token)).toHaveLength(0);
    dm.coap.refuses = () => false;
  });

  test('int-303: cancelled by Observe 1, also at the instance above', () => {
    attributes('/3/0/7', 'pmin=5&pmax=15');
    const one = observe('/3/0/7');
    expect(cancel('/3/0/7', one.token)).toBe('2.05');
    const two = observe('/3/0/7');
    expect(ask({ method: 'GET', path: '/3/0', observe: 1, accept: JSON_FORMAT }).code).toBe('2.05');
    expect(notifications(40, one.token)).toEqual([]);
    expect(notifications(40, two.token)).toEqual([]);
    attributes('/3/0/7', 'pmin&pmax');
  });

  test('int-304, int-305: Observe-Composite, and its end', () => {
    expect(attributes(`${S}/1`, 'pmin=30&pmax=45')).toBe('2.04');
    const paths = [`${S}/1`, '/3/0/11/0', '/3/0/16'];
    const { code, token, payload } = fetch(paths, { observe: 0 });
    expect([code, Object.keys(values(payload))]).toEqual(['2.05', paths]);
    const [first] = notifications(45, token);
    expect(Object.keys(values(first?.payload as Buffer))).toEqual(paths);
    expect(fetch(paths, { observe: 1, token }).code).toBe('2.05');
    expect(notifications(100, token)).toEqual([]);
    attributes(`${S}/1`, 'pmin&pmax');
  });

  test('int-308, int-309: Observe-Composite while instances come and go', () => {
    const instance = (id: number): Buffer =>
      Buffer.from(`[${[0, 1, 2, 3].map((i) => `{"n":"/16/${id}/0/${i}","vs":"${id}${i}"}`).join(',')}]`);
    expect(post('/16', instance(0), JSON_FORMAT)).toBe('2.01');
    expect(attributes('/16/0', 'pmin=30&pmax=45')).toBe('2.04');
    const { payload, token } = fetch(['/16/0', '/16/2'], { observe: 0 });
    const held = (bytes: Buffer | undefined): number[] => [
      ...new Set(Object.keys(values(bytes as Buffer)).map((path) => Number(path.split('/')[2]))),
    ];
    expect(held(payload)).toEqual([0]);
    const first = notifications(45, token);
    expect(held(first[0]?.payload)).toEqual([0]);
    for (const gap of gaps(first)) expect(gap).toBeGreaterThanOrEqual(30);
    expect(post('/16', instance(2), JSON_FORMAT)).toBe('2.01');
    const grown = notifications(45, token);
    expect(held(grown[0]?.payload)).toEqual([0, 2]);
    expect(ask({ method: 'DELETE', path: '/16/2' }).code).toBe('2.02');
    expect(held(notifications(45, token)[0]?.payload)).toEqual([0]);
    fetch(['/16/0'], { observe: 1, token });
  });

  test('int-310: Observe-Composite, and attributes that come later', () => {
    const { code, token } = fetch([`${S}/1`, '/3/0'], { observe: 0 });
    expect(code).toBe('2.05');
    expect(attributes('/3', 'pmax=5')).toBe('2.04');
    const regular = notifications(31, token);
    expect(regular.length).toBeGreaterThanOrEqual(6);
    for (const gap of gaps(regular)) expect(gap).toBe(5);
    fetch(['/3/0'], { observe: 1, token });
    attributes('/3', 'pmax');
  });
});

describe('Send', () => {
  test('int-306, int-311: the device tells by itself', () => {
    expect(put(`${S}/23`, '0')).toBe('2.04');
    const sent = tell();
    expect(sent.map(({ path, payload }) => [path, values(payload)])).toEqual([
      ['/dp', { [`${S}/1`]: Number(read(`${S}/1`)), '/3/0/11/0': 0 }],
    ]);
  });

  test('int-307: not while it is mute', () => {
    expect(put(`${S}/23`, '1')).toBe('2.04');
    expect(tell()).toEqual([]);
    expect(put(`${S}/23`, '0')).toBe('2.04');
    expect(tell()).toHaveLength(1);
  });

  /** What comes to the server of it. */
  function tell(): DmServer['coap']['requests'] {
    const from = dm.coap.requests.length;
    rig.app?.value(4);
    rig.wake();
    rig.run(SECOND);
    return dm.coap.requests.slice(from).filter(({ path }) => path === '/dp');
  }
});

describe('core objects', () => {
  test('int-651: Device’s time, offset and zone, the specification’s own bytes', () => {
    expect(post('/3/0', hex('c40d5182428f c60e2b30323a3030 c80f0c4575726f70652f5061726973'), TLV)).toBe('2.04');
    expect([read('/3/0/14'), read('/3/0/15')]).toEqual(['+02:00', 'Europe/Paris']);
    const time = Number(read('/3/0/13'));
    expect(time).toBeGreaterThanOrEqual(1_367_491_215);
    expect(time).toBeLessThan(1_367_491_215 + 10);
  });

  test('int-652: the firmware’s version', () => {
    expect(read('/3/0/3')).toBe('1.0.0');
  });

  test('int-680, int-685: Device is neither created nor deleted', () => {
    expect(post('/3', hex('c10061'), TLV)).toBe('4.05');
    expect(ask({ method: 'DELETE', path: '/3/0' }).code).toBe('4.05');
  });

  test('int-204, int-220 (not of this client): the JSON of LwM2M 1.0 is 4.06 to be read, 4.15 to be written', () => {
    expect(get('/3/0', OLD_JSON).code).toBe('4.06');
    expect(put(S, '{"bn":"/1/1/","e":[{"n":"1","v":100}]}', OLD_JSON)).toBe('4.15');
  });

  test('int-264, int-266, int-312, int-313 (LwM2M 1.2, not of this client): what 1.2 puts into a query changes no answer', () => {
    const plain = discover('/3');
    expect(ask({ method: 'GET', path: '/3', query: 'depth=1', accept: LINK }).payload.toString()).toBe(plain);
    const query = 'pmin=5&pmax=60';
    const { code, token } = ask({ method: 'GET', path: '/3/0/9', query, observe: 0, accept: JSON_FORMAT });
    expect([code, discover('/3/0/9')]).toEqual(['2.05', '</3/0/9>']);
    ask({ method: 'GET', path: '/3/0/9', observe: 1, token });
  });

  test('int-701, int-710: Connectivity Monitoring read and observed', () => {
    const found = values(get('/4/0', JSON_FORMAT).payload);
    expect(found).toEqual({
      ...{ '/4/0/0': 6, '/4/0/1/0': 6, '/4/0/2': -91, '/4/0/4/0': '10.0.0.1', '/4/0/7/0': 'soracom.io' },
      ...{ '/4/0/8': 19_088_743, '/4/0/9': 10, '/4/0/10': 440, '/4/0/12': 4660 },
    });
    expect(attributes('/4/0', 'pmin=2&pmax=10')).toBe('2.04');
    const { token } = ask({ method: 'GET', path: '/4/0', observe: 0, accept: JSON_FORMAT });
    rig.app?.value(3);
    const [first, second] = notifications(20, token);
    expect(values(first?.payload as Buffer)['/4/0/2']).not.toBe(-91);
    expect(gaps([first, second] as Notification[])).toEqual([10]);
    ask({ method: 'GET', path: '/4/0', observe: 1, token });
    attributes('/4/0', 'pmin&pmax');
  });

  test('int-801: Location read', () => {
    expect(values(get('/6/0', JSON_FORMAT).payload)).toEqual({
      ...{ '/6/0/0': 43.5723, '/6/0/1': 153.2176, '/6/0/2': 140, '/6/0/3': 100, '/6/0/5': 1_367_491_215, '/6/0/6': 3 },
    });
  });

  test('int-901, int-905: Connectivity Statistics collected between Start and Stop; its period written', () => {
    expect(execute('/7/0/6')).toBe('2.04');
    rig.app?.value(2);
    rig.app?.value(2);
    expect(execute('/7/0/7')).toBe('2.04');
    rig.app?.value(2);
    expect(put('/7/0/8', '60')).toBe('2.04');
    expect(values(get('/7/0', JSON_FORMAT).payload)).toEqual({
      ...{ '/7/0/2': 5, '/7/0/3': 3, '/7/0/4': 5000, '/7/0/5': 5000, '/7/0/8': 60 },
    });
  });

  test('int-810: Location observed', () => {
    expect(attributes('/6/0', 'pmin=2&pmax=10')).toBe('2.04');
    const { token, payload } = ask({ method: 'GET', path: '/6/0', observe: 0, accept: JSON_FORMAT });
    rig.app?.value(5);
    const [first, second] = notifications(20, token);
    expect(values(first?.payload as Buffer)['/6/0/0']).not.toBe(values(payload)['/6/0/0']);
    expect(gaps([first, second] as Notification[])).toEqual([10]);
    ask({ method: 'GET', path: '/6/0', observe: 1, token });
    attributes('/6/0', 'pmin&pmax');
  });

  test('int-910: Connectivity Statistics observed', () => {
    expect(execute('/7/0/6')).toBe('2.04');
    expect(attributes('/7/0', 'pmin=2&pmax=10')).toBe('2.04');
    const { token } = ask({ method: 'GET', path: '/7/0', observe: 0, accept: JSON_FORMAT });
    rig.app?.value(2);
    const [first, second] = notifications(20, token);
    expect(values(first?.payload as Buffer)).toMatchObject({ '/7/0/2': 2, '/7/0/3': 1 });
    expect(gaps([first, second] as Notification[])).toEqual([10]);
    ask({ method: 'GET', path: '/7/0', observe: 1, token });
    attributes('/7/0', 'pmin&pmax');
    expect(execute('/7/0/7')).toBe('2.04');
  });

  test('int-1635: all instances of Portfolio deleted', () => {
    for (const id of [0, 1]) expect(ask({ method: 'DELETE', path: `/16/${id}` }).code).toBe('2.02');
    expect(discover('/16')).toBe('</16>');
  });
});
