// Comparing and wiping, and what the digests leave behind.
import { describe, expect, it } from 'vitest';
import { loadKit } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';
import { compileDevice } from '../kit/compile.js';

const kit = await loadKit();

describe('ctEqual', () => {
  it('finds a difference in any single bit of any length', () => {
    const random = new Random('ctEqual');
    for (let length = 0; length <= 40; length++) {
      const a = random.bytes(length);
      expect(kit.ctEqual(a, a.slice())).toBe(true);
      for (let bit = 0; bit < 8 * length; bit++) {
        const b = a.slice();
        b[bit >> 3] = (b[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(kit.ctEqual(a, b), `bit ${bit} of ${length} bytes`).toBe(false);
      }
    }
  });

  it('asks for two arrays of one length', () => {
    expect(() => kit.ctEqual(new Uint8Array(8), new Uint8Array(7))).toThrow(
      new RangeError('b: 7 bytes given, expected 8'),
    );
  });
});

describe('wipe', () => {
  it('clears the bytes asked for and no others, for all starts and lengths', () => {
    const bytes = new Uint8Array(24).fill(0xff);
    for (let start = 0; start <= 24; start++) {
      for (let length = 0; start + length <= 24; length++) {
        const wiped = kit.wipe(bytes, start, length);
        expect(wiped).toEqual(bytes.map((byte, i) => (i >= start && i < start + length ? 0 : byte)));
      }
    }
    expect(() => kit.wipe(bytes, 20, 5)).toThrow(RangeError);
  });
});

describe('after a MAC', () => {
  it('the memory of the module is as it was at first: no key, no pad, no digest stays', async () => {
    const module = new WebAssembly.Module(await compileDevice('assembly/crypto/hmac.ts'));
    interface Exports {
      memory: WebAssembly.Memory;
      hmacInit(context: number, key: number, length: number): void;
      hmacUpdate(context: number, ptr: number, length: number): void;
      hmacFinal(context: number, out: number): void;
    }
    const wasm = new WebAssembly.Instance(module).exports as unknown as Exports;
    const memory = new Uint8Array(wasm.memory.buffer);
    const before = memory.slice();
    const [context, key, out] = [0x8000, 0x9000, 0xa000];
    for (const length of [0, 32, 64, 65, 200]) {
      memory.set(new Random('wipe').bytes(length), key);
      wasm.hmacInit(context, key, length);
      wasm.hmacUpdate(context, key, length);
      wasm.hmacFinal(context, out);
      expect(memory.slice(out, out + 32).some((byte) => byte !== 0)).toBe(true);
      memory.fill(0, key, key + length).fill(0, out, out + 32);
      expect(Buffer.compare(memory, before), `key of ${length}`).toBe(0);
    }
  });
});

describe('after a message sealed and opened', () => {
  it.each([
    ['ccm', [12], [8]],
    ['gcm', [], []],
  ] as const)(
    '%s: the memory of the module is as it was at first, for a tag that is right or wrong',
    async (name, nonceLength, tagLength) => {
      const module = new WebAssembly.Module(await compileDevice(`assembly/crypto/${name}.ts`));
      const { memory, ...functions } = new WebAssembly.Instance(module).exports;
      const call = functions as unknown as Record<string, (...args: number[]) => number>;
      const bytes = new Uint8Array((memory as WebAssembly.Memory).buffer);
      const before = bytes.slice();
      const [key, nonce, aad, data, length] = [0x8000, 0x8010, 0x8020, 0x8040, 40];
      const args = [key, nonce, ...nonceLength, aad, 13, data, length, ...tagLength];
      for (const wrong of [0, 1]) {
        bytes.set(new Random(name).bytes(0x40), key);
        call[`${name}Seal`]?.(...args);
        expect(bytes.slice(data, data + length).some((byte) => byte !== 0)).toBe(true);
        bytes[data] = (bytes[data] ?? 0) ^ wrong;
        expect(call[`${name}Open`]?.(...args)).toBe(1 - wrong);
        bytes.fill(0, key, data + length + 16);
        expect(Buffer.compare(bytes, before)).toBe(0);
      }
    },
  );
});
