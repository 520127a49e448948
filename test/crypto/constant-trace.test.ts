// Constant time, as far as a trace can show it: whatever the secrets are, the same blocks run and the same addresses are used.
//
// Binaryen instruments the compiled code so that it reports each loop and function that it enters, each local variable that it reads or
// writes (which tells the arms of a branch), and each address.
import binaryen from 'binaryen';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../host/random.js';
import { compileDevice, compileDeviceSource } from '../kit/compile.js';

type Functions = Record<string, (...args: number[]) => number>;

/** Runs `work` on an instrumented module whose memory holds `data` at DATA; returns a digest of the trace, and its length. */
type Traced = (data: Uint8Array, work: (wasm: Functions) => void) => { digest: string; events: number };

const DATA = 0x8000;
const SPACE = 0x9000;

function instrument(wasm: Uint8Array): Traced {
  const module = binaryen.readBinary(wasm);
  module.runPasses(['instrument-memory', 'instrument-locals', 'log-execution']);
  const compiled = new WebAssembly.Module(new Uint8Array(module.emitBinary()));
  module.dispose();
  return (data, work) => {
    let [low, high] = [1, 2];
    let events = 0;
    // Two sums in the manner of FNV-1: together 64 bits that tell one sequence from another.
    const note = (what: number): void => {
      events++;
      low = Math.imul(low, 0x01000193) ^ what;
      high = Math.imul(high ^ what, 0x01000193);
    };
    const env: Record<string, WebAssembly.ImportValue> = {};
    for (const { module: from, name } of WebAssembly.Module.imports(compiled)) {
      if (from !== 'env') throw new Error(`unexpected import ${from}.${name}`);
      if (name === 'log_execution') env[name] = note;
      else if (name.endsWith('_ptr')) {
        env[name] = (id: number, _bytes: number, offset: number, address: number): number => {
          note(id);
          note(offset + address);
          return address;
        };
      } else {
        // The value of a local variable, or one that was read or is written: its place counts, its value does not.
        env[name] = (id: number, ...rest: (number | bigint)[]): number | bigint => {
          note(id);
          return rest.at(-1) ?? 0;
        };
      }
    }
    const { exports } = new WebAssembly.Instance(compiled, { env });
    new Uint8Array((exports['memory'] as WebAssembly.Memory).buffer).set(data, DATA);
    work(exports as unknown as Functions);
    return { digest: `${low} ${high}`, events };
  };
}

/** Data whose bits are all zero, all one, and random. */
function secrets(length: number): Uint8Array[] {
  const random = new Random('constant trace');
  return [
    new Uint8Array(length),
    new Uint8Array(length).fill(0xff),
    ...Array.from({ length: 6 }, () => random.bytes(length)),
  ];
}

function expectOneTrace(traced: Traced, length: number, least: number, work: (wasm: Functions) => void): void {
  const traces = secrets(length).map((data) => traced(data, work));
  expect(new Set(traces.map(({ digest }) => digest)).size).toBe(1);
  expect(traces[0]?.events, 'the trace has seen the work').toBeGreaterThan(least);
}

describe('one trace whatever the secrets', () => {
  let milenage: Traced;
  let aes: Traced;
  let ccm: Traced;
  let gcm: Traced;
  let hmac: Traced;
  let compare: Traced;
  beforeAll(async () => {
    milenage = instrument(await compileDevice('assembly/aka/milenage.ts'));
    aes = instrument(await compileDevice('assembly/crypto/aes.ts'));
    ccm = instrument(await compileDevice('assembly/crypto/ccm.ts'));
    gcm = instrument(await compileDevice('assembly/crypto/gcm.ts'));
    hmac = instrument(await compileDevice('assembly/crypto/hmac.ts'));
    compare = instrument(await compileDevice('assembly/crypto/constant-time.ts'));
  });

  it('AES: key and blocks', () => {
    expectOneTrace(aes, 48, 10_000, (wasm) => {
      wasm['aesExpandKey']?.(DATA, SPACE);
      wasm['aesEncrypt2']?.(SPACE, DATA + 16, DATA + 32, DATA + 16, DATA + 32);
      wasm['aesEncrypt']?.(SPACE, DATA + 16, DATA + 16);
      wasm['aesExpandKeyAndEncrypt']?.(DATA, SPACE, DATA + 16, DATA + 16);
    });
  });

  it('CCM and GCM: key, nonce, additional data and data, for a tag that is right or wrong', () => {
    expectOneTrace(ccm, 100, 10_000, (wasm) => {
      wasm['ccmSeal']?.(DATA, DATA + 16, 12, DATA + 28, 13, DATA + 41, 40, 8);
      wasm['ccmOpen']?.(DATA, DATA + 16, 12, DATA + 28, 13, DATA + 41, 40, 8);
      wasm['ccmOpen']?.(DATA, DATA + 16, 12, DATA + 28, 13, DATA + 41, 40, 8);
    });
    expectOneTrace(gcm, 110, 10_000, (wasm) => {
      wasm['gcmSeal']?.(DATA, DATA + 16, DATA + 28, 13, DATA + 41, 40);
      wasm['gcmOpen']?.(DATA, DATA + 16, DATA + 28, 13, DATA + 41, 40);
      wasm['gcmOpen']?.(DATA, DATA + 16, DATA + 28, 13, DATA + 41, 40);
    });
  });

  it('MILENAGE: K, OPc, RAND, SQN and AMF', () => {
    expectOneTrace(milenage, 56, 10_000, (wasm) => {
      wasm['milenageOpc']?.(DATA, DATA + 16, SPACE);
      wasm['milenageBegin']?.(DATA, DATA + 16, DATA + 32);
      wasm['milenageF2F5']?.(SPACE, SPACE + 8);
      wasm['milenageF1']?.(DATA + 48, DATA + 54, SPACE, SPACE + 8);
      wasm['milenageF3F4']?.(SPACE, SPACE + 16);
      wasm['milenageF5Star']?.(SPACE);
      wasm['milenageEnd']?.();
    });
  });

  it('HMAC: key and message', () => {
    expectOneTrace(hmac, 300, 10_000, (wasm) => {
      for (const length of [32, 100]) {
        wasm['hmacInit']?.(SPACE, DATA, length);
        wasm['hmacUpdate']?.(SPACE, DATA + 100, 200);
        wasm['hmacFinal']?.(SPACE, SPACE + 0x400);
      }
    });
  });

  it('the comparison: equal or not, and wherever they differ', () => {
    const work = (wasm: Functions): void => void wasm['ctEqual']?.(DATA, DATA + 16, 16);
    expectOneTrace(compare, 32, 50, work);
    const digests = Array.from({ length: 17 }, (_, at) => {
      const data = new Uint8Array(32);
      if (at < 16) data[at] = 1;
      return compare(data, work).digest;
    });
    expect(new Set(digests).size).toBe(1);
  });
});

describe('the trace', () => {
  it('tells a table lookup, an early exit and a branch', async () => {
    const leaky = instrument(
      await compileDeviceSource(`
        const TABLE: usize = memory.data<u8>([1, 2, 3, 4]);
        export function lookup(ptr: usize): u32 { return load<u8>(TABLE + (load<u8>(ptr) & 3)); }
        export function compare(a: usize, b: usize): bool {
          for (let i = 0; i < 16; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false;
          return true;
        }
        export function branch(ptr: usize, x: u32, y: u32): u32 {
          if (load<u8>(ptr) & 1) { x += y; y ^= x; x *= y; y -= x; }
          return x / (y | 1);
        }`),
    );
    const traces = (name: string, ...args: number[]): number =>
      new Set(secrets(32).map((data) => leaky(data, (wasm) => void wasm[name]?.(...args)).digest)).size;
    expect(traces('lookup', DATA)).toBeGreaterThan(1);
    expect(traces('compare', DATA, DATA + 16)).toBeGreaterThan(1);
    expect(traces('branch', DATA, 5, 7)).toBeGreaterThan(1);
  });
});
