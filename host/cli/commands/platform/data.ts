import { Command, Option } from 'commander';
import { z } from 'zod';
import { UsageError } from '../../output.js';
import { wholeNumber } from '../sim/bench.js';
import { type ApiCommandOptions, verb, withApi } from './client.js';

/** The last millisecond of Date. ECMA-262 21.4.1.1. */
const LAST_MS = 8.64e15;
const entryJson = z.looseObject({ time: z.number().min(-LAST_MS).max(LAST_MS), content: z.string() });

interface GetOptions extends ApiCommandOptions {
  readonly from?: string;
  readonly to?: string;
  readonly sort?: 'asc' | 'desc';
  readonly limit: number;
}

/** `akari platform data`. */
export function dataCommand(): Command {
  const data = new Command('data').description('what devices sent to Harvest Data');
  data.addCommand(
    verb('get', 'the entries of a SIM, newest first')
      .argument('<imsi>')
      .option('--from <time>', 'UNIX milliseconds, or a date as 2026-01-31T12:00:00Z')
      .option('--to <time>', 'the same')
      .addOption(new Option('--sort <order>', 'by time').choices(['asc', 'desc']))
      .option('--limit <n>', 'so many at most', wholeNumber(1, 1_000_000), 100)
      .action((imsi: string, options: GetOptions) =>
        withApi(options, async (client, output) => {
          const { from, to, sort, limit } = options;
          const query = { from: timeOf('--from', from), to: timeOf('--to', to), sort };
          let count = 0;
          for await (const entry of client.list(entryJson, ['data', 'Subscriber', imsi], query, limit)) {
            count++;
            output.text(`${new Date(entry.time).toISOString()}  ${entry.content}`);
            output.event({ ...entry, type: 'entry' });
          }
          return { count };
        }),
      ),
  );
  return data;
}

function timeOf(name: string, text: string | undefined): string | undefined {
  if (text === undefined || /^\d{1,15}$/.test(text)) return text;
  const ms = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(ms)) {
    throw new UsageError(`${name} "${text}": expected UNIX milliseconds or a date`);
  }
  return String(ms);
}
