// What a server does with a device's objects, request by request, over CoAP.
import { createSocket } from 'node:dgram';
import { spawn } from 'node:child_process';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../host/bytes.js';
import { Lwm2mFormat, loadKit, type CoapParsed } from '../../host/kit/index.js';
import { codeOf, uri } from '../coap/hex.js';
import { withPrograms } from '../peers.js';
import { endsWithTests } from '../leftover.js';

const { Text, Link, Opaque, SenmlJson, SenmlCbor, Tlv } = Lwm2mFormat;
const kit = await loadKit();
const NONE = new Uint8Array();
const GET = 1;
const POST = 2;
const PUT = 3;
const DELETE = 4;

let mid = 0;
beforeEach(() => begin(SenmlCbor));

function begin(preferred: number, limit?: number): void {
  kit.coapBegin({ seed: 1n, limit: 2048 });
  kit.lwm2mObjectsBegin(preferred, limit);
}

interface Body {
  readonly query?: string;
  readonly format?: number;
  readonly accept?: number;
  readonly body?: Uint8Array | string;
}

/** One request, with the parts of it that were given. */
function ask(method: number, path: string, { query = '', format, accept, body = NONE }: Body = {}): CoapParsed {
  const options = [
    ...uri(path.slice(1), query),
    ...(format === undefined ? [] : ([[12, kit.coapUint(format)]] as const)),
    ...(accept === undefined ? [] : ([[17, kit.coapUint(accept)]] as const)),
  ].sort(([a], [b]) => a - b);
  const payload = typeof body === 'string' ? new Uint8Array(Buffer.from(body)) : body;
  mid = (mid + 1) % 65_536;
  const bytes = kit.coapWrite({ type: 0, code: method, mid, token: Uint8Array.of(1), options, payload });
  kit.lwm2mObjectsHandle(kit.coapReceive(0, bytes), 0);
  const answer = kit.coapParse(kit.coapOutput());
  expect(answer).toMatchObject({ status: 0, mid });
  return answer;
}
const dotted = (m: CoapParsed): string => `${m.code >> 5}.${String(m.code & 31).padStart(2, '0')}`;
const text = (m: CoapParsed): string => Buffer.from(m.payload).toString();
const read = (path: string, accept: number = SenmlJson): string => text(ask(GET, path, { accept }));
const get = (path: string): string => text(ask(GET, path, { accept: Text }));
/** Creates /33000/7 with its mandatory resources. */
function create(): void {
  const senml =
    '[{"bn":"/33000/7/","n":"0","vs":"a"},{"n":"10","vs":"w"},{"n":"4/1","v":11},{"n":"4/2","v":22},{"n":"1","v":50}]';
  expect(dotted(ask(POST, '/33000', { format: SenmlJson, body: senml }))).toBe('2.01');
  kit.lwm2mObjectsJournal();
}

describe('Read', () => {
  test.each([
    [Text, '/3/0/0', 'Akari'],
    [SenmlJson, '/3/0/9', '[{"bn":"/3/0/9","v":100}]'],
    [SenmlJson, '/3/0/6', '[{"bn":"/3/0/6/","n":"0","v":1},{"n":"1","v":5}]'],
    [SenmlJson, '/3/0/6/1', '[{"bn":"/3/0/6/1","v":5}]'],
  ])('in format %i: %s', (accept, path, wanted) => {
    const answer = ask(GET, path, { accept });
    expect([dotted(answer), answer.format, text(answer)]).toEqual(['2.05', accept, wanted]);
  });

  test('an instance and an object in TLV: the readable resources, wrapped in the instance for the object', () => {
    const instance = toHex(ask(GET, '/3/0', { accept: Tlv }).payload);
    // 0 Akari, 6 [1, 5], 9 100, 11 [0], 13 time, 14 +02:00, 16 U
    expect(instance).toBe(
      'c500416b617269' + '8606410001410105' + 'c10964' + '830b410000' + 'c40d5182428f' + 'c60e2b30323a3030' + 'c11055',
    );
    expect(toHex(ask(GET, '/3', { accept: Tlv }).payload)).toBe(`0800${(instance.length / 2).toString(16)}${instance}`);
    expect(toHex(ask(GET, '/3/0/6', { accept: Tlv }).payload)).toBe('410001410105');
  });

  test('without Accept: what the device prefers; as LwM2M 1.0 text for one value, TLV for more', () => {
    expect(ask(GET, '/3/0/0').format).toBe(SenmlCbor);
    begin(-1);
    expect(ask(GET, '/3/0/0').format).toBe(Text);
    expect(ask(GET, '/3/0/6').format).toBe(Tlv);
    expect(ask(GET, '/3').format).toBe(Tlv);
  });

  test.each([
    ['/4', undefined, '4.04'],
    ['/3/1', undefined, '4.04'],
    ['/3/0/99', undefined, '4.04'],
    ['/3/0/6/7', undefined, '4.04'],
    ['/3/0/9/0', undefined, '4.04'],
    ['/x', undefined, '4.04'],
    ['/3/0/0/0/0', undefined, '4.04'],
    ['/', undefined, '4.05'],
    ['/3/0/4', undefined, '4.05'],
    ['/0', undefined, '4.01'],
    ['/0/0', undefined, '4.01'],
    ['/0/0/0', undefined, '4.01'],
    ['/3/0', Text, '4.06'],
    ['/3/0/6', Text, '4.06'],
    ['/3/0/0', Opaque, '4.06'],
    ['/3/0', 60, '4.06'],
    ['/3/0/0', 11_543, '4.06'],
  ])('%s with Accept %s is %s', (path, accept, code) => {
    expect(dotted(ask(GET, path, accept === undefined ? {} : { accept }))).toBe(code);
  });

  test('a value that has no form in the format is 4.06, an answer larger than the buffer 5.00', () => {
    create();
    kit.lwm2mObjectsPut('33000/7/9/-1', NaN);
    expect(dotted(ask(GET, '/33000/7/9', { accept: SenmlJson }))).toBe('4.06');
    expect(toHex(ask(GET, '/33000/7/9', { accept: Tlv }).payload)).toBe('c809087ff8000000000000');
    begin(SenmlCbor, 20);
    expect(dotted(ask(GET, '/3/0', { accept: Tlv }))).toBe('5.00');
  });
});

describe('Discover', () => {
  const discover = (path: string): string => text(ask(GET, path, { accept: Link }));

  test('of object, instance, resource', () => {
    create();
    expect(discover('/3')).toBe(
      '</3>,</3/0>,</3/0/0>,</3/0/4>,</3/0/6>;dim=2,</3/0/9>,</3/0/11>;dim=1,</3/0/13>,</3/0/14>,</3/0/16>',
    );
    expect(discover('/33000')).toBe(
      '</33000>;ver=1.2,</33000/7>,</33000/7/0>,</33000/7/1>,</33000/7/4>;dim=2,</33000/7/5>,</33000/7/10>',
    );
    expect(discover('/33000/7')).toContain('</33000/7/4>;dim=2');
    expect(discover('/3/0/6')).toBe('</3/0/6>;dim=2,</3/0/6/0>,</3/0/6/1>');
    expect(dotted(ask(GET, '/3/0/99', { accept: Link }))).toBe('4.04');
    expect(dotted(ask(GET, '/0', { accept: Link }))).toBe('4.01');
  });

  test('tells the attributes', () => {
    ask(PUT, '/3/0/9', { query: 'pmin=10&gt=45.5' });
    ask(PUT, '/3/0', { query: 'pmax=60' });
    // At the resource itself those of the levels above are told, too.
    expect(discover('/3/0/9')).toBe('</3/0/9>;pmin=10;pmax=60;gt=45.5');
    expect(discover('/3/0')).toContain('</3/0>;pmax=60,</3/0/0>,');
    expect(discover('/3/0')).toContain('</3/0/9>;pmin=10;gt=45.5,');
    expect(kit.lwm2mLinks(ask(GET, '/3/0', { accept: Link }).payload).status).toBe(0);
  });
});

describe('Write-Attributes', () => {
  test('sets, changes and unsets', () => {
    expect(dotted(ask(PUT, '/3/0/9', { query: 'pmin=10&pmax=60&lt=1&gt=5&st=0.5' }))).toBe('2.04');
    expect(dotted(ask(PUT, '/3/0/9', { query: 'pmin=0&gt&st' }))).toBe('2.04');
    expect(text(ask(GET, '/3/0/9', { accept: Link }))).toBe('</3/0/9>;pmin=0;pmax=60;lt=1');
    expect(dotted(ask(PUT, '/3/0/9', { query: 'pmin&pmax&lt' }))).toBe('2.04');
    expect(text(ask(GET, '/3/0/9', { accept: Link }))).toBe('</3/0/9>');
  });

  test.each([
    ['/3/0/9', 'lt=5&gt=5'],
    ['/3/0/9', 'lt=1&gt=3&st=1'],
    ['/3/0/9', 'pmin=-1'],
    ['/3/0/9', 'pmin=1.5'],
    ['/3/0/9', 'pmin='],
    ['/3/0/9', 'pmin=x'],
    ['/3/0/9', 'pmin=1&pmin=2'],
    ['/3/0/9', 'st=-1'],
    ['/3/0/9', 'other=1'],
    ['/3/0/0', 'gt=1'],
    ['/3/0', 'gt=1'],
    ['/3', 'lt=1'],
  ])('%s?%s is 4.00, and nothing is set', (path, query) => {
    ask(PUT, path, { query: 'pmax=9' });
    expect(dotted(ask(PUT, path, { query: `pmax=7&${query}` }))).toBe('4.00');
    expect(text(ask(GET, path, { accept: Link })).split(',')[0]).toContain(';pmax=9');
  });

  test('against what is there already: lt above the gt of before is 4.00', () => {
    ask(PUT, '/3/0/9', { query: 'gt=5' });
    expect(dotted(ask(PUT, '/3/0/9', { query: 'lt=6' }))).toBe('4.00');
  });

  test('of what is not there 4.04; more than the device can hold 5.00; gone with the instance', () => {
    expect(dotted(ask(PUT, '/3/0/99', { query: 'pmin=1' }))).toBe('4.04');
    create();
    let held = 0;
    const paths = ['', '/0', '/1', '/2', '/3', '/4', '/5', '/6', '/7', '/8', '/9', '/10', '/4/1', '/4/2'];
    for (const path of paths) if (dotted(ask(PUT, `/33000/7${path}`, { query: 'pmin=1' })) === '2.04') held++;
    expect(held).toBe(14);
    expect(dotted(ask(PUT, '/3', { query: 'pmin=1' }))).toBe('2.04');
    expect(dotted(ask(PUT, '/3/0', { query: 'pmin=1' }))).toBe('2.04');
    expect(dotted(ask(PUT, '/3/0/0', { query: 'pmin=1' }))).toBe('5.00');
    ask(DELETE, '/33000/7');
    expect(dotted(ask(PUT, '/3/0/0', { query: 'pmin=1' }))).toBe('2.04');
  });
});

describe('Write', () => {
  beforeEach(create);

  test.each([
    ['/33000/7/0', Text, 'hello', 'hello'],
    ['/33000/7/1', Text, '99', '99'],
    ['/33000/7/2', Text, '-1.25', '-1.25'],
    ['/33000/7/3', Text, 'AQID', 'AQID'],
    ['/33000/7/6', Text, '3:0', '3:0'],
    ['/33000/7/7', Text, '1', '1'],
    ['/33000/7/8', Text, '18446744073709551615', '18446744073709551615'],
    ['/3/0/13', Text, '1700000000', '1700000000'],
    ['/33000/7/1', SenmlJson, '[{"bn":"/33000/7/1","v":3}]', '3'],
    ['/33000/7/1', SenmlJson, '[{"n":"/33000/7/1","v":4.0}]', '4'],
  ])('%s in format %i: %s', (path, format, body, wanted) => {
    expect(dotted(ask(PUT, path, { format, body }))).toBe('2.04');
    expect(get(path)).toBe(wanted);
    expect(kit.lwm2mObjectsJournal()).toEqual([`changed${path}`]);
  });

  test('in TLV, CBOR, opaque, and without a format', () => {
    expect(dotted(ask(PUT, '/33000/7/1', { format: Tlv, body: fromHex('c10107') }))).toBe('2.04');
    expect(get('/33000/7/1')).toBe('7');
    expect(
      dotted(ask(PUT, '/33000/7/1', { format: SenmlCbor, body: fromHex('81a2216a2f33333030302f372f310208') })),
    ).toBe('2.04');
    expect(get('/33000/7/1')).toBe('8');
    expect(dotted(ask(PUT, '/33000/7/3', { format: Opaque, body: fromHex('00ff') }))).toBe('2.04');
    expect(toHex(ask(GET, '/33000/7/3', { accept: Opaque }).payload)).toBe('00ff');
    expect(dotted(ask(PUT, '/33000/7/0', { body: 'plain' }))).toBe('2.04');
    expect(get('/33000/7/0')).toBe('plain');
  });

  test.each([
    ['/33000/7/0', '6161', 'a'],
    ['/33000/7/1', '1863', '99'],
    ['/33000/7/2', 'fb3ff8000000000000', '1.5'],
    ['/33000/7/2', 'f93e00', '1.5'],
    ['/33000/7/3', '43010203', 'AQID'],
    ['/33000/7/6', '63333a30', '3:0'],
    ['/33000/7/7', 'f5', '1'],
    ['/33000/7/8', '1903e8', '1000'],
  ])('in CBOR, %s: %s', (path, body, wanted) => {
    expect(dotted(ask(PUT, path, { format: 60, body: fromHex(body) }))).toBe('2.04');
    expect(get(path)).toBe(wanted);
    const back = ask(GET, path, { accept: 60 });
    expect([dotted(back), back.format]).toEqual(['2.05', 60]);
    expect(dotted(ask(PUT, path, { format: 60, body: back.payload }))).toBe('2.04');
    expect(get(path)).toBe(wanted);
  });

  test('replace of an instance drops optional values that it does not name; partial keeps them', () => {
    const body = '[{"bn":"/33000/7/","n":"0","vs":"b"},{"n":"10","vs":"x"},{"n":"4/9","v":9}]';
    expect(dotted(ask(POST, '/33000/7', { format: SenmlJson, body }))).toBe('2.04');
    expect(get('/33000/7/1')).toBe('50');
    expect(read('/33000/7/4')).toBe('[{"bn":"/33000/7/4/","n":"1","v":11},{"n":"2","v":22},{"n":"9","v":9}]');
    expect(dotted(ask(PUT, '/33000/7', { format: SenmlJson, body }))).toBe('2.04');
    expect(dotted(ask(GET, '/33000/7/1'))).toBe('4.04');
    expect(read('/33000/7/4')).toBe('[{"bn":"/33000/7/4/","n":"9","v":9}]');
  });

  test('a multiple resource: PUT replaces the array, POST adds to it, an item alone is written alone', () => {
    expect(dotted(ask(POST, '/33000/7/4', { format: Tlv, body: fromHex('410105') }))).toBe('2.04');
    expect(toHex(ask(GET, '/33000/7/4', { accept: Tlv }).payload)).toBe('410105410216');
    expect(dotted(ask(PUT, '/33000/7/4/2', { format: Text, body: '7' }))).toBe('2.04');
    expect(toHex(ask(GET, '/33000/7/4', { accept: Tlv }).payload)).toBe('410105410207');
    expect(dotted(ask(PUT, '/33000/7/4', { format: Tlv, body: fromHex('8304410301') }))).toBe('2.04');
    expect(toHex(ask(GET, '/33000/7/4', { accept: Tlv }).payload)).toBe('410301');
    expect(dotted(ask(PUT, '/33000/7/4', { format: Tlv, body: NONE }))).toBe('2.04');
    expect(dotted(ask(GET, '/33000/7/4', { accept: Tlv }))).toBe('4.04');
  });

  test.each<[number, string, Body, string]>([
    [PUT, '/3/0/0', { body: 'x' }, '4.05'],
    [PUT, '/3/0/4', { body: 'x' }, '4.05'],
    [POST, '/33000/7/0', { body: 'x' }, '4.05'],
    [PUT, '/3', { format: Tlv, body: NONE }, '4.05'],
    [PUT, '/33000/7/99', { body: 'x' }, '4.04'],
    [PUT, '/33000/8/0', { body: 'x' }, '4.04'],
    [PUT, '/33000/7/0/1', { body: 'x' }, '4.04'],
    [PUT, '/33000/7/1', { body: '101' }, '4.00'],
    [PUT, '/33000/7/1', { body: 'x' }, '4.00'],
    [PUT, '/33000/7/0', { body: 'seventeen letters' }, '4.00'],
    [PUT, '/33000/7/4', { body: '1' }, '4.00'],
    [PUT, '/33000/7/1', { format: Tlv, body: NONE }, '4.00'],
    [PUT, '/33000/7/1', { format: Tlv, body: fromHex('c10207') }, '4.00'],
    [PUT, '/33000/7/1', { format: Tlv, body: fromHex('8101410105') }, '4.00'],
    [PUT, '/33000/7', { format: Text, body: 'x' }, '4.15'],
    [PUT, '/33000/7', { body: 'x' }, '4.15'],
    [PUT, '/33000/7/1', { format: 60, body: 'x' }, '4.00'],
    [PUT, '/33000/7/1', { format: 60, body: fromHex('0505') }, '4.00'],
    [PUT, '/33000/7', { format: 60, body: fromHex('05') }, '4.15'],
    [PUT, '/33000/7/1', { format: 11_543, body: 'x' }, '4.15'],
    [PUT, '/33000/7/1', { format: SenmlJson, body: '[{"n":"/33000/7/1"}]' }, '4.00'],
    [PUT, '/33000/7/1', { format: SenmlJson, body: '[{"n":"/33000/7/2","v":1}]' }, '4.00'],
    [PUT, '/33000/7', { format: Tlv, body: fromHex('080800') }, '4.00'],
    [PUT, '/0/0/0', { body: 'x' }, '4.01'],
    [5, '/3/0', {}, '4.05'],
    [7, '/3/0', {}, '4.05'],
  ])('%i %s is refused, and nothing has changed', (method, path, body, code) => {
    const before = read('/33000');
    expect(dotted(ask(method, path, body))).toBe(code);
    expect(read('/33000')).toBe(before);
    expect(kit.lwm2mObjectsJournal()).toEqual([]);
  });

  test.each([
    ['read-only', '{"n":"9","v":1}', '4.05'],
    ['unknown', '{"n":"99","v":1}', '4.04'],
    ['of the wrong type', '{"n":"7","v":1}', '4.00'],
    ['out of range', '{"n":"1","v":-1}', '4.00'],
    ['an item of a single resource', '{"n":"1/0","v":1}', '4.00'],
    ['without an item of a multiple one', '{"n":"4","v":1}', '4.00'],
  ])('all or nothing: with one value that is %s nothing is written', (_what, bad, code) => {
    const before = read('/33000');
    for (const method of [PUT, POST]) {
      const body = `[{"bn":"/33000/7/","n":"0","vs":"\\u0062\\n"},${bad}]`;
      expect(dotted(ask(method, '/33000/7', { format: SenmlJson, body }))).toBe(code);
      expect(read('/33000')).toBe(before);
    }
  });

  test('values with escapes and base64 are the same after the check', () => {
    const body = '[{"bn":"/33000/7/","n":"0","vs":"a\\u00e9\\n"},{"n":"3","vd":"AQIDBA"},{"n":"10","vs":"\\"x\\""}]';
    expect(dotted(ask(PUT, '/33000/7', { format: SenmlJson, body }))).toBe('2.04');
    expect([get('/33000/7/0'), get('/33000/7/3')]).toEqual(['aé\n', 'AQIDBA==']);
  });
});

describe('Create and Delete', () => {
  const body = fromHex('c10061c10a77');

  test('the device picks the lowest free ID and says which', () => {
    create();
    const made = ask(POST, '/33000', { format: Tlv, body });
    expect(dotted(made)).toBe('2.01');
    const location = made.options.filter(([number]) => number === 8).map(([, value]) => Buffer.from(value).toString());
    expect(location).toEqual(['33000', '0']);
    expect(get('/33000/0/0')).toBe('a');
    expect(kit.lwm2mObjectsJournal()).toEqual(['owned /33000/0 1', 'changed/33000/0']);
  });

  test('with the ID of the server, in TLV', () => {
    const made = ask(POST, '/33000', { format: Tlv, body: fromHex('260102' + 'c10061c10a77') });
    expect([dotted(made), made.options]).toEqual(['2.01', []]);
    expect(get('/33000/258/0')).toBe('a');
  });

  test.each([
    ['an ID that is there', '/33000', Tlv, fromHex('0607c10061c10a77'), '4.00'],
    ['two instances', '/33000', Tlv, fromHex('0601c10061c10a770602c10061c10a77'), '4.00'],
    ['without a mandatory resource', '/33000', Tlv, fromHex('c10061'), '4.00'],
    ['with an executable one', '/33000', Tlv, fromHex('c10061c10a77c10501'), '4.05'],
    ['of an object with one instance', '/3', Tlv, fromHex('c10061'), '4.05'],
    ['of Security', '/0', Tlv, fromHex('c10061'), '4.01'],
    ['of an unknown object', '/5', Tlv, fromHex('c10061'), '4.04'],
    ['in text', '/33000', Text, fromHex('61'), '4.15'],
  ])('refused: %s', (_what, path, format, payload, code) => {
    create();
    const before = read('/33000');
    expect(dotted(ask(POST, path, { format, body: payload }))).toBe(code);
    expect(read('/33000')).toBe(before);
  });

  test('more than there is room for: 5.00', () => {
    for (let i = 0; i < 3; i++) expect(dotted(ask(POST, '/33000', { format: Tlv, body }))).toBe('2.01');
    expect(dotted(ask(POST, '/33000', { format: Tlv, body }))).toBe('5.00');
  });

  test('Delete', () => {
    create();
    expect(dotted(ask(DELETE, '/33000/7'))).toBe('2.02');
    expect(dotted(ask(GET, '/33000/7'))).toBe('4.04');
    expect(dotted(ask(DELETE, '/33000/7'))).toBe('4.04');
    expect(dotted(ask(DELETE, '/3/0'))).toBe('4.05');
    expect(dotted(ask(DELETE, '/33000'))).toBe('4.05');
    expect(dotted(ask(DELETE, '/0/0'))).toBe('4.01');
    expect(dotted(ask(DELETE, '/'))).toBe('4.05');
  });
});

describe('Execute', () => {
  test.each([
    ['', ''],
    ['5', '5'],
    ["2='10.3'", "2='10.3'"],
    ["7,0='https://x.example'", "7,0='https://x.example'"],
    ["0=''", "0=''"],
  ])('with arguments %s', (args) => {
    expect(dotted(ask(POST, '/3/0/4', { body: args, format: Text }))).toBe('2.04');
    expect(kit.lwm2mObjectsJournal()).toEqual([`execute /3/0/4 ${args}`]);
  });

  test.each(['x', '12', '1,', ',1', '1=', "1='", "1='a", '1=a', "1='a'b", '1,1', "0='a b'", "0='\"'", '1;2'])(
    'arguments %s are 4.00',
    (args) => {
      expect(dotted(ask(POST, '/3/0/4', { body: args }))).toBe('4.00');
      expect(kit.lwm2mObjectsJournal()).toEqual([]);
    },
  );

  test('with another format 4.15; of what cannot be executed 4.05', () => {
    expect(dotted(ask(POST, '/3/0/4', { body: '1', format: Tlv }))).toBe('4.15');
    expect(dotted(ask(POST, '/3/0/9', { body: '1' }))).toBe('4.05');
  });

  test('a duplicate is answered, and not executed again', () => {
    const bytes = kit.coapWrite({
      type: 0,
      code: POST,
      mid: 60_000,
      token: Uint8Array.of(1),
      options: uri('3/0/4'),
      payload: NONE,
    });
    for (let i = 0; i < 3; i++) {
      kit.lwm2mObjectsHandle(kit.coapReceive(i, bytes), i);
      expect(kit.coapParse(kit.coapOutput()).code).toBe(codeOf('2.04'));
    }
    expect(kit.lwm2mObjectsJournal()).toEqual(['execute /3/0/4 ']);
  });
});

test('the body of Register lists all but Security, with versions and the preferred format', () => {
  expect(Buffer.from(kit.lwm2mObjectsLinks()).toString()).toBe('</>;rt="oma.lwm2m";ct=112,</3/0>,</33000>;ver=1.2');
  create();
  begin(-1);
  create();
  expect(Buffer.from(kit.lwm2mObjectsLinks()).toString()).toBe('</>;rt="oma.lwm2m",</3/0>,</33000>;ver=1.2,</33000/7>');
});

describe('requests of any kind', () => {
  const anywhere = fc.array(fc.constantFrom('0', '3', '33000', '7', '4', '1', '10', '65535', 'x', ''), {
    maxLength: 5,
  });
  const path = fc.oneof(
    anywhere,
    fc.constantFrom(
      ...['33000', '33000/7', '33000/7/1', '33000/7/4', '33000/0', '3/0/9', '0/0'].map((p) => p.split('/')),
    ),
  );
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc
      .array(
        fc.constantFrom('c10061', 'c10a77', 'c10105', '0607', '0608', '8304410301', 'c10901', 'c10701', '410105', 'ff'),
        { maxLength: 5 },
      )
      .map((parts) => fromHex(parts.join(''))),
    fc
      .array(
        fc.constantFrom(
          '{"n":"/33000/7/1","v":5}',
          '{"bn":"/33000/7/"}',
          '{"n":"0","vs":"z"}',
          '{"n":"4/1","v":1}',
          '{"n":"9","v":1}',
        ),
        { maxLength: 4 },
      )
      .map((records) => new Uint8Array(Buffer.from(`[${records.join(',')}]`))),
  );
  const query = fc.array(fc.constantFrom('pmin=1', 'gt=5', 'lt=9', 'st', 'x=y'), { maxLength: 3 });

  const any = fc.record({
    method: fc.constantFrom(GET, POST, PUT, DELETE, 5, 6, 7),
    path,
    query,
    format: fc.constantFrom(undefined, Text, Opaque, Tlv, SenmlJson, SenmlCbor, 60),
    accept: fc.constantFrom(undefined, Text, Link, Tlv, SenmlJson),
    payload,
  });
  const good = {
    ...{ method: POST, path: ['33000'], query: [] as string[], format: Tlv, accept: undefined },
    payload: fromHex('c10061c10a77'),
  };

  const written = {
    ...{ method: PUT, path: ['3', '0', '14'], query: [] as string[], format: Text, accept: undefined },
    payload: new Uint8Array(Buffer.from('+09:00')),
  };

  test('are answered; what is not a success has changed nothing', () => {
    const codes = new Map<string, number>();
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 9, arbitrary: any }, { weight: 1, arbitrary: fc.constantFrom(good, written) }), {
          minLength: 1,
          maxLength: 12,
        }),
        (requests) => {
          begin(SenmlCbor);
          create();
          for (const request of requests) {
            const before = read('/33000') + read('/3') + text(ask(GET, '/3', { accept: Link }));
            kit.lwm2mObjectsJournal();
            const { method, format, accept, payload: body } = request;
            const answer = ask(method, `/${request.path.join('/')}`, {
              ...{ query: request.query.join('&'), body },
              ...(format === undefined ? {} : { format }),
              ...(accept === undefined ? {} : { accept }),
            });
            const code = dotted(answer);
            codes.set(code, (codes.get(code) ?? 0) + 1);
            if (code.startsWith('2.') && method !== GET) continue;
            const after = read('/33000') + read('/3') + text(ask(GET, '/3', { accept: Link }));
            expect({ request, code, same: after === before }).toMatchObject({ same: true });
            expect(kit.lwm2mObjectsJournal()).toEqual([]);
          }
        },
      ),
      { numRuns: 400 },
    );
    for (const code of ['2.01', '2.02', '2.04', '2.05', '4.00', '4.01', '4.04', '4.05', '4.06', '4.15'])
      expect(codes.get(code), code).toBeGreaterThan(0);
  });
});

withPrograms('coap-client-openssl').test('coap-client of libcoap reads, discovers, writes and executes', async () => {
  begin(-1);
  const socket = createSocket('udp4');
  const port = await new Promise<number>((resolve) =>
    socket.bind(0, '127.0.0.1', () => resolve(socket.address().port)),
  );
  socket.on('message', (bytes, from) => {
    kit.lwm2mObjectsHandle(kit.coapReceive(Date.now(), bytes), Date.now());
    for (let out = kit.coapOutput(); out.length > 0; out = kit.coapOutput()) socket.send(out, from.port, from.address);
  });
  const client = (...args: string[]): Promise<string> =>
    new Promise((resolve) => {
      const child = endsWithTests(
        spawn('coap-client-openssl', ['-B', '20', ...args], { stdio: ['ignore', 'pipe', 'pipe'] }),
      );
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()));
      child.on('close', () => resolve(said.trim()));
    });
  const at = `coap://127.0.0.1:${port}`;
  try {
    expect(await client(`${at}/3/0/0`)).toBe('Akari');
    expect(await client('-A', '40', `${at}/3`)).toContain('</3/0/16>');
    expect(await client('-A', '110', `${at}/3/0/9`)).toBe('[{"bn":"/3/0/9","v":100}]');
    expect(await client('-m', 'put', '-t', '0', '-e', '+09:00', `${at}/3/0/14`)).toBe('');
    expect(await client(`${at}/3/0/14`)).toBe('+09:00');
    await client('-m', 'post', `${at}/3/0/4`);
    expect(kit.lwm2mObjectsJournal()).toEqual(['changed/3/0/14', 'execute /3/0/4 ']);
    expect(await client('-m', 'put', '-t', '0', '-e', 'x', `${at}/3/0/0`)).toContain('4.05');
  } finally {
    socket.close();
  }
});
