import { Command, InvalidArgumentError } from 'commander';
import { MemoryStore, type Store } from '../../../board/store.js';
import { FileStore, FileStoreError, personalise, type SimProfile } from '../../../sim/index.js';
import { UsageError } from '../../output.js';

/** The memory of the card: in the file `path`, as it was left there, or a new one that is lost at the end. */
export function storeOf(profile: SimProfile, path: string | undefined): Store {
  if (path === undefined) return new MemoryStore({ values: personalise(profile) });
  try {
    return new FileStore(path, profile.iccid, () => personalise(profile));
  } catch (error) {
    throw error instanceof FileStoreError ? new UsageError(error.message) : error;
  }
}

/** Options of the commands that keep a card running. */
export interface CardOptions {
  readonly profile: string;
  readonly index: number;
  readonly store?: string;
  readonly json?: true;
  readonly showSecrets?: true;
}

/** Parses an option's argument. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^[0-9]+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}.`);
    }
    return value;
  };

export const PROFILE_OPTION = ['--profile <file>', 'JSON profile that the card is personalised from'] as const;
export const INDEX_OPTION = [
  '--index <n>',
  'which card of a profile with a count, from 0',
  wholeNumber(0, Number.MAX_SAFE_INTEGER),
  0,
] as const;
export const STORE_OPTION = [
  '--store <file>',
  "keep the card's memory (SQN, PIN counters, files) in this file over restarts",
] as const;

export function cardOptions(command: Command): Command {
  return command
    .requiredOption(...PROFILE_OPTION)
    .option(...INDEX_OPTION)
    .option(...STORE_OPTION)
    .option('--json', 'one event a line, the last one the result')
    .option('--show-secrets', 'do not mask RES, CK, IK and PINs in --json');
}
