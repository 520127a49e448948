// What an app is made of besides its clients: akari/app, akari/time, texts with memory of their own.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { BOARD_ABI } from '../../host/board/abi.js';
import { compileDeviceSource } from '../kit/compile.js';

const NEVER = (1n << 63n) - 1n;
const INPUT = 4_096;

const SOURCE = `
  export * from "./assembly/app";
  import { clear, place } from "./assembly/place";
  import { Sha256 } from "./assembly/crypto/sha256";
  import { Every, sleepUntil } from "./assembly/time";
  import { Draft, Text } from "./assembly/util/text";
  const every = place<Every>();
  const draft = place<Draft>();
  const hash = place<Sha256>();
  const IN = memory.data(${INPUT});
  let text = changetype<Text>(0);
  export function input(): usize { return IN; }
  export function restart(): void { clear(every); }
  export function isDue(now: i64, period: i64): bool { return every.isDue(now, period); }
  export function mayBeDue(now: i64, period: i64, may: bool): bool { return every.isDue(now, period, may); }
  export function deadline(): i64 { return every.deadline; }
  export function sleep2(now: i64, a: i64, b: i64): i32 { return sleepUntil(now, a, b); }
  export function sleep3(now: i64, a: i64, b: i64, c: i64): i32 { return sleepUntil(now, a, b, c); }
  export function sleep4(now: i64, a: i64, b: i64, c: i64, d: i64): i32 { return sleepUntil(now, a, b, c, d); }
  export function compose(): void { text = draft.compose(); }
  export function bytes(len: i32): void { text.bytes(IN, len); }
  export function hex(len: i32): void { text.hex(IN, len); }
  export function be16(value: i32): void { text.be16(value); }
  export function ptr(): usize { return text.ptr; }
  export function length(): i32 { return text.length; }
  export function fits(): bool { return text.fits; }
  export function sha256(len: i32, cut: i32): usize {
    hash.begin();
    hash.update(IN, cut);
    hash.update(IN + cut, len - cut);
    hash.end();
    return hash.digest;
  }
`;

type Exports = Record<string, (...args: (number | bigint | boolean)[]) => number | bigint> & {
  memory: WebAssembly.Memory;
};
let app: Exports;

beforeAll(async () => {
  const module = new WebAssembly.Module(await compileDeviceSource(SOURCE));
  app = new WebAssembly.Instance(module).exports as unknown as Exports;
});

const call = (name: string, ...args: (number | bigint | boolean)[]): number | bigint => app[name]?.(...args) ?? -1;
const put = (bytes: Uint8Array): number => {
  new Uint8Array(app.memory.buffer).set(bytes, Number(call('input')));
  return bytes.length;
};
const bytesAt = (ptr: number, len: number): Buffer => Buffer.from(app.memory.buffer.slice(ptr, ptr + len));
const written = (): Buffer => bytesAt(Number(call('ptr')), Number(call('length')));

describe('akari/app', () => {
  it('exports the version of the board ABI, and where static data ends, at a multiple of 16 bytes', () => {
    expect(call('board_abi')).toBe(BOARD_ABI);
    const { __data_end: end, __heap_base: heap } = app as unknown as Record<string, WebAssembly.Global>;
    expect(end?.value).toBe(heap?.value);
    expect(Number(end?.value) % 16).toBe(0);
    // The input lies in static data.
    expect(Number(end?.value)).toBeGreaterThanOrEqual(Number(call('input')) + INPUT);
  });
});

describe('Every', () => {
  it('is due at once, then at the multiples of its period, once each; what was missed is not made up for', () => {
    call('restart');
    const times = [0n, 1n, 59_999n, 60_000n, 60_001n, 119_999n, 310_000n, 310_001n, 359_999n, 360_000n];
    expect(times.filter((now) => call('isDue', now, 60_000n) === 1)).toEqual([0n, 60_000n, 310_000n, 360_000n]);
    expect(call('deadline')).toBe(420_000n);
  });

  it('waits while it may not be, and has no deadline then', () => {
    call('restart');
    const turn = (now: bigint, may: boolean): [number | bigint, number | bigint] => [
      call('mayBeDue', now, 1_000n, may),
      call('deadline'),
    ];
    expect(turn(0n, false)).toEqual([0, NEVER]);
    expect(turn(700n, true)).toEqual([1, 1_000n]);
    expect(turn(800n, false)).toEqual([0, 1_000n]);
    expect(turn(1_000n, false)).toEqual([0, NEVER]);
    expect(turn(2_500n, false)).toEqual([0, NEVER]);
    expect(turn(2_501n, true)).toEqual([1, 3_000n]);
    expect(turn(2_502n, true)).toEqual([0, 3_000n]);
  });
});

it('sleepUntil: to the soonest of two to four deadlines, 0 at once, -1 only on input', () => {
  const time = fc.oneof(fc.bigInt({ min: 0n, max: 1n << 40n }), fc.constant(NEVER));
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 1n << 40n }),
      fc.array(time, { minLength: 2, maxLength: 4 }),
      (now, times) => {
        const soonest = times.reduce((a, b) => (a < b ? a : b));
        const wait = soonest <= now ? 0n : soonest - now;
        const wanted = soonest === NEVER ? -1 : Number(wait < 0x7fffffffn ? wait : 0x7fffffffn);
        expect(call(`sleep${times.length}`, now, ...times)).toBe(wanted);
      },
    ),
  );
});

describe('Draft', () => {
  it('takes up to 128 bytes, and writes no byte behind them', () => {
    call('compose');
    call('bytes', put(Buffer.alloc(128, 'a')));
    expect([call('fits'), written().toString()]).toEqual([1, 'a'.repeat(128)]);
    const behind = bytesAt(Number(call('ptr')) + 128, 64);
    call('bytes', put(Buffer.alloc(64, 'b')));
    call('be16', 0x6262);
    call('hex', 64);
    expect([call('fits'), call('length')]).toEqual([0, 128 + 64 + 2 + 128]);
    expect(bytesAt(Number(call('ptr')) + 128, 64)).toEqual(behind);
  });

  it('writes 16 bits with the most significant byte first, and bytes in hexadecimal', () => {
    fc.assert(
      fc.property(fc.integer({ min: -32_768, max: 65_535 }), fc.uint8Array({ maxLength: 60 }), (value, bytes) => {
        call('compose');
        call('be16', value);
        call('hex', put(bytes));
        const number = Buffer.from([(value >> 8) & 0xff, value & 0xff]).toString('latin1');
        expect(written().toString('latin1')).toBe(number + Buffer.from(bytes).toString('hex'));
      }),
    );
  });
});

it('Sha256: the digest of what it was given in parts', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, at) => {
      const digest = bytesAt(Number(call('sha256', put(bytes), Math.min(at, bytes.length))), 32);
      expect(digest.toString('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    }),
  );
});
