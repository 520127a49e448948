// The device's clients against the platform's real services, through modem and network: each transport of each service.
// What a service does with a message has its own tests in test/platform; what a client does with an answer, in
// test/device/clients.

import { beforeAll, describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../host/clock/clock.js';
import { World } from '../../host/world.js';
import { compileDeviceSource } from '../kit/compile.js';
import { PROFILE } from './demo-world.js';

const MESSAGE = '{"temperature":21.5}';
/** The time that the entry over HTTP has: the last evening of the year before the world begins. */
const READ_MS = Date.UTC(2025, 11, 31, 20);

/** Client by the number that the app reads from its only sensor: file, class, transport. */
const CLIENTS = [
  ['funnel', 'FunnelHttp'],
  ['funnel', 'FunnelTcp'],
  ['funnel', 'FunnelUdp'],
  ['funk', 'FunkHttp'],
  ['funk', 'FunkTcp'],
  ['funk', 'FunkUdp'],
  ['beam-message', 'BeamTcp'],
  ['beam-message', 'BeamUdp'],
  ['harvest-data', 'HarvestHttp'],
  ['harvest-data', 'HarvestTcp'],
  ['harvest-data', 'HarvestUdp'],
  ['unified', 'UnifiedHttp'],
  ['unified', 'UnifiedTcp'],
  ['unified', 'UnifiedUdp'],
] as const;

/** Sends one message by one client and logs `<outcome> <status> <answer>`. */
const SOURCE = `
  export * from "./assembly/app";
  import { LogLevel, adc_read, clock_ms } from "./assembly/board/index";
  import { Bg95 } from "./assembly/modem/quectel/bg95";
  import { place } from "./assembly/place";
  import { Soracom } from "./assembly/soracom/access-point";
  import { Outcome } from "./assembly/soracom/outcome";
  import { sleepUntil } from "./assembly/time";
  import { beginLog, endLog } from "./assembly/util/log";
  import { Text } from "./assembly/util/text";
  ${CLIENTS.map(
    ([file, type], i) => `
    import { ${type} } from "./assembly/soracom/${file}";
    const c${i} = place<${type}<Bg95<Soracom>>>();`,
  ).join('')}
  const modem = place<Bg95<Soracom>>();
  const text = changetype<Text>(memory.data(offsetof<Text>(), 8));
  const message = memory.data(64);
  const answer = memory.data(1024);
  const READ_MS: i64 = ${READ_MS};
  let sent: bool = false;
  let which: i32 = 0;
  export function setup(): void {
    which = adc_read(0);
    modem.push = adc_read(1) == 1;
    modem.begin(0, 115200);
    text.on(message, 64).str('${MESSAGE}');
    ${CLIENTS.map((_client, i) => `c${i}.open(modem);`).join('\n')}
  }
  function tell(outcome: Outcome, code: i32, ptr: usize, len: i32): void {
    beginLog("").num(<i32>outcome).str(" ").num(code).str(" ").bytes(ptr, len);
    endLog(LogLevel.Info);
  }
  export function loop(): i32 {
    const now = clock_ms();
    modem.step(now);
    const starts = modem.ready && !sent;
    if (starts) sent = true;
    let deadline: i64 = i64.MAX_VALUE;
    ${CLIENTS.map(([, type], i) =>
      type.endsWith('Http')
        ? `if (which == ${i}) {
             if (starts) c${i}.post(now, "application/json", ${type === 'HarvestHttp' ? 'READ_MS, ' : ''}message, text.length, answer, 1024);
             const o = c${i}.step(now);
             if (o != Outcome.Pending) tell(o, c${i}.code, answer, c${i}.answerLength);
             deadline = c${i}.deadline;
           }`
        : `if (which == ${i}) {
             if (starts) c${i}.exchange(now, message, text.length, answer, 1024);
             const o = c${i}.step(now);
             if (o != Outcome.Pending) tell(o, c${i}.code, c${i}.answer, c${i}.answerLength);
             deadline = c${i}.deadline;
           }`,
    ).join('\n')}
    return sleepUntil(now, modem.deadline, deadline);
  }
`;

const Outcome = { Delivered: 1, Retry: 2, Refused: 3 };
type ClientName = (typeof CLIENTS)[number][1];

let app: WebAssembly.Module;
beforeAll(async () => {
  app = new WebAssembly.Module(await compileDeviceSource(SOURCE));
});

/** What the device logged about its one message, and the world in which it was sent. */
async function send(
  client: ClientName,
  push: boolean,
  configuration: object,
): Promise<{ told: string[]; world: World }> {
  const world = await World.create({
    subscribers: [{ profile: PROFILE, group: 'g' }],
    platform: {
      groups: { g: { configuration } },
      credentials: { aws: { type: 'aws-credentials', credentials: KEY } },
    },
    customers: [{ host: HOST, psk: PSK }],
    clouds: { aws: { accessKeys: [KEY], streams: ['readings'], functions: { twice: FUNCTION } } },
  });
  const told: string[] = [];
  world.trace.listen((event) => {
    if (event.type === 'log' && /^\d /.test(event.text)) told.push(event.text);
  });
  const which = CLIENTS.findIndex(([, type]) => type === client);
  const sensors = { analog: (channel: number) => (channel === 0 ? which : Number(push)) };
  world.device({ name: 'device', app, sim: PROFILE, sensors }).powerOn();
  await world.run({ for: 5 * MINUTE, until: () => told.length > 0 });
  await world.run({ for: SECOND });
  return { told, world };
}

const HOST = 'customer.example';
const PSK = 'key that Beam and the customer share';
const KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const FUNCTION = (event: unknown): unknown => ({ twice: 2 * (event as { temperature: number }).temperature });

const funnel = (stream: string) => ({
  SoracomFunnel: {
    enabled: true,
    contentType: 'json',
    credentialsId: 'aws',
    destination: {
      provider: 'aws',
      service: 'kinesis',
      resourceUrl: `https://kinesis.ap-northeast-1.amazonaws.com/${stream}`,
    },
  },
});
const funk = (name: string, enabled = true) => ({
  SoracomFunk: {
    enabled,
    contentType: 'json',
    credentialsId: { $credentialsId: 'aws' },
    destination: {
      provider: 'aws',
      service: 'lambda',
      resourceUrl: `arn:aws:lambda:ap-northeast-1:123456789012:function:${name}`,
    },
  },
});
const harvest = (enabled = true) => ({ SoracomHarvest: { enabled } });
const beam = (protocol: 'tcp' | 'udp', path: string) => ({
  SoracomBeam: {
    [`${protocol}://beam.soracom.io:23080`]: {
      enabled: true,
      destination: `https://${HOST}${path}`,
      addSubscriberHeader: true,
      addSignature: true,
      psk: PSK,
    },
  },
});

describe.each([
  ['buffer mode', false],
  ['push mode', true],
])('with a modem in %s', (_mode, push) => {
  it.each([
    ['FunnelHttp', funnel('readings'), `${Outcome.Delivered} 204 `],
    ['FunnelTcp', funnel('readings'), `${Outcome.Delivered} 200 `],
    ['FunnelUdp', funnel('readings'), `${Outcome.Delivered} 200 `],
    ['FunnelHttp', funnel('nothing'), `${Outcome.Refused} 4`],
    ['FunnelTcp', funnel('nothing'), `${Outcome.Refused} 4`],
    ['FunnelUdp', funnel('nothing'), `${Outcome.Refused} 4`],
    ['FunkHttp', funk('twice'), `${Outcome.Delivered} 200 {"twice":43}`],
    ['FunkTcp', funk('twice'), `${Outcome.Delivered} 200 {"twice":43}`],
    ['FunkUdp', funk('twice'), `${Outcome.Delivered} 200 {"twice":43}`],
    ['FunkHttp', funk('nothing'), `${Outcome.Refused} 4`],
    ['FunkTcp', funk('twice', false), `${Outcome.Refused} 4`],
    ['FunkUdp', {}, `${Outcome.Refused} 4`],
    ['BeamTcp', beam('tcp', '/telemetry'), `${Outcome.Delivered} 201 {"accepted":true`],
    ['BeamUdp', beam('udp', '/telemetry'), `${Outcome.Delivered} 201 {"accepted":true`],
    ['BeamTcp', {}, `${Outcome.Refused} 400 `],
    ['BeamUdp', {}, `${Outcome.Refused} 400 `],
    ['HarvestHttp', harvest(), `${Outcome.Delivered} 201 `],
    ['HarvestTcp', harvest(), `${Outcome.Delivered} 201 `],
    ['HarvestUdp', harvest(), `${Outcome.Delivered} 201 `],
    ['HarvestHttp', harvest(false), `${Outcome.Refused} 400 `],
    ['HarvestTcp', harvest(false), `${Outcome.Refused} 400 `],
    ['HarvestUdp', {}, `${Outcome.Refused} 400 `],
    ['UnifiedHttp', harvest(), `${Outcome.Delivered} 2`],
    ['UnifiedTcp', harvest(), `${Outcome.Delivered} 2`],
    ['UnifiedUdp', harvest(), `${Outcome.Delivered} 2`],
    ['UnifiedHttp', {}, `${Outcome.Refused} 4`],
    ['UnifiedTcp', harvest(false), `${Outcome.Refused} 4`],
    ['UnifiedUdp', {}, `${Outcome.Refused} 4`],
  ] as const)('%s in a group with %j', async (client, configuration, wanted) => {
    const { told, world } = await send(client, push, configuration);
    expect(told.map((line) => line.slice(0, wanted.length))).toEqual([wanted]);
    const { records } = world.clouds.aws.kinesis;
    const messages = world.customers.get(HOST)?.messages ?? [];
    expect([records.length, messages.length]).toEqual([
      wanted.startsWith('1 20') && client.startsWith('Funnel') ? 1 : 0,
      wanted.startsWith('1 20') && client.startsWith('Beam') ? 1 : 0,
    ]);
    const { operatorId = '' } = world.platform.directory.subscriber(PROFILE.imsi) ?? {};
    const resource = { operatorId, resourceType: 'Subscriber', resourceId: PROFILE.imsi } as const;
    const { entries } = world.platform.data.list(resource, { sort: 'asc', limit: 10 });
    const isKept = wanted.startsWith('1 2') && /^(Harvest|Unified)/.test(client);
    expect(entries.map(({ content }) => JSON.parse(content) as unknown)).toEqual(isKept ? [JSON.parse(MESSAGE)] : []);
    if (isKept) expect(entries[0]?.time === READ_MS).toBe(client === 'HarvestHttp');
    await world.close();
  });
});
