import { Command } from 'commander';
import { z } from 'zod';
import { record } from '../../../record.js';
import { readJson } from '../../files.js';
import { type Output, UsageError } from '../../output.js';
import { type ApiClient, type ApiCommandOptions, gathered, pair, verb, withApi } from './client.js';

const groupJson = z.looseObject({
  groupId: z.string(),
  tags: record(z.string(), z.string()),
  configuration: record(z.string(), z.unknown()),
});
type GroupJson = z.output<typeof groupJson>;

interface CreateOptions extends ApiCommandOptions {
  readonly tag?: readonly string[];
}
interface ConfigureOptions extends ApiCommandOptions {
  readonly file?: string;
}

/** `akari platform groups`. */
export function groupsCommand(): Command {
  const groups = new Command('groups').description('groups of SIMs and what is configured for them');
  const commands = [
    verb('create', 'a new group; prints its id')
      .option('--tag <name=value>', 'give it this tag; may be there more than once', gathered)
      .action((options: CreateOptions) =>
        withApi(options, async (client, output) => {
          const tags = Object.fromEntries((options.tag ?? []).map(pair));
          const group = await client.json(groupJson, 'POST', ['groups'], { body: { tags } });
          output.text(group.groupId);
          return { group };
        }),
      ),
    verb('list', 'all, one a line').action((options: ApiCommandOptions) => withApi(options, list)),
    verb('get', 'one, as JSON')
      .argument('<id>')
      .action((id: string, options: ApiCommandOptions) =>
        withApi(options, async (client, output) => show(output, await client.json(groupJson, 'GET', ['groups', id]))),
      ),
    verb('configure', 'set keys of a namespace, for example SoracomAir metadata=\'{"enabled":true}\'')
      .argument('<id>')
      .argument('<namespace>')
      .argument('[keys...]', 'key=JSON; what is not JSON is text; "key=" takes the key away')
      .option('--file <file>', 'keys and values as one JSON object')
      .action((id: string, namespace: string, keys: readonly string[], options: ConfigureOptions) =>
        withApi(options, (client, output) => configure(client, output, [id, namespace], keys, options)),
      ),
  ];
  for (const command of commands) groups.addCommand(command);
  return groups;
}

async function list(client: ApiClient, output: Output) {
  let count = 0;
  for await (const group of client.list(groupJson, ['groups'])) {
    count++;
    const namespaces = Object.keys(group.configuration).join(' ');
    output.text(`${group.groupId}  ${group.tags['name'] ?? '-'}  ${namespaces}`.trimEnd());
    output.event({ ...group, type: 'group' });
  }
  return { count };
}

async function configure(
  client: ApiClient,
  output: Output,
  [id, namespace]: readonly [string, string],
  keys: readonly string[],
  { file }: ConfigureOptions,
) {
  const pairs = keys.map(keyAndValue);
  const put = [...(file === undefined ? [] : fromFile(file)), ...pairs.filter(([, text]) => text !== '').map(read)];
  if (put.length + pairs.length === 0) throw new UsageError('nothing to configure: expected key=JSON or --file');
  const path = ['groups', id, 'configuration', namespace];
  if (put.length > 0) await client.ask('PUT', path, { body: put.map(([key, value]) => ({ key, value })) });
  for (const [key, text] of pairs) if (text === '') await client.ask('DELETE', [...path, key]);
  return show(output, await client.json(groupJson, 'GET', ['groups', id]));
}

/** Keys of Beam are URLs, whose query may hold `=`: the value begins at the first `=` that JSON or the end follows. */
function keyAndValue(text: string): [key: string, value: string] {
  const [, key, value] = /^([a-z]+:\/\/.*?)=([{["\d].*|true|false|null|)$/s.exec(text) ?? [];
  return key !== undefined && value !== undefined ? [key, value] : pair(text);
}

function read([key, text]: [string, string]): [key: string, value: unknown] {
  try {
    return [key, JSON.parse(text)];
  } catch {
    return [key, text];
  }
}

function fromFile(file: string): [key: string, value: unknown][] {
  const json = readJson(`--file ${file}`, file);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new UsageError(`--file ${file}: expected a JSON object`);
  }
  return Object.entries(json);
}

function show(output: Output, group: GroupJson) {
  output.value(group);
  return { group };
}
