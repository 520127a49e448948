// An app pays for the kinds of sockets that it opens: UDP, TCP, or both.

import { expect, it } from 'vitest';
import { compileDeviceSource } from '../kit/compile.js';

const source = (kinds: string): string => `
  import { NetKind } from "./assembly/board/index";
  import { BG95_SIZE, Bg95 } from "./assembly/modem/bg95";
  const modem = changetype<Bg95>(memory.data(BG95_SIZE, 8));
  const BYTES = memory.data(256);
  export function begin(): void { modem.begin(1); }
  export function open(port: i32): i32 {
    let handle = 0;
    ${kinds}
    return handle;
  }
  export function feed(len: i32): void { modem.feed(BYTES, len); }
  export function step(now: i64): void { modem.step(now); }
  export function status(handle: i32): i32 { return modem.status(handle); }
  export function read(handle: i32): i32 { return modem.read(handle, BYTES, 256); }
  export function write(handle: i32): i32 { return modem.write(handle, BYTES, 256); }
  export function close(handle: i32): void { modem.close(handle); }
`;

const UDP = 'handle = modem.open(NetKind.Udp, BYTES, 4, port);';
const TCP = 'handle = modem.open(NetKind.Tcp, BYTES, 4, port);';

it('one kind takes less than both, and received data that is pushed takes more than data that is fetched', async () => {
  const size = async (kinds: string): Promise<number> => (await compileDeviceSource(source(kinds))).length;
  const [udp, tcp, both] = [await size(UDP), await size(TCP), await size(`${UDP} ${TCP}`)];
  expect(udp).toBeLessThan(both - 60);
  expect(tcp).toBeLessThan(both - 60);
  expect(await size(`modem.push = port > 1; ${UDP}`)).toBeGreaterThan(udp);
});
