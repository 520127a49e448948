// What makers of modems do differently. A maker's folder has the dialects of its models, models.ts lists them; all else in
// this folder is the same for every modem.

import type { Nanoseconds } from '../clock/clock.js';
import type { CommandTable } from './at/command.js';
import type { ContextLimits } from './contexts.js';
import type { ModemCore } from './core.js';
import type { Identity } from './identity.js';
import type { SimState } from './sim.js';

export interface BootStep {
  /** Since power on, or since the step before. */
  readonly after: Nanoseconds;
  /** An unsolicited result code. */
  readonly says?: string;
}

export interface Dialect {
  readonly identity: Identity;
  /** From power on. With the first step (there is one) the modem hears and speaks, with the last it starts the SIM. */
  readonly boot: readonly BootStep[];
  /** Unsolicited result codes when the SIM gets into a state. */
  readonly simCodes: Readonly<Partial<Record<SimState, readonly string[]>>>;
  /** Unsolicited result code just before it switches itself off. */
  readonly poweredDown: string;
  /** Asks for data, behind a line end. */
  readonly prompt: string;
  /** Are blanks around the arguments of extended commands taken? V.250 5.4.1 lets them pass. */
  readonly blanks: boolean;
  readonly contexts: ContextLimits;
  /** Called once for each modem, when all of its parts are there. */
  attach(core: ModemCore): AttachedDialect;
}

/** A dialect with what it keeps for one modem. */
export interface AttachedDialect {
  /** Added to the commands of V.250 and TS 27.007, and put in their place where both have one; undefined: the model has none. */
  readonly commands: Readonly<Record<string, CommandTable[string] | undefined>>;
  /** Unsolicited result code: the network has taken a context away. */
  contextLost(cid: number): string;
  /** Power was lost. */
  reset(): void;
}
