// Which of the programs in peers.txt are here. What needs one that is not is not run, and a person is told so; where
// AKARI_PEERS=required, as in .ci/run, it fails.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Beginnings of names of packages whose sources are compiled here, and where those are from. */
const COMPILED = { 'npm:': 'npm', 'source:': "Debian's sources" };

/** Name of a program -> its Debian package (or what it is compiled from), and the file that shows it is there if it is no command. */
export const peers = new Map(
  readFileSync(new URL('peers.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => /^[^#\s]/.test(line))
    .map((line) => {
      const [program, name, file] = line.trim().split(/\s+/);
      return [program, { package: name, file: file && resolve(ROOT, file) }];
    }),
);

function runs(command) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Those of `programs` that are not here. Throws when one is missing and all are required. */
export function missing(programs) {
  const lacking = programs.filter((program) => {
    const peer = peers.get(program);
    if (peer === undefined) throw new Error(`tools/peers.txt does not name ${program}`);
    return peer.file === undefined ? !runs(program) : !existsSync(peer.file);
  });
  if (lacking.length > 0 && process.env.AKARI_PEERS === 'required') {
    throw new Error(`AKARI_PEERS=required, and ${howToInstall(lacking)}`);
  }
  return lacking;
}

/** Where a program is that is no command. */
export function fileOf(program) {
  const { file } = peers.get(program) ?? {};
  if (file === undefined) throw new Error(`tools/peers.txt names no file of ${program}`);
  return file;
}

/** "missing curl, tshark; `npm run peers` installs them (Debian: curl tshark)" */
export function howToInstall(lacking) {
  const packages = [...new Set(lacking.map((program) => peers.get(program)?.package))].sort();
  const named = (prefix) => packages.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const from = [
    ['Debian', packages.filter((name) => !name.includes(':'))],
    ...Object.entries(COMPILED).map(([prefix, place]) => [`compiled, from ${place}`, named(prefix)]),
  ]
    .filter(([, names]) => names.length > 0)
    .map(([place, names]) => `${place}: ${names.join(' ')}`)
    .join('; ');
  return `missing ${lacking.join(', ')}; \`npm run peers\` installs them (${from})`;
}
