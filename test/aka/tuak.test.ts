// TUAK and XOR of the device side: published vectors, and the home network's own implementations.
import { beforeAll, describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../host/bytes.js';
import { Tuak, Xor } from '../../host/cellular/hss/index.js';
import { loadKit, type MilenageOutput, type TuakInput } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';
import { Secret } from '../../host/secret.js';
import { compileDevice } from '../kit/compile.js';
import { tuakVectors } from '../vectors/read.js';

const kit = await loadKit();
const hex = ({ macA, macS, res, ck, ik, ak, akStar }: MilenageOutput): string[] =>
  [macA, macS, res, ck, ik, ak, akStar].map(toHex);

function pick<T>(random: Random, ...values: readonly T[]): T {
  return values[random.below(values.length)] as T;
}

function randomInput(random: Random): TuakInput {
  return {
    k: random.bytes(pick(random, 16, 32)),
    ...{ topc: random.bytes(32), rand: random.bytes(16), sqn: random.bytes(6), amf: random.bytes(2) },
    iterations: 1 + random.below(4),
    ...{ macLength: pick(random, 8, 16, 32), resLength: pick(random, 4, 8, 16, 32) },
    ...{ ckLength: pick(random, 16, 32), ikLength: pick(random, 16, 32) },
  };
}

function reference(input: TuakInput): string[] {
  const tuak = new Tuak(new Secret(input.k), new Secret(input.topc), {
    ...{ iterations: input.iterations, macBytes: input.macLength, resBytes: input.resLength },
    ...{ ckBytes: input.ckLength, ikBytes: input.ikLength },
  });
  return hex({ ...tuak.f1(input.rand, input.sqn, input.amf), ...tuak.f2345(input.rand) });
}

describe('TUAK', () => {
  const { ts35_233 } = tuakVectors();

  it.each(ts35_233)('$id', (v) => {
    const topc = kit.tuakTopc(fromHex(v.K), fromHex(v.TOP), v.keccakIterations);
    expect(toHex(topc)).toBe(v.TOPc);
    const output = kit.tuak({
      ...{ k: fromHex(v.K), topc, rand: fromHex(v.RAND), sqn: fromHex(v.SQN), amf: fromHex(v.AMF) },
      iterations: v.keccakIterations,
      ...{ macLength: v.macLen / 8, resLength: v.resLen / 8, ckLength: v.ckLen / 8, ikLength: v.ikLen / 8 },
    });
    expect(hex(output)).toEqual([v.f1, v.f1star, v.f2, v.f3, v.f4, v.f5, v.f5star]);
  });

  it('agrees with the home network on 300 random challenges of all lengths', () => {
    const random = new Random('tuak');
    for (let i = 0; i < 300; i++) {
      const input = randomInput(random);
      expect(hex(kit.tuak(input)), `case ${i}`).toEqual(reference(input));
    }
  });

  it('names the argument that is wrong', () => {
    const input = randomInput(new Random('lengths'));
    expect(() => kit.tuak({ ...input, k: new Uint8Array(24) })).toThrow(
      new RangeError('k: 24 bytes given, expected 16 or 32'),
    );
    expect(() => kit.tuak({ ...input, resLength: 12 })).toThrow(
      new RangeError('resLength: 12 given, expected 4 or 8 or 16 or 32'),
    );
    expect(() => kit.tuak({ ...input, iterations: 0 })).toThrow(
      new RangeError('iterations: 0 given, expected a whole number from 1 to 255'),
    );
  });
});

describe('TUAK as the card calls it', () => {
  interface Exports {
    memory: WebAssembly.Memory;
    tuakParameters(runs: number, res: number, ck: number, ik: number): void;
    tuakTopc(k: number, kBytes: number, top: number, topc: number): void;
    tuakBegin(k: number, kBytes: number, topc: number, rand: number): void;
    tuakF1(sqn: number, amf: number, mac: number, macBytes: number): void;
    tuakF1Star(sqn: number, amf: number, mac: number, macBytes: number): void;
    tuakF2F5(res: number, ak: number): void;
    tuakF3(ck: number): void;
    tuakF4(ik: number): void;
    tuakF5Star(akStar: number): void;
    tuakEnd(): void;
  }
  let module: WebAssembly.Module;
  beforeAll(async () => {
    module = new WebAssembly.Module(await compileDevice('assembly/aka/tuak.ts'));
  });
  const at = { k: 0x8001, topc: 0x8033, rand: 0x8065, sqn: 0x8077, amf: 0x807f, out: 0x8101 };

  function start(input: TuakInput): { wasm: Exports; memory: Uint8Array } {
    const wasm = new WebAssembly.Instance(module).exports as unknown as Exports;
    const memory = new Uint8Array(wasm.memory.buffer);
    for (const name of ['k', 'topc', 'rand', 'sqn', 'amf'] as const) memory.set(input[name], at[name]);
    wasm.tuakParameters(input.iterations, input.resLength, input.ckLength, input.ikLength);
    return { wasm, memory };
  }

  it('gives the same results whatever the order of the functions, and however often each is asked', () => {
    const random = new Random('tuak order');
    const input = randomInput(random);
    const { wasm, memory } = start(input);
    for (let turn = 0; turn < 60; turn++) {
      const rand = random.bytes(16);
      memory.set(rand, at.rand);
      wasm.tuakBegin(at.k, input.k.length, at.topc, at.rand);
      memory.fill(0, at.rand, at.rand + 16);
      const [macA, macS, res, ck, ik, ak, akStar] = reference({ ...input, rand });
      const { macLength } = input;
      for (let call = 0; call < 8; call++) {
        const steps: [string | undefined, () => void][] = [
          [macA, () => wasm.tuakF1(at.sqn, at.amf, at.out, macLength)],
          [macS, () => wasm.tuakF1Star(at.sqn, at.amf, at.out, macLength)],
          [res, () => wasm.tuakF2F5(at.out, 0)],
          [ak, () => wasm.tuakF2F5(0, at.out)],
          [ck, () => wasm.tuakF3(at.out)],
          [ik, () => wasm.tuakF4(at.out)],
          [akStar, () => wasm.tuakF5Star(at.out)],
        ];
        const [wanted = '', step] = pick(random, ...steps);
        memory.fill(0xee, at.out, at.out + 64);
        step();
        const end = at.out + wanted.length / 2;
        expect(toHex(memory.slice(at.out, end)), `turn ${turn}, call ${call}`).toBe(wanted);
        expect(memory[end], 'the byte after the result').toBe(0xee);
      }
    }
  });

  it('keeps nothing after tuakEnd: memory is as it was at first', () => {
    const input = randomInput(new Random('tuak wipe'));
    const { wasm, memory } = start(input);
    const before = memory.slice();
    wasm.tuakBegin(at.k, input.k.length, at.topc, at.rand);
    wasm.tuakF2F5(at.out, at.out + 32);
    wasm.tuakF1(at.sqn, at.amf, at.out, input.macLength);
    wasm.tuakF5Star(at.out);
    memory.fill(0, at.out, at.out + 64);
    expect(Buffer.compare(memory, before), 'something has been computed').not.toBe(0);
    wasm.tuakEnd();
    expect(Buffer.compare(memory, before)).toBe(0);
    wasm.tuakTopc(at.k, input.k.length, at.topc, at.out);
    memory.fill(0, at.out, at.out + 32);
    expect(Buffer.compare(memory, before)).toBe(0);
  });

  it('needs no import and no heap', () => {
    expect(WebAssembly.Module.imports(module)).toEqual([]);
  });
});

describe('The XOR test algorithm', () => {
  it('agrees with the home network on 200 random challenges', () => {
    const random = new Random('xor');
    for (let i = 0; i < 200; i++) {
      const [k, rand, sqn, amf] = [random.bytes(16), random.bytes(16), random.bytes(6), random.bytes(2)] as const;
      const resLength = 4 + random.below(13);
      const theirs = new Xor(new Secret(k), resLength);
      expect(hex(kit.xor({ k, rand, sqn, amf, resLength })), `case ${i}`).toEqual(
        hex({ ...theirs.f1(rand, sqn, amf), ...theirs.f2345(rand) }),
      );
    }
  });
});
