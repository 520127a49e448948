// An app pays for what it chooses of DTLS: choices that it leaves at their defaults are not compiled in.

import { describe, expect, it } from 'vitest';
import { compileDeviceSource } from '../kit/compile.js';

const source = (choice: string): string => `
  import { DtlsClient } from "./assembly/net/dtls/client";
  import { Ccm8 } from "./assembly/net/dtls/suites";
  import { place } from "./assembly/place";
  const client = place<DtlsClient<Ccm8>>();
  const OUT = memory.data(512);
  const IN = memory.data(512);
  export function input(): usize { return IN; }
  export function output(): usize { return client.outPtr; }
  export function start(now: i64): i32 {
    client.attach(OUT, 512);
    client.credentials(IN, 4, IN + 4, 16);
    ${choice}
    client.begin(now, IN + 64);
    return client.outLen;
  }
  export function receive(now: i64, len: i32): i32 { return client.receive(now, IN, len); }
  export function step(now: i64): void { client.step(now); }
  export function deadline(): i64 { return client.deadline; }
`;

interface App {
  memory: WebAssembly.Memory;
  output(): number;
  start(now: bigint): number;
  deadline(): bigint;
}

interface Built {
  readonly bytes: number;
  readonly hello: Buffer;
  readonly deadline: bigint;
}

/** The size of an app with that choice, its ClientHello, and when it repeats it. */
async function built(choice: string): Promise<Built> {
  const binary = await compileDeviceSource(source(choice));
  const app = new WebAssembly.Instance(new WebAssembly.Module(binary)).exports as unknown as App;
  const length = app.start(0n);
  const hello = Buffer.from(app.memory.buffer.slice(app.output(), app.output() + length));
  return { bytes: binary.length, hello, deadline: app.deadline() };
}

/** Extensions of a ClientHello without session ID and cookie, one suite beside the signalling one. */
const extensions = (hello: Buffer): string => hello.subarray(13 + 12 + 2 + 32 + 1 + 1 + 2 + 4 + 2 + 2).toString('hex');

describe('an app that chooses nothing', () => {
  it('has the defaults: a connection ID offered to the server, a second for the first flight', async () => {
    const { hello, deadline } = await built('');
    expect(extensions(hello)).toBe('00170000' + '0036000100');
    expect(deadline).toBe(1000n);
  });

  it.each([
    ['client.firstTimeout = 9000;', 15, '00170000' + '0036000100', 9000n],
    ['client.maxFragment = 2;', 50, '00170000' + '0036000100' + '0001000102', 1000n],
    ['client.ownCid = IN; client.ownCidLen = 2;', 100, '00170000' + '003600' + '03020000', 1000n],
    ['client.withoutCid = true;', 15, '00170000', 1000n],
    ['client.needsExtendedMasterSecret = true;', 10, '00170000' + '0036000100', 1000n],
  ])('is smaller than one that says %s', async (choice, bytes, wanted, deadline) => {
    const plain = await built('');
    const chosen = await built(choice);
    expect(extensions(chosen.hello)).toBe(wanted);
    expect(chosen.deadline).toBe(deadline);
    expect(chosen.bytes).toBeGreaterThanOrEqual(plain.bytes + bytes);
  });
});
