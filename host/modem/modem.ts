import { UartFormat } from '../board/abi.js';
import type { SerialEnd } from '../board/serial.js';
import type { Radio } from '../cellular/network.js';
import type { Clock, Nanoseconds } from '../clock/clock.js';
import { MS } from '../clock/clock.js';
import type { CardReader } from '../sim/reader.js';
import type { Trace } from '../trace/trace.js';
import type { CommandTable } from './at/command.js';
import { AtPort } from './at/port.js';
import { contextCommands } from './commands/context.js';
import { generalCommands } from './commands/general.js';
import { networkCommands } from './commands/network.js';
import { settingCommands } from './commands/settings.js';
import { simCommands } from './commands/sim.js';
import { ModemCore } from './core.js';
import type { AttachedDialect, BootStep, Dialect } from './dialect.js';
import { dialectOf } from './models.js';

/** How often a line that drains is looked at. */
const DRAIN_POLL = 1 * MS;

/** Bytes that may wait for the line before pushed data waits in its socket. */
const LINE_BACKLOG = 2048;

/** The modem's end of its serial line: host/board/serial.ts. */
export type ModemSerial = Pick<SerialEnd, 'send' | 'received' | 'open' | 'waiting' | 'clear'>;

export interface ModemOptions {
  readonly clock: Clock;
  readonly trace: Trace;
  readonly serial: ModemSerial;
  readonly reader: CardReader;
  readonly radio: Radio;
  /** 15 digits. */
  readonly imei: string;
  /** Name of a model (models.ts), or a dialect that is not among them. */
  readonly model?: string | Dialect;
  /** What lies in its file system, by name: the certificates (PEM) that TLS sockets are told to trust. */
  readonly files?: Readonly<Record<string, string>>;
}

type Power = 'off' | 'booting' | 'running' | 'stopping';

/**
 * An emulated modem: AT commands on a serial line, a SIM in its reader, a radio. Off until `powerOn`. It takes over
 * `serial.received` and `radio.onChange`.
 */
export class Modem {
  readonly #clock: Clock;
  readonly #trace: Trace;
  readonly #serial: ModemSerial;
  readonly #dialect: Dialect;
  readonly #core: ModemCore;
  readonly #attached: AttachedDialect;
  readonly #port: AtPort;
  #power: Power = 'off';

  /** Throws RangeError for an IMEI or a model that cannot be. */
  constructor(options: ModemOptions) {
    const { clock, trace, serial, reader, radio, imei, model, files = {} } = options;
    if (!/^\d{15}$/.test(imei)) throw new RangeError(`IMEI: expected 15 digits, got "${imei}"`);
    this.#clock = clock;
    this.#trace = trace;
    this.#serial = serial;
    const dialect = typeof model === 'object' ? model : dialectOf(model);
    this.#dialect = dialect;
    const isRunning = (): boolean => this.#power === 'running';
    const hasRoom = (): boolean => !this.#port.holding && serial.waiting < LINE_BACKLOG;
    this.#core = new ModemCore(
      { ...dialect, clock, trace, reader, radio, imei, files },
      {
        get running() {
          return isRunning();
        },
        get hasRoom() {
          return hasRoom();
        },
        unsolicited: (line, data) => this.#unsolicited(line, data),
        contextLost: (cid) => this.#unsolicited(this.#attached.contextLost(cid)),
        setBaud: (baud) => void this.#drained().then(() => serial.open(baud, UartFormat.N81)),
        restart: () => void this.#drained().then((same) => same && this.#restart()),
        powerDown: () => this.#powerDown(),
      },
    );
    this.#attached = dialect.attach(this.#core);
    this.#port = new AtPort({
      clock,
      trace,
      profile: this.#core.profile,
      commands: commandsOf(this.#core, this.#attached),
      prompt: dialect.prompt,
      blanks: dialect.blanks,
      send: (bytes) => {
        if (this.#power !== 'off') serial.send(bytes);
      },
    });
    serial.received = (bytes) => {
      if (this.#power === 'running') this.#port.receive(bytes);
    };
  }

  get power(): 'off' | 'on' {
    return this.#power === 'off' ? 'off' : 'on';
  }

  /** Supply and power key: the modem boots. Nothing when it is on already. */
  powerOn(): void {
    if (this.#power === 'off') this.#boot();
  }

  /** Cuts the supply at once. What AT&W and the context commands stored is kept. */
  powerOff(): void {
    this.#cut();
  }

  /** A fault: the modem resets by itself in the middle of whatever it does. */
  reset(): void {
    if (this.#power === 'off') return;
    this.#trace.emit({ type: 'impairment', event: 'modem-reset' });
    this.#restart();
  }

  /** A fault: the modem neither listens nor speaks on its line, while all else goes on. */
  silence(on: boolean): void {
    if (on === this.#port.muted) return;
    this.#port.muted = on;
    this.#trace.emit({ type: 'impairment', event: on ? 'modem-silent' : 'modem-back' });
  }

  #boot(): void {
    this.#power = 'booting';
    this.#core.powered();
    this.#serial.open(this.#core.profile.baud, UartFormat.N81);
    this.#bootStep(this.#dialect.boot);
  }

  #bootStep([step, ...rest]: readonly BootStep[]): void {
    if (!step) {
      this.#core.startSim();
      return;
    }
    this.#later(step.after, () => {
      if (this.#power === 'booting') {
        this.#power = 'running';
        this.#core.sim.announce();
      }
      if (step.says !== undefined) this.#unsolicited(step.says);
      this.#bootStep(rest);
    });
  }

  #cut(): void {
    this.#power = 'off';
    this.#port.reset();
    this.#serial.clear();
    this.#core.drop();
    this.#attached.reset();
  }

  #restart(): void {
    this.#cut();
    this.#boot();
  }

  async #powerDown(): Promise<void> {
    const { epoch } = this.#core;
    this.#core.deactivateAll();
    await this.#core.attachment.stop();
    if (epoch !== this.#core.epoch) return;
    this.#unsolicited(this.#dialect.poweredDown);
    this.#power = 'stopping';
    if (await this.#drained()) this.#cut();
  }

  /** Resolves when all that was said has left on the line; to false when the modem lost its power meanwhile. */
  async #drained(): Promise<boolean> {
    const { epoch } = this.#core;
    this.#clock.stir('promises');
    while (epoch === this.#core.epoch && this.#serial.waiting > 0) await this.#clock.sleep(DRAIN_POLL);
    return epoch === this.#core.epoch;
  }

  #later(delay: Nanoseconds, action: () => void): void {
    const { epoch } = this.#core;
    this.#clock.after(delay, () => {
      if (epoch === this.#core.epoch) action();
    });
  }

  #unsolicited(line: string, data?: Uint8Array): void {
    if (this.#power === 'running') this.#port.unsolicited(line, data);
  }
}

function commandsOf(core: ModemCore, dialect: AttachedDialect): CommandTable {
  const all = {
    ...generalCommands(core),
    ...settingCommands(core),
    ...simCommands(core),
    ...networkCommands(core),
    ...contextCommands(core),
    ...dialect.commands,
  };
  return Object.fromEntries(Object.entries(all).flatMap(([name, entry]) => (entry ? [[name, entry] as const] : [])));
}
