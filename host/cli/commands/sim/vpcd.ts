import { Command } from 'commander';
import { SECOND } from '../../../clock/clock.js';
import { releaseBinary } from '../../../package-root.js';
import { VPCD_PORT, type VpcdEnd, directCard, joinVpcd } from '../../../sim/index.js';
import { profileOf } from '../../profile.js';
import { JobError, Output } from '../../output.js';
import { type CardOptions, cardOptions, storeOf, wholeNumber } from './bench.js';
import { live } from './live.js';

const RETRY = SECOND;

interface VpcdCommandOptions extends CardOptions {
  readonly host: string;
  readonly port: number;
  readonly wait?: true;
}

/** `akari sim vpcd`. */
export function vpcdCommand(): Command {
  const command = new Command('vpcd')
    .description('put the card into the virtual reader of vsmartcard: every PC/SC program sees it')
    .option('--host <host>', 'where pcscd with the vpcd driver runs', '127.0.0.1')
    .option('--port <port>', 'CHANNELID of the reader', wholeNumber(1, 65535), VPCD_PORT)
    .option('--wait', 'wait for the reader, and for it to come back, instead of giving up');
  return cardOptions(command).action(runVpcd);
}

async function runVpcd(options: VpcdCommandOptions): Promise<void> {
  const output = new Output(options.json === true);
  const profile = profileOf(options.profile, options.index);
  const card = { module: releaseBinary('sim'), store: storeOf(profile, options.store) };
  const where = `${options.host}:${options.port}`;
  const end = await live(output, options.showSecrets === true, async ({ clock, trace, random, signal }) => {
    const reader = directCard({ card, clock, trace, random });
    const joined = (): void => {
      output.text(`card ${profile.iccid} is in the virtual reader at ${where}; Ctrl-C takes it out`);
      output.event({ type: 'reader', event: 'joined', host: options.host, port: options.port });
    };
    for (;;) {
      const why: VpcdEnd = await joinVpcd({ host: options.host, port: options.port, card: reader, signal, joined });
      if (why === 'gone') output.event({ type: 'reader', event: 'gone' });
      if (why === 'stopped' || options.wait === undefined) return why;
      await clock.sleep(RETRY);
    }
  });
  if (end !== 'stopped') {
    const reason =
      end === 'gone'
        ? `the virtual reader at ${where} went away`
        : `no virtual reader at ${where}: is pcscd with vsmartcard-vpcd running there? (--wait waits for it)`;
    output.result(false, { reason });
    throw new JobError(reason);
  }
  output.result(true);
}
