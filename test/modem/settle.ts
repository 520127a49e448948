// A modem, a card and a network under whatever happens, told as lines: the same on a clock that waits for Node after
// every event and on one that waits only when it was stirred, or somebody forgot to stir.

import { MS } from '../../host/clock/clock.js';
import { releaseBinary } from '../../host/package-root.js';
import { MemoryStore } from '../../host/board/index.js';
import { Random } from '../../host/random.js';
import { parseSimProfile, personalise } from '../../host/sim/index.js';
import { toJsonLine } from '../../host/trace/json-lines.js';
import { PROFILE, Station } from './station.js';

const HOUR_MS = 3_600_000;

/** What a device types to get to work, and at work; `ms` is the pause that a patient one makes after it. */
const WORK: readonly { readonly line: string; readonly ms: number }[] = [
  { line: 'AT+CPIN="9999"', ms: 300 },
  { line: 'AT+CPIN="1234"', ms: 9000 },
  { line: 'AT+CSIM=14,"00A40004023F00"', ms: 200 },
  { line: 'AT+CSIM=10,"00C0000020"', ms: 200 },
  { line: 'AT+QICSGP=1,1,"soracom.io","sora","sora",1', ms: 100 },
  { line: 'AT+QIACT=1', ms: 1500 },
  { line: 'AT+QIOPEN=1,0,"TCP","echo.soracom.io",7,0,0', ms: 500 },
  { line: 'AT+QIOPEN=1,1,"TCP","echo.soracom.io",7,0,1', ms: 500 },
  { line: 'AT+QIOPEN=1,2,"TCP","nowhere.example",7,0,0', ms: 500 },
  { line: 'AT+QIOPEN=1,3,"UDP","echo.soracom.io",7,0,1', ms: 500 },
  { line: 'AT+QIOPEN=1,4,"UDP","nowhere.example",7,0,0', ms: 500 },
  { line: 'AT+QIDNSGIP=1,"echo.soracom.io"', ms: 300 },
  { line: 'AT+QIDNSGIP=1,"nowhere.example"', ms: 300 },
  { line: 'AT+QISENDEX=0,"68656C6C6F"', ms: 300 },
  { line: 'AT+QISEND=1\rsome data\x1a', ms: 300 },
  { line: 'AT+QISENDEX=3,"68656C6C6F"', ms: 300 },
  { line: 'AT+QIRD=0,1500', ms: 100 },
  { line: 'AT+QISEND=0,5\r12345', ms: 300 },
  { line: 'AT+QISTATE?', ms: 100 },
  { line: 'AT+QICLOSE=0', ms: 300 },
  { line: 'AT+QICLOSE=1,1', ms: 300 },
  { line: 'AT+QICLOSE=3', ms: 300 },
];

/** What it types in between. */
const OTHER = [
  'ATI;+CIMI;+CSQ;+COPS?;+CPIN?',
  'AT+CLCK="SC",2',
  'AT+CPWD="SC","1111","2222"',
  `AT+CSIM=78,"008800812210${'00'.repeat(16)}10${'00'.repeat(16)}"`,
  'AT+CRSM=176,28423,0,0,9',
  'AT+CCHO="A0000000871002"',
  'AT+CEREG=2',
  'AT+QICSGP=1,1,"soracom.io","sora","wrong",2',
  'AT+QIACT?',
  'AT+QIDEACT=1',
  'AT+CGATT=0',
  'AT+CGATT=1',
  'AT+COPS=2',
  'AT+COPS=0',
  'AT+CFUN=0',
  'AT+CFUN=4',
  'AT+CFUN=1',
  'AT+CFUN=1,1',
  'AT+QPOWD',
];

/** What the world does to it. Each undoes itself in the end. */
const FAULTS: readonly ((station: Station, random: Random) => void)[] = [
  ({ modem }) => modem.reset(),
  ({ modem, clock }, random) => {
    modem.silence(true);
    clock.after(random.below(3000) * MS, () => modem.silence(false));
  },
  ({ network, clock }, random) => {
    network.impairments.outage(true);
    clock.after(random.below(20_000) * MS, () => network.impairments.outage(false));
  },
  ({ network, clock }, random) => {
    network.impairments.nasLoss = 0.5;
    network.impairments.udpLoss = 0.5;
    clock.after(random.below(20_000) * MS, () => (network.impairments.nasLoss = network.impairments.udpLoss = 0));
  },
  ({ network }) => network.impairments.resetConnections(),
  ({ network }) => network.sessionByImsi(PROFILE.imsi)?.close('test'),
  ({ network }, random) => network.detach(PROFILE.imsi, random.below(2) === 0),
  ({ line }, random) => line.far.inject(random.bytes(random.below(30))),
  ({ slot, clock }, random) => {
    slot.remove();
    clock.after(random.below(3000) * MS, () => {
      const values = personalise(parseSimProfile({ ...PROFILE, pin1Enabled: random.below(2) === 0 }, 'the next card'));
      slot.insert({ module: releaseBinary('sim'), store: new MemoryStore({ values }) });
    });
  },
];

/** Some minutes of it, and a last hour in peace. */
export async function story(seed: string, alwaysSettle: boolean): Promise<string[]> {
  const random = new Random(seed);
  const station = new Station({ pin1Enabled: random.below(2) === 0 }, { alwaysSettle });
  const { clock, events, line, modem, network } = station;
  const lines: string[] = [];
  line.near.received = (bytes) => lines.push(`${clock.now()} heard ${bytes[0] ?? -1}`);
  station.echo();
  network.udp('echo.soracom.io', 7, (bytes, _caller, reply) => reply(bytes));
  await station.wait(random.below(8000));
  const type = async (text: string, ms: number): Promise<void> => {
    line.near.send(Buffer.from(`${text}\r`, 'latin1'));
    await station.wait(ms);
  };
  for (let round = 0; round < 4; round++) {
    for (const { line: text, ms } of WORK) {
      // Patient most of the time.
      await type(text, random.below(8) === 0 ? random.below(ms) : ms);
      const what = random.below(60);
      if (what < 2) FAULTS[random.below(FAULTS.length)]?.(station, random);
      else if (what < 4) await type(OTHER[random.below(OTHER.length)] ?? '', random.below(1000));
      if (modem.power === 'off') modem.powerOn();
    }
    FAULTS[random.below(FAULTS.length)]?.(station, random);
    await type('AT+CFUN=1', random.below(30_000));
    await type('AT+CGATT=1', random.below(5000));
  }
  // At rest, with nothing that would need to be polled.
  await station.wait(HOUR_MS);
  return [...events.map((event) => toJsonLine(event)), ...lines];
}
