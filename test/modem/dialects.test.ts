// What is a maker's stays in the maker's folder, and a further dialect needs nothing else.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Registration } from '../../host/cellular/network.js';
import { MINUTE, MS } from '../../host/clock/clock.js';
import type { ModemCore } from '../../host/modem/core.js';
import type { Dialect } from '../../host/modem/index.js';
import { MODEM_MODELS } from '../../host/modem/index.js';
import { releaseBinary } from '../../host/package-root.js';
import type { Secret } from '../../host/secret.js';
import { type Device, World } from '../../host/world.js';
import { compileDeviceSource } from '../kit/compile.js';
import { PROFILE, scene } from '../world/demo-world.js';
import { Bench } from './bench.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Names of makers and their modules, and what only their modems say. */
const MAKERS_WORDS =
  /quectel|u-?blox|nordic|\b(simcom\b|bg9[56]|sim7\d{3}|sara-?r\d)|\+Q[A-Z]{2}|\bAPP RDY\b|\bSEND (OK|FAIL)\b/i;
/** A maker's folder, or its file in the kits. */
const MAKERS = /(^|\/)quectel(\/|\.ts$)/;

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
}

const found = (folder: string): string[] =>
  sources(folder)
    .filter((file) => !MAKERS.test(file))
    .flatMap((file) =>
      readFileSync(join(ROOT, file), 'utf8')
        .split('\n')
        .filter((line) => MAKERS_WORDS.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );

/** The access point's line holds a password. */
const plainText = (text: string | Secret): string =>
  typeof text === 'string' ? text : Buffer.from(text.reveal()).toString('latin1');

it("no maker's word is outside a maker's folder, but for one import and one entry", () => {
  expect([...found('host'), ...found('assembly')].sort()).toEqual([
    'assembly/kit/index.ts: export * from "./quectel";',
    "host/kit/index.ts: export { AtResult, type ModemKit } from './quectel.js';",
    "host/kit/index.ts: import { modemKit, type ModemExports, type ModemKit } from './quectel.js';",
    'host/modem/models.ts: const MODELS: Readonly<Record<string, Dialect>> = { ...quectel };',
    "host/modem/models.ts: import { quectel } from './quectel/index.js';",
  ]);
});

/** Nothing at start, `@` as prompt, contexts from 0, one command that asks for data, one that is replaced, one that is not there. */
const plain = (attached: ModemCore[] = []): Dialect => ({
  identity: { manufacturer: 'Example', model: 'X1', revision: '1.0' },
  boot: [{ after: 500 * MS }],
  simCodes: { ready: ['+SIM: 1'] },
  poweredDown: 'BYE',
  prompt: '@',
  blanks: true,
  contexts: { first: 0, last: 2, active: 1, activation: MINUTE },
  attach: (core) => {
    attached.push(core);
    const sockets = core.addSockets({
      opened: (id, error) => `+XOPEN: ${id},${error ? error.code : 'ok'}`,
      readable: (id) => `+XDATA: ${id}`,
      pushed: (id, length) => `+XDATA: ${id},${length}`,
      closed: (id) => `+XEND: ${id}`,
    });
    return {
      commands: {
        '+CESQ': undefined,
        '+CSQ': { execute: ({ info }) => info('+CSQ: plain') },
        '+XPASS': { secret: true, set: () => undefined },
        '+XOPEN': {
          set: ({ args, afterwards }) => {
            const [id, context] = [args.number(0, 0, 3), args.number(1, 0, 2)];
            const session = core.contexts.session(context);
            const request = { id, kind: 'tcp', context, mode: 'push', port: 8888, localPort: 0 } as const;
            afterwards(() => session && sockets.open(session, { ...request, host: 'beam.soracom.io' }));
          },
        },
        '+XSEND': {
          set: async (call) => {
            const data = await call.prompt({ length: call.args.number(1, 1, 100) });
            return data && sockets.send(call.args.number(0, 0, 3), data.bytes) === 'ok' ? 'TAKEN' : 'LOST';
          },
        },
        '+XOFF': { execute: ({ afterwards }) => afterwards(() => void core.line.powerDown()) },
      },
      contextLost: (cid) => `+XLOST: ${cid}`,
      reset: () => undefined,
    };
  },
});

describe('a dialect that is not among the models', () => {
  it('has its own start, prompt, contexts, commands and unsolicited codes; the rest is there', async () => {
    const bench = new Bench(plain());
    bench.modem.powerOn();
    await bench.wait(10_000);
    expect(bench.take()).toBe('\r\n+SIM: 1\r\n');
    await bench.at('ATE0');
    expect(await bench.lines('ATI')).toEqual(['Example', 'X1', 'Revision: 1.0', 'OK']);
    expect(await bench.lines('AT+CSQ')).toEqual(['+CSQ: plain', 'OK']);
    expect(await bench.lines('AT+CESQ')).toEqual(['ERROR']);
    expect(await bench.lines('AT+QIACT=1')).toEqual(['ERROR']);
    expect(await bench.lines('AT+CGDCONT=3,"IP","soracom.io"')).toEqual(['ERROR']);
    expect(await bench.lines('AT+CGDCONT=0,"IP","soracom.io"')).toEqual(['OK']);
    expect(await bench.lines('AT+CGACT=1,0')).toEqual(['OK']);
    bench.send('AT+XOPEN=1,0\r');
    await bench.until(() => bench.heard.includes('+XOPEN: 1,ok\r\n'));
    bench.take();
    bench.send('AT+XSEND=1,3\r');
    await bench.until(() => bench.heard.endsWith('@'));
    expect(bench.take()).toBe('\r\n@');
    bench.send('abc');
    await bench.until(() => bench.heard.includes('TAKEN\r\n'));
    expect(bench.take()).toContain('\r\nTAKEN\r\n');
    bench.radio.lose(Registration.Searching);
    await bench.wait(1000);
    expect(bench.take()).toContain('\r\n+XLOST: 0\r\n');
    bench.send('AT+XOFF\r');
    await bench.until(() => bench.modem.power === 'off');
    expect(bench.take()).toMatch(/\r\nBYE\r\n$/);
  });

  it('keeps the lines of its commands with secrets out of traces', async () => {
    const bench = new Bench(plain());
    bench.modem.powerOn();
    await bench.wait(5000);
    await bench.at('AT+XPASS="4711"');
    await bench.at('AT+XPASS="word"');
    const lines = bench.events.filter((event) => event.type === 'at').map((event) => String(event.text));
    expect(lines.join('\n')).not.toContain('4711');
    expect(lines.join('\n')).toContain('AT+XPASS="word"');
  });
});

describe.each(MODEM_MODELS)('a device with a %s', (modem) => {
  it('gets its reading to the customer', async () => {
    const { world, device, customer } = await scene({ modem });
    device.powerOn();
    expect(await world.run({ for: 3 * MINUTE, until: () => customer.messages.length > 0 })).toBe(true);
    await world.close();
  });
});

it('a device with a modem that is not known is refused, with those that are', async () => {
  const world = await World.create();
  expect(() => world.device({ name: 'd', app: releaseBinary('beam-telemetry'), modem: 'X' })).toThrow(
    new RangeError(`modem "X" is not known; there are ${MODEM_MODELS.join(', ')}`),
  );
  expect(world.devices.size).toBe(0);
  await world.close();
});

/** Says when it comes online, with the driver of a module and an access point of the app's own. */
const online = (module: string, access: string): string => `
  export * from "./assembly/app";
  import { LogLevel, clock_ms } from "./assembly/board/index";
  import { ${module} } from "./assembly/modem/quectel/${module.toLowerCase()}";
  import { place } from "./assembly/place";
  import { sleepUntil } from "./assembly/time";
  import { Ascii } from "./assembly/util/ascii";
  import { logText } from "./assembly/util/log";
  @unmanaged class Access { ${access} }
  const modem = place<${module}<Access>>();
  let isReady: bool = false;
  export function setup(): void { modem.begin(0, 115200); }
  export function loop(): i32 {
    const now = clock_ms();
    modem.step(now);
    if (modem.ready && !isReady) logText(LogLevel.Info, "ready");
    isReady = modem.ready;
    return sleepUntil(now, modem.deadline, i64.MAX_VALUE);
  }
`;
const access = (apn: string, user?: string): string =>
  Object.entries({ apn, ...(user !== undefined && { user, password: user }) })
    .map(([name, text]) => `get ${name}(): Ascii { return "${text}"; }`)
    .join('\n');

interface Run {
  readonly world: World;
  readonly device: Device;
  readonly sent: readonly string[];
  readonly ready: () => number;
}

async function deviceOf(module: string, apn: string, user?: string): Promise<Run> {
  const world = await World.create({ subscribers: [{ profile: PROFILE }] });
  let ready = 0;
  const sent: string[] = [];
  world.trace.listen((event) => {
    if (event.type === 'log' && event.text === 'ready') ready++;
    if (event.type === 'at' && event.from === 'device') sent.push(plainText(event.text));
  });
  const app = new WebAssembly.Module(await compileDeviceSource(online(module, access(apn, user))));
  const device = world.device({ name: 'device', app, sim: PROFILE, modem: module.toUpperCase() });
  device.powerOn();
  return { world, device, sent, ready: () => ready };
}

describe.each(['Bg95', 'Bg96'])('the driver of a %s', (module) => {
  it("brings up its modem, with the app's access point, and again when the modem has reset", async () => {
    const { world, device, sent, ready } = await deviceOf(module, 'soracom.io', 'sora');
    expect(await world.run({ for: MINUTE, until: () => ready() === 1 })).toBe(true);
    expect(sent).toContain('AT+QICSGP=1,1,"soracom.io","sora","sora",1');
    device.modem.reset();
    expect(await world.run({ for: MINUTE, until: () => ready() === 2 })).toBe(true);
    await world.close();
  });
});

it('an access point without a user asks for no authentication', async () => {
  const { world, sent, ready } = await deviceOf('Bg95', 'iot.example');
  await world.run({ for: MINUTE });
  expect(sent).toContain('AT+QICSGP=1,1,"iot.example"');
  // The network has no such access point.
  expect(ready()).toBe(0);
  await world.close();
});
