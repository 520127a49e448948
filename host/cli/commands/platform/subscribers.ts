import { Command } from 'commander';
import { z } from 'zod';
import { record } from '../../../record.js';
import { type Output, UsageError } from '../../output.js';
import { wholeNumber } from '../sim/bench.js';
import { type ApiClient, type ApiCommandOptions, gathered, pair, verb, withApi } from './client.js';

const anySubscriber = z.looseObject({ imsi: z.string() });
const subscriberJson = z.looseObject({
  imsi: z.string(),
  status: z.string(),
  speedClass: z.string(),
  groupId: z.string().nullish(),
  tags: record(z.string(), z.string()),
  sessionStatus: z.looseObject({ online: z.boolean(), ueIpAddress: z.string().nullish() }),
});
type SubscriberJson = z.output<typeof subscriberJson>;

interface ListOptions extends ApiCommandOptions {
  readonly tag?: string;
  readonly status?: string;
  readonly group?: string;
  readonly limit?: number;
}

interface RegisterOptions extends ApiCommandOptions {
  readonly group?: string;
  readonly tag?: readonly string[];
}

/** Verbs that need nothing but the IMSI. */
const STEPS = {
  activate: 'let the SIM use the services',
  deactivate: 'stop the SIM; its session ends',
  suspend: 'suspend the SIM; its session ends',
} as const;

/** `akari platform subscribers`. */
export function subscribersCommand(): Command {
  const subscribers = new Command('subscribers').description("the operator's SIMs");
  const commands = [
    verb('list', 'all, one a line')
      .option('--tag <name=value>', 'with this tag')
      .option('--status <status>', 'in one of these statuses, with | between them')
      .option('--group <id>', 'in this group')
      .option('--limit <n>', 'so many at most', wholeNumber(1, 1_000_000))
      .action((options: ListOptions) => withApi(options, (client, output) => list(client, output, options))),
    verb('get', 'one, as JSON')
      .argument('<imsi>')
      .action((imsi: string, options: ApiCommandOptions) =>
        withApi(options, async (client, output) =>
          show(output, await client.json(anySubscriber, 'GET', ['subscribers', imsi])),
        ),
      ),
    verb('register', 'make a SIM yours; the secret that came with it is read from AKARI_REGISTRATION_SECRET')
      .argument('<imsi>')
      .option('--group <id>', 'put it into this group')
      .option('--tag <name=value>', 'give it this tag; may be there more than once', gathered)
      .action((imsi: string, options: RegisterOptions) =>
        withApi(options, (client, output) => register(client, output, imsi, options)),
      ),
    verb('tags', 'set tags (name=value), or take them away (name=)')
      .argument('<imsi>')
      .argument('<tags...>')
      .action((imsi: string, tags: readonly string[], options: ApiCommandOptions) =>
        withApi(options, (client, output) => setTags(client, output, imsi, tags)),
      ),
    verb('group', 'put the SIM into a group, or out of it')
      .argument('<imsi>')
      .argument('[group]', 'absent: into none')
      .action((imsi: string, group: string | undefined, options: ApiCommandOptions) =>
        withApi(options, async (client, output) => {
          const path = ['subscribers', imsi, group === undefined ? 'unset_group' : 'set_group'];
          const body = group === undefined ? {} : { body: { groupId: group } };
          return show(output, await client.json(anySubscriber, 'POST', path, body));
        }),
      ),
    ...Object.entries(STEPS).map(([name, description]) =>
      verb(name, description)
        .argument('<imsi>')
        .action((imsi: string, options: ApiCommandOptions) =>
          withApi(options, async (client, output) => {
            const subscriber = await client.json(subscriberJson, 'POST', ['subscribers', imsi, name]);
            output.text(lineOf(subscriber));
            return { subscriber };
          }),
        ),
    ),
  ];
  for (const command of commands) subscribers.addCommand(command);
  return subscribers;
}

async function list(client: ApiClient, output: Output, { tag, status, group, limit }: ListOptions) {
  if (group !== undefined && (tag ?? status) !== undefined) {
    throw new UsageError('--group goes without --tag and --status');
  }
  const [name, value] = tag === undefined ? [] : pair(tag);
  const path = group === undefined ? ['subscribers'] : ['groups', group, 'subscribers'];
  const query = { tag_name: name, tag_value: value, status_filter: status };
  let count = 0;
  for await (const subscriber of client.list(subscriberJson, path, query, limit)) {
    count++;
    output.text(lineOf(subscriber));
    output.event({ ...subscriber, type: 'subscriber' });
  }
  return { count };
}

async function register(client: ApiClient, output: Output, imsi: string, { group, tag = [] }: RegisterOptions) {
  const registrationSecret = process.env['AKARI_REGISTRATION_SECRET'];
  if (!registrationSecret) throw new UsageError('AKARI_REGISTRATION_SECRET has to hold the secret of the SIM');
  const tags = tag.map(pair).map(([tagName, tagValue]) => ({ tagName, tagValue }));
  const body = { registrationSecret, ...(group !== undefined && { groupId: group }), ...(tags.length > 0 && { tags }) };
  return show(output, await client.json(anySubscriber, 'POST', ['subscribers', imsi, 'register'], { body }));
}

async function setTags(client: ApiClient, output: Output, imsi: string, texts: readonly string[]) {
  const pairs = texts.map(pair);
  const put = pairs.filter(([, value]) => value !== '').map(([tagName, tagValue]) => ({ tagName, tagValue }));
  if (put.length > 0) await client.ask('PUT', ['subscribers', imsi, 'tags'], { body: put });
  for (const [name, value] of pairs) {
    if (value === '') await client.ask('DELETE', ['subscribers', imsi, 'tags', name]);
  }
  return show(output, await client.json(anySubscriber, 'GET', ['subscribers', imsi]));
}

function show(output: Output, subscriber: Readonly<Record<string, unknown>>) {
  output.value(subscriber);
  return { subscriber };
}

const lineOf = ({ imsi, status, speedClass, groupId, tags, sessionStatus }: SubscriberJson): string =>
  [
    imsi,
    status.padEnd(10),
    speedClass.padEnd(11),
    (sessionStatus.online ? (sessionStatus.ueIpAddress ?? 'online') : 'offline').padEnd(15),
    groupId ?? '-',
    tags['name'] ?? '',
  ]
    .join('  ')
    .trimEnd();
