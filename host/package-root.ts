import { existsSync, readFileSync } from 'node:fs';

/** Directory URL of this package, whether it runs from host/ (tests) or from dist/host/. */
export function packageRoot(): URL {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const file = new URL('package.json', folder);
    if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'akari')
      return folder;
    if (folder.pathname === '/') throw new Error('the akari package was not found above its own code');
  }
}

/** A compiled device binary of this package, by name. */
export function releaseBinary(name: string): Uint8Array {
  const file = new URL(`build/release/${name}.wasm`, packageRoot());
  if (!existsSync(file)) throw new Error(`${file.pathname} is not there: run "npm run build" first`);
  return new Uint8Array(readFileSync(file));
}
