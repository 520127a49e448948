import { Command, Option } from 'commander';
import { releaseBinary } from '../../../package-root.js';
import { SerialError, servePty, serveTcp } from '../../../serial-server.js';
import { CharacterCard, type Framing } from '../../../sim/index.js';
import { profileOf } from '../../profile.js';
import { JobError, Output, UsageError } from '../../output.js';
import { type CardOptions, cardOptions, storeOf, wholeNumber } from './bench.js';
import { live } from './live.js';

interface SerialOptions extends CardOptions {
  readonly pty?: true;
  readonly path: string;
  readonly tcp?: number;
  readonly host: string;
  readonly framing: Framing;
}

const HELP = `
Bytes are the characters of the card's I/O line (8 data bits). There are no other contacts: opening the line is power
on and a cold reset, so the ATR comes first; closing it is power off. With --framing parmrk it is as termios(3) has it:
ff ff is the character ff, ff 00 00 (a break) is a warm reset, ff 00 xx is a character with a parity error.

QEMU:  -chardev socket,id=sim,host=127.0.0.1,port=PORT -serial chardev:sim`;

/** `akari sim serial`. */
export function serialCommand(): Command {
  const command = new Command('serial')
    .description("offer the card's T=0 character line on a pseudo terminal or a TCP port")
    .option('--pty', 'a pseudo terminal (needs socat)')
    .option('--path <link>', 'its name', 'akari-sim.tty')
    .option('--tcp <port>', 'a TCP port; 0 for any', wholeNumber(0, 65_535))
    .option('--host <address>', 'where the TCP port is', '127.0.0.1')
    .addOption(new Option('--framing <framing>', 'how resets are told').choices(['raw', 'parmrk']).default('raw'))
    .addHelpText('after', HELP);
  return cardOptions(command).action(runSerial);
}

async function runSerial(options: SerialOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { path, tcp, host, framing } = options;
  if ((options.pty === undefined) === (tcp === undefined)) throw new UsageError('expected one of --pty and --tcp');
  const profile = profileOf(options.profile, options.index);
  const chip = { module: releaseBinary('sim'), store: storeOf(profile, options.store) };
  const ready = (where: string): void => {
    output.text(`card ${profile.iccid} is at ${where}; Ctrl-C takes it away`);
    output.event({ type: 'reader', event: 'ready', where });
  };
  try {
    await live(output, options.showSecrets === true, async ({ clock, trace, random, signal }) => {
      const card = new CharacterCard({ card: chip, clock, trace, random, framing });
      if (tcp === undefined) await servePty({ end: card, path, lasting: false, signal, ready: () => ready(path) });
      else await serveTcp({ end: card, host, port: tcp, signal, ready: (port) => ready(`${host}:${port}`) });
    });
  } catch (error) {
    if (!(error instanceof SerialError)) throw error;
    output.result(false, { reason: error.message });
    throw new JobError(error.message);
  }
  output.result(true);
}
