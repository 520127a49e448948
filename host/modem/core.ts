// What command handlers work on: the parts of one modem, and what they do to each other. Power and the serial line are
// the modem's own (modem.ts).

import type { Radio, Session, SocketError } from '../cellular/network.js';
import type { Clock } from '../clock/clock.js';
import type { CardReader } from '../sim/reader.js';
import type { Trace } from '../trace/trace.js';
import { Cme, CmeError } from './at/result.js';
import { Attachment } from './attachment.js';
import type { ContextLimits } from './contexts.js';
import { Contexts } from './contexts.js';
import type { Identity } from './identity.js';
import { networkError } from './network-error.js';
import { Nvm } from './nvm.js';
import type { Profile, Settings } from './profile.js';
import { factoryProfile } from './profile.js';
import { REGISTRATION_KINDS, registrationText } from './registration.js';
import type { SimState } from './sim.js';
import { Sim } from './sim.js';
import { Sockets } from './sockets.js';
import { NetworkTime } from './time.js';

/** TS 27.007 8.2 `<fun>`: 0 minimum (no SIM, no radio), 1 full, 4 radio off. */
export type Functionality = 0 | 1 | 4;

/** How long a setting lives: as the profile of AT&W, without power from the moment it is made, or until the power goes. */
export type SettingLife = 'profile' | 'stored' | 'power';

export interface CoreOptions {
  readonly clock: Clock;
  readonly trace: Trace;
  readonly reader: CardReader;
  readonly radio: Radio;
  /** 15 digits. */
  readonly imei: string;
  readonly identity: Identity;
  readonly contexts: ContextLimits;
  /** Unsolicited result codes when the SIM gets into a state. */
  readonly simCodes: Readonly<Partial<Record<SimState, readonly string[]>>>;
  /** The modem's own file system, by name: certificates. */
  readonly files: Readonly<Record<string, string>>;
}

/** What the core has of the modem: its power, and its line. */
export interface ModemLine {
  /** Booted, and not about to switch off. */
  readonly running: boolean;
  /** Would the line take an unsolicited code at once? */
  readonly hasRoom: boolean;
  /** An unsolicited result code, with bytes that follow its line if any. */
  unsolicited(line: string, data?: Uint8Array): void;
  /** The network has taken a context away, and its sockets are told. */
  contextLost(cid: number): void;
  /** Changes the line's speed when all that was said before has left. */
  setBaud(baud: number): void;
  /** Starts the modem again when all that was said before has left. */
  restart(): void;
  /** Leaves the network and switches off. */
  powerDown(): Promise<void>;
}

/** The unsolicited result codes of a set of sockets (sockets.ts). */
export interface SocketCodes {
  opened(id: number, error: SocketError | undefined): string;
  readable(id: number): string;
  /** The bytes follow the line. */
  pushed(id: number, length: number): string;
  closed(id: number): string;
}

/** One per modem; the parts live as long as it does. */
export class ModemCore {
  readonly clock: Clock;
  readonly radio: Radio;
  readonly identity: Identity;
  readonly imei: string;
  readonly line: ModemLine;
  /** The settings in force; AT&F, ATZ and AT&W go by `loadProfile` and `storeProfile`. */
  readonly profile: Profile = factoryProfile();
  readonly sim: Sim;
  readonly attachment: Attachment;
  readonly contexts: Contexts;
  readonly files: ReadonlyMap<string, string>;
  readonly time: NetworkTime;
  functionality: Functionality = 1;
  /** Manual selection by AT+COPS=1; undefined is automatic. */
  selectedPlmn: string | undefined;
  readonly #trace: Trace;
  readonly #nvm = new Nvm();
  readonly #simCodes: CoreOptions['simCodes'];
  readonly #socketSets: Sockets[] = [];
  readonly #settings: Record<SettingLife, { settings: Settings }>;
  #epoch = 0;
  #reported = { stat: 0, all: '' };

  constructor(options: CoreOptions, line: ModemLine) {
    const { clock, trace, reader, radio, imei, identity, contexts, simCodes, files } = options;
    this.clock = clock;
    this.#trace = trace;
    this.radio = radio;
    this.imei = imei;
    this.identity = identity;
    this.#simCodes = simCodes;
    this.line = line;
    this.files = new Map(Object.entries(files));
    this.sim = new Sim(clock, reader, () => this.#simChanged());
    this.attachment = new Attachment({
      ...{ clock, trace, radio, imei },
      usim: this.sim,
      onChange: () => this.#radioChanged(),
    });
    this.contexts = new Contexts(clock, radio, this.#nvm.contexts, contexts);
    this.time = new NetworkTime(clock);
    this.#settings = { profile: this.profile, stored: this.#nvm, power: { settings: {} } };
  }

  /** Goes up whenever the modem loses its power: what was begun before concerns nobody any more. */
  get epoch(): number {
    return this.#epoch;
  }

  // Sockets and contexts.

  /** A further set of sockets, with numbers of its own. */
  addSockets(codes: SocketCodes): Sockets {
    const { line } = this;
    const sockets = new Sockets(this.clock, this.#trace, {
      opened: (id, error) => line.unsolicited(codes.opened(id, error)),
      readable: (id) => line.unsolicited(codes.readable(id)),
      room: () => line.hasRoom,
      pushed: (id, bytes) => line.unsolicited(codes.pushed(id, bytes.length), bytes),
      closed: (id) => line.unsolicited(codes.closed(id)),
      sessionLost: () => this.#dropLostContexts(),
    });
    this.#socketSets.push(sockets);
    return sockets;
  }

  /** The session of an active context, or +CME ERROR. */
  async activate(cid: number, stack: boolean): Promise<Session> {
    if (!this.attachment.registered) throw new CmeError(Cme.NoNetwork);
    try {
      return await this.contexts.activate(cid, stack);
    } catch (error) {
      throw networkError(error);
    }
  }

  /** Closes a context's sockets, then its session. */
  deactivate(cid: number): void {
    for (const sockets of this.#socketSets) sockets.drop(cid);
    this.contexts.deactivate(cid);
  }

  deactivateAll(): void {
    for (let cid = this.contexts.limits.first; cid <= this.contexts.limits.last; cid++) this.deactivate(cid);
  }

  // Settings.

  loadProfile(from: 'factory' | 'stored'): void {
    // The line keeps the speed at which the command came (V.250 6.1.2: &F and Z do not change it under way).
    const { baud } = this.profile;
    Object.assign(this.profile, from === 'factory' ? factoryProfile() : this.#nvm.stored, { baud });
  }

  storeProfile(): void {
    this.#nvm.stored = { ...this.profile };
  }

  /** Settings that live so long. */
  settings(life: SettingLife): { settings: Settings } {
    return this.#settings[life];
  }

  async setFunctionality(level: Functionality): Promise<void> {
    const before = this.functionality;
    if (level === before) return;
    this.functionality = level;
    const { attachment, sim } = this;
    if (before === 1) {
      this.deactivateAll();
      await attachment.stop();
    }
    if (level === 0) sim.stop();
    else if (before === 0) this.startSim();
    else if (level === 1 && sim.state === 'ready') attachment.start();
  }

  // Power.

  /** Power has come: the stored settings hold. */
  powered(): void {
    Object.assign(this.profile, this.#nvm.stored);
    this.functionality = 1;
  }

  startSim(): void {
    this.clock.stir('promises');
    void this.sim.start();
  }

  /** Everything but the non-volatile memory is lost, and nothing is told to anybody. */
  drop(): void {
    this.#epoch++;
    this.selectedPlmn = undefined;
    this.#settings.power.settings = {};
    this.attachment.drop();
    for (const sockets of this.#socketSets) sockets.drop();
    this.contexts.drop();
    this.sim.stop();
    this.time.reset();
    this.#reported = { stat: 0, all: '' };
  }

  // Callbacks of the parts.

  #simChanged(): void {
    if (!this.line.running) return;
    const { sim, attachment } = this;
    for (const code of this.#simCodes[sim.state] ?? []) this.line.unsolicited(code);
    if (sim.state === 'ready') {
      if (this.functionality === 1) attachment.start();
    } else if (attachment.wanted) {
      this.clock.stir('promises');
      void attachment.stop();
    }
  }

  #radioChanged(): void {
    if (!this.line.running) return;
    const { attachment, radio, time } = this;
    if (attachment.registered && time.synchronisedMs === undefined) time.synchronise();
    const { stat, cause } = attachment;
    const { cell } = radio;
    const all = [stat, cause, cell?.tac, cell?.ci, cell?.act].join();
    const { stat: oldStat, all: oldAll } = this.#reported;
    this.#reported = { stat, all };
    for (const kind of REGISTRATION_KINDS) {
      const n = this.profile[kind];
      if ((n === 1 && stat !== oldStat) || (n >= 2 && all !== oldAll)) {
        this.line.unsolicited(registrationText(this, kind, false));
      }
    }
    this.#dropLostContexts();
  }

  #dropLostContexts(): void {
    for (const cid of this.contexts.takeLost()) {
      for (const sockets of this.#socketSets) sockets.lose(cid);
      this.line.contextLost(cid);
    }
  }
}
