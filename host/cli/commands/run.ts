import { createWriteStream, readFileSync, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { basename } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { MINUTE, type Nanoseconds, SECOND } from '../../clock/clock.js';
import { ModuleError } from '../../board/module.js';
import { MODEM_MODELS } from '../../modem/index.js';
import { toJsonLine } from '../../trace/json-lines.js';
import { openMqttSink } from '../../trace/mqtt.js';
import type { TraceSink } from '../../trace/trace.js';
import { type Demo, DEMO_PROFILE, DEMO_SENSORS, makeDemo } from '../demo.js';
import { parseDuration } from '../duration.js';
import { faultOf } from '../fault.js';
import { fileFault } from '../files.js';
import { JobError, Output, UsageError } from '../output.js';

interface RunOptions {
  readonly profile: string;
  readonly clock: 'virtual' | 'real';
  readonly seed?: string;
  readonly modem?: string;
  readonly for: Nanoseconds;
  readonly trace?: string;
  readonly mqtt?: URL;
  readonly json?: true;
  readonly showSecrets?: true;
}

/** `akari run`: any app in the world of the demo, for a while. */
export function runCommand(): Command {
  return new Command('run')
    .description('run one device in a world and show what its app logs')
    .argument('<app.wasm>', 'a device binary')
    .option('--profile <file>', 'JSON profile of the card in the device', DEMO_PROFILE)
    .addOption(
      new Option('--for <time>', 'how long, in world time: 90s, 5m, 2h, 1d')
        .argParser(parseDuration)
        .default(5 * MINUTE, '5m'),
    )
    .addOption(
      new Option('--clock <clock>', 'virtual: at once; real: as it happens')
        .choices(['virtual', 'real'])
        .default('virtual'),
    )
    .addOption(new Option('--modem <model>', "the device's modem").choices(MODEM_MODELS).default(MODEM_MODELS[0]))
    .option('--seed <seed>', 'fixes every random choice')
    .option('--trace <file>', 'write every event as a line of JSON', traceFile)
    .option('--mqtt <url>', 'publish every event to a broker: mqtt://host:port/topic', brokerUrl)
    .option('--json', 'one event a line, the last one the result')
    .option('--show-secrets', 'do not mask RES, CK, IK and PINs in --trace and --json')
    .action(run);
}

function traceFile(text: string): string {
  if (/\.pcap(ng)?$/i.test(text))
    throw new InvalidArgumentError('capture files are not there yet: name a .jsonl file.');
  return text;
}

function brokerUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['mqtt:', 'mqtts:'].includes(url.protocol))
    throw new InvalidArgumentError('expected mqtt://host[:port][/topic].');
  return url;
}

function readApp(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new UsageError(`no such file: ${file}; build it with "akari build"`);
    }
    throw fileFault(`app ${file}`, error, 'be read') ?? error;
  }
}

/** A file that gets a line for each event. */
class TraceFile {
  readonly #name: string;
  readonly #stream: WriteStream;
  #fault: Error | undefined;

  private constructor(name: string, stream: WriteStream) {
    this.#name = name;
    this.#stream = stream.on('error', (error) => (this.#fault ??= error));
  }

  /** Rejects with UsageError. */
  static async open(name: string): Promise<TraceFile> {
    const stream = createWriteStream(name);
    try {
      await once(stream, 'open');
    } catch (error) {
      throw fileFault(`trace ${name}`, error, 'be written') ?? error;
    }
    return new TraceFile(name, stream);
  }

  write(line: string): void {
    if (this.#fault === undefined) this.#stream.write(`${line}\n`);
  }

  /** Rejects with JobError when not all was written. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#stream.closed) resolve();
      this.#stream.once('close', resolve).end();
    });
    if (this.#fault !== undefined) throw new JobError(`trace ${this.#name} is not whole (${codeOf(this.#fault)})`);
  }
}

const codeOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));

async function run(app: string, options: RunOptions): Promise<void> {
  const output = new Output(options.json === true);
  const demo = await makeDemo({ ...options, app: readApp(app), appName: basename(app, '.wasm') }).catch(
    (error: unknown) => {
      throw error instanceof ModuleError ? new UsageError(error.message) : error;
    },
  );
  const { world } = demo;
  let file: TraceFile | undefined;
  let broker: Awaited<ReturnType<typeof connect>> | undefined;
  let told: Telling;
  try {
    if (options.trace !== undefined) file = await TraceFile.open(options.trace);
    if (options.mqtt !== undefined) broker = await connect(options.mqtt);
    told = tell(demo, output, options, (event) => {
      file?.write(toJsonLine(event, options.showSecrets));
      broker?.sink(event);
    });
    demo.device.powerOn();
    await world.run({ for: options.for });
  } finally {
    await world.close();
    try {
      await file?.close();
    } finally {
      await broker?.close();
    }
  }
  const { traps, fault } = told;
  const messages = demo.messages();
  const seconds = world.clock.now() / SECOND;
  const figures = { messages, traps, seconds, seed: world.seed };
  output.result(traps === 0, { ...figures, ...(fault !== undefined && { lastFault: fault }) });
  output.text(`${messages} messages verified in ${seconds} s of world time, seed ${world.seed}`);
  if (traps > 0) {
    throw new JobError(
      `${demo.device.name}: ${traps} trap${traps > 1 ? 's' : ''}, the last fault was: ${fault ?? '?'}`,
    );
  }
}

interface Telling {
  traps: number;
  /** The last one. */
  fault: string | undefined;
}

/** Shows what happens in the world as it happens, and counts what goes wrong. */
function tell({ world, device }: Demo, output: Output, options: RunOptions, also: TraceSink): Telling {
  const told: Telling = { traps: 0, fault: undefined };
  world.trace.listen((event) => {
    output.trace(event, options.showSecrets);
    also(event);
    if (event.type === 'board' && event.app === device.name && event.event === 'trap') told.traps++;
    told.fault = faultOf(event) ?? told.fault;
    const at = `${(event.t / SECOND).toFixed(3).padStart(10)}  `;
    if (event.type === 'board' && event.event === 'no-sensor') {
      output.text(
        `${at}board     ${event.reason ?? '?'} is asked for, and nothing is wired to it; this world has ${DEMO_SENSORS}`,
      );
    }
    if (event.type === 'log') output.text(`${at}${event.level.padEnd(5)}  ${event.text}`);
    if (event.type === 'verified')
      output.text(`${at}customer  ${event.ok ? 'verified' : `refused (${event.reason ?? ''})`}: ${event.body}`);
  });
  return told;
}

async function connect(url: URL): ReturnType<typeof openMqttSink> {
  try {
    return await openMqttSink(url);
  } catch (error) {
    throw new JobError(`broker ${url.host}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
