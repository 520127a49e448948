// The example lwm2m-inventory as it is built, with the lines that its README adds for firmware that the device fetches, or with more parts.
import { readFileSync } from 'node:fs';
import { releaseBinary } from '../../host/index.js';
import { changedAsReadme } from '../../tools/readme-changes.mjs';
import { compileExample } from '../kit/compile.js';

const FOLDER = 'examples/lwm2m-inventory';

const ENTRY = `${FOLDER}/assembly/index.ts`;
const compiled = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

function once(source: string): Promise<Uint8Array<ArrayBuffer>> {
  const known = compiled.get(source) ?? compileExample(ENTRY, { [ENTRY]: source });
  compiled.set(source, known);
  return known;
}

/** The app, with all that it needs for that method of `images.ts`. */
export async function inventoryApp(method: 'push' | 'pull' | 'pull-coap'): Promise<Uint8Array> {
  return method === 'push'
    ? releaseBinary('lwm2m-inventory')
    : once(changedAsReadme(readFileSync(ENTRY, 'utf8'), readFileSync(`${FOLDER}/README.md`, 'utf8')));
}

/** The app with one more part (assembly/lwm2m/parts.ts). */
export async function markedApp(mark: string): Promise<Uint8Array<ArrayBuffer>> {
  const source = readFileSync(ENTRY, 'utf8').replace('ForInventory>;', 'Marked>;');
  return once(`${source}\n@unmanaged\nclass Marked extends ForInventory {\n  ${mark}(): void {}\n}\n`);
}
