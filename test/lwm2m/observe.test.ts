// What a server observes: Observe and Notify with all attributes, at every level, alone and several at once.
import { beforeEach, describe, expect, test } from 'vitest';
import { Lwm2mFormat } from '../../host/kit/index.js';
import { GET, Lab, POST, PUT, DELETE, dotted, kit, text } from './lab.js';

const { Text, SenmlJson } = Lwm2mFormat;
const BATTERY = '/3/0/9';

let lab: Lab;
beforeEach(() => (lab = new Lab()));

/** Observes it as text under that token. */
function observe(path = BATTERY, token = 7, accept: number = Text): void {
  const answer = lab.ask(GET, path, { observe: 0, token, accept });
  expect(dotted(answer)).toBe('2.05');
  expect(answer.observe).toBeGreaterThanOrEqual(0);
}
const attributes = (path: string, query: string): string => dotted(lab.ask(PUT, path, { query }));
const said = (all: readonly { at: number; text: string }[]): (string | number)[][] =>
  all.map(({ at, text: body }) => [at, body]);

describe('Observe', () => {
  test('answers with the value and a sequence number; a change is told, with a higher one', () => {
    const first = lab.ask(GET, BATTERY, { observe: 0, token: 7, accept: Text });
    expect([dotted(first), text(first)]).toEqual(['2.05', '100']);
    lab.set(BATTERY, 99);
    lab.set(BATTERY, 98);
    const [one, ...more] = lab.run(10);
    expect(one).toMatchObject({ at: 0, token: 7, con: false, code: '2.05', text: '98' });
    expect(one?.observe).toBeGreaterThan(first.observe);
    expect(more).toEqual([]);
  });

  test('what has changed elsewhere, or not at all, is not told', () => {
    observe();
    lab.set('/3/0/13', 5);
    lab.set(BATTERY, 100);
    expect(lab.run(100)).toEqual([]);
  });

  test.each([
    ['/3', '"/3/0/"'],
    ['/3/0', '"/3/0/"'],
    [BATTERY, '"/3/0/9"'],
  ])('of %s', (path) => {
    observe(path, 7, SenmlJson);
    lab.set(BATTERY, 42);
    expect(lab.run(1).map((n) => n.text)).toEqual([expect.stringContaining('"v":42')]);
  });
});

describe('a period', () => {
  test('pmin: the newest state, when it is over', () => {
    attributes(BATTERY, 'pmin=10');
    observe();
    lab.run(2);
    lab.set(BATTERY, 99);
    lab.run(3);
    lab.set(BATTERY, 98);
    expect(said(lab.run(60))).toEqual([[10, '98']]);
    lab.set(BATTERY, 97);
    expect(said(lab.run(60))).toEqual([[65, '97']]);
  });

  test('pmax: a state without a change', () => {
    attributes(BATTERY, 'pmax=60');
    observe();
    expect(said(lab.run(200))).toEqual([
      [60, '100'],
      [120, '100'],
      [180, '100'],
    ]);
  });
});

test('Observe 1 with its token ends it', () => {
  observe();
  expect(lab.ask(GET, BATTERY, { observe: 1, token: 7, accept: Text }).observe).toBe(-1);
  lab.set(BATTERY, 5);
  expect(lab.run(10)).toEqual([]);
  expect(kit.lwm2mObserveCount()).toBe(0);
});

test('what is gone is told once, by its code', () => {
  const body = '[{"bn":"/33000/7/","n":"0","vs":"a"},{"n":"10","vs":"w"}]';
  lab.ask(POST, '/33000', { format: SenmlJson, body });
  observe('/33000/7/0', 7);
  lab.ask(DELETE, '/33000/7');
  lab.run(10);
  expect(lab.notifications).toMatchObject([{ token: 7, code: '4.04', observe: -1, con: true }]);
  expect(kit.lwm2mObserveCount()).toBe(0);
});
