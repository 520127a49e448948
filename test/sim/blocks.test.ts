// Characters that are handed over together: the card and the terminal do the same, at the same times, with fewer events of the clock.

import { expect, it } from 'vitest';
import { toHex } from '../../host/bytes.js';
import { MS } from '../../host/clock/clock.js';
import { Random } from '../../host/random.js';
import { AID, Bench } from './card.js';
import { someCommand } from './hostile.js';

const COMMANDS = 400;

/** What was sent is told when the answer begins, which is later for those that arrive together. */
const withoutTimes = ({ events }: Bench): unknown[] => events.map((event) => ({ ...event, t: 0 }));

/** Answers with the microsecond at which they were complete, and all that the trace holds. */
async function session(delivery: 'blocks' | 'characters', seed: string) {
  const random = new Random(seed);
  const bench = new Bench({ delivery, seed });
  const answers = [await bench.powerOn()];
  answers.push(await bench.send(`00a4040c10${AID}`));
  for (let i = 0; i < COMMANDS; i++) {
    const answer = random.below(40) === 0 ? bench.reset() : bench.send(toHex(someCommand(random)));
    answers.push(`${await answer} ${Math.round((bench.clock.now() / MS) * 1000)}`);
  }
  return { answers, events: withoutTimes(bench) };
}

it.each(['a', 'b', 'c'])(
  '%s: whatever is asked, answers, their times and the events are those of single characters',
  async (seed) => {
    const single = await session('characters', seed);
    const together = await session('blocks', seed);
    expect(together.answers).toEqual(single.answers);
    expect(together.events).toEqual(single.events);
  },
);

it('a fault on the line is met by the character that it is meant for', async () => {
  const heard: string[] = [];
  for (const delivery of ['blocks', 'characters'] as const) {
    const bench = new Bench({ delivery });
    await bench.powerOn();
    let n = 0;
    bench.slot.line.noise = ({ attempt }) => (attempt === 0 && n++ % 7 === 3 ? 1 : 0);
    await bench.send(`00a4040c10${AID}`);
    bench.slot.line.noise = undefined;
    const { data } = await bench.ask('00b2010430');
    heard.push(`${data} ${JSON.stringify(withoutTimes(bench))}`);
  }
  expect(heard[0]).toBe(heard[1]);
  expect(heard[0]).toMatch(/parity error, the (card|terminal) repeats/);
});

it('takes less than a third of the events', async () => {
  const turns = { blocks: 0, characters: 0 };
  for (const delivery of ['blocks', 'characters'] as const) {
    const bench = new Bench({ delivery });
    const at = bench.clock.at.bind(bench.clock);
    bench.clock.at = (...args) => {
      turns[delivery]++;
      return at(...args);
    };
    await bench.powerOn();
    for (let i = 0; i < 10; i++) await bench.send(`00a4040c10${AID}`);
  }
  expect(turns.blocks).toBeLessThan(turns.characters / 3);
});
