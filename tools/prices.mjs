// What each part of the LwM2M client costs: bytes that the example lwm2m-inventory gets longer by when its app marks it
// (assembly/lwm2m/parts.ts), or chooses otherwise. `--json` prints an event a price and a result.
import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compile, targetsOf } from '../dist/host/build/compile.js';
import { changedAsReadme } from './readme-changes.mjs';

const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const FOLDER = process.cwd();
const EXAMPLE = 'examples/lwm2m-inventory';
const ENTRY = `${EXAMPLE}/assembly/index.ts`;
const OUT = 'build/prices.wasm';
const text = readFileSync(ENTRY, 'utf8');
const target = targetsOf(FOLDER).find((one) => one.target === 'lwm2m-inventory-release');

async function weigh(source) {
  await compile(FOLDER, target, { sources: { [ENTRY]: source }, outFile: OUT });
  return statSync(OUT).size;
}

function replaced(source, from, to) {
  if (!source.includes(from)) throw new Error(`${ENTRY} does not say ${from}`);
  return source.replaceAll(from, to);
}

/** The app with these parts, too. */
const marked = (...marks) =>
  `${replaced(text, 'ForInventory>;', 'Priced>;')}\n@unmanaged\nclass Priced extends ForInventory {\n${marks.map((mark) => `  ${mark}(): void {}\n`).join('')}}\n`;

/** What is weighed, and beside what. */
const CHOICES = [
  ['attributes: pmin, pmax, gt, lt, st of what is observed', marked('attributes')],
  ['text: values as text', marked('text')],
  ['parameters: Execute with arguments', marked('parameters')],
  ['instances: Create and Delete', marked('instances')],
  ['queue: queue mode', marked('queue')],
  ['disable: silence for a time', marked('disable')],
  ['servers: two, and Access Control', marked('servers')],
  ['survey: Bootstrap-Discover, Bootstrap-Read', marked('survey')],
  ['cbor: CBOR, SenML CBOR', marked('cbor')],
  ['json: SenML JSON', marked('json')],
  ['pack, where there is cbor: Bootstrap-Pack', marked('cbor', 'pack'), marked('cbor')],
  ['composite, where there is cbor: several paths at once', marked('cbor', 'composite'), marked('cbor')],
  ['Everything', replaced(text, 'ForInventory', 'Everything')],
  ['firmware that the device fetches, too', changedAsReadme(text, readFileSync(`${EXAMPLE}/README.md`, 'utf8'))],
  ['Ccm8Gcm: DTLS with AES-GCM, too', replaced(text, 'Ccm8', 'Ccm8Gcm')],
];

const whole = await weigh(text);
const figures = [{ name: 'lwm2m-inventory', value: whole, unit: 'bytes' }];
for (const [name, source, beside] of CHOICES)
  figures.push({ name, value: (await weigh(source)) - (beside ? await weigh(beside) : whole), unit: 'bytes' });
for (const figure of figures) {
  if (options.json) console.log(JSON.stringify({ type: 'price', ...figure }));
  else console.log(`${figure.name.padEnd(56)} ${String(figure.value).padStart(6)} bytes`);
}
if (options.json) console.log(JSON.stringify({ type: 'result', ok: true, figures }));
