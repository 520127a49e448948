// Mbed TLS as Debian's trixie carries its sources: the first that knows connection IDs as RFC 9146 has them (bookworm's 2.28 has an
// earlier draft, and not switched on). Which files make the library and its two programs. Nothing of it is in this repository.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export const SUITE = 'trixie';
export const PACKAGE = 'mbedtls';
/** Debian gives this branch, with long-term support, corrections as long as trixie is kept; a later branch has another API. */
export const BRANCH = '3.6';

/** From the repository's root. */
export const HOME = 'build/peers/mbedtls';
const SOURCE = `${HOME}/source`;
export const INCLUDE = `${SOURCE}/include`;
export const LIBRARY = `${HOME}/libmbedtls.a`;

const inFolder = (folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.c'))
    .sort()
    .map((file) => join(folder, file));

export const library = () => inFolder(`${SOURCE}/library`);
export const FLAGS = [INCLUDE, `${SOURCE}/library`].map((path) => `-I${path}`);

const TESTS = `${SOURCE}/framework/tests`;
const programFlags = [`${SOURCE}/tests/include`, `${TESTS}/include`, `${TESTS}/programs`, `${SOURCE}/programs/ssl`].map(
  (path) => `-I${path}`,
);
/** What its programs share. */
const helpers = () => [
  ...[`${SOURCE}/programs/ssl/ssl_test_lib.c`, `${SOURCE}/programs/test/query_config.c`, `${SOURCE}/tests/src/certs.c`],
  ...inFolder(`${TESTS}/src`),
];

/** Name of a program -> what the compiler gets. */
export const programs = () =>
  Object.fromEntries(
    ['ssl_client2', 'ssl_server2'].map((name) => [
      name,
      [...FLAGS, ...programFlags, `${SOURCE}/programs/ssl/${name}.c`, ...helpers(), LIBRARY],
    ]),
  );
