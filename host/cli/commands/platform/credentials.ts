import { Command } from 'commander';
import { z } from 'zod';
import { readJson } from '../../files.js';
import { type ApiCommandOptions, verb, withApi } from './client.js';

const credentialsJson = z.looseObject({ credentialsId: z.string(), type: z.string(), description: z.string() });
type CredentialsJson = z.output<typeof credentialsJson>;

interface PutOptions extends ApiCommandOptions {
  readonly type: string;
  readonly file: string;
  readonly description?: string;
}

/** `akari platform credentials`. */
export function credentialsCommand(): Command {
  const credentials = new Command('credentials').description('the credentials store; secrets go in and never come out');
  const commands = [
    verb('put', 'make or replace an entry')
      .argument('<id>')
      .requiredOption('--type <type>', 'psk, x509, aws-credentials, ..')
      .requiredOption('--file <file>', 'the fields of the type as a JSON object; - is standard input')
      .option('--description <text>')
      .action((id: string, options: PutOptions) =>
        withApi(options, async (client, output) => {
          const { type, file, description } = options;
          const body = { type, credentials: fieldsOf(file), ...(description !== undefined && { description }) };
          const all = await client.json(z.array(credentialsJson), 'GET', ['credentials']);
          const method = all.some(({ credentialsId }) => credentialsId === id) ? 'PUT' : 'POST';
          const entry = await client.json(credentialsJson, method, ['credentials', id], { body });
          output.text(`${method === 'PUT' ? 'replaced' : 'made'} ${lineOf(entry)}`);
          return { entry };
        }),
      ),
    verb('list', 'all, one a line').action((options: ApiCommandOptions) =>
      withApi(options, async (client, output) => {
        const all = await client.json(z.array(credentialsJson), 'GET', ['credentials']);
        for (const entry of all) {
          output.text(lineOf(entry));
          output.event({ credentialsType: entry.type, ...entry, type: 'credentials' });
        }
        return { count: all.length };
      }),
    ),
    verb('delete', 'take an entry away')
      .argument('<id>')
      .action((id: string, options: ApiCommandOptions) =>
        withApi(options, async (client, output) => {
          await client.ask('DELETE', ['credentials', id]);
          output.text(`deleted ${id}`);
          return { credentialsId: id };
        }),
      ),
  ];
  for (const command of commands) credentials.addCommand(command);
  return credentials;
}

/** Never quotes what the file holds. */
const fieldsOf = (file: string): unknown => readJson(`--file ${file}`, file);

const lineOf = ({ credentialsId, type, description }: CredentialsJson): string =>
  `${credentialsId}  ${type}  ${description}`.trimEnd();
