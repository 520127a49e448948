// MILENAGE of the device side: the vectors of 3GPP and others, and a reference on node:crypto.
import { createCipheriv } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { concat, fromHex, toHex, xor } from '../../host/bytes.js';
import { loadKit, type MilenageInput } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';
import { compileDevice } from '../kit/compile.js';
import { milenageVectors } from '../vectors/read.js';

const kit = await loadKit();
const vectors = milenageVectors();

// --- The reference: TS 35.206 4.1 with whole numbers of 128 bits ---

const STANDARD_R = [64, 0, 32, 64, 96];
const STANDARD_C = [0n, 1n, 2n, 4n, 8n];
const number = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);
const block = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(32, '0'));
const rot = (value: bigint, bits: number): bigint =>
  ((value << BigInt(bits)) | (value >> BigInt(128 - bits))) & ((1n << 128n) - 1n);

function reference(input: MilenageInput): Record<string, string> {
  const { k, opc, rand, sqn, amf, constants } = input;
  const E = (value: bigint): bigint =>
    number(createCipheriv('aes-128-ecb', k, null).setAutoPadding(false).update(block(value)));
  const OPc = number(opc);
  const r = (i: number): number => constants?.r[i - 1] ?? (STANDARD_R[i - 1] as number);
  const c = (i: number): bigint =>
    constants === undefined ? (STANDARD_C[i - 1] as bigint) : number(constants.c.slice(16 * i - 16, 16 * i));
  const TEMP = E(number(rand) ^ OPc);
  const IN1 = number(concat(sqn, amf, sqn, amf));
  const out1 = toHex(block(E(TEMP ^ rot(IN1 ^ OPc, r(1)) ^ c(1)) ^ OPc));
  const out = (i: number): string => toHex(block(E(rot(TEMP ^ OPc, r(i)) ^ c(i)) ^ OPc));
  return {
    macA: out1.slice(0, 16),
    macS: out1.slice(16),
    res: out(2).slice(16),
    ak: out(2).slice(0, 12),
    ck: out(3),
    ik: out(4),
    akStar: out(5).slice(0, 12),
  };
}

function computed(input: MilenageInput): Record<string, string> {
  return Object.fromEntries(Object.entries(kit.milenage(input)).map(([name, bytes]) => [name, toHex(bytes)]));
}

function randomInput(random: Random): MilenageInput {
  return {
    k: random.bytes(16),
    opc: random.bytes(16),
    rand: random.bytes(16),
    sqn: random.bytes(6),
    amf: random.bytes(2),
  };
}

describe('MILENAGE', () => {
  it('has all vectors', () => {
    const { ts35_207, ts35_208, auts, quintuplets } = vectors;
    expect([ts35_207.length, ts35_208.length, auts.length, quintuplets.length]).toEqual([6, 20, 5, 3]);
  });

  it.each([...vectors.ts35_207, ...vectors.ts35_208])('$id', (vector) => {
    const k = fromHex(vector.K);
    const opc = kit.milenageOpc(k, fromHex(vector.OP));
    expect(toHex(opc)).toBe(vector.OPc);
    const input = { k, opc, rand: fromHex(vector.RAND), sqn: fromHex(vector.SQN), amf: fromHex(vector.AMF) };
    expect(computed(input)).toEqual({
      macA: vector.f1,
      macS: vector.f1star,
      res: vector.f2,
      ck: vector.f3,
      ik: vector.f4,
      ak: vector.f5,
      akStar: vector.f5star,
    });
  });

  it.each(vectors.quintuplets)('quintuplet $id: AUTN = SQN xor AK | AMF | MAC-A', (vector) => {
    const [k, opc, rand] = [fromHex(vector.K), fromHex(vector.OPc), fromHex(vector.RAND)];
    const [sqn, amf] = [fromHex(vector.SQN), fromHex(vector.AMF)];
    const { macA, res, ck, ik, ak } = kit.milenage({ k, opc, rand, sqn, amf });
    expect(toHex(concat(xor(sqn, ak), amf, macA))).toBe(vector.AUTN);
    expect([toHex(res), toHex(ck), toHex(ik)]).toEqual([vector.RES, vector.CK, vector.IK]);
  });

  it.each(vectors.auts)('AUTS $id: SQN_MS xor AK* | MAC-S with AMF 0000', (vector) => {
    const [k, opc, rand, auts] = [vector.K, vector.OPc, vector.RAND, vector.AUTS].map(fromHex) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const amf = new Uint8Array(2);
    // f5* does not depend on SQN, which is what the home network gets it out with.
    const { akStar } = kit.milenage({ k, opc, rand, sqn: new Uint8Array(6), amf });
    const sqn = xor(auts.slice(0, 6), akStar);
    const { macS } = kit.milenage({ k, opc, rand, sqn, amf });
    expect(toHex(macS) === toHex(auts.slice(6))).toBe(vector.valid);
    if (vector.valid) expect(toHex(sqn)).toBe(vector.SQN_MS);
  });

  it('agrees with the reference on 500 random challenges', () => {
    const random = new Random('milenage');
    for (let i = 0; i < 500; i++) {
      const input = randomInput(random);
      expect(computed(input), `case ${i}`).toEqual(reference(input));
    }
  });

  it("agrees with the reference under operators' own constants, and goes back to the standard ones", () => {
    const random = new Random('milenage constants');
    for (let i = 0; i < 300; i++) {
      const constants = { r: random.bytes(5).map((bits) => bits & 127), c: random.bytes(80) };
      if (i < 128) constants.r.fill(i);
      const input = randomInput(random);
      expect(computed({ ...input, constants }), `case ${i}, r ${constants.r.join(' ')}`).toEqual(
        reference({ ...input, constants }),
      );
      expect(computed(input)).toEqual(reference(input));
    }
  });

  it('names the argument of the wrong length', () => {
    const input = randomInput(new Random('lengths'));
    expect(() => kit.milenage({ ...input, sqn: new Uint8Array(5) })).toThrow(
      new RangeError('sqn: 5 bytes given, expected 6'),
    );
    expect(() => kit.milenage({ ...input, constants: { r: new Uint8Array(4), c: new Uint8Array(80) } })).toThrow(
      new RangeError('constants.r: 4 bytes given, expected 5'),
    );
    expect(() => kit.milenageOpc(input.k, new Uint8Array(15))).toThrow(
      new RangeError('op: 15 bytes given, expected 16'),
    );
  });
});

describe('MILENAGE as the card calls it', () => {
  interface Exports {
    memory: WebAssembly.Memory;
    milenageOpc(k: number, op: number, opc: number): void;
    milenageBegin(k: number, opc: number, rand: number): void;
    milenageF1(sqn: number, amf: number, macA: number, macS: number): void;
    milenageF2F5(res: number, ak: number): void;
    milenageF3(ck: number): void;
    milenageF4(ik: number): void;
    milenageF3F4(ck: number, ik: number): void;
    milenageF5Star(akStar: number): void;
    milenageEnd(): void;
  }
  let module: WebAssembly.Module;
  beforeAll(async () => {
    module = new WebAssembly.Module(await compileDevice('assembly/aka/milenage.ts'));
  });

  // Odd addresses, so that nothing relies on alignment.
  const at = { k: 0x8001, opc: 0x8013, rand: 0x8025, sqn: 0x8037, amf: 0x803f, out: 0x8101 };

  function start(input: MilenageInput): { wasm: Exports; memory: Uint8Array } {
    const wasm = new WebAssembly.Instance(module).exports as unknown as Exports;
    const memory = new Uint8Array(wasm.memory.buffer);
    for (const name of ['k', 'opc', 'rand', 'sqn', 'amf'] as const) memory.set(input[name], at[name]);
    return { wasm, memory };
  }

  it('gives the same results whatever the order of the functions, and however often each is asked', () => {
    const random = new Random('milenage order');
    const input = randomInput(random);
    const { wasm, memory } = start(input);
    for (let turn = 0; turn < 200; turn++) {
      const rand = random.bytes(16);
      memory.set(rand, at.rand);
      wasm.milenageBegin(at.k, at.opc, at.rand);
      // The caller's copies need not stay.
      memory.fill(0, at.rand, at.rand + 16);
      const calls: string[] = [];
      for (let call = 0; call < 8; call++) {
        const sqn = random.bytes(6);
        memory.set(sqn, at.sqn);
        const expected = reference({ ...input, rand, sqn });
        const steps: Record<string, () => void> = {
          'macA macS': () => wasm.milenageF1(at.sqn, at.amf, at.out, at.out + 8),
          macA: () => wasm.milenageF1(at.sqn, at.amf, at.out, 0),
          macS: () => wasm.milenageF1(at.sqn, at.amf, 0, at.out),
          'res ak': () => wasm.milenageF2F5(at.out, at.out + 8),
          res: () => wasm.milenageF2F5(at.out, 0),
          ak: () => wasm.milenageF2F5(0, at.out),
          ck: () => wasm.milenageF3(at.out),
          ik: () => wasm.milenageF4(at.out),
          'ck ik': () => wasm.milenageF3F4(at.out, at.out + 16),
          akStar: () => wasm.milenageF5Star(at.out),
        };
        const names = Object.keys(steps);
        const name = names[random.below(names.length)] as string;
        calls.push(name);
        memory.fill(0xee, at.out, at.out + 64);
        steps[name]?.();
        const wanted = name.split(' ').map((field) => expected[field]).join(''); // prettier-ignore
        const end = at.out + wanted.length / 2;
        expect(toHex(memory.slice(at.out, end)), `turn ${turn}: ${calls.join(', ')}`).toBe(wanted);
        expect(memory[end], 'the byte after the result').toBe(0xee);
      }
      // A new challenge may come without the end of the last one.
      if (turn % 2 === 0) wasm.milenageEnd();
    }
  });

  it('keeps nothing after milenageEnd: memory is as it was at first', () => {
    const input = randomInput(new Random('milenage wipe'));
    const { wasm, memory } = start(input);
    const before = memory.slice();
    wasm.milenageBegin(at.k, at.opc, at.rand);
    wasm.milenageF2F5(at.out, at.out + 8);
    wasm.milenageF1(at.sqn, at.amf, at.out, at.out + 8);
    wasm.milenageF3F4(at.out, at.out + 16);
    wasm.milenageF5Star(at.out);
    memory.fill(0, at.out, at.out + 64);
    expect(Buffer.compare(memory, before), 'something has been computed').not.toBe(0);
    wasm.milenageEnd();
    expect(Buffer.compare(memory, before)).toBe(0);

    wasm.milenageOpc(at.k, at.opc, at.out);
    memory.fill(0, at.out, at.out + 16);
    expect(Buffer.compare(memory, before)).toBe(0);
  });

  it('computes OPc in the place of OP', () => {
    const input = randomInput(new Random('milenage opc'));
    const { wasm, memory } = start(input);
    wasm.milenageOpc(at.k, at.opc, at.opc);
    expect(toHex(memory.slice(at.opc, at.opc + 16))).toBe(toHex(kit.milenageOpc(input.k, input.opc)));
  });

  it('needs no import and no heap', () => {
    expect(WebAssembly.Module.imports(module)).toEqual([]);
  });
});
