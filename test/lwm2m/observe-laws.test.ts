// Observations against a model, over random changes, attributes, losses and outages: pmin and pmax hold, and no state is kept from a server.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GET, Lab, PUT, dotted, kit } from './lab.js';

const PATHS = ['/3/0/9', '/3/0/13', '/3/0/6/0'] as const;
const TEXT = 0;
/** Behind a CON that is not acknowledged a notification waits; these tests lose none, so a turn takes no time. */
const SLACK = 0.001;

type Step =
  | { readonly do: 'set'; readonly path: number; readonly value: number }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'attributes'; readonly path: number; readonly query: string }
  | { readonly do: 'reach'; readonly is: boolean };

const period = fc.constantFrom(0, 1, 5, 30, 60);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('set' as const),
      path: fc.nat(2),
      value: fc.integer({ min: 0, max: 12 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(0, 1, 2, 7, 31, 100) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('attributes' as const),
      path: fc.nat(2),
      query: fc.tuple(period, period).map(([pmin, pmax]) => `pmin=${pmin}&pmax=${pmax}`),
    }),
  },
);
const outage: fc.Arbitrary<Step> = fc.record({ do: fc.constant('reach' as const), is: fc.boolean() });

interface Observed {
  readonly path: string;
  pmin: number;
  pmax: number;
  /** When a rule was changed: the laws are counted from there. */
  since: number;
  /** What the device has now, and what the server knows, since when it is another. */
  value: number;
  known: number;
  differs: number | undefined;
  last: number;
}

/** Runs the steps; checks each notification, and that none is missing, at every moment. */
function run(steps: readonly Step[], confirmable: boolean): number {
  const lab = new Lab();
  kit.lwm2mObserveRules({ confirmable });
  const now = (): number => lab.now / 1000;
  let reachable = true;
  let backAt = 0;
  const start = [100, 1_367_491_215, 1];
  const all: Observed[] = PATHS.map((path, i) => {
    const value = start[i] ?? 0;
    const answer = lab.ask(GET, path, { observe: 0, token: i + 1, accept: TEXT });
    expect(dotted(answer)).toBe('2.05');
    return { path, pmin: 0, pmax: 0, since: 0, value, known: value, differs: undefined, last: 0 };
  });
  let seen = 0;
  let last = 0;
  const observer = (token: number): Observed => all[token - 1] as Observed;
  const check = (): void => {
    for (const { at, token, text, observe } of lab.notifications.slice(seen)) {
      const o = observer(token);
      // Sequence numbers rise.
      expect(observe).toBeGreaterThan(last);
      last = observe;
      expect(reachable || at <= backAt).toBe(true);
      // pmin: not sooner.
      expect({ law: 'pmin', o, at, late: at - o.last >= o.pmin - SLACK }).toMatchObject({ late: true });
      // Without pmax only what is new is told.
      const forced = o.pmax > 0 && at - o.last >= o.pmax - SLACK;
      if (!forced) expect(Number(text)).not.toBe(o.known);
      o.known = Number(text);
      o.last = at;
      o.differs = o.known === o.value ? undefined : at;
    }
    seen = lab.notifications.length;
    if (!reachable) return;
    for (const o of all) {
      const from = Math.max(o.since, backAt);
      // A state that the server does not have is told when pmin is over.
      const due = Math.max(o.last + o.pmin, o.differs ?? Infinity, from);
      expect({ law: 'told', o, now: now(), late: now() > due + SLACK }).toMatchObject({ late: false });
      if (o.pmax === 0 || o.pmax < o.pmin) continue;
      const latest = Math.max(o.last + o.pmax, from);
      expect({ law: 'pmax', o, now: now(), late: now() > latest + SLACK }).toMatchObject({ late: false });
    }
  };
  for (const action of steps) {
    if (action.do === 'set') {
      const o = all[action.path] as Observed;
      lab.set(o.path, action.value);
      o.value = action.value;
      o.differs = o.value === o.known ? undefined : (o.differs ?? now());
    } else if (action.do === 'attributes') {
      const o = all[action.path] as Observed;
      expect(dotted(lab.ask(PUT, o.path, { query: action.query }))).toBe('2.04');
      // What goes out with this request may go by either.
      const [pmin = 0, pmax = 0] = action.query.match(/\d+/g)?.map(Number) ?? [];
      o.since = now();
      o.pmin = Math.min(o.pmin, pmin);
      o.pmax = Math.min(...[o.pmax, pmax].filter((period) => period > 0), Infinity);
      if (o.pmax === Infinity) o.pmax = 0;
      check();
      o.pmin = pmin;
      o.pmax = pmax;
    } else if (action.do === 'reach') {
      kit.lwm2mObserveReach(lab.now, action.is);
      if (action.is && !reachable) backAt = now();
      reachable = action.is;
    } else {
      for (let left = action.seconds; left > 0; left--) {
        lab.run(1);
        check();
      }
    }
    lab.run(0);
    check();
  }
  if (!reachable) {
    kit.lwm2mObserveReach(lab.now, true);
    reachable = true;
    backAt = now();
  }
  lab.run(200);
  for (const { token, text, at } of lab.notifications.slice(seen)) {
    const o = observer(token);
    o.known = Number(text);
    o.last = at;
  }
  for (const o of all) expect({ o, known: o.known }).toMatchObject({ known: o.value });
  return lab.notifications.length;
}

test.each([false, true])('pmin and pmax, and every state in the end (confirmable: %s)', (confirmable) => {
  let told = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      told += run(steps, confirmable);
    }),
    { numRuns: 300 },
  );
  expect(told).toBeGreaterThan(3_000);
});

test('with a server that cannot be reached now and then', () => {
  const either = fc.oneof({ weight: 9, arbitrary: step }, { weight: 1, arbitrary: outage });
  fc.assert(
    fc.property(fc.array(either, { minLength: 5, maxLength: 40 }), (steps) => {
      run(steps, false);
    }),
    { numRuns: 300 },
  );
});
