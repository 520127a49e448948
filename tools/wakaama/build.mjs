// Fetches the package that carries Wakaama's sources through npm, which runs none of its scripts, checks that it is the one meant, and
// compiles its client and its two servers. Done once; part of `npm run peers`.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, compiledOnce } from '../compiled.mjs';
import { HOME, INTEGRITY, PACKAGE, programs } from './sources.mjs';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const RECIPE = ['build.mjs', 'psk/dtls_config.h', 'send.c', 'sources.mjs'].map((file) => join('tools/wakaama', file));

await compiledOnce(HOME, RECIPE, async () => {
  unpack();
  await Promise.all(
    Object.entries(programs()).map(([name, args]) => {
      console.log(`compiling: wakaama-${name}`);
      return compile(['-o', join(HOME, name), ...args]);
    }),
  );
});

function unpack() {
  console.log(`fetching: ${PACKAGE}`);
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', HOME, PACKAGE];
  const [{ filename }] = JSON.parse(execFileSync('npm', pack, { encoding: 'utf8' }));
  const tarball = join(HOME, filename);
  const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (found !== INTEGRITY) throw new Error(`${PACKAGE} is ${found}; expected ${INTEGRITY}`);
  execFileSync('tar', ['-xzf', filename, 'package/deps/wakatiwai'], { cwd: HOME });
}
