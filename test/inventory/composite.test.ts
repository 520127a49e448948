// Composite operations and resource instances by the management API, to a device whose CoAP and objects are the device side's own; and
// object models as OMA's registry publishes them.
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { MS, SECOND } from '../../host/clock/clock.js';
import { ContentError, modelFromXml } from '../../host/lwm2m/index.js';
import type { Answered, Client } from '../platform/api-harness.js';
import { kit, Lab } from '../lwm2m/lab.js';
import { InventoryWorld, TestDevice } from './world.js';

let world: InventoryWorld;
let device: TestDevice;
let root: Client;
let id: string;
let lab: Lab;

const ms = (): number => Math.floor(world.clock.now() / MS);

/** The kit's sample objects are behind the device's association. */
function becomeLab(formats: string): Promise<unknown> {
  lab = new Lab({ preferred: 112 });
  const registered = device.register(
    ['lwm2m=1.1', `ep=${device.endpoint}`, 'lt=300'],
    `</>;rt="oma.lwm2m";ct="${formats}",</1/0>,</3/0>,</33000/0>`,
  );
  device.takes = undefined;
  return registered.then(() => {
    device.takes = (message) => {
      const event = kit.coapReceive(ms(), new Uint8Array(message));
      if (event !== 0) kit.lwm2mObjectsHandle(event, ms());
      flush();
    };
  });
}
function flush(): void {
  for (let out = kit.coapOutput(); out.length > 0; out = kit.coapOutput()) device.say(out);
}
/** A number of the device's own changes, and observers hear of it. */
function change(path: string, value: number): void {
  lab.set(path, value);
  kit.lwm2mObserveStep(ms());
  flush();
}

const call = <T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Answered<T>> =>
  world.await(root.call<T>(method, `/devices/${id}${path}`, body));

beforeEach(async () => {
  world = new InventoryWorld({ inventory: { harvestEnabled: true } });
  device = await new TestDevice(world).join();
  root = await world.await(world.root());
  id = Buffer.from(device.accountWritten().identity).toString();
  await becomeLab('110 112 11542');
  await world.pass(5 * SECOND);
});

describe('composite operations', () => {
  it.each(['112', '110'])('read resources, instances of resources and objects, content format %s', async (format) => {
    device.takes = undefined;
    await becomeLab(format);
    await world.pass(5 * SECOND);
    const { status, json } = await call('POST', '/composite/read', { paths: ['/3/0/6/1', '/3/0/0', '/3/0/9'] });
    expect(status).toBe(200);
    expect(json).toEqual({
      values: [
        { path: '/3/0/0', value: 'Akari' },
        { path: '/3/0/6/1', value: 5 },
        { path: '/3/0/9', value: 100 },
      ],
    });
    const all = (await call<{ values: { path: string }[] }>('POST', '/composite/read', { paths: ['/3'] })).json;
    expect(all.values.length).toBeGreaterThan(5);
    expect(all.values.every(({ path }) => path.startsWith('/3/0/'))).toBe(true);
  });

  it('what is not there is left out; when nothing is there 4.04', async () => {
    const { json } = await call('POST', '/composite/read', { paths: ['/3/0/0', '/9/0', '/3/0/99'] });
    expect(json).toEqual({ values: [{ path: '/3/0/0', value: 'Akari' }] });
    const none = await call('POST', '/composite/read', { paths: ['/9/0'] });
    expect([none.status, none.json['message']]).toEqual([404, expect.stringContaining('4.04')]);
  });

  it('write several values: all of them, or none', async () => {
    const values = { '/3/0/13': 1_700_000_000, '/3/0/14': '+09:00' };
    expect((await call('POST', '/composite/write', { values })).json).toEqual({ code: '2.04' });
    const { json } = await call('POST', '/composite/read', { paths: Object.keys(values) });
    expect(json).toEqual({ values: Object.entries(values).map(([path, value]) => ({ path, value })) });
    const spoilt = { '/3/0/14': '+01:00', '/3/0/0': 'mine' };
    const refused = await call('POST', '/composite/write', { values: spoilt });
    expect([refused.status, refused.json['message']]).toEqual([400, expect.stringContaining('4.05')]);
    expect((await call('GET', '/3/0/14')).json).toEqual({ id: 14, name: 'UTC Offset', value: '+09:00' });
  });

  it('observe several places as one, be told of them, and no more', async () => {
    const paths = ['/3/0/9', '/3/0/0'];
    const { json } = await call('POST', '/composite/observe', { paths });
    expect(json).toEqual({
      observed: true,
      values: [
        { path: '/3/0/0', value: 'Akari' },
        { path: '/3/0/9', value: 100 },
      ],
    });
    await world.pass(5 * SECOND);
    change('/3/0/9', 55);
    await world.pass(5 * SECOND);
    const readings = async () =>
      (await call<{ observed: string[]; readings: { path: string; value: unknown }[] }>('GET', '/readings')).json;
    expect(await readings()).toMatchObject({
      observed: ['/3/0/0 /3/0/9'],
      readings: expect.arrayContaining([expect.objectContaining({ path: '/3/0/9', value: 55 })]) as unknown[],
    });
    // The same paths in another order are the same.
    expect((await call('POST', '/composite/unobserve', { paths: [...paths].reverse() })).status).toBe(200);
    expect((await readings()).observed).toEqual([]);
    await world.pass(5 * SECOND);
    change('/3/0/9', 44);
    await world.pass(5 * SECOND);
    expect((await readings()).readings).toContainEqual(expect.objectContaining({ path: '/3/0/9', value: 55 }));
  });

  it('are observed again with the next registration', async () => {
    await call('POST', '/composite/observe', { paths: ['/3/0/9', '/3/0/0'] });
    device.takes = undefined;
    await becomeLab('112');
    await world.pass(10 * SECOND);
    change('/3/0/9', 33);
    await world.pass(5 * SECOND);
    const { json } = await call<{ readings: { path: string; value: unknown }[] }>('GET', '/readings');
    expect(json.readings).toContainEqual(expect.objectContaining({ path: '/3/0/9', value: 33 }));
  });

  it('wait for a device that is not there', async () => {
    device.takes = undefined;
    await device.ask('0.04', device.location);
    const asked = await call<{ requestId: string }>('POST', '/composite/read', { paths: ['/3/0/0'] });
    expect(asked.status).toBe(202);
    await becomeLab('112');
    await world.pass(10 * SECOND);
    expect((await call('GET', `/requests/${asked.json.requestId}`)).json).toMatchObject({
      ...{ operation: 'read-composite', path: '/3/0/0', state: 'done' },
      result: { values: [{ path: '/3/0/0', value: 'Akari' }] },
    });
  });

  it.each<[string, unknown, number]>([
    ['read', { paths: [] }, 400],
    ['read', { paths: ['/'] }, 400],
    ['read', { paths: ['3/0'] }, 400],
    ['read', { paths: ['/3/0/9', '/0/0/5'] }, 403],
    ['read', { paths: ['/21'] }, 403],
    ['read', { paths: Array.from({ length: 33 }, (_, i) => `/3/0/${i}`) }, 400],
    ['read', { values: {} }, 400],
    ['write', { values: {} }, 400],
    ['write', { values: { '/3/0/13': 'noon' } }, 400],
    ['write', { values: { '/3/0': 1 } }, 400],
    ['write', { values: { '/0/0/5': 'AAAA' } }, 403],
    ['write', { values: { '/40000/0/1': 1 } }, 400],
    ['observe', { paths: ['/3/0/9'] }, 400],
    ['nothing', { paths: ['/3/0/9'] }, 404],
  ])('%s %j is %i, and the device hears nothing', async (what, body, status) => {
    const before = world.wire.length;
    expect((await call('POST', `/composite/${what}`, body)).status).toBe(status);
    expect(world.wire.length).toBe(before);
  });

  it('a device that has no SenML says so', async () => {
    device.takes = undefined;
    const { status, json } = await call('POST', '/composite/read', { paths: ['/3/0/0'] });
    expect([status, json['message']]).toEqual([400, expect.stringContaining('4.05')]);
  });
});

describe('an instance of a resource', () => {
  it('is read, observed and written alone', async () => {
    expect((await call('GET', '/3/0/6/1')).json).toEqual({ id: 1, value: 5 });
    expect((await call('POST', '/3/0/6/1/observe')).json).toEqual({ observed: true, id: 1, value: 5 });
    expect((await call('POST', '/3/0/6/1/unobserve')).status).toBe(204);
    const model = {
      ...{ id: 33_000, name: 'Sample', multiple: true },
      resources: [
        { id: 0, name: 'Name', type: 'string', operations: 'RW', mandatory: true },
        { id: 10, name: 'Word', type: 'string', operations: 'W', mandatory: true },
        { id: 4, name: 'Levels', type: 'integer', operations: 'RW', multiple: true },
      ],
    };
    expect((await world.await(root.call('POST', '/device_object_models', model))).status).toBe(200);
    const made = {
      id: 2,
      resources: [
        { id: 0, value: 'a' },
        { id: 4, values: { 0: 10, 1: 11 } },
        { id: 10, value: 'w' },
      ],
    };
    expect((await call('POST', '/33000', made)).status).toBe(200);
    expect((await call('PUT', '/33000/2/4/1', { value: 77 })).json).toEqual({ code: '2.04' });
    expect((await call('GET', '/33000/2/4')).json).toEqual({ id: 4, name: 'Levels', values: { 0: 10, 1: 77 } });
    expect((await call('PUT', '/33000/2/4/1', { values: { 0: 1 } })).status).toBe(400);
    expect((await call('PUT', '/33000/2/4/1/attributes', { pmin: 5 })).json).toEqual({ code: '2.04' });
  });

  it('is written in TLV to a device that prefers that', async () => {
    device.takes = undefined;
    await device.register(undefined, '</>;rt="oma.lwm2m";ct=11542,</1/0>,</3/0>');
    await world.pass(5 * SECOND);
    expect((await call('PUT', '/3/0/6/1', { value: 3 })).status).toBe(202);
    // Bits 7 and 6 are 01: a resource instance, not a resource that has one.
    expect(device.requests.at(-1)?.payload.toString('hex')).toBe('410103');
    expect(device.resources.get('/3/0/6/1')?.value).toBe(3);
  });
});

/** As the registry has them: comments, descriptions, CDATA, empty elements. */
const XML = `<?xml version="1.0" encoding="utf-8"?>
<!-- A comment, as each of them has -->
<LWM2M xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="LWM2M-v1_1.xsd">
  <Object ObjectType="MODefinition">
    <Name>Cellular &amp; Valve</Name>
    <Description1><![CDATA[What it is <for>.]]></Description1>
    <ObjectID>33100</ObjectID>
    <ObjectURN>urn:oma:lwm2m:x:33100:1.1</ObjectURN>
    <LWM2MVersion>1.1</LWM2MVersion>
    <ObjectVersion>1.1</ObjectVersion>
    <MultipleInstances>Multiple</MultipleInstances>
    <Mandatory>Optional</Mandatory>
    <Resources>
      <Item ID="0"><Name>Open</Name><Operations>RW</Operations><MultipleInstances>Single</MultipleInstances>
        <Mandatory>Mandatory</Mandatory><Type>Boolean</Type><RangeEnumeration></RangeEnumeration><Units></Units>
        <Description>Whether it is.</Description></Item>
      <Item ID="1"><Name>Close</Name><Operations>E</Operations><MultipleInstances>Single</MultipleInstances>
        <Mandatory>Optional</Mandatory><Type></Type><RangeEnumeration/><Units/><Description/></Item>
      <Item ID="2"><Name>Flows</Name><Operations>R</Operations><MultipleInstances>Multiple</MultipleInstances>
        <Mandatory>Optional</Mandatory><Type>Unsigned Integer</Type><RangeEnumeration/><Units>l</Units><Description/></Item>
    </Resources>
    <Description2></Description2>
  </Object>
</LWM2M>`;

describe("a model as OMA's registry has it", () => {
  const upload = (xml: string, type = 'application/xml', method = 'POST', path = ''): Promise<Answered<unknown>> =>
    world.await(
      root.call(method, `/device_object_models${path}`, undefined, { raw: xml, headers: { 'content-type': type } }),
    );

  it.each(['application/xml', 'text/xml; charset=utf-8'])('is taken as %s', async (type) => {
    const { status, json } = await upload(XML, type);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      ...{ id: 33_100, name: 'Cellular & Valve', version: '1.1', multiple: true, mandatory: false, scope: 'private' },
      resources: [
        { id: 0, name: 'Open', type: 'boolean', operations: 'RW', multiple: false, mandatory: true },
        { id: 1, name: 'Close', operations: 'E', multiple: false, mandatory: false },
        { id: 2, name: 'Flows', type: 'unsigned', operations: 'R', multiple: true, mandatory: false },
      ],
    });
    expect((await upload(XML)).status).toBe(409);
    for (const method of ['POST', 'PUT']) {
      const changed = await upload(XML.replace('Open', `Opened by ${method}`), type, method, '/33100');
      expect([changed.status, changed.json]).toEqual([
        200,
        expect.objectContaining({
          resources: expect.arrayContaining([expect.objectContaining({ name: `Opened by ${method}` })]) as unknown[],
        }),
      ]);
      expect((await upload(XML, type, method, '/33101')).status).toBe(400);
    }
    expect(
      world.platform.inventory.models.get(world.platform.inventory.devices.get(id)?.operatorId ?? '', 33_100)?.name,
    ).toBe('Cellular & Valve');
  });

  const item = (
    n: number,
  ): string => `<Item ID="${n}"><Name>n</Name><Operations>R</Operations><MultipleInstances>Single</MultipleInstances>
    <Mandatory>Optional</Mandatory><Type>Integer</Type></Item>`;
  const entities = `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>`;
  it.each<[string, string, number]>([
    ['that ends in its middle', XML.slice(0, 900), 400],
    [
      'with two objects',
      XML.replace('</LWM2M>', `${XML.slice(XML.indexOf('<Object '), XML.indexOf('</LWM2M>'))}</LWM2M>`),
      400,
    ],
    ['without an object', '<LWM2M></LWM2M>', 400],
    ['that is another document', '<svg/>', 400],
    ['that is no XML', '{"id": 33100}', 400],
    ['with entities of its own', XML.replace('<LWM2M', `${entities}<LWM2M`).replace('Open', '&c;'), 400],
    [
      'with a file as an entity',
      XML.replace('<LWM2M', '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><LWM2M').replace('Open', '&f;'),
      400,
    ],
    ['of an object of the platform', XML.replace('33100</ObjectID>', '3</ObjectID>'), 403],
    ['with a type that is none', XML.replace('Boolean', 'Complex'), 400],
    ['with an id twice', XML.replace('ID="1"', 'ID="0"'), 400],
    ['with an operation that is none', XML.replace('>RW<', '>X<'), 400],
    [
      'with more resources than there may be',
      XML.replace('<Resources>', `<Resources>${Array.from({ length: 20 }, (_, n) => item(n + 10)).join('')}`),
      400,
    ],
    ['that is too long', XML.replace('Whether', 'x'.repeat(70_000)), 413],
    ['that is too deep', XML.replace('Whether it is.', `${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}`), 400],
  ])('%s is refused', async (_, xml, status) => {
    const answer = await upload(xml);
    expect([answer.status, answer.text]).toEqual([status, expect.not.stringContaining('root:') as string]);
    expect((await world.await(root.get<unknown[]>('/device_object_models'))).json).toEqual([]);
  });

  it('of any bytes, or any change to a right one, is a model or a ContentError', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '</',
      '/>',
      '&',
      ';',
      '"',
      '<Item ID="',
      '<Object>',
      '</Object>',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '__proto__',
      '<__proto__>',
      '&#x0;',
      'constructor',
      '<?x',
    );
    const changed = fc
      .tuple(fc.nat(XML.length), fc.nat(40), fc.oneof(piece, fc.string()))
      .map(([at, cut, text]) => XML.slice(0, at) + text + XML.slice(at + cut));
    fc.assert(
      fc.property(
        fc.oneof(
          changed,
          fc.string(),
          fc.array(piece).map((all) => all.join('')),
        ),
        (text) => {
          try {
            modelFromXml(text);
          } catch (error) {
            expect(error).toBeInstanceOf(ContentError);
          }
          expect(({} as Record<string, unknown>)['ID']).toBeUndefined();
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
