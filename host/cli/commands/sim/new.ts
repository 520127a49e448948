import { unlinkSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { Random } from '../../../random.js';
import { ProfileError, loadSimRange, newProfile } from '../../../sim/index.js';
import { fileFault } from '../../files.js';
import { complain, JobError, Output, UsageError } from '../../output.js';
import { wholeNumber } from './bench.js';

const COUNT_MAX = 1_000_000;

interface NewOptions {
  readonly imsi?: string;
  readonly iccid?: string;
  readonly mncLength?: number;
  readonly msisdn?: string;
  readonly spn?: string;
  readonly count: number;
  readonly out: string;
  readonly keys?: string;
  readonly seed?: string;
  readonly json?: true;
}

/** `akari sim new`. */
export function newSimCommand(): Command {
  return new Command('new')
    .description('make a profile with random keys, and its key file (mode 0600); never overwrites')
    .option('--imsi <digits>', 'IMSI, of the first card; a random one of test network 001-01 unless given')
    .option('--iccid <digits>', 'ICCID as it is printed on the card, of the first card; random unless given')
    .option('--mnc-length <n>', "digits of the network's code; by the country unless given", wholeNumber(2, 3))
    .option('--msisdn <digits>', 'telephone number, of the first card; +, blanks and hyphens are left out')
    .option('--spn <name>', 'service provider name')
    .option('--count <n>', 'cards; their keys are derived from one master key', wholeNumber(1, COUNT_MAX), 1)
    .option('--out <file>', 'the profile', 'sim.json')
    .option('--keys <file>', 'the key file; beside the profile, .keys.json unless given')
    .option('--seed <seed>', 'same seed, same keys: for tests only')
    .option('--json', 'one event a line, the last one the result')
    .action(runNew);
}

function runNew(options: NewOptions): void {
  const output = new Output(options.json === true);
  const { imsi, iccid, mncLength, msisdn, spn, count, out } = options;
  const keysFile = options.keys ?? `${out.replace(/\.json$/, '')}.keys.json`;
  const { profile, keys } = newProfile({
    ...(imsi !== undefined && { imsi }),
    ...(iccid !== undefined && { iccid }),
    count,
    keys: relative(dirname(resolve(out)), resolve(keysFile)),
    more: { ...(mncLength && { mncLength }), ...(msisdn && { msisdn }), ...(spn && { spn }) },
    random: new Random(options.seed ?? Random.freshSeed()),
  });
  const written: string[] = [];
  try {
    for (const [file, json, mode] of [
      [keysFile, keys, 0o600],
      [out, profile, 0o644],
    ] as const) {
      writeNew(file, json, mode);
      written.push(file);
    }
    const { warnings, ...range } = loadSimRange(out);
    for (const warning of warnings) complain(warning);
    const first = range.card(0);
    const cards = count === 1 ? `card ${first.iccid}` : `${count} cards from ${first.iccid}`;
    output.text(`${out}: ${cards}, IMSI ${first.imsi}; keys in ${keysFile}: keep that to yourself`);
    output.result(true, { profile: out, keys: keysFile, count, imsi: first.imsi, iccid: first.iccid });
  } catch (error) {
    for (const file of written) unlinkSync(file);
    const told = error instanceof ProfileError ? new UsageError(error.faults.join('; ')) : error;
    if (told instanceof UsageError || told instanceof JobError) output.result(false, { reason: told.message });
    throw told;
  }
}

function writeNew(file: string, json: unknown, mode: number): void {
  try {
    writeFileSync(file, `${JSON.stringify(json, null, 2)}\n`, { flag: 'wx', mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new UsageError(`${file} is there already and is not overwritten; name another file`);
    throw fileFault(file, error, 'be written') ?? error;
  }
}
