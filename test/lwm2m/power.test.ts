// Power cuts while accounts are written. Thousands of further runs: power.soak.ts.
import { expect, test } from 'vitest';
import { powerRun } from './power.js';
import { OLD, NEW, rotate, trigger, world } from './rig-world.js';
import { security } from './rig.js';

const HOUR = 3_600_000;

test('power is cut once before and once after each single store write of a bootstrap and of a rotation', async () => {
  for (let write = 0; write < 4; write++) {
    for (const fate of ['cut-before', 'cut-after'] as const) {
      for (const isRight of [true, false]) {
        const parts = await world({ seed: `${write} ${fate}` });
        const { rig, dm } = parts;
        rig.store.fate = (n) => (n === write ? fate : 'done');
        rig.powerOn();
        rig.run(20_000);
        expect(dm.identities.at(-1)).toBe('d-1');
        rotate(parts, isRight ? NEW : new Uint8Array(16).fill(9));
        trigger(parts);
        rig.run(HOUR);
        expect(rig.app?.registered()).toBe(1);
        // The only other outcome: power failed before the new account was kept, so that the server would have to ask again.
        const isEarly = write === 1 && fate === 'cut-before';
        expect(dm.identities.at(-1)).toBe(isRight && !isEarly ? 'd-2' : 'd-1');
      }
    }
  }
});

test('200 seeded runs of bootstrap and rotation with power cuts, faults of the network, right and wrong keys', async () => {
  let cuts = 0;
  const ends = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const result = await powerRun(`power ${i}`);
    cuts += result.cuts;
    ends.add(result.identities.at(-1) ?? '');
  }
  // The search has searched.
  expect(cuts).toBeGreaterThan(200);
  expect([...ends].sort()).toEqual(['d-1', 'd-2']);
});

test.each<[string, (value: Uint8Array) => Uint8Array]>([
  ['is cut short', (value) => value.slice(0, 1_000)],
  ['has nothing in it', () => new Uint8Array()],
  ['is somebody else’s', (value) => new Uint8Array(value.length).fill(0x55)],
  ['has a bit changed', (value) => value.map((byte, i) => (i === 700 ? byte ^ 4 : byte))],
  ['is of another layout', (value) => value.map((byte, i) => (i === 4 ? byte + 1 : byte))],
  ['is longer than any', (value) => new Uint8Array([...value, ...value, ...value])],
])('a record that %s counts as none: the device bootstraps', async (_what, spoil) => {
  const { rig, server, dm } = await world();
  rig.powerOn();
  rig.run(10_000);
  rig.powerOff();
  rig.store.write(1, spoil(rig.store.read(1) ?? new Uint8Array()));
  rig.powerOn();
  rig.run(10_000);
  expect([server.sessions, dm.identities]).toEqual([2, ['d-1', 'd-1']]);
});

test('keys that are no longer used are nowhere in memory', async () => {
  const parts = await world();
  const { rig, server } = parts;
  // 16 bytes that occur nowhere else.
  const old = Buffer.from('0f1e2d3c4b5a69788796a5b4c3d2e1f0', 'hex');
  parts.dm.keys.set('d-1', old);
  const [a, b, , d] = server.commands;
  if (!a || !b || !d) throw new Error('no account');
  server.commands = [
    a,
    b,
    { method: 'PUT', path: '/0/1', format: 11542, payload: security('dm.example', 123, 'd-1', old) },
    d,
  ];
  rig.powerOn();
  rig.run(10_000);
  const memory = (): Buffer => Buffer.from(rig.app?.memory.buffer ?? new ArrayBuffer(0));
  expect(memory().includes(old)).toBe(true);
  rotate(parts);
  trigger(parts);
  rig.run(120_000);
  expect(parts.dm.identities.at(-1)).toBe('d-2');
  expect(memory().includes(Buffer.from(NEW))).toBe(true);
  expect(memory().includes(Buffer.from(OLD))).toBe(false);
  expect(memory().includes(old)).toBe(false);
});
