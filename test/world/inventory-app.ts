// The example lwm2m-inventory as it is built, or with the lines that its README adds for firmware that the device fetches.
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

let fetching: Promise<Uint8Array<ArrayBuffer>> | undefined;

/** The app, with all that it needs for that method of `images.ts`. */
export async function inventoryApp(method: 'push' | 'pull' | 'pull-coap'): Promise<Uint8Array> {
  if (method === 'push') return releaseBinary('lwm2m-inventory');
  const entry = `${FOLDER}/assembly/index.ts`;
  fetching ??= compileExample(entry, { [entry]: changed(readFileSync(entry, 'utf8')) });
  return fetching;
}
