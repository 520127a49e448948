// Records of TLS_PSK_WITH_AES_128_CCM_8, sealed and opened: the device's code in WASM, and node:crypto. Besides: bytes of the client,
// and bytes of a handshake on the wire.
//
// A job seals 64 bytes of data, as a CoAP message has, and opens them again; both expand the key for each record.
import { spawn } from 'node:child_process';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers';
import { compileDevice } from './compile.mjs';

export const title = 'DTLS: records of 64 bytes sealed and opened a second, TLS_PSK_WITH_AES_128_CCM_8';

const UNIT = 'records/s';
const WASM = 'Akari device (WASM)';
const NODE = 'node:crypto';
const LENGTH = 64;
/** The client with CCM_8, AES, SHA-256 and HMAC, bytes of WebAssembly. */
const CLIENT_BUDGET = 14 * 1024;
/** Of one session; the scratch space that all share is in the binary's figure. */
const SESSION_BUDGET = 1024;
/** What Wakaama with tinydtls, a minimal client and one with our extensions were seen to take: 507 to 576 bytes. */
const HANDSHAKE_BUDGET = 576;
const KEY = '30383990962bce610f4bf7e716b8cb11';

const list = (hex) => Buffer.from(hex, 'hex').join(', ');

function timed(job) {
  const start = process.cpuUsage();
  job();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

export async function contenders() {
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(
      await compileDevice(`
        import { ccmOpen, ccmSeal } from "./assembly/crypto/ccm";
        const KEY: usize = memory.data<u8>([${list(KEY)}]);
        const AAD: usize = memory.data(13);
        const NONCE: usize = memory.data(12);
        const DATA: usize = memory.data(${LENGTH} + 8);
        export function run(n: i32): usize {
          memory.fill(DATA, 0, ${LENGTH});
          for (let i = 0; i < n; i++) {
            store<u32>(NONCE, i, 8);
            ccmSeal(KEY, NONCE, 12, AAD, 13, DATA, ${LENGTH}, 8);
            if (!ccmOpen(KEY, NONCE, 12, AAD, 13, DATA, ${LENGTH}, 8)) return 0;
            store<u32>(DATA, load<u32>(DATA) ^ load<u32>(DATA, ${LENGTH}));
          }
          return DATA;
        }`),
    ),
    {},
  );
  const last = (n) => Buffer.from(exports.memory.buffer, exports.run(n), LENGTH).toString('hex');
  if (last(50) !== node(50).toString('hex')) throw new Error(`${NODE} computes something else`);
  return [
    { name: WASM, unit: UNIT, run: (n) => timed(() => exports.run(n)), peers: [NODE] },
    { name: NODE, unit: UNIT, run: (n) => timed(() => node(n)) },
  ];
}

function node(n) {
  const key = Buffer.from(KEY, 'hex');
  const [aad, nonce, options] = [Buffer.alloc(13), Buffer.alloc(12), { authTagLength: 8 }];
  let data = Buffer.alloc(LENGTH);
  for (let i = 0; i < n; i++) {
    nonce.writeUInt32LE(i, 8);
    const seal = createCipheriv('aes-128-ccm', key, nonce, options);
    seal.setAAD(aad, { plaintextLength: LENGTH });
    const sealed = seal.update(data);
    seal.final();
    const tag = seal.getAuthTag();
    const open = createDecipheriv('aes-128-ccm', key, nonce, options);
    open.setAuthTag(tag);
    open.setAAD(aad, { plaintextLength: LENGTH });
    data = open.update(sealed);
    open.final();
    for (let at = 0; at < 4; at++) data[at] ^= tag[at];
  }
  return data;
}

const PORT_WAIT_MS = 5000;

/** Bytes and datagrams of one handshake with `openssl s_server` over loopback, both directions; undefined without it. */
async function handshake(wasm) {
  const port = 20_000 + (process.pid % 20_000);
  const psk = '00112233445566778899aabbccddeeff';
  const options = ['-dtls1_2', '-listen', '-nocert', '-psk', psk, '-cipher', 'PSK-AES128-CCM8', '-accept', `${port}`];
  const server = spawn('openssl', ['s_server', ...options], { stdio: ['pipe', 'pipe', 'ignore'] });
  const socket = createSocket('udp4');
  try {
    const failed = once(server, 'error').then(() => false);
    if (!(await Promise.race([once(server.stdout, 'data').then(() => true), failed]))) return undefined;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), {});
    const memory = new Uint8Array(exports.memory.buffer);
    const identity = Buffer.from('urn:imei:490154203237518');
    memory.set(randomBytes(32), exports.credentials());
    memory.set(identity, exports.credentials() + 32);
    memory.set(Buffer.from(psk, 'hex'), exports.credentials() + 160);
    let [bytes, datagrams] = [0, 0];
    const flush = () => {
      const length = exports.take_output();
      if (length === 0) return;
      socket.send(memory.slice(exports.output(), exports.output() + length), port, '127.0.0.1');
      bytes += length;
      datagrams++;
    };
    const open = new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error('no handshake with openssl s_server')), PORT_WAIT_MS).unref();
      socket.on('message', (datagram) => {
        bytes += datagram.length;
        datagrams++;
        memory.set(datagram, exports.input());
        exports.receive(0n, exports.input(), datagram.length);
        flush();
        if (exports.state() === OPEN) resolve();
      });
    });
    exports.choose(0, 0, 0, 0, 0, 0);
    exports.begin(0n, identity.length, 16);
    flush();
    await open;
    return { bytes, datagrams };
  } finally {
    socket.close();
    server.kill();
  }
}

/** `DtlsState.Open` */
const OPEN = 5;

export async function sizes() {
  const ccm8 = await compileDevice('export * from "./assembly/probe/dtls";');
  const source = readFileSync('assembly/probe/dtls.ts', 'utf8').replaceAll('Ccm8', 'Ccm8Gcm');
  const both = await compileDevice(source.replace('"../net/', '"./assembly/net/'));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(ccm8), {});
  const wire = await handshake(ccm8);
  return [
    { name: 'client with CCM_8', value: ccm8.length, unit: 'bytes', budget: CLIENT_BUDGET },
    { name: 'client with CCM_8 and GCM', value: both.length, unit: 'bytes' },
    { name: 'one session', value: exports.session_bytes(), unit: 'bytes', budget: SESSION_BUDGET },
    ...(wire ? [{ name: 'handshake with OpenSSL', value: wire.bytes, unit: 'bytes', budget: HANDSHAKE_BUDGET }] : []),
    ...(wire ? [{ name: 'handshake with OpenSSL', value: wire.datagrams, unit: 'datagrams' }] : []),
  ];
}
