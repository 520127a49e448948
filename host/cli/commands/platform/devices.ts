import { Command, Option } from 'commander';
import { z } from 'zod';
import { parseJson } from '../../../json-text.js';
import { readText } from '../../files.js';
import { type Output, UsageError } from '../../output.js';
import { anyObject, type ApiClient, type ApiCommandOptions, bodyOf, gathered, pair, verb, withApi } from './client.js';

const deviceJson = z.looseObject({ deviceId: z.string(), endpoint: z.string(), online: z.boolean() });

interface CreateOptions extends ApiCommandOptions {
  readonly group?: string;
  readonly tag?: readonly string[];
}
interface FirmwareOptions extends ApiCommandOptions {
  readonly method: string;
  readonly update?: true;
}

/** `akari platform devices`. */
export function devicesCommand(): Command {
  const devices = new Command('devices').description('devices of Inventory: what they are, have and do');
  const one = (name: string, description: string): Command => verb(name, description).argument('<id>', 'd-...');
  const at = (name: string, description: string): Command =>
    one(name, description).argument('<path>', 'as /3/0 or /3/0/9');
  const several = (name: string, description: string, last: string): Command =>
    one(name, description)
      .argument('<path...>', 'as /3/0/9')
      .action((id: string, paths: readonly string[], options: ApiCommandOptions) =>
        withApi(options, (client, output) => ask(client, output, 'POST', [id, 'composite', last], { paths })),
      );
  const commands = [
    verb('list', 'all, one a line').action((options: ApiCommandOptions) => withApi(options, list)),
    one('get', 'one, as JSON').action((id: string, options: ApiCommandOptions) =>
      withApi(options, async (client, output) => ({
        device: shown(output, await client.json(deviceJson, 'GET', ['devices', id])),
      })),
    ),
    verb('create', 'a device without a SIM; prints its id and, this once, its key')
      .argument('<endpoint>')
      .option('--group <id>', 'put it into this group')
      .option('--tag <name=value>', 'give it this tag; may be there more than once', gathered)
      .action((endpoint: string, { group, tag = [], ...options }: CreateOptions) =>
        withApi(options, async (client, output) => {
          const tags = Object.fromEntries(tag.map(pair));
          const body = { endpoint, tags, ...(group !== undefined && { groupId: group }) };
          return shown(output, await client.json(anyObject, 'POST', ['devices'], { body }));
        }),
      ),
    one('delete', 'with all that is kept of it').action((id: string, options: ApiCommandOptions) =>
      withApi(options, async (client, output) => {
        await client.ask('DELETE', ['devices', id]);
        output.text(`deleted ${id}`);
        return {};
      }),
    ),
    at('read', 'what the device says is there').action(asking('GET')),
    at('discover', 'which resources are there, with their attributes').action(asking('GET', 'discover')),
    at('write', 'a value: JSON, or text; an instance: {"resources": [..]}')
      .argument('<value>')
      .action((id: string, path: string, value: string, options: ApiCommandOptions) =>
        withApi(options, (client, output) => ask(client, output, 'PUT', [id, ...partsOf(path)], writtenOf(value))),
      ),
    at('execute', "with arguments, if any, as 0='reset',1")
      .argument('[arguments]')
      .action((id: string, path: string, value: string | undefined, options: ApiCommandOptions) =>
        withApi(options, (client, output) =>
          ask(client, output, 'POST', [id, ...partsOf(path), 'execute'], value === undefined ? {} : { value }),
        ),
      ),
    at('observe', 'be told of changes').action(asking('POST', 'observe')),
    at('unobserve', 'not any more').action(asking('POST', 'unobserve')),
    several('read-all', 'several places at once', 'read'),
    several('observe-all', 'be told of several places at once', 'observe'),
    several('unobserve-all', 'not any more', 'unobserve'),
    one('write-all', 'several values at once: all are written, or none')
      .argument('<path=value...>', 'as /3/0/14=+09:00')
      .action((id: string, values: readonly string[], options: ApiCommandOptions) =>
        withApi(options, (client, output) => {
          const body = { values: Object.fromEntries(values.map(pair).map(([path, value]) => [path, scalarOf(value)])) };
          return ask(client, output, 'POST', [id, 'composite', 'write'], body);
        }),
      ),
    one('readings', 'what the device said last, and what it is observed for').action(
      (id: string, options: ApiCommandOptions) =>
        withApi(options, async (client, output) =>
          shown(output, await client.json(anyObject, 'GET', ['devices', id, 'readings'])),
        ),
    ),
    one('requests', 'what the device was asked and what came of it').action((id: string, options: ApiCommandOptions) =>
      withApi(options, async (client, output) => {
        const requests = await client.json(z.array(anyObject), 'GET', ['devices', id, 'requests']);
        for (const request of requests) {
          output.text(
            ['requestId', 'state', 'operation', 'path', 'code']
              .map((name) => wordOf(request[name]))
              .join('  ')
              .trimEnd(),
          );
          output.event({ ...request, type: 'request' });
        }
        return { count: requests.length };
      }),
    ),
    one('firmware', 'give it an image: a path in the private files')
      .argument('[file]', 'not needed for a reset')
      .addOption(
        new Option('--method <method>', 'how; reset: what waits in the device is given up')
          .choices(['push', 'pull', 'pull-coap', 'reset'])
          .default('push'),
      )
      .option('--update', 'then update, when the image is there')
      .action((id: string, file: string | undefined, { method, update = undefined, ...options }: FirmwareOptions) =>
        withApi(options, async (client, output) => {
          const body = { ...(file !== undefined && { file }), method, ...(update === true && { update }) };
          return {
            request: shown(output, await client.json(anyObject, 'POST', ['devices', id, 'firmware'], { body })),
          };
        }),
      ),
    one('rotate', 'have it ask for a new key').action((id: string, options: ApiCommandOptions) =>
      withApi(options, async (client, output) =>
        shown(output, await client.json(anyObject, 'POST', ['devices', id, 'rotate_key'])),
      ),
    ),
    modelsCommand(),
  ];
  for (const command of commands) devices.addCommand(command);
  return devices;
}

function modelsCommand(): Command {
  const models = new Command('models').description('models of your own objects');
  const commands = [
    verb('list', 'all, one a line').action((options: ApiCommandOptions) =>
      withApi(options, async (client, output) => {
        let count = 0;
        for await (const model of client.list(anyObject, ['device_object_models'])) {
          count++;
          output.text(`${wordOf(model['id'])}  ${wordOf(model['name'])}`);
          output.event({ ...model, type: 'model' });
        }
        return { count };
      }),
    ),
    verb('put', "a model from a JSON file, or from OMA's registry, which has XML")
      .argument('<file>')
      .action((file: string, options: ApiCommandOptions) =>
        withApi(options, async (client, output) =>
          shown(output, await client.json(anyObject, 'POST', ['device_object_models'], modelFile(file))),
        ),
      ),
    verb('delete', 'a model')
      .argument('<id>')
      .action((id: string, options: ApiCommandOptions) =>
        withApi(options, async (client, output) => {
          await client.ask('DELETE', ['device_object_models', id]);
          output.text(`deleted ${id}`);
          return {};
        }),
      ),
  ];
  for (const command of commands) models.addCommand(command);
  return models;
}

/** A field that is a word or a number; JSON of anything else. */
const wordOf = (value: unknown): string =>
  typeof value === 'string' ? value : value == null ? '' : JSON.stringify(value);

async function list(client: ApiClient, output: Output) {
  let count = 0;
  for await (const device of client.list(deviceJson, ['devices'])) {
    count++;
    output.text(`${device.deviceId}  ${device.online ? 'online ' : 'offline'}  ${device.endpoint}`);
    output.event({ ...device, type: 'device' });
  }
  return { count };
}

const asking =
  (method: 'GET' | 'POST', last?: string) =>
  (id: string, path: string, options: ApiCommandOptions): Promise<void> =>
    withApi(options, (client, output) =>
      ask(client, output, method, [id, ...partsOf(path), ...(last === undefined ? [] : [last])]),
    );

function partsOf(path: string): string[] {
  if (!/^(\/\d{1,5}){1,4}$/.test(path)) throw new UsageError(`"${path}": expected a path, such as /3/0/9`);
  return path.slice(1).split('/');
}

/** A request that waits for its device. */
const pending = z.object({ state: z.enum(['queued', 'running']) });

/** What the device answers; that it was not there is said, and no failure. */
async function ask(client: ApiClient, output: Output, method: string, parts: readonly string[], body?: unknown) {
  const response = await client.ask(method, ['devices', ...parts], body === undefined ? {} : { body });
  if (response.status === 204) return { queued: false, answer: null };
  const answer = await bodyOf(z.unknown(), response);
  // 202 alone does not say whether the device has done it by now.
  const queued = pending.safeParse(answer).success;
  if (queued) output.text('the device cannot be asked now: it will be when it is back');
  return { queued, answer: shown(output, answer) };
}

/** A number or a flag as such, anything else as text. */
function scalarOf(text: string): unknown {
  const body = writtenOf(text);
  return typeof body === 'object' && body !== null && 'value' in body ? body.value : text;
}

/** JSON as it is, anything else as text. */
function writtenOf(text: string): unknown {
  let value: unknown = text;
  try {
    value = JSON.parse(text);
  } catch {
    // text
  }
  return typeof value === 'object' && value !== null ? value : { value };
}

/** Told by its first character, whatever the file is called. */
function modelFile(file: string): { readonly body: unknown } | { readonly xml: string } {
  const text = readText(file, file);
  if (/^\ufeff?\s*</.test(text)) return { xml: text };
  const parsed = parseJson(text);
  if (parsed.fault !== undefined) throw new UsageError(`${file} ${parsed.fault}`);
  return { body: parsed.json };
}

function shown<T>(output: Output, json: T): T {
  output.value(json);
  return json;
}
