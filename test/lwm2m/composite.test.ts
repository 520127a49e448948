// Several paths at once: Read-Composite, Write-Composite, Observe-Composite; and what the device sends by itself.
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../host/bytes.js';
import { Lwm2mFormat } from '../../host/kit/index.js';
import { Status } from '../../host/board/abi.js';
import { DELETE, FETCH, GET, IPATCH, Lab, POST, PUT, dotted, kit, text } from './lab.js';
import { pathOf } from './firmware-lab.js';

const { SenmlJson, SenmlCbor, Tlv, Text } = Lwm2mFormat;
const ETCH_JSON = 320;
const ETCH_CBOR = 322;

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
  lab.ask(POST, '/33000', {
    format: SenmlJson,
    body: '[{"bn":"/33000/7/","n":"0","vs":"a"},{"n":"10","vs":"w"},{"n":"1","v":50}]',
  });
  kit.lwm2mObjectsJournal();
});
const names = (...paths: string[]): string => JSON.stringify(paths.map((n) => ({ n })));
const fetch = (body: string | Uint8Array, parts = {}): ReturnType<Lab['ask']> =>
  lab.ask(FETCH, '/', { format: SenmlJson, body, ...parts });
const patch = (body: string | Uint8Array, parts = {}): string =>
  dotted(lab.ask(IPATCH, '/', { format: SenmlJson, body, ...parts }));

describe('Read-Composite', () => {
  test('of resources, items, instances and objects', () => {
    const answer = fetch(names('/3/0/0', '/3/0/6/1', '/33000/7/1'));
    expect([dotted(answer), answer.format]).toEqual(['2.05', SenmlJson]);
    expect(text(answer)).toBe('[{"n":"/3/0/0","vs":"Akari"},{"n":"/3/0/6/1","v":5},{"n":"/33000/7/1","v":50}]');
    expect(text(fetch(names('/33000/7')))).toBe('[{"n":"/33000/7/0","vs":"a"},{"n":"/33000/7/1","v":50}]');
    expect(text(fetch(names('/33000', '/3/0/6')))).toBe(
      '[{"n":"/33000/7/0","vs":"a"},{"n":"/33000/7/1","v":50},{"n":"/3/0/6/0","v":1},{"n":"/3/0/6/1","v":5}]',
    );
  });

  test('with a base name, and of everything', () => {
    expect(text(fetch('[{"bn":"/3/0/","n":"0"},{"n":"9"}]'))).toBe(
      '[{"n":"/3/0/0","vs":"Akari"},{"n":"/3/0/9","v":100}]',
    );
    const all = text(fetch(names('/')));
    expect(all).toContain('{"n":"/3/0/9","v":100}');
    expect(all).toContain('{"n":"/33000/7/1","v":50}');
    expect(all).not.toContain('secret');
  });

  test('what is not there is left out; when nothing is there 4.04', () => {
    expect(text(fetch(names('/3/0/0', '/9/0', '/3/0/99', '/3/0/4', '/0/0/0', '/33000/8')))).toBe(
      '[{"n":"/3/0/0","vs":"Akari"}]',
    );
    expect(dotted(fetch(names('/9/0', '/0')))).toBe('4.04');
  });

  test('in CBOR, and as SenML-ETCH', () => {
    const answer = fetch(fromHex('82a100662f332f302f30a100662f332f302f39'), { format: SenmlCbor });
    expect(answer.format).toBe(SenmlCbor);
    expect(toHex(answer.payload)).toBe('82a200662f332f302f300365416b617269a200662f332f302f39021864');
    expect(fetch(names('/3/0/0'), { format: ETCH_JSON }).format).toBe(SenmlJson);
    expect(fetch(fromHex('81a100662f332f302f30'), { format: ETCH_CBOR, accept: ETCH_CBOR }).format).toBe(SenmlCbor);
    expect(fetch(names('/3/0/0'), { accept: SenmlCbor }).format).toBe(SenmlCbor);
  });

  test.each<[string, string | Uint8Array, object, string]>([
    ['TLV', fromHex('c100'), { format: Tlv }, '4.15'],
    ['text', '/3/0/0', { format: Text }, '4.15'],
    ['no format', names('/3/0/0'), { format: undefined }, '4.15'],
    ['an answer in TLV', names('/3/0/0'), { accept: Tlv }, '4.06'],
    ['an answer in text', names('/3/0/0'), { accept: Text }, '4.06'],
    ['no JSON', '[{', {}, '4.00'],
    ['no path', names('3/0/0'), {}, '4.00'],
    ['no names', '[]', {}, '4.04'],
  ])('refused: %s', (_what, body, parts, code) => {
    expect(dotted(fetch(body, parts))).toBe(code);
  });

  test('of what the server may not read nothing comes', () => {
    kit.lwm2mObjectsAllow(33_000, 7, 1, 0);
    expect(text(fetch(names('/3/0/0', '/33000/7/1')))).toBe('[{"n":"/3/0/0","vs":"Akari"}]');
    expect(dotted(fetch(names('/33000/7/1')))).toBe('4.04');
  });

  test('on a path that is not the root 4.05', () => {
    expect(dotted(lab.ask(FETCH, '/3', { format: SenmlJson, body: names('/3/0/0') }))).toBe('4.05');
    expect(dotted(lab.ask(IPATCH, '/3/0', { format: SenmlJson, body: '[]' }))).toBe('4.05');
  });
});

describe('Write-Composite', () => {
  test('values of several objects, each told', () => {
    expect(patch('[{"n":"/3/0/14","vs":"+09:00"},{"n":"/33000/7/1","v":7},{"n":"/33000/7/4/3","v":8}]')).toBe('2.04');
    expect(text(fetch(names('/3/0/14', '/33000/7/1', '/33000/7/4')))).toBe(
      '[{"n":"/3/0/14","vs":"+09:00"},{"n":"/33000/7/1","v":7},{"n":"/33000/7/4/3","v":8}]',
    );
    expect(kit.lwm2mObjectsJournal()).toEqual(['changed/3/0/14', 'changed/33000/7/1', 'changed/33000/7/4/3']);
  });

  test.each([
    ['read-only', '/3/0/0', '"vs":"x"', '4.05'],
    ['unknown', '/3/0/99', '"v":1', '4.04'],
    ['of an unknown instance', '/33000/8/1', '"v":1', '4.04'],
    ['of an unknown object', '/9/0/1', '"v":1', '4.04'],
    ['of Security', '/0/0/0', '"vs":"x"', '4.01'],
    ['of the wrong type', '/33000/7/1', '"vs":"x"', '4.00'],
    ['out of range', '/33000/7/1', '"v":101', '4.00'],
    ['an instance', '/33000/7', '"v":1', '4.00'],
    ['without a value', '/33000/7/0', '"t":1', '4.00'],
    ['executable', '/33000/7/5', '"v":1', '4.05'],
  ])('all or nothing: with one that is %s nothing is written', (_what, path, value, code) => {
    for (const records of [
      [`{"n":"/3/0/14","vs":"+09:00"}`, `{"n":"${path}",${value}}`],
      [`{"n":"${path}",${value}}`, `{"n":"/3/0/14","vs":"+09:00"}`],
    ]) {
      expect(patch(`[${records.join(',')}]`)).toBe(code);
      expect(text(lab.ask(GET, '/3/0/14', { accept: Text }))).toBe('+02:00');
      expect(kit.lwm2mObjectsJournal()).toEqual([]);
    }
  });

  test('a right that is missing at one of them: 4.01, nothing is written', () => {
    kit.lwm2mObjectsAllow(33_000, 7, 1, 1);
    expect(patch('[{"n":"/3/0/14","vs":"+09:00"},{"n":"/33000/7/1","v":7}]')).toBe('4.01');
    expect(text(lab.ask(GET, '/3/0/14', { accept: Text }))).toBe('+02:00');
  });

  test('in TLV or text 4.15', () => {
    expect(patch(fromHex('c10007'), { format: Tlv })).toBe('4.15');
    expect(patch('x', { format: Text })).toBe('4.15');
  });

  const record = fc.constantFrom(
    ...[
      '{"n":"/3/0/14","vs":"+01:00"}',
      '{"n":"/33000/7/1","v":9}',
      '{"n":"/33000/7/1","v":999}',
      '{"bn":"/33000/7/"}',
    ],
    ...[
      '{"n":"0","vs":"q"}',
      '{"n":"/3/0/0","vs":"q"}',
      '{"n":"/","v":1}',
      '{"n":"/33000/7/4/1","v":1}',
      '{"x_":1}',
      '{}',
    ],
  );
  test('of any records: what is not 2.04 has changed nothing', () => {
    const codes = new Set<string>();
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), (records) => {
        const before = text(fetch(names('/')));
        kit.lwm2mObjectsJournal();
        const code = patch(`[${records.join(',')}]`);
        codes.add(code);
        if (code === '2.04') return;
        expect(text(fetch(names('/')))).toBe(before);
        expect(kit.lwm2mObjectsJournal()).toEqual([]);
      }),
      { numRuns: 500 },
    );
    expect([...codes].sort()).toEqual(['2.04', '4.00', '4.05']);
  });
});

describe('Observe-Composite', () => {
  const observe = (body: string, token = 7): ReturnType<Lab['ask']> => fetch(body, { observe: 0, token });

  test('tells all of them when one has changed', () => {
    const first = observe(names('/3/0/9', '/33000/7/1'));
    expect([dotted(first), first.observe >= 0]).toEqual(['2.05', true]);
    lab.set('/3/0/9', 42);
    expect(lab.run(1).map((n) => n.text)).toEqual(['[{"n":"/3/0/9","v":42},{"n":"/33000/7/1","v":50}]']);
    lab.set('/3/0/13', 1);
    expect(lab.run(10)).toEqual([]);
  });

  test('with instances that come and go', () => {
    observe(names('/3/0/9', '/33000'));
    const body = '[{"bn":"/33000/2/","n":"0","vs":"b"},{"n":"10","vs":"w"}]';
    lab.ask(POST, '/33000', { format: SenmlJson, body });
    lab.run(1);
    expect(lab.notifications.at(-1)?.text).toContain('{"n":"/33000/2/0","vs":"b"}');
    lab.ask(DELETE, '/33000/2');
    lab.ask(DELETE, '/33000/7');
    lab.run(1);
    expect(lab.notifications.at(-1)?.text).toBe('[{"n":"/3/0/9","v":100}]');
    expect(kit.lwm2mObserveCount()).toBe(1);
  });

  test('the longest pmin and the shortest pmax of its paths count', () => {
    lab.ask(PUT, '/3/0/9', { query: 'pmin=10&pmax=100' });
    lab.ask(PUT, '/33000/7', { query: 'pmin=20&pmax=60' });
    observe(names('/3/0/9', '/33000/7/1'));
    lab.set('/3/0/9', 42);
    expect(lab.run(140).map(({ at }) => at)).toEqual([20, 80, 140]);
  });

  test('gt of one of them', () => {
    lab.ask(PUT, '/3/0/9', { query: 'gt=200' });
    observe(names('/3/0/9', '/33000/7/1'));
    lab.set('/3/0/9', 150);
    expect(lab.run(1)).toEqual([]);
    lab.set('/33000/7/1', 51);
    expect(lab.run(1)).toHaveLength(1);
    lab.set('/3/0/9', 201);
    expect(lab.run(1)).toHaveLength(1);
  });

  test('ends by Observe 1 with its token', () => {
    observe(names('/3/0/9'));
    expect(dotted(fetch(names('/3/0/9'), { observe: 1, token: 7 }))).toBe('2.05');
    expect(kit.lwm2mObserveCount()).toBe(0);
  });

  test('refused as Read-Composite is, and then there is none', () => {
    const codes = [
      ...[observe('[{'), observe(names('/9')), fetch(names('/3'), { observe: 0, accept: Tlv })],
      fetch(fromHex('c100'), { observe: 0, format: Tlv }),
    ].map(dotted);
    expect(codes).toEqual(['4.00', '4.04', '4.06', '4.15']);
    expect(kit.lwm2mObserveCount()).toBe(0);
  });

  test('of more paths than there is room for the answer is a plain one', () => {
    const many = names(...Array.from({ length: 25 }, (_, i) => `/33000/7/${i}`));
    const answer = observe(many);
    expect([dotted(answer), answer.observe]).toEqual(['2.05', -1]);
    expect(kit.lwm2mObserveCount()).toBe(0);
    expect(observe(names(...Array.from({ length: 24 }, (_, i) => `/33000/7/${i}`))).observe).toBeGreaterThanOrEqual(0);
  });
});

describe('Send', () => {
  test('values go to /dp, and its answer comes', () => {
    lab.serve = () => ({ code: 0x44 });
    expect(kit.lwm2mSend(0, SenmlJson, ['/3/0/9', '/33000/7/1'])).toBe(Status.Ok);
    lab.run(1);
    const [request] = lab.requests;
    expect(request && [request.code, request.type, pathOf(request), request.format, text(request)]).toEqual([
      ...[POST, 0, 'dp', SenmlJson, '[{"n":"/3/0/9","v":100},{"n":"/33000/7/1","v":50}]'],
    ]);
    expect(kit.coapResult()).toBe(Status.Ok);
    expect(kit.coapIdle()).toBe(true);
  });

  test('in CBOR', () => {
    kit.lwm2mSend(0, SenmlCbor, ['/3/0/0']);
    lab.run(0);
    expect(toHex(lab.requests[0]?.payload ?? new Uint8Array())).toBe('81a200662f332f302f300365416b617269');
  });

  test('muted nothing goes; of what is not there nothing either; one at a time', () => {
    expect(kit.lwm2mSend(0, SenmlJson, ['/3/0/9'], true)).toBe(Status.Denied);
    expect(kit.lwm2mSend(0, SenmlJson, ['/9/0/0'])).toBe(Status.NotFound);
    expect(kit.lwm2mSend(0, SenmlJson, ['/0/0/0'])).toBe(Status.NotFound);
    expect(kit.lwm2mSend(0, SenmlJson, ['/3/0/9'])).toBe(Status.Ok);
    expect(kit.lwm2mSend(0, SenmlJson, ['/3/0/9'])).toBe(Status.Busy);
    lab.run(0);
    expect(lab.requests).toHaveLength(1);
  });
});
