// Fetches the package that carries Wakaama's sources through npm, which runs none of its scripts, checks that it is the one meant, and
// compiles its client and its two servers. Done once; part of `npm run peers`.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { HOME, INTEGRITY, PACKAGE, programs } from './sources.mjs';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const STAMP = join(HOME, 'built');
const recipe = createHash('sha256');
for (const file of ['build.mjs', 'psk/dtls_config.h', 'send.c', 'sources.mjs'])
  recipe.update(readFileSync(join('tools/wakaama', file)));
const wanted = recipe.digest('hex');

if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== wanted) {
  rmSync(HOME, { recursive: true, force: true });
  mkdirSync(HOME, { recursive: true });
  unpack();
  await Promise.all(Object.entries(programs()).map(compile));
  writeFileSync(STAMP, wanted);
}

function unpack() {
  console.log(`fetching: ${PACKAGE}`);
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', HOME, PACKAGE];
  const [{ filename }] = JSON.parse(execFileSync('npm', pack, { encoding: 'utf8' }));
  const tarball = join(HOME, filename);
  const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (found !== INTEGRITY) throw new Error(`${PACKAGE} is ${found}; ${INTEGRITY} is wanted`);
  execFileSync('tar', ['-xzf', filename, 'package/deps/wakatiwai'], { cwd: HOME });
}

/** Warnings of others' sources are theirs. */
function compile([name, args]) {
  console.log(`compiling: wakaama-${name}`);
  return promisify(execFile)('cc', ['-w', '-O1', '-o', join(HOME, name), ...args], { maxBuffer: 1 << 24 });
}
