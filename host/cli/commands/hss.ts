import { Command } from 'commander';
import { fromHex, toHex } from '../../bytes.js';
import { quintuplet } from '../../cellular/hss/index.js';
import { encodePlmn } from '../../cellular/nas/index.js';
import { Random } from '../../random.js';
import { Output, UsageError } from '../output.js';
import { profileOf } from '../profile.js';

const RAND_BYTES = 16;
const SQN_BYTES = 6;

interface VectorOptions {
  readonly profile: string;
  readonly rand?: string;
  readonly sqn?: string;
  readonly plmn?: string;
  readonly json?: true;
}

/** `akari hss`: the home subscriber server alone. */
export function hssCommand(): Command {
  const hss = new Command('hss').description('the home subscriber server alone');
  hss
    .command('vector')
    .description('print one authentication vector of a subscriber as JSON, keys and all')
    .requiredOption('--profile <file>', 'JSON profile of the SIM')
    .option('--rand <hex>', 'challenge, 32 hex digits; random unless given')
    .option('--sqn <hex>', "sequence number, 12 hex digits; the profile's unless given")
    .option('--plmn <digits>', "serving network for KASME, 5 or 6 digits; the SIM's own unless given")
    .option('--json', 'one event a line, the last one the result')
    .action(printVector);
  return hss;
}

function printVector(options: VectorOptions): void {
  const profile = profileOf(options.profile);
  const rand = options.rand === undefined ? freshRand() : hexOption('--rand', options.rand, RAND_BYTES);
  const sqn = options.sqn === undefined ? profile.sqn : hexOption('--sqn', options.sqn, SQN_BYTES);
  const plmn = options.plmn ?? profile.imsi.slice(0, 3 + profile.mncLength);
  if (!/^\d{5,6}$/.test(plmn)) throw new UsageError(`--plmn "${plmn}": expected 5 or 6 digits, such as 44010`);
  const vector = quintuplet(profile, rand, sqn, encodePlmn(plmn));
  const shown = {
    rand: toHex(vector.rand),
    autn: toHex(vector.autn),
    xres: vector.xres.revealHex(),
    ck: vector.ck.revealHex(),
    ik: vector.ik.revealHex(),
    kasme: vector.kasme.revealHex(),
  };
  const output = new Output(options.json === true);
  output.text(JSON.stringify(shown));
  output.result(true, shown);
}

function hexOption(name: string, text: string, bytes: number): Uint8Array {
  if (!/^[0-9a-fA-F]*$/.test(text))
    throw new UsageError(`${name} is not hexadecimal; expected ${bytes * 2} hex digits`);
  if (text.length !== bytes * 2) {
    throw new UsageError(`${name} is ${text.length} hex digits, expected ${bytes * 2} (${bytes} bytes)`);
  }
  return fromHex(text);
}

function freshRand(): Uint8Array {
  return new Random(Random.freshSeed()).bytes(RAND_BYTES);
}
