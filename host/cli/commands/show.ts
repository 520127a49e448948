import { Command, Option } from 'commander';
import { MINUTE, SECOND } from '../../clock/clock.js';
import { MODEM_MODELS } from '../../modem/index.js';
import { releaseBinary } from '../../package-root.js';
import type { TraceEvent } from '../../trace/events.js';
import { DEMO_PROFILE, makeDemo } from '../demo.js';
import { faultOf } from '../fault.js';
import { JobError, Output } from '../output.js';
import { Story } from '../story.js';

const APP = 'beam-telemetry';
/** World time that the first message may take: a minute's retries of everything fit in. */
const LIMIT = 3 * MINUTE;

interface ShowOptions {
  readonly profile: string;
  readonly clock: 'virtual' | 'real';
  readonly seed?: string;
  readonly modem?: string;
  readonly json?: true;
  readonly showSecrets?: true;
}

/** `akari show`: the main job, told as it happens. */
export function showCommand(): Command {
  return new Command('show')
    .description('a device with a SIM and no other secret gets its reading, signed, to a customer')
    .option('--profile <file>', 'JSON profile of the card in the device', DEMO_PROFILE)
    .addOption(
      new Option('--clock <clock>', 'real: as it would happen on your desk; virtual: at once')
        .choices(['real', 'virtual'])
        .default('real'),
    )
    .addOption(new Option('--modem <model>', "the device's modem").choices(MODEM_MODELS).default(MODEM_MODELS[0]))
    .option('--seed <seed>', 'fixes every random choice')
    .option('--json', 'one event a line, the last one the result')
    .option('--show-secrets', 'do not mask RES, CK, IK and PINs')
    .action(show);
}

async function show(options: ShowOptions): Promise<void> {
  const output = new Output(options.json === true, undefined, process.stdout.isTTY && !process.env['NO_COLOR']);
  const { world, device } = await makeDemo({ ...options, app: releaseBinary(APP), appName: APP });
  const story = new Story((...line) => output.text(...line));
  let verdict: Extract<TraceEvent, { type: 'verified' }> | undefined;
  let answered = false;
  const faults: string[] = [];
  let denied = false;
  const hush = world.trace.listen((event) => {
    if (options.json) output.trace(event, options.showSecrets);
    else story.sink(event);
    if (event.type === 'verified') verdict = event;
    // The story ends when the device has its answer.
    if (event.type === 'http' && event.leg === 'device' && event.kind === 'response') answered = verdict !== undefined;
    if (event.type === 'registration' && event.state === 'denied') denied = true;
    const fault = faultOf(event);
    if (fault !== undefined) faults.push(fault);
  });
  try {
    device.powerOn();
    await world.run({ for: LIMIT, until: () => answered || denied });
    hush();
    const seconds = Math.round(world.clock.now() / (SECOND / 1000)) / 1000;
    const verified = verdict?.ok === true;
    // The first fault is the cause; what comes later follows from it.
    const reason = verified
      ? undefined
      : (faults[0] ?? `nothing reached the customer in ${LIMIT / SECOND} s of world time`);
    output.result(verified, {
      verified,
      ...(verdict?.imsi !== undefined && { imsi: verdict.imsi }),
      ...(reason !== undefined && { reason }),
      seed: world.seed,
      seconds,
    });
    if (reason !== undefined) throw new JobError(reason);
    output.text('');
    output.text(
      `Verified: the customer knows that this reading came from SIM ${verdict?.imsi ?? '?'} (${seconds} s, seed ${world.seed}).`,
    );
  } finally {
    await world.close();
  }
}
