import { Command, InvalidArgumentError, Option } from 'commander';
import { SECOND } from '../../clock/clock.js';
import { MODEM_MODELS, ModemEnd } from '../../modem/index.js';
import { releaseBinary } from '../../package-root.js';
import { SerialError, servePty, serveTcp } from '../../serial-server.js';
import type { TraceEvent } from '../../trace/events.js';
import { DEMO_PROFILE, makeDemo } from '../demo.js';
import { JobError, Output, UsageError } from '../output.js';
import { UnknownCommands } from '../unknown-commands.js';
import { untilInterrupted } from '../until-interrupted.js';

export interface ModemCommandOptions {
  readonly tcp?: number;
  readonly pty?: true;
  readonly path: string;
  readonly profile: string;
  readonly model?: string;
  readonly booted?: true;
  readonly seed?: string;
  readonly json?: true;
  readonly showSecrets?: true;
}

const HOST = '127.0.0.1';

const HELP = `
The modem boots when the line is opened (--booted: at once), and again with the first byte after the command that switches it off. It keeps running, and keeps its
session, while nobody has the line open. Its world is that of "akari run": APN soracom.io, user sora, password sora, and
http://beam.soracom.io:8888/telemetry, which signs what it gets and forwards it to the customer.

  akari modem --tcp 7000      then: socat -,raw,echo=0,escape=0x1d TCP:127.0.0.1:7000   (Ctrl-] ends it)
  akari modem --pty           then: picocom -b 115200 akari-modem.tty`;

/** `akari modem`: the modem alone, for a person who types AT commands or for real firmware. */
export function modemCommand(): Command {
  return new Command('modem')
    .description('the modem alone, with a SIM and a network, on a TCP port or a pseudo terminal')
    .option('--tcp <port>', 'offer the line at this port of 127.0.0.1; 0 for any', portNumber)
    .option('--pty', 'offer the line as a pseudo terminal (needs socat)')
    .option('--path <link>', "the pseudo terminal's name", 'akari-modem.tty')
    .option('--profile <file>', 'JSON profile of the card in the modem', DEMO_PROFILE)
    .addOption(new Option('--model <model>', 'which modem it is').choices(MODEM_MODELS).default(MODEM_MODELS[0]))
    .option('--booted', 'the modem boots at once, not when the line is opened')
    .option('--seed <seed>', 'fixes every random choice')
    .option('--json', 'one event a line, the last one the result')
    .option('--show-secrets', 'do not mask RES, CK, IK and PINs in --json')
    .addHelpText('after', HELP)
    .action((options: ModemCommandOptions) => untilInterrupted((signal) => runModem(options, signal)));
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('expected a port from 0 to 65535.');
  return port;
}

/** Runs until `signal`. Throws UsageError, or JobError when the line cannot be offered. */
export async function runModem(
  options: ModemCommandOptions,
  signal: AbortSignal,
  write?: (line: string) => void,
): Promise<void> {
  const { tcp, pty, path, profile, model, booted, seed } = options;
  const output = new Output(options.json === true, write);
  if ((pty === undefined) === (tcp === undefined)) throw new UsageError('modem: expected one of --tcp and --pty');
  // The device of the demo, whose board is never switched on: the program at the line takes its place.
  const { world, device, messages } = await makeDemo({
    app: releaseBinary('beam-telemetry'),
    appName: 'modem',
    profile,
    clock: 'real',
    ...(model !== undefined && { modem: model }),
    ...(seed !== undefined && { seed }),
  });
  const unknown = new UnknownCommands();
  world.trace.listen((event) => {
    output.trace(event, options.showSecrets);
    const said = unknown.telling(event) ?? telling(event);
    if (said !== undefined) output.text(`${(event.t / SECOND).toFixed(3).padStart(10)}  ${said}`);
  });
  const ready = (where: string): void => {
    output.text(`modem is at ${where}; Ctrl-C takes it away`);
    output.event({ type: 'line', event: 'ready', where });
  };
  const end = new ModemEnd(device.modem, device.line);
  if (booted) end.powerOn();
  try {
    if (tcp === undefined) await servePty({ end, path, lasting: true, signal, ready: () => ready(path) });
    else await serveTcp({ end, host: HOST, port: tcp, signal, ready: (port) => ready(`${HOST}:${port}`) });
  } catch (error) {
    if (!(error instanceof SerialError)) throw error;
    output.result(false, { reason: error.message });
    throw new JobError(error.message);
  } finally {
    await world.close();
  }
  output.result(true, { messages: messages(), seed: world.seed });
}

/** What a person wants to know who sees the AT dialogue anyway. */
function telling(event: TraceEvent): string | undefined {
  switch (event.type) {
    case 'registration':
      return `registration: ${event.state}`;
    case 'session':
      return `session ${event.event}: ${event.ip} is IMSI ${event.imsi}${event.reason === undefined ? '' : ` (${event.reason})`}`;
    case 'verified':
      return `customer ${event.ok ? 'verified' : `refused (${event.reason ?? ''})`}: ${event.body}`;
    default:
      return undefined;
  }
}
