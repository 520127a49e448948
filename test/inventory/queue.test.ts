// One device that does not answer one request: that request fails, and what else waits for the device is asked.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../host/clock/clock.js';
import { findTexts, Option, parse, uintOption } from '../../host/coap/index.js';
import { emit, empty } from '../../host/coap/message.js';
import { findBlock } from '../../host/coap/options.js';
import type { DeviceRequest } from '../../host/platform/inventory/requests.js';
import { ENDPOINT, InventoryWorld, TestDevice } from './world.js';

/** A registered device that says nothing to requests for these paths, or to any but an empty message. */
async function deviceSilentAt(paths: readonly string[] | 'all', lifetime = 86_400, inventory: object = {}) {
  const world = new InventoryWorld({ inventory });
  const device = new TestDevice(world);
  const { devices, management, readings, requests } = world.platform.inventory;
  const state = { silent: paths, answersPing: true };
  device.takes = (bytes) => {
    const message = parse(bytes);
    if ('malformed' in message) return;
    if (message.code === '0.00' && message.type === 'CON') {
      if (state.answersPing) device.say(empty('RST', message.mid));
      return;
    }
    const path = `/${findTexts(message.options, Option.UriPath).join('/')}`;
    const isRequest = message.code.startsWith('0.');
    if (isRequest && (state.silent === 'all' || state.silent.includes(path))) return;
    device.peer?.receive(bytes);
  };
  await device.connect(await device.account());
  await device.register(['lwm2m=1.0', `ep=${ENDPOINT}`, 'b=U', `lt=${lifetime}`]);
  const id = Buffer.from(device.accountWritten().identity).toString();
  const submit = (kind: DeviceRequest['operation']['kind'], path: string): DeviceRequest => {
    const record = devices.get(id);
    const request = record && management.submit(record, { kind, path });
    if (request === undefined) throw new Error('the queue is full');
    if (kind === 'observe') readings.observe(id, path);
    return request;
  };
  const stateOf = ({ requestId }: DeviceRequest): string => {
    const { state: name, outcome } = requests.get(id, requestId) ?? {};
    return `${name} ${outcome?.code ?? outcome?.reason ?? ''}`.trim();
  };
  return { world, device, id, state, submit, stateOf };
}

describe('a request that a device does not answer', () => {
  it('fails after its transmissions, and the next are answered within seconds: the device sends its updates', async () => {
    const { world, device, submit, stateOf } = await deviceSilentAt(['/3'], 60);
    const updates = (async () => {
      for (let i = 0; i < 6; i++) {
        await world.clock.sleep(54 * SECOND);
        await device.peer?.request({ method: '0.02', path: device.location });
      }
    })();
    const asked = [submit('read', '/3'), submit('read', '/3/0/0'), submit('observe', '/3/0/13')];
    expect(await world.run(() => stateOf(asked[0] as DeviceRequest).startsWith('failed'), 2 * MINUTE)).toBe(true);
    await world.pass(10 * SECOND);
    expect(asked.map(stateOf)).toEqual(['failed no answer', 'done 2.05', 'done 2.05']);
    await world.await(updates);
  });

  it('fails when the device, which says nothing by itself for a day, answers the next', async () => {
    const { world, submit, stateOf, state } = await deviceSilentAt(['/3']);
    state.answersPing = false;
    const asked = [submit('read', '/3'), submit('read', '/3/0/0')];
    await world.pass(2 * MINUTE);
    expect(asked.map(stateOf)).toEqual(['failed no answer', 'done 2.05']);
  });

  it.each([2, 3, 5])(
    'fails with others like it, %i at the head of the queue, when the device answers an empty message',
    async (n) => {
      const { world, submit, stateOf } = await deviceSilentAt(['/3', '/5']);
      const silent = Array.from({ length: n }, (_, i) => submit('read', i % 2 === 0 ? '/3' : '/5'));
      const last = submit('read', '/3/0/0');
      // Two at a time: each is given up after 93 seconds at most.
      await world.pass((n + 1) * 100 * SECOND);
      expect([...silent, last].map(stateOf)).toEqual([...silent.map(() => 'failed no answer'), 'done 2.05']);
    },
  );

  it.each([2, 3, 5])(
    'holds up no other, %i at the head of the queue, when the device answers no empty message and says nothing by itself',
    async (n) => {
      const { world, submit, stateOf, state } = await deviceSilentAt(['/3', '/5']);
      state.answersPing = false;
      const silent = Array.from({ length: n }, (_, i) => submit('read', i % 2 === 0 ? '/3' : '/5'));
      const last = submit('read', '/3/0/0');
      // Each round asks two, and the wait after a round is five minutes, then ten, then twenty.
      await world.pass(n === 5 ? HOUR : 30 * MINUTE);
      expect(stateOf(last)).toBe('done 2.05');
      await world.pass(24 * HOUR);
      for (const one of silent) expect(stateOf(one)).toMatch(/^(failed no answer|expired)$/);
    },
  );

  it('holds up no other when the device sleeps and is asked when it is heard', async () => {
    const { world, device, submit, stateOf, state } = await deviceSilentAt(['/3', '/5']);
    state.answersPing = false;
    await device.update(['b=UQ']);
    await world.pass(5 * MINUTE);
    const asked = [submit('read', '/3'), submit('read', '/5'), submit('read', '/3/0/0')];
    for (let i = 0; i < 4; i++) {
      await device.update();
      await world.pass(10 * MINUTE);
    }
    expect(asked.map(stateOf).slice(2)).toEqual(['done 2.05']);
  });

  it('fails when nothing else is asked and the device answers an empty message', async () => {
    const { world, submit, stateOf } = await deviceSilentAt(['/3']);
    const asked = submit('read', '/3');
    await world.pass(2 * MINUTE);
    expect(stateOf(asked)).toBe('failed no answer');
  });

  it('fails after three times with a device that was heard each time and is mute otherwise', async () => {
    const { world, device, submit, stateOf, state } = await deviceSilentAt(['/3']);
    state.answersPing = false;
    const asked = submit('read', '/3');
    await world.pass(4 * MINUTE);
    for (let i = 0; i < 2; i++) {
      expect(stateOf(asked)).toBe('queued');
      await device.update();
      await world.pass(4 * MINUTE);
    }
    await device.update();
    await world.pass(4 * MINUTE);
    expect(stateOf(asked)).toBe('failed no answer');
  });

  it('that was acknowledged fails, whatever else is heard', async () => {
    const { world, device, submit, stateOf } = await deviceSilentAt([]);
    device.override = (request) => (request.path.length === 1 ? new Promise(() => undefined) : undefined);
    const asked = [submit('read', '/3'), submit('read', '/3/0/0')];
    await world.pass(6 * MINUTE);
    expect(asked.map(stateOf)).toEqual(['failed no answer', 'done 2.05']);
  });

  it('whose answer never comes to its end fails, and the next is answered', async () => {
    const { world, device, submit, stateOf } = await deviceSilentAt([]);
    const other = device.takes;
    device.takes = (bytes) => {
      const message = parse(bytes);
      if ('malformed' in message) return;
      const path = findTexts(message.options, Option.UriPath).join('/');
      if (path !== '3') return other?.(bytes);
      const block = findBlock(message.options, Option.Block2);
      const num = block === undefined || block === 'reserved' ? 0 : block.num;
      const options = [uintOption(Option.ContentFormat, 11_542), uintOption(Option.Block2, (num << 4) | 8)];
      const { mid, token } = message;
      const answer = emit({ type: 'ACK', code: '2.05', mid, token, options, payload: Buffer.alloc(16) });
      world.clock.after(30 * SECOND, () => device.say(answer));
    };
    const asked = [submit('read', '/3'), submit('read', '/3/0/0')];
    await world.pass(15 * MINUTE);
    expect(asked.map(stateOf)).toEqual(['failed no complete answer in time', 'done 2.05']);
  });
});

describe('a device that is away', () => {
  it('is asked in order when it is back; none of what waits has failed', async () => {
    const { world, device, submit, stateOf, state } = await deviceSilentAt('all');
    state.answersPing = false;
    const asked = ['/3/0/0', '/3/0/1', '/3/0/9', '/3303/0/5700'].map((path) => submit('read', path));
    // After the device's own facts, two of them were asked; the next attempt is minutes away.
    await world.pass(6 * MINUTE);
    expect(asked.map(stateOf)).toEqual(['queued', 'queued', 'queued', 'queued']);
    state.silent = [];
    state.answersPing = true;
    device.requests.length = 0;
    await device.update();
    await world.pass(5 * SECOND);
    expect(asked.map(stateOf)).toEqual(['done 2.05', 'done 2.05', 'done 2.05', 'done 2.05']);
    expect(device.requests.map(({ path }) => path.join('/'))).toEqual(['3/0/0', '3/0/1', '3/0/9', '3303/0/5700']);
  });

  it('and comes back without a word is asked again after a while', async () => {
    const { world, submit, stateOf, state } = await deviceSilentAt('all');
    state.answersPing = false;
    const asked = submit('read', '/3/0/0');
    await world.pass(5 * MINUTE);
    expect(stateOf(asked)).toBe('queued');
    state.silent = [];
    await world.pass(HOUR);
    expect(stateOf(asked)).toBe('done 2.05');
  });
});

describe('observations that begin with a registration', () => {
  const OBSERVED = ['/3/0/0', '/3/0/1', '/3/0/9', '/3303/0/5700'];

  it('of which a device answers none hold up no request of an operator', async () => {
    const { world, device, submit, stateOf } = await deviceSilentAt(['/3/0', ...OBSERVED], 86_400, {
      observe: OBSERVED,
    });
    const asked = submit('read', '/3/0/13');
    await world.pass(2 * MINUTE);
    expect(stateOf(asked)).toBe('done 2.05');
    expect(device.executed).toEqual([]);
  });

  it('go on beyond those that a device does not answer, and are tried again when it is heard', async () => {
    const { world, device, state } = await deviceSilentAt(['/3/0', '/3/0/0'], 86_400, { observe: OBSERVED });
    await world.pass(20 * MINUTE);
    await device.update();
    await world.pass(20 * MINUTE);
    state.silent = [];
    await device.update();
    await world.pass(20 * MINUTE);
    expect([...device.observed.keys()].sort()).toEqual(expect.arrayContaining(OBSERVED.slice(1)));
  });
});

it('whatever a device does not answer, what it would answer is answered', async () => {
  const paths = ['/3', '/3/0', '/3/0/0', '/3/0/1', '/3/0/9', '/3/0/13', '/3303/0/5700'];
  await fc.assert(
    fc.asyncProperty(
      fc.subarray(paths),
      fc.array(fc.constantFrom(...paths), { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      async (silent, asked, answersPing) => {
        const { world, submit, stateOf, state, device } = await deviceSilentAt(silent, 300);
        state.answersPing = answersPing;
        const all = asked.map((path) => ({ path, request: submit('read', path) }));
        for (let i = 0; i < 24; i++) {
          await device.update();
          await world.pass(2 * MINUTE);
        }
        for (const { path, request } of all) {
          expect(stateOf(request)).toBe(silent.includes(path) ? 'failed no answer' : 'done 2.05');
        }
      },
    ),
    { numRuns: 25 },
  );
});
