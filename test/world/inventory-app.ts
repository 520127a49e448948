// The example lwm2m-inventory as it is built, with the lines that its README adds for firmware that the device fetches, or with more parts.
import { readFileSync } from 'node:fs';
import { releaseBinary } from '../../host/index.js';
import { compileExample } from '../kit/compile.js';

const FOLDER = 'examples/lwm2m-inventory';

/** The README's one block of changes, made in the text: lines with a blank or a minus in front have to be there, in that order. */
function changed(text: string): string {
  const readme = readFileSync(`${FOLDER}/README.md`, 'utf8');
  const [block = ''] = /(?<=\n```diff\n)[\s\S]+?(?=\n```)/.exec(readme) ?? [];
  const lines = text.split('\n');
  let at = 0;
  for (const change of block.split('\n')) {
    const [mark, line] = [change[0], change.slice(1)];
    if (mark !== '+') {
      at = lines.indexOf(line, at);
      if (at < 0) throw new Error(`the example has no such line here: ${line}`);
    }
    if (mark === '-') lines.splice(at, 1);
    else if (mark === '+') lines.splice(at++, 0, line);
    else at++;
  }
  return lines.join('\n');
}

const ENTRY = `${FOLDER}/assembly/index.ts`;
const compiled = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

function once(source: string): Promise<Uint8Array<ArrayBuffer>> {
  const known = compiled.get(source) ?? compileExample(ENTRY, { [ENTRY]: source });
  compiled.set(source, known);
  return known;
}

/** The app, with all that it needs for that method of `images.ts`. */
export async function inventoryApp(method: 'push' | 'pull' | 'pull-coap'): Promise<Uint8Array> {
  return method === 'push' ? releaseBinary('lwm2m-inventory') : once(changed(readFileSync(ENTRY, 'utf8')));
}

/** The app with one more part (assembly/lwm2m/parts.ts). */
export async function markedApp(mark: string): Promise<Uint8Array<ArrayBuffer>> {
  const source = readFileSync(ENTRY, 'utf8').replace('ForInventory>;', 'Marked>;');
  return once(`${source}\n@unmanaged\nclass Marked extends ForInventory {\n  ${mark}(): void {}\n}\n`);
}
