// A device with a good key that takes what it can of the platform: it is refused, and another device does not notice.
import { expect, it } from 'vitest';
import { MS, SECOND } from '../../host/clock/clock.js';
import { COAP_LIMITS, emit, Method, Option, parse } from '../../host/coap/index.js';
import { blockOption } from '../../host/coap/options.js';
import { DTLS_LIMITS } from '../../host/dtls/index.js';
import { session } from '../platform/harness.js';
import { IMSI, InventoryWorld, TestDevice } from './world.js';

it('associations without end, bodies that are never finished, requests in heaps: another device is answered as before', async () => {
  const world = new InventoryWorld({ blockLimits: { caller: 8 * 1024, all: 12 * 1024, floor: 1024 } });
  const good = await new TestDevice(world, { ...session(IMSI), ip: '10.0.0.2' }, 'good').join();
  const { registrar } = world.platform.inventory;
  const answerTime = async (): Promise<number> => {
    const from = world.clock.now();
    expect((await good.update()).code).toBe('2.04');
    return world.clock.now() - from;
  };
  const before = await answerTime();

  const hostile = new TestDevice(world, session(IMSI), 'hostile');
  const account = await hostile.account();
  for (let i = 0; i < 20; i++) {
    hostile.rebind();
    expect(await hostile.connect(account, { withoutCid: true })).toBe(true);
  }
  expect(registrar.counts).toMatchObject({
    ...{ open: DTLS_LIMITS.associationsPerIdentity + 1, sessions: DTLS_LIMITS.sessionsPerIdentity + 1 },
  });
  expect(await answerTime()).toBeLessThanOrEqual(before + 5 * MS);

  const codes: string[] = [];
  hostile.takes = (bytes) => {
    const message = parse(bytes);
    if ('code' in message) codes.push(message.code);
  };
  let mid = 0;
  const say = (path: string, num: number): void => {
    const options = [
      { number: Option.UriPath, value: Buffer.from(path) },
      blockOption(Option.Block1, { num, more: true, szx: 6 }),
    ];
    const payload = Buffer.alloc(1024);
    hostile.say(emit({ type: 'NON', code: Method.Post, mid: ++mid, token: Buffer.of(mid), options, payload }));
  };
  for (const path of ['a', 'b', 'c']) for (let num = 0; num < 4; num++) say(path, num);
  await world.pass(SECOND);
  expect(codes.filter((code) => code === '2.31').length).toBe(8);
  expect(codes).toContain('4.29');
  // A registration in two blocks of one who has not taken anything.
  const links = Array.from({ length: 200 }, (_, i) => `</3303/${i}>`).join(',');
  expect((await good.register(undefined, `</1/0>,</3/0>,${links}`)).code).toBe('2.01');
  await world.pass(SECOND);
  expect(await answerTime()).toBeLessThanOrEqual(before + 5 * MS);
  expect(COAP_LIMITS.answering).toBeLessThan(64);
});
