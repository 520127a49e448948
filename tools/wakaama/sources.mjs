// Eclipse Wakaama and its tinydtls, as an npm package carries their C sources: which files make which program. Nothing of it is in this
// repository, and nothing of the package is installed or run.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export const PACKAGE = 'node-red-contrib-lwm2m@2.12.3';
/** Of the tarball, as the registry signs it (`npm view PACKAGE dist.integrity`). */
export const INTEGRITY =
  'sha512-3B8sePuwPJbGJ2+P5JHLRyuW2n8wAyLI/5NG9j+b+kT21MPNtIk0ExzY8hK4+QPtz+G62bpWhgxGFWvVQ0/n8A==';

/** Where it is unpacked and compiled, from the repository's root. */
export const HOME = 'build/peers/wakaama';
const DEPS = `${HOME}/package/deps/wakatiwai/deps`;
const WAKAAMA = `${DEPS}/wakaama`;
const SHARED = `${WAKAAMA}/examples/shared`;
const TINYDTLS = `${SHARED}/tinydtls`;

const inFolder = (folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.c'))
    .sort()
    .map((file) => join(folder, file));
const named = (folder, names) => names.map((name) => `${folder}/${name}.c`);

export const core = () => [...inFolder(`${WAKAAMA}/core`), `${WAKAAMA}/core/er-coap-13/er-coap-13.c`];
const client = () => inFolder(`${WAKAAMA}/examples/client`);
/** Objects 0 to 7 and the one for tests, without the program around them. */
export const objects = () => client().filter((file) => /object/.test(file));
/** For pre-shared keys. */
export const tinydtls = () => [
  ...named(TINYDTLS, ['ccm', 'crypto', 'dtls', 'dtls_time', 'hmac', 'netq', 'peer', 'session']),
  ...named(TINYDTLS, ['aes/rijndael', 'sha2/sha2']),
];

export const INCLUDES = [
  ...['tools/wakaama/psk', `${WAKAAMA}/core`, `${WAKAAMA}/core/er-coap-13`, `${WAKAAMA}/examples/client`],
  ...[SHARED, TINYDTLS],
].map((path) => `-I${path}`);
const COMMON = ['-DLWM2M_LITTLE_ENDIAN=1'];
export const CLIENT_FLAGS = [...COMMON, '-DLWM2M_CLIENT_MODE', '-DLWM2M_BOOTSTRAP'];
/** NDEBUG: without its own log. */
export const DTLS_FLAGS = ['-DWITH_TINYDTLS', '-DDTLSv12', '-DWITH_SHA256', '-DNDEBUG'];

const shared = (connection) => named(SHARED, ['commandline', connection, 'memtrace', 'platform']);

/** Name of a program -> what the compiler gets. One function is ours, and send.c says why. */
export const programs = () => ({
  client: [
    ...[...CLIENT_FLAGS, '-DLWM2M_SUPPORT_JSON', ...DTLS_FLAGS, ...INCLUDES],
    ...[...client(), ...core(), ...tinydtls(), ...shared('dtlsconnection')],
    ...['tools/wakaama/send.c', '-Wl,--wrap=lwm2m_buffer_send'],
  ],
  server: [
    ...[...COMMON, '-DLWM2M_SERVER_MODE', '-DLWM2M_BOOTSTRAP', '-DLWM2M_SUPPORT_JSON', ...INCLUDES],
    ...[`${WAKAAMA}/examples/server/lwm2mserver.c`, ...core(), ...shared('connection')],
  ],
  'bootstrap-server': [
    ...[...COMMON, '-DLWM2M_BOOTSTRAP_SERVER_MODE', ...INCLUDES],
    ...[...inFolder(`${WAKAAMA}/examples/bootstrap_server`), ...core(), ...shared('connection')],
  ],
});
