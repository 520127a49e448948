import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { fileFault } from '../../files.js';
import { JobError, UsageError } from '../../output.js';
import { type ApiCommandOptions, verb, withApi } from './client.js';

const fileJson = z.looseObject({ filePath: z.string(), contentLength: z.number().optional() });

interface GetOptions extends ApiCommandOptions {
  readonly out?: string;
}

/** `akari platform files`. */
export function filesCommand(): Command {
  const files = new Command('files').description('what lies in Harvest Files');
  files.addCommand(
    verb('list', 'files whose path begins so, by path')
      .argument('[prefix]', 'as /logs/; all unless given', '/')
      .action((prefix: string, options: ApiCommandOptions) =>
        withApi(options, async (client, output) => {
          let count = 0;
          for await (const file of client.list(fileJson, ['files'], { scope: 'private', prefix })) {
            count++;
            output.text(`${String(file.contentLength ?? '-').padStart(12)}  ${file.filePath}`);
            output.event({ ...file, type: 'file' });
          }
          return { count };
        }),
      ),
  );
  files.addCommand(
    verb('get', 'one file')
      .argument('<path>')
      .option('--out <file>', 'where to; the name of the file, here, unless given')
      .action((path: string, options: GetOptions) =>
        withApi(options, async (client, output) => {
          const parts = path.split('/').filter((part) => part !== '');
          const out = options.out ?? basename(path);
          if (parts.length === 0 || out === '') throw new UsageError(`"${path}" names no file`);
          const response = await client.ask('GET', ['files', 'private', ...parts]);
          const bytes = await save(response, out);
          output.text(`${out}: ${bytes} bytes`);
          return { out, bytes };
        }),
      ),
  );
  return files;
}

/** The whole file or none: what is cut short does not take the place of what was there. */
async function save(response: Response, out: string): Promise<number> {
  const part = `${out}.part`;
  const file = createWriteStream(part, { flags: 'w' });
  try {
    await pipeline(response.body === null ? Readable.from([]) : Readable.fromWeb(response.body), file);
    renameSync(part, out);
    return file.bytesWritten;
  } catch (error) {
    rmSync(part, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    throw fileFault(out, error, 'be written') ?? new JobError(`${out} is not whole (${code ?? message})`);
  }
}
