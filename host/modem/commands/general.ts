// V.250 and the general part of TS 27.007: who the modem is, how the line behaves, its power, its clock.

import type { CommandTable, Handler } from '../at/command.js';
import { AtError } from '../at/result.js';
import type { Functionality, ModemCore } from '../core.js';
import type { Profile } from '../profile.js';
import { calendarText, parseCalendar } from '../time.js';

const BAUD_RATES = [9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600];

const FUNCTIONALITIES: readonly Functionality[] = [0, 1, 4];

type FlagName = { [K in keyof Profile]: Profile[K] extends boolean ? K : never }[keyof Profile];

export function generalCommands(core: ModemCore): CommandTable {
  const { identity, imei } = core;
  const says =
    (...lines: string[]): Handler =>
    ({ info }) =>
      info(...lines);

  /** `E1`, `E0`, or `E` for `otherwise`. */
  const flag = (name: FlagName, inverted = false, otherwise = 0): CommandTable[string] => {
    const set: Handler = ({ args }) => {
      core.profile[name] = (args.number(0, 0, 1, otherwise) === 1) !== inverted;
    };
    return { set, execute: set };
  };

  const register = (name: 's3' | 's4' | 's5'): CommandTable[string] => ({
    read: ({ info }) => info(String(core.profile[name]).padStart(3, '0')),
    set: ({ args }) => {
      core.profile[name] = args.number(0, 0, 127);
    },
  });

  const profileCommand = (act: () => void): CommandTable[string] => {
    const run: Handler = ({ args }) => {
      args.number(0, 0, 0, 0);
      act();
    };
    return { set: run, execute: run };
  };

  const information: Handler = ({ args, info }) => {
    args.number(0, 0, 0, 0);
    info(identity.manufacturer, identity.model, `Revision: ${identity.revision}`);
  };

  return {
    E: flag('echo'),
    V: flag('verbose'),
    Q: flag('quiet'),
    S3: register('s3'),
    S4: register('s4'),
    S5: register('s5'),
    I: { set: information, execute: information },
    Z: profileCommand(() => core.loadProfile('stored')),
    '&F': profileCommand(() => core.loadProfile('factory')),
    '&W': profileCommand(() => core.storeProfile()),

    // V.250 6.1.9 and 27.007 5.9: packet service of LTE alone.
    '+GCAP': { execute: says('+GCAP: +CGSM') },
    '+WS46': {
      ...{ test: '+WS46: (28)', read: says('28') },
      set: ({ args }) => void args.expect(1, 1).number(0, 28, 28),
    },
    // 27.007 8.1: ready. There are no calls.
    '+CPAS': { test: '+CPAS: (0,2,3,4)', execute: says('+CPAS: 0') },

    '+GMI': { execute: says(identity.manufacturer) },
    '+CGMI': { execute: says(identity.manufacturer) },
    '+GMM': { execute: says(identity.model) },
    '+CGMM': { execute: says(identity.model) },
    '+GMR': { execute: says(identity.revision) },
    '+CGMR': { execute: says(identity.revision) },
    '+GSN': { execute: says(imei) },
    '+CGSN': {
      execute: says(imei),
      // TS 27.007 5.4: 0 the serial number as by itself, 1 the IMEI by name.
      set: ({ args, info }) => info(args.number(0, 0, 1) === 1 ? `+CGSN: "${imei}"` : imei),
    },

    '+CMEE': {
      test: '+CMEE: (0-2)',
      read: ({ info }) => info(`+CMEE: ${core.profile.cmee}`),
      set: ({ args }) => {
        core.profile.cmee = args.expect(1, 1).number(0, 0, 2);
      },
    },
    '+IPR': {
      test: `+IPR: (),(${BAUD_RATES.join(',')})`,
      read: ({ info }) => info(`+IPR: ${core.profile.baud}`),
      set: ({ args, afterwards }) => {
        const baud = args.expect(1, 1).number(0, 0, 4_000_000);
        if (!BAUD_RATES.includes(baud)) throw new AtError();
        core.profile.baud = baud;
        afterwards(() => core.line.setBaud(baud));
      },
    },

    '+CFUN': {
      test: '+CFUN: (0,1,4),(0,1)',
      read: ({ info }) => info(`+CFUN: ${core.functionality}`),
      set: async ({ args, afterwards }) => {
        const wanted = args.expect(1, 2).number(0, 0, 4);
        const level = FUNCTIONALITIES.find((known) => known === wanted);
        if (level === undefined) throw new AtError();
        if (args.number(1, 0, 1, 0) === 1) {
          if (level !== 1) throw new AtError();
          afterwards(() => core.line.restart());
          return;
        }
        await core.setFunctionality(level);
      },
    },

    '+CCLK': {
      test: '',
      read: ({ info }) => info(`+CCLK: "${calendarText(core.time.now(), false, core.time.zone)}"`),
      set: ({ args }) => {
        const time = parseCalendar(args.expect(1, 1).string(0, 20));
        if (time === undefined) throw new AtError();
        core.time.set(time);
      },
    },
  };
}
