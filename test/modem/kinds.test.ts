// An app pays for the kinds of sockets that it opens: UDP, TCP, or both.

import { expect, it } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { MINUTE } from '../../host/clock/clock.js';
import { World } from '../../host/world.js';
import { compileDeviceSource } from '../kit/compile.js';
import { PROFILE } from '../world/demo-world.js';

const source = (kinds: string): string => `
  import { NetKind } from "./assembly/board/index";
  import { Bg95 } from "./assembly/modem/quectel/bg95";
  import { place } from "./assembly/place";
  import { Soracom } from "./assembly/soracom/access-point";
  const modem = place<Bg95<Soracom>>();
  const BYTES = memory.data(256);
  export function begin(): void { modem.begin(0, 115200); }
  export function open(port: i32): i32 {
    let handle = 0;
    ${kinds}
    return handle;
  }
  export function feed(len: i32): void { modem.driver.feed(BYTES, len); }
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

/** Says one thing to Harvest Data and logs what it answers, or by what code the socket is refused. `open`: of the Net. */
const speaker = (open: string): string => `
  export * from "./assembly/app";
  import { LogLevel, NetKind, NetState, clock_ms } from "./assembly/board/index";
  import { Bg95 } from "./assembly/modem/quectel/bg95";
  import { place } from "./assembly/place";
  import { Soracom } from "./assembly/soracom/access-point";
  import { sleepUntil } from "./assembly/time";
  import { beginLog, endLog } from "./assembly/util/log";
  const modem = place<Bg95<Soracom>>();
  const HOST = memory.data<u8>([${[...Buffer.from('harvest.soracom.io')].join(', ')}]);
  const READING = memory.data<u8>([${[...Buffer.from('{"t":21}')].join(', ')}]);
  const answer = memory.data(256);
  let handle: i32 = -1;
  let isOver: bool = false;
  let isSaid: bool = false;
  export function setup(): void { modem.begin(0, 115200); }
  function open(): i32 { ${open} }
  function told(what: i32): void { isOver = true; beginLog("refused ").num(what); endLog(LogLevel.Info); }
  function turn(): void {
    if (handle < 0) {
      if (!modem.ready) return;
      handle = open();
      if (handle < 0) told(handle);
      return;
    }
    const status = modem.status(handle);
    if (status < 0) return told(status);
    if (status != NetState.Open) return;
    if (!isSaid) isSaid = modem.write(handle, READING, 8) == 8;
    const len = modem.read(handle, answer, 256);
    if (len <= 0) return;
    isOver = true;
    beginLog("answer ").bytes(answer, len);
    endLog(LogLevel.Info);
    modem.close(handle);
  }
  export function loop(): i32 {
    const now = clock_ms();
    modem.step(now);
    if (!isOver) turn();
    return sleepUntil(now, modem.deadline, i64.MAX_VALUE);
  }
`;
const opens = (kind: string, before = ''): string => `${before} return modem.open(NetKind.${kind}, HOST, 18, 8514);`;

it.each<[string, string, string, RegExp | undefined]>([
  ['datagrams alone', opens('Udp'), 'answer 201', /^AT\+QIRD=/],
  ['datagrams alone, pushed', opens('Udp', 'modem.push = true;'), 'answer 201', /^\+QIURC: "recv",0,\d/],
  ['a stream alone', opens('Tcp'), 'answer 201', /^AT\+QIRD=/],
  ['a stream alone, pushed', opens('Tcp', 'modem.push = true;'), 'answer 201', /^\+QIURC: "recv",0,\d/],
  ['TLS, and carries none', opens('Tls'), `refused ${Status.Unsupported}`, undefined],
])('an app that opens %s is served by that, or refused by a code', async (_what, open, wanted, way) => {
  const world = await World.create({
    subscribers: [{ profile: PROFILE, group: 'g' }],
    platform: { groups: { g: { configuration: { SoracomHarvest: { enabled: true } } } } },
  });
  const told: string[] = [];
  const lines: string[] = [];
  world.trace.listen((event) => {
    if (event.type === 'log' && !event.text.startsWith('modem')) told.push(event.text.trim());
    if (event.type === 'at' && typeof event.text === 'string') lines.push(event.text);
  });
  const app = new WebAssembly.Module(await compileDeviceSource(speaker(open)));
  world.device({ name: 'device', app, sim: PROFILE }).powerOn();
  await world.run({ for: MINUTE, until: () => told.length > 0 });
  expect(told).toEqual([wanted]);
  // How the answer came from the modem: fetched, or pushed, and not the other way.
  const ways = [/^AT\+QIRD=/, /^\+QIURC: "recv",0,\d/].filter((one) => lines.some((line) => one.test(line)));
  expect(ways.map(String)).toEqual(way === undefined ? [] : [String(way)]);
  await world.close();
});
