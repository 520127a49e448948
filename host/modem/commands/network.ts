// Registration and signal: TS 27.007 7.2, 7.3, 8.5, 8.69, 10.1.9, 10.1.20, 10.1.22.

import { MINUTE, SECOND } from '../../clock/clock.js';
import type { CommandTable, Handler } from '../at/command.js';
import { Cme, CmeError } from '../at/result.js';
import type { ModemCore } from '../core.js';
import { DeadlineError, within } from '../deadline.js';
import { networkError } from '../network-error.js';
import type { RegistrationKind } from '../registration.js';
import { REPORT_MAX, registrationText } from '../registration.js';
import { rsrpIndex, rssiIndex, RSRQ_INDEX } from '../signal.js';

/** Longest time the manual gives for AT+COPS. */
const SELECT_LIMIT = 3 * MINUTE;
/** .. and for AT+CGATT. */
const ATTACH_LIMIT = 140 * SECOND;
/** Listening on all bands; a real modem takes up to SELECT_LIMIT. */
const SCAN_TIME = 10 * SECOND;

export function networkCommands(core: ModemCore): CommandTable {
  const { attachment, radio } = core;

  const registration = (kind: RegistrationKind): CommandTable[string] => ({
    test: `+${kind.toUpperCase()}: (0-${REPORT_MAX[kind]})`,
    read: ({ info }) => info(registrationText(core, kind, true)),
    set: ({ args }) => {
      core.profile[kind] = args.expect(1, 1).number(0, 0, REPORT_MAX[kind]);
    },
  });

  const signal: Handler = ({ info }) => info(`+CSQ: ${rssiIndex(radio.rsrp)},99`);

  /** Waits for the attach that was just started; says whether the modem is registered. */
  const attached = async (limit: number): Promise<boolean> => {
    attachment.start();
    await within(core.clock, limit, attachment.settled());
    return attachment.registered;
  };

  const requireRadio = (): void => {
    if (core.functionality !== 1) throw new CmeError(Cme.NotAllowed);
    core.sim.require();
  };

  return {
    '+CREG': registration('creg'),
    '+CGREG': registration('cgreg'),
    '+CEREG': registration('cereg'),

    '+CSQ': { test: '+CSQ: (0-31,99),(0-7,99)', execute: signal },
    '+CESQ': {
      test: '+CESQ: (99),(99),(255),(255),(0-34,255),(0-97,255)',
      execute: ({ info }) => {
        const known = radio.rsrp !== undefined;
        info(`+CESQ: 99,99,255,255,${known ? RSRQ_INDEX : 255},${rsrpIndex(radio.rsrp)}`);
      },
    },

    '+CGATT': {
      test: '+CGATT: (0,1)',
      read: ({ info }) => info(`+CGATT: ${attachment.registered ? 1 : 0}`),
      set: async ({ args }) => {
        const wanted = args.expect(1, 1).number(0, 0, 1) === 1;
        if (!wanted) {
          await attachment.stop();
          return;
        }
        requireRadio();
        if (attachment.registered) return;
        try {
          if (await attached(ATTACH_LIMIT)) return;
        } catch (error) {
          throw networkError(error);
        }
        throw networkError(attachment.lastError ?? new CmeError(Cme.NoNetwork));
      },
    },

    '+COPS': operatorSelection(core, attached, requireRadio),
  };
}

function operatorSelection(
  core: ModemCore,
  attached: (limit: number) => Promise<boolean>,
  requireRadio: () => void,
): CommandTable[string] {
  const { attachment, radio } = core;
  /** Form of the name that AT+COPS? shows: 0 long, 1 short, 2 numeric. */
  let format = 0;

  const attach = async (): Promise<void> => {
    try {
      if (!attachment.registered) await attached(SELECT_LIMIT);
    } catch (error) {
      // An attach that takes longer goes on by itself.
      if (!(error instanceof DeadlineError)) throw error;
    }
  };

  return {
    read: ({ info }) => {
      const off = !attachment.wanted && core.functionality === 1;
      const mode = core.selectedPlmn !== undefined ? 1 : off ? 2 : 0;
      const { cell } = radio;
      if (!attachment.registered || !cell) info(`+COPS: ${mode}`);
      else info(`+COPS: ${mode},${format},"${format === 2 ? cell.plmn : cell.operator}",${cell.act}`);
    },
    set: async ({ args }) => {
      const mode = args.expect(1, 4).number(0, 0, 4);
      if (mode === 3) {
        format = args.number(1, 0, 2);
        return;
      }
      if (mode === 2) {
        core.selectedPlmn = undefined;
        await attachment.stop();
        return;
      }
      requireRadio();
      if (mode === 0) {
        format = args.number(1, 0, 2, format);
        core.selectedPlmn = undefined;
        await attach();
        return;
      }
      // 1 manual, 4 manual and then automatic. The baseband finds one network: it is the wanted one or none.
      const form = args.number(1, 0, 2);
      const wanted = args.string(2, 16);
      args.number(3, 0, 9, 0);
      await attach();
      const { cell } = radio;
      if (attachment.registered && cell && (form === 2 ? cell.plmn : cell.operator) === wanted) {
        format = form;
        core.selectedPlmn = cell.plmn;
        return;
      }
      if (mode === 4) {
        core.selectedPlmn = undefined;
        if (attachment.registered) return;
      } else {
        // The selection stays; there is no such network.
        core.selectedPlmn = wanted;
        await attachment.stop();
      }
      throw new CmeError(Cme.NoNetwork);
    },
    // The networks that a scan finds, then the modes and forms. The baseband hears one cell, and knows it while it camps.
    test: async ({ info }) => {
      requireRadio();
      await core.clock.sleep(SCAN_TIME);
      const { cell } = radio;
      const found = cell ? `(2,"${cell.operator}","${cell.operator}","${cell.plmn}",${cell.act})` : '';
      info(`+COPS: ${found},,(0-4),(0-2)`);
    },
  };
}
