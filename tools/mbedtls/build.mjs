// Fetches Debian's source package of Mbed TLS with apt-get, which believes only what Debian has signed, and compiles the library and its
// two programs; none of its scripts runs, nothing is installed, and apt's own lists stay as they are. Done once; part of `npm run peers`.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, compiledOnce } from '../compiled.mjs';
import { BRANCH, FLAGS, HOME, LIBRARY, library, PACKAGE, programs, SUITE } from './sources.mjs';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const RECIPE = ['build.mjs', 'sources.mjs'].map((file) => join('tools/mbedtls', file));

await compiledOnce(HOME, RECIPE, async () => {
  unpack(fetched());
  await compileLibrary();
  await Promise.all(Object.entries(programs()).map(([name, args]) => compile(['-o', join(HOME, name), ...args])));
});

/** Where this machine has its packages from: the mirror of Debian first that has them of a whole release, not of its corrections. */
function mirrors() {
  const known = execFileSync('apt-get', ['--print-uris', 'update'], { encoding: 'utf8' });
  return [...new Set([...known.matchAll(/^'(\S+\/)dists\/[a-z]+\/InRelease'/gm)].map(([, uri]) => uri))];
}

/** Name of the upstream tarball, in HOME. */
function fetched() {
  console.log(`fetching: the sources of ${PACKAGE} ${BRANCH} (Debian ${SUITE})`);
  const apt = join(HOME, 'apt');
  for (const folder of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(apt, folder), { recursive: true });
  const list = join(apt, 'sources.list');
  const settings = {
    'Dir::Etc::sourcelist': resolve(list),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': resolve(apt, 'lists'),
    'Dir::Cache': resolve(apt, 'cache'),
    'APT::Update::Error-Mode': 'any',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const run = (...args) =>
    execFileSync('apt-get', ['-qq', ...options, ...args], { cwd: HOME, stdio: ['ignore', 'ignore', 'pipe'] });
  const isOfDebian = (uri) => {
    writeFileSync(list, `deb-src [signed-by=${KEYRING}] ${uri} ${SUITE} main\n`);
    try {
      run('update');
      return true;
    } catch (error) {
      console.error(String(error.stderr));
      return false;
    }
  };
  if (!mirrors().some(isOfDebian)) throw new Error(`none of apt's sources has Debian ${SUITE}, signed by Debian`);
  run('source', '--download-only', '--only-source', PACKAGE);
  const tarball = readdirSync(HOME).find((file) => file.includes('.orig.tar.') && !file.endsWith('.asc'));
  if (tarball?.startsWith(`${PACKAGE}_${BRANCH}.`) !== true)
    throw new Error(
      `Debian ${SUITE} has ${tarball}; expected ${BRANCH}, for which tools/mbedtls/sources.mjs has the reason`,
    );
  return tarball;
}

function unpack(tarball) {
  mkdirSync(join(HOME, 'source'));
  execFileSync('tar', ['-xf', tarball, '-C', 'source', '--strip-components=1'], { cwd: HOME });
}

async function compileLibrary() {
  console.log(`compiling: ${PACKAGE}`);
  const objects = join(HOME, 'objects');
  mkdirSync(objects);
  const files = library().map((file) => resolve(file));
  const flags = FLAGS.map((flag) => `-I${resolve(flag.slice(2))}`);
  const hands = availableParallelism();
  const shares = Array.from({ length: hands }, (_, hand) => files.filter((_file, i) => i % hands === hand));
  const used = shares.filter((share) => share.length > 0);
  await Promise.all(used.map((share) => compile(['-c', ...flags, ...share], { cwd: objects })));
  const made = files.map((file) => join(objects, basename(file).replace(/c$/, 'o')));
  execFileSync('ar', ['rcs', LIBRARY, ...made]);
}
