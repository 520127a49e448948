import { UartFormat } from '../board/abi.js';
import type { SerialEnd } from '../board/serial.js';
import type { Radio } from '../cellular/network.js';
import type { Clock, Nanoseconds } from '../clock/clock.js';
import { MS, SECOND } from '../clock/clock.js';
import type { CardReader } from '../sim/reader.js';
import type { Trace } from '../trace/trace.js';
import { AtPort } from './at/port.js';
import { Attachment } from './attachment.js';
import { contextCommands, deactivate } from './commands/context.js';
import { generalCommands } from './commands/general.js';
import { networkCommands, REGISTRATION_KINDS, registrationText } from './commands/network.js';
import { simCommands } from './commands/sim.js';
import { CONTEXT_MAX, Contexts } from './contexts.js';
import type { Functionality, ModemCore } from './core.js';
import type { ModemModel } from './identity.js';
import { IDENTITIES } from './identity.js';
import { Nvm } from './nvm.js';
import { factoryProfile } from './profile.js';
import type { LastError } from './quectel/index.js';
import { quectelDeviceCommands, quectelListener, quectelSocketCommands, quectelTlsCommands } from './quectel/index.js';
import type { SimState } from './sim.js';
import { Sim } from './sim.js';
import type { SocketListener } from './sockets.js';
import { Sockets } from './sockets.js';
import { NetworkTime } from './time.js';

/** From power to `RDY`, and from there to `APP RDY`. */
const BOOT_TIME = 2 * SECOND;
const APPLICATION_TIME = 300 * MS;
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
  /** BG95 when absent. */
  readonly model?: ModemModel;
  /** What lies in its file system, by name: the certificates (PEM) that TLS sockets are told to trust. */
  readonly files?: Readonly<Record<string, string>>;
}

type Power = 'off' | 'booting' | 'running' | 'stopping';

const SIM_CODE: Readonly<Record<SimState, string | undefined>> = {
  off: '+CPIN: NOT READY',
  starting: undefined,
  absent: '+CPIN: NOT INSERTED',
  failed: '+CPIN: NOT READY',
  pin: '+CPIN: SIM PIN',
  puk: '+CPIN: SIM PUK',
  blocked: '+CPIN: NOT READY',
  ready: '+CPIN: READY',
};

/**
 * An emulated Quectel BG95 or BG96: AT commands on a serial line, a SIM in its reader, a radio. Off until `powerOn`.
 * It takes over `serial.received` and `radio.onChange`.
 */
export class Modem {
  readonly #clock: Clock;
  readonly #trace: Trace;
  readonly #serial: ModemSerial;
  readonly #nvm = new Nvm();
  readonly #core: ModemCore;
  readonly #port: AtPort;
  readonly #last: LastError = { code: 0 };
  #power: Power = 'off';
  #functionality: Functionality = 1;
  #epoch = 0;
  #selectedPlmn: string | undefined;
  #reported = { stat: 0, all: '' };

  constructor(options: ModemOptions) {
    const { clock, trace, serial, reader, radio, imei } = options;
    if (!/^\d{15}$/.test(imei)) throw new RangeError(`IMEI: 15 digits are wanted, got "${imei}"`);
    this.#clock = clock;
    this.#trace = trace;
    this.#serial = serial;
    const sim = new Sim(clock, reader, () => this.#simChanged());
    const attachment = new Attachment({ clock, trace, radio, usim: sim, imei, onChange: () => this.#radioChanged() });
    const contexts = new Contexts(clock, radio, this.#nvm.contexts);
    const listener = (opened: string, event: string): SocketListener =>
      quectelListener(
        { opened, event },
        (line, data) => this.#unsolicited(line, data),
        (code) => (this.#last.code = code),
        () => this.#dropLostContexts(),
        () => !this.#port.holding && serial.waiting < LINE_BACKLOG,
      );
    this.#core = this.#makeCore({
      clock,
      radio,
      identity: IDENTITIES[options.model ?? 'BG95'],
      imei,
      profile: factoryProfile(),
      sim,
      attachment,
      contexts,
      sockets: new Sockets(clock, trace, listener('+QIOPEN', '+QIURC')),
      tlsSockets: new Sockets(clock, trace, listener('+QSSLOPEN', '+QSSLURC')),
      files: new Map(Object.entries(options.files ?? {})),
      time: new NetworkTime(clock),
    });
    this.#port = new AtPort({
      clock,
      trace,
      profile: () => this.#core.profile,
      commands: {
        ...generalCommands(this.#core),
        ...simCommands(this.#core),
        ...networkCommands(this.#core),
        ...contextCommands(this.#core),
        ...quectelDeviceCommands(this.#core),
        ...quectelSocketCommands(this.#core, this.#last),
        ...quectelTlsCommands(this.#core, this.#last),
      },
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

  #makeCore(
    parts: Pick<
      ModemCore,
      | 'clock'
      | 'radio'
      | 'identity'
      | 'imei'
      | 'profile'
      | 'sim'
      | 'attachment'
      | 'contexts'
      | 'sockets'
      | 'tlsSockets'
      | 'files'
      | 'time'
    >,
  ): ModemCore {
    const functionality = (): Functionality => this.#functionality;
    const epoch = (): number => this.#epoch;
    const selectedPlmn = (): string | undefined => this.#selectedPlmn;
    const selectPlmn = (plmn: string | undefined): void => {
      this.#selectedPlmn = plmn;
    };
    return {
      ...parts,
      get functionality() {
        return functionality();
      },
      get epoch() {
        return epoch();
      },
      get selectedPlmn() {
        return selectedPlmn();
      },
      set selectedPlmn(plmn) {
        selectPlmn(plmn);
      },
      unsolicited: (line, data) => this.#unsolicited(line, data),
      setFunctionality: (level) => this.#setFunctionality(level),
      loadProfile: (from) => {
        // The line keeps the speed at which the command came (V.250 6.1.2: &F and Z do not change it under way).
        const { baud } = parts.profile;
        Object.assign(parts.profile, from === 'factory' ? factoryProfile() : this.#nvm.stored, { baud });
      },
      storeProfile: () => {
        this.#nvm.stored = { ...parts.profile };
      },
      setBaud: (baud) => void this.#drained().then(() => this.#serial.open(baud, UartFormat.N81)),
      restart: () => void this.#drained().then((same) => same && this.#restart()),
      powerDown: () => this.#powerDown(),
    };
  }

  // Power.

  #boot(): void {
    this.#power = 'booting';
    Object.assign(this.#core.profile, this.#nvm.stored);
    this.#serial.open(this.#core.profile.baud, UartFormat.N81);
    this.#functionality = 1;
    this.#later(BOOT_TIME, () => {
      this.#power = 'running';
      this.#core.sim.announce();
      this.#unsolicited('RDY');
      this.#later(APPLICATION_TIME, () => {
        this.#unsolicited('APP RDY');
        this.#startSim();
      });
    });
  }

  /** Everything but the non-volatile memory is lost, and nothing is told to anybody. */
  #cut(): void {
    this.#power = 'off';
    this.#epoch++;
    this.#selectedPlmn = undefined;
    this.#last.code = 0;
    this.#port.reset();
    this.#serial.clear();
    const { attachment, sockets, tlsSockets, contexts, sim, time } = this.#core;
    attachment.drop();
    sockets.drop();
    tlsSockets.drop();
    contexts.drop();
    sim.stop();
    time.reset();
    this.#reported = { stat: 0, all: '' };
  }

  #restart(): void {
    this.#cut();
    this.#boot();
  }

  async #powerDown(): Promise<void> {
    const epoch = this.#epoch;
    this.#deactivateAll();
    await this.#core.attachment.stop();
    if (epoch !== this.#epoch) return;
    this.#unsolicited('POWERED DOWN');
    this.#power = 'stopping';
    if (await this.#drained()) this.#cut();
  }

  /** Resolves when all that was said has left on the line; to false when the modem started anew meanwhile. */
  async #drained(): Promise<boolean> {
    const epoch = this.#epoch;
    this.#clock.stir('promises');
    while (epoch === this.#epoch && this.#serial.waiting > 0) await this.#clock.sleep(DRAIN_POLL);
    return epoch === this.#epoch;
  }

  #later(delay: Nanoseconds, action: () => void): void {
    const epoch = this.#epoch;
    this.#clock.after(delay, () => {
      if (epoch === this.#epoch) action();
    });
  }

  async #setFunctionality(level: Functionality): Promise<void> {
    const before = this.#functionality;
    if (level === before) return;
    this.#functionality = level;
    const { attachment, sim } = this.#core;
    if (before === 1) {
      this.#deactivateAll();
      await attachment.stop();
    }
    if (level === 0) sim.stop();
    else if (before === 0) this.#startSim();
    else if (sim.state === 'ready') attachment.start();
  }

  #deactivateAll(): void {
    for (let cid = 1; cid <= CONTEXT_MAX; cid++) deactivate(this.#core, cid);
  }

  #startSim(): void {
    this.#clock.stir('promises');
    void this.#core.sim.start();
  }

  // What the parts tell.

  #unsolicited(line: string, data?: Uint8Array): void {
    if (this.#power === 'running') this.#port.unsolicited(line, data);
  }

  #simChanged(): void {
    if (this.#power !== 'running') return;
    const { sim, attachment } = this.#core;
    const code = SIM_CODE[sim.state];
    if (code !== undefined) this.#unsolicited(code);
    if (sim.state === 'ready') {
      if (this.#functionality === 1) attachment.start();
    } else if (attachment.wanted) {
      this.#clock.stir('promises');
      void attachment.stop();
    }
  }

  #radioChanged(): void {
    if (this.#power !== 'running') return;
    const { attachment, radio, time } = this.#core;
    if (attachment.registered && time.synchronisedMs === undefined) time.synchronise();
    const { stat, cause } = attachment;
    const { cell } = radio;
    const all = [stat, cause, cell?.tac, cell?.ci, cell?.act].join();
    const { stat: oldStat, all: oldAll } = this.#reported;
    this.#reported = { stat, all };
    for (const kind of REGISTRATION_KINDS) {
      const n = this.#core.profile[kind];
      if ((n === 1 && stat !== oldStat) || (n >= 2 && all !== oldAll)) {
        this.#unsolicited(registrationText(this.#core, kind, false));
      }
    }
    this.#dropLostContexts();
  }

  #dropLostContexts(): void {
    for (const cid of this.#core.contexts.takeLost()) {
      this.#core.sockets.lose(cid);
      this.#core.tlsSockets.lose(cid);
      this.#unsolicited(`+QIURC: "pdpdeact",${cid}`);
    }
  }
}
