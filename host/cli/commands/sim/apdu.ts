import { createInterface } from 'node:readline';
import { Command, Option } from 'commander';
import type { Store } from '../../../board/store.js';
import { fromHex, toHex } from '../../../bytes.js';
import { VirtualClock } from '../../../clock/virtual.js';
import { releaseBinary } from '../../../package-root.js';
import { Random } from '../../../random.js';
import { CardError, type CardReader, CardSlot, Terminal, directCard } from '../../../sim/index.js';
import { Trace } from '../../../trace/trace.js';
import { profileOf } from '../../profile.js';
import { JobError, Output, UsageError } from '../../output.js';
import { INDEX_OPTION, PROFILE_OPTION, STORE_OPTION, storeOf } from './bench.js';

/** CLA INS P1 P2 at least; at most 255 bytes of data and Le. */
const COMMAND_BYTES = { min: 4, max: 261 };

interface ApduOptions {
  readonly profile: string;
  readonly index: number;
  readonly store?: string;
  readonly link: 't0' | 'direct';
  readonly json?: true;
}

/** `akari sim apdu`. */
export function apduCommand(): Command {
  return new Command('apdu')
    .description('send command APDUs to a card and print its answers, "data SW" a line')
    .argument('[apdu...]', 'commands in hexadecimal; without any, lines of standard input')
    .requiredOption(...PROFILE_OPTION)
    .option(...INDEX_OPTION)
    .option(...STORE_OPTION)
    .addOption(
      new Option('--link <link>', 't0: character line, 61xx and 6Cxx stay visible; direct: whole APDUs in memory')
        .choices(['t0', 'direct'])
        .default('t0'),
    )
    .option('--json', 'one event a line, the last one the result')
    .action(runApdus);
}

async function runApdus(apdus: readonly string[], options: ApduOptions): Promise<void> {
  const output = new Output(options.json === true);
  let count = 0;
  const send = async (card: CardOnBench, command: Uint8Array): Promise<void> => {
    const answer = await card.transmit(command);
    const data = toHex(answer.subarray(0, -2));
    const sw = toHex(answer.subarray(-2));
    count++;
    output.text(data === '' ? sw : `${data} ${sw}`);
    output.event({ type: 'apdu', command: toHex(command), data, sw });
  };
  try {
    // All arguments are judged before the first is sent.
    const commands = apdus.map((text, i) => parseCommand(text, `argument ${i + 1}`));
    const profile = profileOf(options.profile, options.index);
    const card = new CardOnBench(storeOf(profile, options.store), options.link);
    const atr = await card.powerOn();
    output.event({ type: 'atr', bytes: toHex(atr) });
    if (commands.length > 0) {
      for (const command of commands) await send(card, command);
    } else {
      let line = 0;
      for await (const text of createInterface({ input: process.stdin })) {
        line++;
        if (text.trim() !== '') await send(card, parseCommand(text, `line ${line} of the input`));
      }
    }
  } catch (error) {
    const told =
      error instanceof CardError ? new JobError(`the exchange with the card failed: ${error.message}`) : error;
    if (told instanceof JobError || told instanceof UsageError) output.result(false, { reason: told.message });
    throw told;
  }
  output.result(true, { apdus: count });
}

/** `where` names the text for the person who wrote it. */
function parseCommand(text: string, where: string): Uint8Array {
  const hex = text.replace(/\s/g, '');
  const quoted = hex.length > 10 ? `${hex.slice(0, 10)}..` : hex;
  if (!/^[0-9a-fA-F]*$/.test(hex)) throw new UsageError(`${where} ("${quoted}") is not hexadecimal`);
  if (hex.length % 2 !== 0) throw new UsageError(`${where} ("${quoted}") has ${hex.length} hex digits, an odd number`);
  const command = fromHex(hex);
  const { min, max } = COMMAND_BYTES;
  if (command.length < min || command.length > max) {
    throw new UsageError(`${where} ("${quoted}") is ${command.length} bytes, a command APDU has ${min} to ${max}`);
  }
  return command;
}

/** A fresh card and a reader on a virtual clock that runs while a command does. */
class CardOnBench {
  readonly #clock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly #reader: CardReader;

  constructor(store: Store, link: 't0' | 'direct') {
    const clock = this.#clock;
    const trace = new Trace(clock);
    const random = new Random('akari sim');
    const card = { module: releaseBinary('sim'), store };
    if (link === 'direct') {
      this.#reader = directCard({ card, clock, trace, random });
    } else {
      const slot = new CardSlot({ clock, trace, random });
      slot.insert(card);
      this.#reader = new Terminal({ slot, clock, trace });
    }
  }

  powerOn(): Promise<Uint8Array> {
    return this.#until(this.#reader.powerOn());
  }

  transmit(command: Uint8Array): Promise<Uint8Array> {
    return this.#until(this.#reader.transmit(command));
  }

  async #until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => (settled = true));
    watched.catch(() => undefined); // reported by the caller, who is still waiting for the clock
    this.#clock.stir();
    const why = await this.#clock.run({ until: () => settled });
    if (why === 'idle') throw new JobError('the card went quiet for good');
    return watched;
  }
}
