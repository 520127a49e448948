// What the example lwm2m-inventory takes of a 32-bit RISC-V core's flash and RAM, beside Eclipse Wakaama with tinydtls by the same
// compiler at -Os. The example's binary goes through wasm2c, every access checked, and has in it what Wakaama has not: the modem's driver,
// accounts that survive a power cut, firmware that is checked and put into a slot. Wakaama's has besides: several servers with access
// control, attributes, objects 6 and 7 and one for tests.
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { howToInstall, missing } from '../tools/peers.mjs';
import { CLIENT_FLAGS, DTLS_FLAGS, INCLUDES, core, objects, tinydtls } from '../tools/wakaama/sources.mjs';
import { BUILDERS, sized, smallest, weighed } from './rv32/firmware.mjs';

export const title = 'LwM2M on RV32IMAC: bytes beside Eclipse Wakaama with tinydtls';

const FILE = 'lwm2m-inventory.wasm';
const FOLDER = 'build/rv32-wakaama';
const COMPILE = [
  ...[
    '--specs=picolibc.specs',
    '-w',
    '-Os',
    '-march=rv32imac',
    '-mabi=ilp32',
    '-ffunction-sections',
    '-fdata-sections',
  ],
  ...[...CLIENT_FLAGS, ...DTLS_FLAGS, ...INCLUDES, '-Itools/wakaama/bare'],
];
/** What an app calls; all else that it does not need is dropped, as from ours. */
const CALLED = [
  ...['init', 'configure', 'step', 'handle_packet', 'resource_value_changed', 'update_registration', 'close'].map(
    (name) => `lwm2m_${name}`,
  ),
  ...['init', 'new_context', 'connect', 'handle_message', 'write', 'check_retransmit'].map((name) => `dtls_${name}`),
  ...['device', 'firmware', 'location', 'conn_m', 'conn_s'].map((name) => `get_object_${name}`),
  ...['get_security_object', 'get_server_object', 'get_test_object', 'acc_ctrl_create_object'],
];
/** To be weighed, not to be run: sockets and clock, which a board brings, stay open. */
const LINK = [
  ...['-nostartfiles', '-Wl,--gc-sections,--unresolved-symbols=ignore-all,--no-warn-rwx-segments,-e,lwm2m_step'],
  ...['-Wl,--defsym=__flash_size=0x100000', ...CALLED.map((name) => `-Wl,-u,${name}`)],
];

/** Bytes in flash. */
function linked(name, ...options) {
  mkdirSync(FOLDER, { recursive: true });
  const elf = join(FOLDER, `${name}.elf`);
  const files = [...core(), ...objects(), ...tinydtls()];
  execFileSync('riscv64-unknown-elf-gcc', [...COMPILE, ...LINK, ...options, '-o', elf, ...files]);
  return sized(elf).flash;
}

export async function sizes(text, budgets) {
  const lacking = missing([...BUILDERS, 'wakaama-client']);
  if (lacking.length > 0) throw new Error(howToInstall(lacking));
  const own = budgets['lwm2m code'];
  const alone = linked('alone', '-nostdlib');
  const rows = [
    {
      ...{
        name: `${FILE} as flashed for an engine that interprets it`,
        value: statSync(join('build/release', FILE)).size,
      },
      budget: alone,
    },
    { name: `${FILE} rv32 flash at -Os, C library and runtime included`, value: smallest(FILE, own[FILE]) },
    { name: 'Wakaama with tinydtls at -Os, C library included', value: linked('with-libc') },
    { name: 'Wakaama with tinydtls at -Os alone', value: alone },
  ];
  text('  of Wakaama, what its client calls, without sockets and a modem');
  return [...weighed(FILE, own), ...rows.map((row) => ({ unit: 'bytes', ...row }))];
}
