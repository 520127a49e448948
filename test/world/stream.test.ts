// The device's stream client through modem, network and Beam to a program nobody here wrote: socat, which sends back what
// it gets. On the real clock. Debian package: socat.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { SECOND } from '../../host/clock/clock.js';
import { RealClock } from '../../host/clock/real.js';
import { World } from '../../host/world.js';
import { compileDeviceSource } from '../kit/compile.js';
import { freePort, Programs } from '../platform/programs.js';
import { PROFILE } from './demo-world.js';

/** Sends `hello` and then every byte value, and logs each line that comes back and how many of those bytes. */
const SOURCE = `
  export * from "./assembly/app";
  import { LogLevel, clock_ms } from "./assembly/board/index";
  import { Bg95 } from "./assembly/modem/quectel/bg95";
  import { place } from "./assembly/place";
  import { Soracom } from "./assembly/soracom/access-point";
  import { BeamStream, StreamState } from "./assembly/soracom/beam-stream";
  import { sleepUntil } from "./assembly/time";
  import { beginLog, endLog } from "./assembly/util/log";

  const modem = place<Bg95<Soracom>>();
  const stream = place<BeamStream<Bg95<Soracom>>>();
  const out = memory.data(262);
  const line = memory.data(512);
  let sent: i32 = 0;
  let length: i32 = 0;
  let isHead: bool = true;
  let bytes: i32 = 0;
  let wrong: i32 = 0;
  let state: StreamState = StreamState.Closed;

  export function setup(): void {
    modem.begin(0, 115200);
    stream.open(modem);
    const hello = "hello\\n";
    for (let i = 0; i < 6; i++) store<u8>(out + i, hello.charCodeAt(i));
    for (let i = 0; i < 256; i++) store<u8>(out + 6 + i, i);
  }
  function take(c: u8): void {
    if (!isHead) {
      if (c != <u8>bytes) wrong++;
      if (++bytes == 256) {
        beginLog("bytes ").num(bytes).str(" wrong ").num(wrong);
        endLog(LogLevel.Info);
        stream.close();
      }
      return;
    }
    if (c != 0x0a) {
      if (length < 512) store<u8>(line + length++, c);
      return;
    }
    beginLog("line ").bytes(line, length);
    endLog(LogLevel.Info);
    isHead = !(length == 5 && load<u8>(line) == 0x68);
    length = 0;
  }
  export function loop(): i32 {
    const now = clock_ms();
    modem.step(now);
    stream.step(now);
    if (stream.state != state) {
      state = stream.state;
      beginLog("state ").num(<i32>state);
      endLog(LogLevel.Info);
    }
    if (sent < 262) sent += stream.write(out + sent, 262 - sent);
    const heap = memory.data(64);
    let n: i32;
    while ((n = stream.read(heap, 64)) > 0) for (let i = 0; i < n; i++) take(load<u8>(heap + i));
    return sleepUntil(now, modem.deadline, stream.deadline);
  }
`;

const folder = mkdtempSync(join(tmpdir(), 'akari-stream-'));
const clock = new RealClock();
const programs = new Programs(folder, clock);

afterAll(() => {
  programs.stop();
  clock.close();
  rmSync(folder, { recursive: true, force: true });
});

it('opens a stream through Beam to socat, which gets the signed line, then the bytes of the device, and sends all back', async () => {
  const port = await freePort();
  await programs.start(port, 'socat', `TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork`, 'SYSTEM:cat');
  const entry = {
    enabled: true,
    destination: `tcp://127.0.0.1:${port}`,
    addSubscriberHeader: true,
    addSignature: true,
  };
  const world = await World.create({
    clock: 'real',
    subscribers: [{ profile: PROFILE, group: 'g' }],
    platform: {
      groups: { g: { configuration: { SoracomBeam: { 'tcp://beam.soracom.io:8023': { ...entry, psk: 'k' } } } } },
    },
    upstream: { others: 'loopback' },
  });
  const told: string[] = [];
  world.trace.listen((event) => {
    if (event.type === 'log' && !event.text.startsWith('modem')) told.push(event.text);
  });
  const app = new WebAssembly.Module(await compileDeviceSource(SOURCE));
  world.device({ name: 'device', app, sim: PROFILE }).powerOn();
  try {
    await world.run({ for: 50 * SECOND, until: () => told.includes('state 0') });
  } finally {
    await world.close();
  }
  expect(told).toEqual([
    'state 3',
    'state 1',
    'state 2',
    expect.stringMatching(`^line imsi=${PROFILE.imsi} timestamp=\\d+;signature=[0-9a-f]{64} version=20150901$`),
    'line hello',
    'bytes 256 wrong 0',
    'state 0',
  ]);
});
