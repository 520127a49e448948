// Instructions that a 32-bit RISC-V core (RV32IMAC) retires for the device's jobs, and what its binaries take of flash and RAM.
//
// Instructions, not cycles: QEMU counts them exactly (-icount shift=0, minstret), so a figure is the same in every run and on
// every machine. All goes through wasm2c, every access checked. Budgets are in budget.json.
import { mkdirSync, writeFileSync } from 'node:fs';
import { quintuplet } from '../dist/host/cellular/hss/index.js';
import { MINUTE, SECOND, World, loadSimProfile, releaseBinary } from '../dist/host/index.js';
import { personalise } from '../dist/host/sim/index.js';
import { compileDevice } from './compile.mjs';
import { howToInstall, missing } from '../tools/peers.mjs';
import { BUILDERS, RUNNER, play, weighed } from './rv32/firmware.mjs';

export const title = 'RV32IMAC in QEMU: retired instructions, flash and RAM';

/** Measured on the same core with the same compiler; its tables are indexed by the key's bytes. */
const HOSTAP_INSTRUCTIONS = 22_899;
/** What the probe is asked: a voltage, a value stored and read, a pointer test. */
const PROBE = [
  [0, Buffer.from('A\0')],
  [4, Buffer.from('S\x07abcd')],
  [8, Buffer.from('s\x07')],
  [16, Buffer.from('P')],
];

const list = (hex) => Buffer.from(hex, 'hex').join(', ');
const text = (string) => [...Buffer.from(string, 'latin1')].join(', ');

/** An app that measures itself: the board's wall clock is the count of retired instructions. */
const JOBS = `
import { log, clock_unix_ms, LogLevel, BOARD_ABI } from "./assembly/board/index";
import * as milenage from "./assembly/aka/milenage";
import * as aes from "./assembly/crypto/aes";
import * as sha256 from "./assembly/crypto/sha256";
import { place } from "./assembly/place";
import { AtClient, AtEvent } from "./assembly/modem/at";
import { Quectel } from "./assembly/modem/quectel/dialect";
import { Method } from "./assembly/net/http/fields";
import { HttpRequest } from "./assembly/net/http/request";
import { HttpResponse, ResponseEvent } from "./assembly/net/http/response";
import { Ascii } from "./assembly/util/ascii";
import { Text } from "./assembly/util/text";

const K: usize = memory.data<u8>([${list('465b5ce8b199b49faa5f0a2ee238a6bc')}], 8);
const OPC: usize = memory.data<u8>([${list('cd63cb71954a9f4e48a5994e37a02baf')}], 8);
const RAND: usize = memory.data<u8>([${list('23553cbe9637a89d218ae64dae47bf35')}], 8);
const SQN: usize = memory.data<u8>([${list('ff9bb4d0b607b9b9')}], 8);
const OUT: usize = memory.data(80, 8);
const SCHEDULE: usize = memory.data(aes.AES_SCHEDULE_BYTES, 8);
const CONTEXT: usize = memory.data(sha256.SHA256_CONTEXT_BYTES, 8);
const BLOCK: usize = memory.data(64, 8);
const at = place<AtClient<Quectel>>();
const LINE: usize = memory.data<u8>([${text('\r\n+CEREG: 0,5\r\n')}]);
const LINE_BYTES = ${'\r\n+CEREG: 0,5\r\n'.length};
const request = place<HttpRequest>();
const HEAD: usize = memory.data(256);
const response = place<HttpResponse>();
const ANSWER: usize = memory.data<u8>([${text('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{"ok":true}\r\n')}]);
const ANSWER_BYTES = ${'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{"ok":true}\r\n'.length};
const BODY: usize = memory.data(64);
const report = changetype<Text>(memory.data(offsetof<Text>(), 8));
const REPORT: usize = memory.data(80);

let began: i64 = 0;
/** What a measurement of nothing takes. */
let overhead: i64 = 0;

function begin(): void {
  began = clock_unix_ms();
}

function end(name: Ascii): void {
  const took = clock_unix_ms() - began;
  if (overhead == 0) overhead = took;
  report.on(REPORT, 80).str("job ").num(took - overhead).str(" ").str(name);
  log(LogLevel.Info, REPORT, report.length);
}

export function board_abi(): i32 { return BOARD_ABI; }

export function setup(): void {
  begin();
  end("nothing");

  begin();
  milenage.milenageBegin(K, OPC, RAND);
  milenage.milenageF1(SQN, SQN + 6, OUT, OUT + 8);
  milenage.milenageF2F5(OUT + 16, OUT + 24);
  milenage.milenageF3F4(OUT + 32, OUT + 48);
  milenage.milenageF5Star(OUT + 64);
  milenage.milenageEnd();
  end("aka");

  begin();
  aes.aesExpandKey(K, SCHEDULE);
  end("aes key");
  begin();
  aes.aesEncrypt(SCHEDULE, RAND, OUT);
  end("aes block");
  begin();
  aes.aesEncrypt2(SCHEDULE, RAND, OPC, OUT, OUT + 16);
  end("aes two blocks");

  sha256.sha256Init(CONTEXT);
  begin();
  sha256.sha256Update(CONTEXT, BLOCK, 64);
  end("sha256 block");

  at.reset();
  at.command().str("+CEREG?");
  at.send(0, 1000, "+CEREG: ");
  at.sent(at.outLen);
  begin();
  for (let i = 0; i < LINE_BYTES;) i += at.feed(LINE + i, LINE_BYTES - i);
  if (at.event != AtEvent.Info) unreachable();
  end("at line");

  begin();
  request.begin(HEAD, 256, Method.Post, "/telemetry", "beam.soracom.io", 8888)
    .header("content-type", "application/json")
    .end(50);
  end("http request");
  if (!request.valid || !request.fits) unreachable();

  response.begin(false, BODY, 64);
  begin();
  let event = ResponseEvent.None;
  for (let taken = 0; !response.done && taken < ANSWER_BYTES;) {
    event = response.parse(ANSWER + taken, ANSWER_BYTES - taken);
    taken += response.consumed;
  }
  end("http response");
  if (!response.done) unreachable();
}

export function loop(): i32 { return -1; }
`;

/** Names of the jobs for people; a budget goes by the short name. */
const JOB_NAMES = {
  aka: 'AKA: MILENAGE f1, f1*, f2, f3, f4, f5, f5*, key setup and wipe included',
  'aes key': 'AES-128 key schedule',
  'aes block': 'AES-128 block',
  'aes two blocks': 'AES-128, two blocks at once',
  'sha256 block': 'SHA-256 block of 64 bytes',
  'at line': 'AT line "+CEREG: 0,5"',
  'http request': 'HTTP request head, 4 lines',
  'http response': 'HTTP response with 2 fields and 13 bytes',
};

async function jobs() {
  mkdirSync('build/bench', { recursive: true });
  writeFileSync('build/bench/jobs.wasm', await compileDevice(JOBS));
  const { lines } = play('build/bench/jobs.wasm', { memory: 65536, steps: [] });
  const found = new Map(lines.map((line) => /^job (\d+) (.*)$/.exec(line)).flatMap((m) => (m ? [[m[2], +m[1]]] : [])));
  return Object.entries(JOB_NAMES).map(([job, name]) => ({ job, name, value: found.get(job) }));
}

const hex = (string) => Buffer.from(string.replaceAll(' ', ''), 'hex');
const PROFILE = loadSimProfile('examples/profiles/soracom-demo.json');
const PLMN = hex('44f001');
const CHALLENGE = quintuplet(PROFILE, hex('23553cbe9637a89d218ae64dae47bf35'), hex('000000000040'), PLMN);
const ATR_BYTES = 21;

/** TPDUs of T=0: name, header, command data, bytes that the card answers before its status. */
const TPDUS = [
  ['APDU SELECT ADF USIM', '00a4040c10', 'a0000000871002ffffffff8907090000', 0],
  ['APDU SELECT EF IMSI', '00a4000c02', '6f07', 0],
  ['APDU READ BINARY', '00b0000009', '', 9],
  [
    'APDU AUTHENTICATE',
    '0088008122',
    `10${Buffer.from(CHALLENGE.rand).toString('hex')}10${Buffer.from(CHALLENGE.autn).toString('hex')}`,
    0,
  ],
  ['APDU GET RESPONSE', '00c000002c', '', 0x2c],
];

/** The card's own binary at its contacts: from the first character of a command to the last one of its status. */
function card({ memory }) {
  let after = ATR_BYTES;
  const steps = [];
  const firsts = [];
  for (const [, header, data, answer] of TPDUS) {
    firsts.push(steps.length);
    steps.push([after, hex(header)]);
    if (data !== '') steps.push([after + 1, hex(data)]);
    // A procedure byte before any data, and the status.
    after += (data !== '' || answer > 0 ? 1 : 0) + answer + 2;
  }
  const played = play('build/release/sim.wasm', {
    memory,
    steps,
    values: personalise(PROFILE),
  });
  if (played.sent !== after) throw new Error(`the card sent ${played.sent} bytes in place of ${after}`);
  const marks = [...played.marks, played.end];
  const rows = TPDUS.map(([job], i) => {
    const next = firsts[i + 1] ?? marks.length - 1;
    return { job, name: `${job}, T=0 and store included`, value: marks[next] - marks[firsts[i]] };
  });
  return { rows, stack: played.stack };
}

const HOST = 'customer.example';

/** What the modem says to the telemetry device from power-on until its first reading is acknowledged, on the virtual clock. */
async function dialogue() {
  const entry = {
    enabled: true,
    destination: `https://${HOST}/`,
    addSubscriberHeader: true,
    addSignature: true,
    psk: 'p',
  };
  const world = await World.create({
    seed: 1,
    clock: 'virtual',
    subscribers: [{ profile: PROFILE, group: 'g' }],
    platform: { groups: { g: { configuration: { SoracomBeam: { 'http://beam.soracom.io:8888/telemetry': entry } } } } },
    customers: [{ host: HOST, psk: 'p' }],
  });
  const device = world.device({
    name: 'd',
    app: releaseBinary('beam-telemetry'),
    sim: PROFILE,
    sensors: { analog: () => 715 },
  });
  const { near, far } = device.line;
  let sent = 0;
  const steps = [];
  const watch = (end, note) => {
    const send = end.send.bind(end);
    end.send = (bytes) => {
      note(bytes);
      send(bytes);
    };
  };
  watch(near, (bytes) => (sent += bytes.length));
  watch(far, (bytes) => {
    const last = steps.at(-1);
    if (last?.[0] === sent) last[1] = Buffer.concat([last[1], bytes]);
    else steps.push([sent, Buffer.from(bytes)]);
  });
  try {
    device.powerOn();
    const { messages } = world.customers.get(HOST);
    if (!(await world.run({ for: 5 * MINUTE, until: () => messages.length > 0 }))) throw new Error('no reading came');
    await world.run({ for: 10 * SECOND });
  } finally {
    await world.close();
  }
  return steps;
}

async function telemetry({ memory }) {
  const played = play('build/release/beam-telemetry.wasm', {
    memory,
    steps: await dialogue(),
  });
  const name = 'beam-telemetry, power-on to the first reading acknowledged';
  return { rows: [{ job: 'reading', name, value: played.end }], stack: played.stack };
}

export async function sizes(say, { rv32: budgets }) {
  const lacking = missing([...BUILDERS, RUNNER]);
  if (lacking.length > 0) throw new Error(howToInstall(lacking));
  const [jobRows, sim, beam] = [
    await jobs(),
    card(budgets['sim.wasm']),
    await telemetry(budgets['beam-telemetry.wasm']),
  ];
  const probe = play('build/release/probe.wasm', { memory: budgets['probe.wasm'].memory, steps: PROBE });
  const instructions = [...jobRows, ...sim.rows, ...beam.rows].map(({ job, name, value }) => {
    const budget = budgets.instructions[job];
    if (value === undefined || budget === undefined)
      throw new Error(`no ${value === undefined ? 'figure' : 'budget'} for "${job}"`);
    return { name, value, unit: 'instructions', budget };
  });
  const stacks = { 'sim.wasm': sim.stack, 'beam-telemetry.wasm': beam.stack, 'probe.wasm': probe.stack };
  const bytes = Object.entries(stacks).flatMap(([file, stack]) => [
    ...weighed(file, budgets),
    { name: `${file} stack, high-water mark`, value: stack, unit: 'bytes', budget: budgets[file].stack },
  ]);
  say(`  reference: table-based C (hostap) at -Os takes ${HOSTAP_INSTRUCTIONS} instructions for f1..f5*`);
  return [...instructions, ...bytes];
}
