// Full authentication vectors, f1..f5*, under one key: the card core in WASM, node:crypto, and libosmocore in C.
//
// Each job expands the key again, as a card does that keeps no schedule and as libosmocore does. RAND of a job is CK of the one before,
// and the last CK is checked: all three have computed the same.
import { execFile, execFileSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { compileDevice } from './compile.mjs';

export const title = 'AKA: full MILENAGE vectors (f1, f1*, f2, f3, f4, f5, f5*) a second';

const UNIT = 'vectors/s';
const WASM = 'Akari card core (WASM)';
const NODE = 'node:crypto';
const C = 'libosmocore (C)';

const K = '465b5ce8b199b49faa5f0a2ee238a6bc';
const OPC = 'cd63cb71954a9f4e48a5994e37a02baf';
const RAND = '23553cbe9637a89d218ae64dae47bf35';
const SQN = 'ff9bb4d0b607';
const AMF = 'b9b9';

const list = (hex) => Buffer.from(hex, 'hex').join(', ');

/** Seconds of processor time that `job` takes: what else the machine does is not in it. */
function timed(job) {
  const start = process.cpuUsage();
  job();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

export async function contenders(text) {
  const wasm = await card();
  const c = peerInC(text);
  const node = nodeVectors();
  for (const [name, ck] of [[NODE, node.ck(3)], ...(c ? [[C, c.ck(3)]] : [])]) {
    if (wasm.ck(3) !== ck) throw new Error(`${name} computes ${ck} where the card core computes ${wasm.ck(3)}`);
  }
  return [
    { name: WASM, unit: UNIT, run: wasm.run, peers: [C, NODE] },
    { name: NODE, unit: UNIT, run: node.run },
    ...(c ? [{ name: C, unit: UNIT, run: c.run }] : []),
  ];
}

async function card() {
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(
      await compileDevice(`
        import * as m from "./assembly/aka/milenage";
        const K: usize = memory.data<u8>([${list(K)}]);
        const OPC: usize = memory.data<u8>([${list(OPC)}]);
        const FIRST: usize = memory.data<u8>([${list(RAND)}]);
        const SQN: usize = memory.data<u8>([${list(SQN)}]);
        const AMF: usize = memory.data<u8>([${list(AMF)}]);
        const RAND: usize = memory.data(16);
        const OUT: usize = memory.data(36);
        const IK: usize = memory.data(16);
        export function run(n: i32): usize {
          memory.copy(RAND, FIRST, 16);
          for (let i = 0; i < n; i++) {
            m.milenageBegin(K, OPC, RAND);
            m.milenageF1(SQN, AMF, OUT, OUT + 8);
            m.milenageF2F5(OUT + 16, OUT + 24);
            m.milenageF3F4(RAND, IK);
            m.milenageF5Star(OUT + 30);
            m.milenageEnd();
          }
          return RAND;
        }`),
    ),
    {},
  );
  return {
    run: (n) => timed(() => exports.run(n)),
    ck: (n) => Buffer.from(exports.memory.buffer, exports.run(n), 16).toString('hex'),
  };
}

/** As quick as node:crypto allows: one cipher for all blocks under the key, two calls, no copy that can be saved. */
function nodeVectors() {
  const [k, opc, first, sqn, amf] = [K, OPC, RAND, SQN, AMF].map((hex) => Buffer.from(hex, 'hex'));
  const in1 = Buffer.concat([sqn, amf, sqn, amf]);
  const ROTATE = [8, 0, 4, 8, 12];
  const CONSTANT = [0, 1, 2, 4, 8];
  const start = Buffer.alloc(16);
  const blocks = Buffer.alloc(5 * 16);
  const vector = (rand) => {
    const cipher = createCipheriv('aes-128-ecb', k, null);
    cipher.setAutoPadding(false);
    for (let i = 0; i < 16; i++) start[i] = rand[i] ^ opc[i];
    const temp = cipher.update(start);
    for (let i = 0; i < 16; i++) blocks[i] = temp[i] ^ in1[(i + 8) & 15] ^ opc[(i + 8) & 15];
    for (let n = 1; n < 5; n++) {
      for (let i = 0; i < 16; i++) {
        const from = (i + ROTATE[n]) & 15;
        blocks[16 * n + i] = temp[from] ^ opc[from];
      }
      blocks[16 * n + 15] ^= CONSTANT[n];
    }
    const out = cipher.update(blocks);
    for (let i = 0; i < out.length; i++) out[i] ^= opc[i & 15];
    return out;
  };
  const last = (n) => {
    let rand = first;
    for (let i = 0; i < n; i++) rand = vector(rand).subarray(32, 48);
    return rand;
  };
  return { run: (n) => timed(() => last(n)), ck: (n) => last(n).toString('hex') };
}

const SOURCE = `
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* Exported by libosmogsm; its development package has no header for them. */
int milenage_f1(const uint8_t *opc, const uint8_t *k, const uint8_t *rand, const uint8_t *sqn, const uint8_t *amf,
                uint8_t *mac_a, uint8_t *mac_s);
int milenage_f2345(const uint8_t *opc, const uint8_t *k, const uint8_t *rand, uint8_t *res, uint8_t *ck, uint8_t *ik,
                   uint8_t *ak, uint8_t *akstar);
int main(int argc, char **argv) {
  static const uint8_t k[] = {${list(K)}}, opc[] = {${list(OPC)}}, sqn[] = {${list(SQN)}}, amf[] = {${list(AMF)}};
  uint8_t rand[] = {${list(RAND)}}, mac_a[8], mac_s[8], res[8], ck[16], ik[16], ak[6], akstar[6];
  struct timespec from, to;
  long n = argc > 1 ? atol(argv[1]) : 0;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
  for (long i = 0; i < n; i++) {
    milenage_f1(opc, k, rand, sqn, amf, mac_a, mac_s);
    milenage_f2345(opc, k, rand, res, ck, ik, ak, akstar);
    memcpy(rand, ck, 16);
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
  printf("%.9f ", (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec));
  for (int i = 0; i < 16; i++) printf("%02x", rand[i]);
  return 0;
}
`;

/** Undefined, and said so, where the compiler or the library is missing. */
function peerInC(text) {
  mkdirSync('build/bench', { recursive: true });
  writeFileSync('build/bench/aka.c', SOURCE);
  const program = 'build/bench/aka';
  try {
    execFileSync('gcc', ['-O2', '-o', program, 'build/bench/aka.c', '-losmogsm', '-losmocore'], { stdio: 'pipe' });
  } catch {
    text('  (no libosmocore: needs gcc, libc6-dev and libosmocore-dev of Debian)');
    return undefined;
  }
  const run = promisify(execFile);
  return {
    run: async (n) => Number((await run(program, [String(n)])).stdout.split(' ')[0]),
    ck: (n) => execFileSync(program, [String(n)], { encoding: 'utf8' }).split(' ')[1],
  };
}

/** AES and MILENAGE with nothing else. */
export async function sizes(_text, budgets) {
  const wasm = await compileDevice('export * from "./assembly/aka/milenage";');
  return [
    { name: 'AES and MILENAGE alone', value: wasm.length, unit: 'bytes', budget: budgets['aes and milenage'].code },
  ];
}
