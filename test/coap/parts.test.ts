// An app pays for what it uses of CoAP: what no request of it asks for is not compiled in, and what is left works without it.

import { beforeAll, describe, expect, it } from 'vitest';
import { compileDeviceSource } from '../kit/compile.js';

/** An app that asks for /x with what is given, and takes what comes. */
const source = (send: string): string => `
  import { CoapCode, CoapType } from "./assembly/net/coap/fields";
  import { CoapEndpoint } from "./assembly/net/coap/endpoint";
  import { place } from "./assembly/place";
  const endpoint = place<CoapEndpoint>();
  const BODY = memory.data(4096);
  const IN = memory.data(2048);
  export function input(): usize { return IN; }
  export function start(now: i64): i32 {
    endpoint.begin(7, BODY, 4096);
    endpoint.request(CoapCode.Get).text(11, "x");
    return endpoint.send(now, ${send}, 0, 0, 0);
  }
  export function receive(now: i64, len: i32): i32 {
    const event = endpoint.receive(now, IN, len);
    if (event == 3 || event == 4 || event == 6) endpoint.keep(now);
    return event;
  }
  export function step(now: i64): i32 { return endpoint.step(now); }
  export function outPtr(): usize { return endpoint.outPtr; }
  export function outLen(): i32 { return endpoint.outLen; }
  export function sent(): void { endpoint.sent(); }
  export function body(): usize { return endpoint.body; }
  export function bodyLen(): i32 { return endpoint.bodyLen; }
`;

interface App {
  memory: WebAssembly.Memory;
  input(): number;
  start(now: bigint): number;
  receive(now: bigint, len: number): number;
  step(now: bigint): number;
  outPtr(): number;
  outLen(): number;
  sent(): void;
  body(): number;
  bodyLen(): number;
}

const RESPONSE = 3;
const RESPONSE_BLOCK = 4;

let sizes: Record<'plain' | 'observing' | 'non', number>;
let app: App;

beforeAll(async () => {
  const plain = await compileDeviceSource(source('CoapType.Con, -1, -1, -1'));
  const observing = await compileDeviceSource(source('CoapType.Con, -1, -1, 0'));
  const non = await compileDeviceSource(source('CoapType.Non, -1, -1, -1'));
  sizes = { plain: plain.length, observing: observing.length, non: non.length };
  app = new WebAssembly.Instance(new WebAssembly.Module(plain)).exports as unknown as App;
});

/** Datagrams that wait, sent. */
function sent(): Buffer[] {
  const out: Buffer[] = [];
  for (let len; (len = app.outLen()) > 0; app.sent()) out.push(Buffer.from(app.memory.buffer, app.outPtr(), len));
  return out.map((datagram) => Buffer.from(datagram));
}

function receive(now: bigint, ...bytes: number[]): number {
  new Uint8Array(app.memory.buffer).set(bytes, app.input());
  return app.receive(now, bytes.length);
}

describe('an app that never observes', () => {
  it('has no code for it, and none for requests without acknowledgement', () => {
    expect(sizes.observing).toBeGreaterThan(sizes.plain + 350);
    expect(sizes.non).toBeGreaterThan(sizes.plain);
  });

  it('fetches a response in blocks, and refuses a notification that it never asked for', () => {
    expect(app.start(0n)).toBe(0);
    const [first = Buffer.alloc(0)] = sent();
    expect(first.subarray(0, 2)).toEqual(Buffer.of(0x44, 0x01));
    const block = Array.from({ length: 16 }, (_, i) => i);
    // 2.05, Block2 0/more/16.
    expect(receive(1n, 0x64, 0x45, ...first.subarray(2, 8), 0xd1, 10, 0x08, 0xff, ...block)).toBe(RESPONSE_BLOCK);
    const [second = Buffer.alloc(0)] = sent();
    expect(second.includes(Buffer.of(0xc1, 0x10))).toBe(true);
    // A notification in between, with Observe 5 and a token of its own.
    expect(receive(2n, 0x42, 0x45, 0x12, 0x34, 0xaa, 0xbb, 0x61, 5, 0xff, 1)).toBe(0);
    expect(sent()).toEqual([Buffer.of(0x70, 0, 0x12, 0x34)]);
    expect(receive(3n, 0x64, 0x45, ...second.subarray(2, 8), 0xd1, 10, 0x10, 0xff, 9)).toBe(RESPONSE);
    expect(Buffer.from(app.memory.buffer, app.body(), app.bodyLen())).toEqual(Buffer.of(...block, 9));
  });
});
