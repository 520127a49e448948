import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../host/bytes.js';
import { Random } from '../../host/random.js';
import { type CardReader, exchange } from '../../host/sim/index.js';

/** A reader whose card answers by `answer`; what it was asked is in `asked`. */
function played(answer: (command: Uint8Array) => Uint8Array): { reader: CardReader; asked: string[] } {
  const asked: string[] = [];
  const reader: CardReader = {
    powerOn: () => Promise.resolve(new Uint8Array(0)),
    reset: () => Promise.resolve(new Uint8Array(0)),
    powerOff: () => undefined,
    transmit: (command) => {
      asked.push(toHex(command));
      return Promise.resolve(answer(command));
    },
  };
  return { reader, asked };
}

/** One answer after the other. */
const script = (...answers: string[]): ReturnType<typeof played> => played(() => fromHex(answers.shift() ?? '6f00'));

describe('exchange', () => {
  it.each([
    ['00a40004023f00', '00c0000002'],
    ['03a40004023f00', '03c0000002'], // channel 3
    ['80c2000001d3', '00c0000002'], // UICC class, channel 0
    ['82c2000001d3', '02c0000002'],
    ['41a40004023f00', '41c0000002'], // channel 5
    ['4fa40004023f00', '4fc0000002'], // channel 19
    ['c1c2000001d3', '41c0000002'], // UICC class, channel 5
    ['cfc2000001d3', '4fc0000002'],
  ])('%s answered 6102 is followed by %s', async (command, follow) => {
    const { reader, asked } = script('6102', 'aabb9000');
    expect(await exchange(reader, fromHex(command))).toEqual({ data: fromHex('aabb'), sw: 0x9000 });
    expect(asked).toEqual([command, follow]);
  });

  it('9Fxx is for class A0 only', async () => {
    const card = script('9f02', 'aabb9000');
    expect(await exchange(card.reader, fromHex('a0a40000023f00'))).toEqual({ data: fromHex('aabb'), sw: 0x9000 });
    expect(card.asked[1]).toBe('a0c0000002');
    expect((await exchange(script('9f02').reader, fromHex('00a40000023f00'))).sw).toBe(0x9f02);
  });

  it('gathers the parts of a long answer', async () => {
    const { reader, asked } = script('61ff', 'aa6102', '6c01', 'bb9000');
    expect(await exchange(reader, fromHex('00a40004023f00'))).toEqual({ data: fromHex('aabb'), sw: 0x9000 });
    expect(asked.slice(1)).toEqual(['00c00000ff', '00c0000002', '00c0000001']);
  });

  it('repeats with the Le of 6Cxx, with the data if there is any', async () => {
    const read = script('6c09', 'aa9000');
    await exchange(read.reader, fromHex('00b0000000'));
    expect(read.asked[1]).toBe('00b0000009');
    const select = script('6c09', 'aa9000');
    await exchange(select.reader, fromHex('00a40004023f0000'));
    expect(select.asked[1]).toBe('00a40004023f0009');
    // No Le to correct: the card's word stands.
    expect((await exchange(script('6c09').reader, fromHex('00d6000001aa'))).sw).toBe(0x6c09);
  });

  it.each([
    ['61', () => fromHex('6101')],
    ['61 with data', () => fromHex('aa6100')],
    ['6C', (command: Uint8Array) => Uint8Array.of(0x6c, ((command[4] ?? 0) + 1) & 0xff)],
  ])('a card that answers %s for ever is a protocol error', async (_name, answer) => {
    const { reader, asked } = played(answer);
    await expect(exchange(reader, fromHex('00b0000001'))).rejects.toMatchObject({ code: 'protocol' });
    expect(asked.length).toBeLessThan(300);
  });

  it('an answer without a status word is a protocol error', async () => {
    await expect(exchange(script('90').reader, fromHex('00b0000001'))).rejects.toMatchObject({ code: 'protocol' });
  });

  it('ends whatever the card says', async () => {
    const seed = 'exchange-1';
    const random = new Random(seed);
    for (let run = 0; run < 300; run++) {
      const { reader } = played(() => {
        const answer = random.bytes(random.below(6));
        const at = answer.length - 2;
        if (at >= 0 && random.below(2)) answer[at] = [0x61, 0x6c, 0x9f][random.below(3)] ?? 0x61;
        return answer;
      });
      const outcome = await exchange(reader, random.bytes(random.below(9))).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome, seed).toMatchObject({ code: 'protocol' });
    }
  });
});
