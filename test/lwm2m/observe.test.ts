// What a server observes: Observe and Notify with all attributes, at every level.
import { beforeEach, describe, expect, test } from 'vitest';
import { Lwm2mFormat } from '../../host/kit/index.js';
import { DELETE, GET, Lab, POST, PUT, dotted, kit, text } from './lab.js';

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
/** Creates /33000/7, say, with its mandatory resources. */
const create = (id: number): void =>
  void lab.ask(POST, '/33000', {
    format: SenmlJson,
    body: `[{"bn":"/33000/${id}/","n":"0","vs":"a"},{"n":"10","vs":"w"}]`,
  });
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

  test('of a resource instance', () => {
    observe('/3/0/6/1', 7, Text);
    lab.set('/3/0/6/1', 3);
    lab.set('/3/0/6/0', 4);
    expect(said(lab.run(1))).toEqual([[0, '3']]);
  });

  test('of what is not there, or cannot be read: the code, and no observation', () => {
    const code = (path: string): string => dotted(lab.ask(GET, path, { observe: 0, token: 7 }));
    expect([code('/3/0/99'), code('/9'), code('/3/0/4'), code('/0'), code('/3/0/6/9')]).toEqual([
      ...['4.04', '4.04', '4.05', '4.01', '4.04'],
    ]);
    expect(kit.lwm2mObserveCount()).toBe(0);
  });

  test('Discover and Write-Attributes with Observe are what they are without it', () => {
    expect(lab.ask(GET, '/3', { observe: 0, accept: 40 }).observe).toBe(-1);
    expect(kit.lwm2mObserveCount()).toBe(0);
  });

  test('the same token again takes the place of the observation before', () => {
    observe(BATTERY, 7);
    observe('/3/0/13', 7);
    expect(kit.lwm2mObserveCount()).toBe(1);
    lab.set(BATTERY, 1);
    lab.set('/3/0/13', 5);
    expect(said(lab.run(1))).toEqual([[0, '5']]);
  });

  test('of more than there is room for: the answer is a plain one', () => {
    for (let token = 1; token <= 12; token++) observe(BATTERY, token);
    const more = lab.ask(GET, BATTERY, { observe: 0, token: 13, accept: Text });
    expect([dotted(more), more.observe]).toEqual(['2.05', -1]);
    lab.set(BATTERY, 5);
    lab.run(1);
    expect(lab.notifications.map(({ token }) => token)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  test('what another server writes is told', () => {
    observe('/3/0/14', 7);
    kit.lwm2mObjectsServer(2);
    lab.ask(PUT, '/3/0/14', { format: Text, body: '+09:00' });
    lab.run(1);
    expect(lab.notifications.map((n) => n.text)).toEqual(['+09:00']);
  });

  test('of an object: instances that come and go', () => {
    observe('/33000', 7, SenmlJson);
    create(7);
    lab.run(1);
    lab.ask(DELETE, '/33000/7');
    lab.run(1);
    expect(lab.notifications.map((n) => n.text)).toEqual([expect.stringContaining('"n":"7/0"'), '[]']);
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

  test('pmin: what is back where it was is not told', () => {
    attributes(BATTERY, 'pmin=10');
    observe();
    lab.set(BATTERY, 99);
    lab.run(3);
    lab.set(BATTERY, 100);
    expect(lab.run(60)).toEqual([]);
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

  test('a change begins the period again', () => {
    attributes(BATTERY, 'pmin=5&pmax=60');
    observe();
    lab.run(50);
    lab.set(BATTERY, 7);
    expect(said(lab.run(100))).toEqual([
      [50, '7'],
      [110, '7'],
    ]);
  });

  test('a pmax below pmin does not count', () => {
    attributes(BATTERY, 'pmin=60&pmax=5');
    observe();
    expect(lab.run(300)).toEqual([]);
  });

  test('is inherited from instance and object; what is nearest counts; set later it counts, too', () => {
    attributes('/3', 'pmax=100');
    attributes('/3/0', 'pmax=50');
    observe();
    expect(said(lab.run(60))).toEqual([[50, '100']]);
    attributes(BATTERY, 'pmax=10');
    expect(lab.notifications.at(-1)?.at).toBe(60);
    expect(lab.run(40).map(({ at }) => at)).toEqual([70, 80, 90, 100]);
    attributes(BATTERY, 'pmax');
    attributes('/3/0', 'pmax');
    expect(lab.run(150).map(({ at }) => at)).toEqual([200]);
  });

  test('without any attribute the defaults of the Server object count', () => {
    kit.lwm2mObserveRules({ pmin: 20, pmax: 90 });
    observe();
    lab.set(BATTERY, 5);
    expect(said(lab.run(120))).toEqual([
      [20, '5'],
      [110, '5'],
    ]);
    attributes('/3', 'pmin=0');
    lab.set(BATTERY, 6);
    expect(said(lab.run(0))).toEqual([[120, '6']]);
  });

  test('what another server has set does not count', () => {
    kit.lwm2mObjectsServer(2);
    attributes(BATTERY, 'pmin=100&pmax=200');
    kit.lwm2mObjectsServer(1);
    observe();
    lab.set(BATTERY, 5);
    expect(said(lab.run(300))).toEqual([[0, '5']]);
    expect(text(lab.ask(GET, BATTERY, { accept: 40 }))).toBe('</3/0/9>');
  });

  test('epmin: changes are looked at no sooner; epmax: a value is looked at without being said to have changed', () => {
    attributes(BATTERY, 'epmin=30');
    observe();
    lab.run(1);
    lab.set(BATTERY, 5);
    lab.run(1);
    lab.set(BATTERY, 6);
    expect(said(lab.run(60))).toEqual([[30, '6']]);
    attributes(BATTERY, 'epmin&epmax=10');
    lab.run(20);
    lab.setSilently(BATTERY, 50);
    const [found] = lab.run(20);
    expect(found?.text).toBe('50');
  });
});

describe('a number', () => {
  /** The values that are told of those that it takes, one a second. */
  function told(query: string, values: readonly number[]): string[] {
    lab.set('/3/0/9', 10);
    attributes(BATTERY, query);
    observe();
    for (const value of values) {
      lab.set(BATTERY, value);
      lab.run(1);
    }
    return lab.notifications.map((n) => n.text);
  }

  test.each([
    ['gt=20', [15, 20, 21, 25, 19, 22], ['21', '19', '22']],
    ['lt=5', [7, 5, 4, 3, 5, 6, 4], ['4', '5', '4']],
    ['st=3', [11, 12, 13, 15, 10, 7], ['13', '10', '7']],
    ['gt=20&lt=5', [12, 21, 22, 4, 10], ['21', '4', '10']],
    ['gt=20&st=4', [13, 14, 19, 21, 22], ['14', '19', '21']],
  ])('with %s of 10 and then %j: %j are told', (query, values, wanted) => {
    expect(told(query, values)).toEqual(wanted);
  });

  test('with a fraction', () => {
    create(7);
    lab.set('/33000/7/9', 1.5);
    attributes('/33000/7/9', 'st=0.25');
    observe('/33000/7/9');
    for (const value of [1.6, 1.7, 1.76, 1.6, 1.5]) {
      lab.set('/33000/7/9', value);
      lab.run(1);
    }
    expect(lab.notifications.map((n) => n.text)).toEqual(['1.76', '1.5']);
  });

  test('that has crossed in pmin is told afterwards, with what it is then', () => {
    attributes(BATTERY, 'pmin=10&gt=150');
    observe();
    lab.run(1);
    lab.set(BATTERY, 160);
    lab.run(1);
    lab.set(BATTERY, 170);
    expect(said(lab.run(30))).toEqual([[10, '170']]);
  });

  test('pmax counts beside gt, lt and st', () => {
    attributes(BATTERY, 'pmax=30&gt=150');
    observe();
    lab.set(BATTERY, 120);
    expect(said(lab.run(40))).toEqual([[30, '120']]);
  });
});

describe('the end of an observation', () => {
  test('Observe 1 with its token', () => {
    observe();
    expect(lab.ask(GET, BATTERY, { observe: 1, token: 7, accept: Text }).observe).toBe(-1);
    lab.set(BATTERY, 5);
    expect(lab.run(10)).toEqual([]);
    expect(kit.lwm2mObserveCount()).toBe(0);
  });

  test('Observe 1 with a token that is not known: all at and below the path', () => {
    observe(BATTERY, 7);
    observe('/3/0/13', 8);
    observe('/3/0/6', 9, SenmlJson);
    lab.ask(GET, '/3/0/6', { observe: 1, token: 99 });
    expect(kit.lwm2mObserveCount()).toBe(2);
    lab.ask(GET, '/3/0', { observe: 1, token: 99 });
    expect(kit.lwm2mObserveCount()).toBe(0);
  });

  test('RST to a notification, CON or NON', () => {
    for (const confirmable of [false, true]) {
      kit.lwm2mObserveRules({ confirmable });
      observe();
      lab.reply = 'reset';
      lab.set(BATTERY, confirmable ? 1 : 2);
      expect(lab.run(1).map(({ con }) => con)).toEqual([confirmable]);
      expect(kit.lwm2mObserveCount()).toBe(0);
      lab.reply = 'ack';
    }
  });

  test('a CON that nobody acknowledges, after all its transmissions', () => {
    kit.lwm2mObserveRules({ confirmable: true });
    observe();
    lab.reply = 'silent';
    lab.set(BATTERY, 5);
    lab.run(40);
    expect(kit.lwm2mObserveCount()).toBe(1);
    lab.run(60);
    expect(kit.lwm2mObserveCount()).toBe(0);
    expect(lab.silent).toBe(5);
  });

  test('the session', () => {
    observe();
    kit.lwm2mObserveClear();
    lab.set(BATTERY, 5);
    expect(lab.run(10)).toEqual([]);
    expect(kit.lwm2mObserveDeadline()).toBe(Infinity);
  });

  test('what is gone is told once, by its code', () => {
    create(7);
    observe('/33000/7/0', 7);
    lab.ask(DELETE, '/33000/7');
    lab.run(10);
    expect(lab.notifications).toMatchObject([{ token: 7, code: '4.04', observe: -1, con: true }]);
    expect(kit.lwm2mObserveCount()).toBe(0);
  });

  test('a right that is taken away: 4.01', () => {
    observe();
    kit.lwm2mObjectsAllow(3, 0, 1, 0);
    lab.set(BATTERY, 5);
    expect(lab.run(10)).toMatchObject([{ code: '4.01', observe: -1 }]);
    expect(kit.lwm2mObserveCount()).toBe(0);
  });
});

describe('confirmable notifications', () => {
  test('one is under way; a newer state takes its place, with a number of its own', () => {
    kit.lwm2mObserveRules({ confirmable: true });
    observe();
    lab.reply = 'hold';
    lab.set(BATTERY, 5);
    lab.run(1);
    lab.set(BATTERY, 6);
    lab.run(60);
    expect(lab.held.map((m) => text(m))).toEqual(['5', '6', '6', '6', '6']);
    const [older, newer] = lab.held;
    expect(newer?.mid).not.toBe(older?.mid);
    expect(newer?.observe).toBeGreaterThan(older?.observe ?? 0);
    lab.answer(newer?.mid ?? 0, 2);
    expect(kit.lwm2mObserveCount()).toBe(1);
    lab.reply = 'ack';
    expect(lab.run(100)).toEqual([]);
  });

  test('of two observations one waits for the other', () => {
    kit.lwm2mObserveRules({ confirmable: true });
    observe(BATTERY, 7);
    observe('/3/0/13', 8);
    lab.reply = 'hold';
    lab.set(BATTERY, 5);
    lab.set('/3/0/13', 6);
    lab.run(1);
    expect(lab.held.map((m) => m.token[0])).toEqual([7]);
    lab.reply = 'ack';
    lab.answer(lab.held[0]?.mid ?? 0, 2);
    expect(lab.run(1).map(({ token }) => token)).toEqual([8]);
  });

  test('once a day at least: a NON becomes a CON', () => {
    attributes(BATTERY, 'pmax=3600');
    observe();
    const cons = lab.run(72 * 3600).map(({ con }) => con);
    expect(cons).toHaveLength(72);
    const at = cons.flatMap((con, i) => (con ? [i + 1] : []));
    expect(at).toHaveLength(3);
    for (const [i, hour] of at.entries()) expect(hour - (at[i - 1] ?? 0)).toBeLessThanOrEqual(24);
  });
});

describe('a server that cannot be reached', () => {
  test('with storing it hears of the change when it is back', () => {
    observe();
    kit.lwm2mObserveReach(lab.now, false);
    lab.set(BATTERY, 5);
    expect(lab.run(100)).toEqual([]);
    kit.lwm2mObserveReach(lab.now, true);
    expect(said(lab.run(1))).toEqual([[100, '5']]);
  });

  test('without it does not; later changes are told', () => {
    kit.lwm2mObserveRules({ storing: false });
    observe();
    kit.lwm2mObserveReach(lab.now, false);
    lab.set(BATTERY, 5);
    lab.run(100);
    kit.lwm2mObserveReach(lab.now, true);
    expect(lab.run(10)).toEqual([]);
    lab.set(BATTERY, 6);
    expect(said(lab.run(1))).toEqual([[110, '6']]);
  });
});

test('a notification larger than a block: its beginning comes, the rest is read', () => {
  lab = new Lab({ szx: 2 });
  const first = lab.ask(GET, '/3', { observe: 0, token: 7, accept: SenmlJson });
  expect(first.block2).toBe(8 | 2);
  lab.set(BATTERY, 42);
  lab.run(1);
  const [notification] = lab.notifications;
  expect(notification?.message.block2).toBe(8 | 2);
  expect(notification?.observe).toBeGreaterThan(first.observe);
  let whole = notification?.text ?? '';
  const tag = notification?.message.options.find(([number]) => number === 4)?.[1];
  for (let num = 1; ; num++) {
    const rest = lab.ask(GET, '/3', { block2: (num << 4) | 2, accept: SenmlJson });
    expect([dotted(rest), rest.observe]).toEqual(['2.05', -1]);
    expect(rest.options.find(([number]) => number === 4)?.[1]).toEqual(tag);
    whole += text(rest);
    if ((rest.block2 & 8) === 0) break;
  }
  expect(whole).toBe(text(new Lab().ask(GET, '/3', { accept: SenmlJson })).replace('"v":100', '"v":42'));
});
