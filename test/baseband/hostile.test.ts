import { expect, it } from 'vitest';
import type { Air } from '../../host/cellular/air.js';
import { encodeEmm, encodeEsm } from '../../host/cellular/nas/index.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { Random } from '../../host/random.js';
import { emmMessages, esmMessages } from '../cellular/nas/messages.js';
import { IMEI, SORACOM, attachError, bench } from './bench.js';

const KNOWN = [
  ...emmMessages.map(({ message }) => encodeEmm(message)),
  ...esmMessages.map(({ message }) => encodeEsm(message)),
];

/** Noise, a message out of place, a message with a changed byte, a message in a security header of no key. */
function anything(random: Random): Uint8Array {
  const message = Uint8Array.from(KNOWN[random.below(KNOWN.length)] ?? []);
  switch (random.below(4)) {
    case 0:
      return random.bytes(random.below(40));
    case 1:
      message[random.below(message.length)] = random.below(256);
      return message;
    case 2:
      return Uint8Array.of(0x07 | ((1 + random.below(5)) << 4), ...random.bytes(5), ...message);
    default:
      return message;
  }
}

/** Both ends of the radio link, for a stranger to speak into: 20 messages a second each way. */
function withStranger(seed: string) {
  const random = new Random(seed).fork('stranger');
  let air: Air | undefined;
  const b = bench({ seed, air: (real) => (air = real) });
  let talking = true;
  const talk = (): void => {
    if (!talking) return;
    b.clock.after(50 * MS, talk);
    air?.onNas?.(anything(random));
    air?.sendNas(anything(random));
  };
  talk();
  return { ...b, silence: () => (talking = false) };
}

it('a stranger on the radio link breaks neither end, for 100 seeds; when he is silent all is well', async () => {
  for (let i = 0; i < 100; i++) {
    const { radio, card, settle, must, silence, online } = withStranger(`stranger ${i}`);
    let result: unknown = await settle(radio.attach(card, IMEI), 60 * SECOND);
    if (!(result instanceof Error)) result = await settle(radio.activate(SORACOM), 60 * SECOND);
    if (result instanceof Error) expect([i, typeof attachError(result).code]).toEqual([i, 'string']);
    silence();
    await must(radio.detach(), 120 * SECOND);
    expect([i, (await online()).open]).toEqual([i, true]);
  }
});

it('a stranger who does not hold the keys cannot end a session that is up', async () => {
  for (let i = 0; i < 20; i++) {
    const random = new Random(`intruder ${i}`);
    let air: Air | undefined;
    const { online, clock, network, run, radio } = bench({ seed: `intruder ${i}`, air: (real) => (air = real) });
    const session = await online();
    for (let n = 0; n < 400; n++) {
      air?.onNas?.(anything(random));
      air?.sendNas(anything(random));
      await clock.run({ deadline: clock.now() + 10 * MS });
    }
    await run(60 * SECOND);
    expect([i, session.open, network.sessionByIp(session.ip)?.open, radio.cell?.plmn]).toEqual([
      i,
      true,
      true,
      '44010',
    ]);
  }
});
