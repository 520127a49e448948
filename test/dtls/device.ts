// The client as devices get it (assembly/probe/dtls.ts): WebAssembly 1.0, one page of memory. Every datagram ends where memory ends, so
// that reading behind it is a trap.
import { readFileSync } from 'node:fs';
import type { DtlsOptions } from '../../host/kit/index.js';
import { compileDeviceChanged } from '../kit/compile.js';
import type { Client } from './link.js';

const SOURCE = 'assembly/probe/dtls.ts';

interface Exports {
  memory: WebAssembly.Memory;
  credentials(): number;
  input(): number;
  choose(noCid: number, ems: number, fragment: number, timeout: number, patience: number, cid: number): void;
  begin(now: bigint, identity: number, key: number): number;
  receive(now: bigint, ptr: number, length: number): number;
  more(now: bigint): number;
  data(): number;
  step(now: bigint): void;
  deadline(): bigint;
  output(): number;
  take_output(): number;
  write(length: number): number;
  close(): void;
  forget(): void;
  state(): number;
  result(): number;
  alert(): number;
  resumed(): number;
  dropped(): number;
  session_bytes(): number;
}

export interface Device extends Client {
  readonly memory: Uint8Array;
  readonly sessionBytes: number;
  /** Clears random value, identity and key, as an app does that keeps them elsewhere. */
  clearCredentials(): void;
}

const CREDENTIALS_BYTES = 32 + 128 + 64 + 8;
const NEVER = 2n ** 63n - 1n;

const compiled = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

/** The binary. `suites`: the class of suites.ts that the app imports. */
export function compileProbe(suites: 'Ccm8' | 'Ccm8Gcm'): Promise<Uint8Array<ArrayBuffer>> {
  const source = readFileSync(SOURCE, 'utf8').replaceAll('Ccm8', suites);
  const binary = compiled.get(suites) ?? compileDeviceChanged(SOURCE, { [SOURCE]: source });
  compiled.set(suites, binary);
  return binary;
}

export async function loadDevice(suites: 'Ccm8' | 'Ccm8Gcm'): Promise<Device> {
  const module = new WebAssembly.Module(await compileProbe(suites));
  const wasm = new WebAssembly.Instance(module, {}).exports as unknown as Exports;
  const memory = new Uint8Array(wasm.memory.buffer);
  const at = wasm.credentials();
  let identity: Uint8Array = new Uint8Array();
  return {
    memory,
    sessionBytes: wasm.session_bytes(),
    clearCredentials: () => void memory.fill(0, at, at + CREDENTIALS_BYTES),
    dtlsNew(options: DtlsOptions = {}) {
      const { withoutCid, needsExtendedMasterSecret, maxFragment = 0, firstTimeout = 0, patience = 0 } = options;
      const cid = options.ownCid ?? new Uint8Array();
      memory.set(cid, at + 224);
      const flags = [withoutCid ? 1 : 0, needsExtendedMasterSecret ? 1 : 0] as const;
      wasm.choose(...flags, maxFragment, firstTimeout, patience, cid.length);
    },
    dtlsBegin(now, random, name, key) {
      identity = name;
      memory.set(random, at);
      memory.set(identity, at + 32);
      memory.set(key, at + 160);
      return wasm.begin(BigInt(now), identity.length, key.length);
    },
    dtlsReceive(now, datagram) {
      const ptr = memory.length - datagram.length;
      memory.set(datagram, ptr);
      const pieces: Uint8Array[] = [];
      for (let n = wasm.receive(BigInt(now), ptr, datagram.length); n > 0; n = wasm.more(BigInt(now))) {
        pieces.push(memory.slice(wasm.data(), wasm.data() + n));
      }
      memory.fill(0, ptr);
      return pieces;
    },
    dtlsStep: (now) => wasm.step(BigInt(now)),
    dtlsDeadline: () => (wasm.deadline() === NEVER ? Infinity : Number(wasm.deadline())),
    dtlsOutput() {
      const length = wasm.take_output();
      return length > 0 ? memory.slice(wasm.output(), wasm.output() + length) : undefined;
    },
    dtlsWrite(bytes) {
      memory.set(bytes, wasm.input());
      return wasm.write(bytes.length);
    },
    dtlsClose: () => wasm.close(),
    dtlsForget: () => wasm.forget(),
    dtlsStatus: () => ({
      ...{ state: wasm.state(), result: wasm.result(), alert: wasm.alert() },
      ...{ resumed: wasm.resumed() !== 0, dropped: wasm.dropped() },
    }),
  };
}
