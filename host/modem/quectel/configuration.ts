// AT+QCFG and other settings of Quectel's own that are kept and shown: "BG95&BG77&BG600L Series QCFG AT Commands Manual".
// The emulated radio has one cell, which it finds whatever is set.

import type { CommandEntry, CommandTable, Handler } from '../at/command.js';
import { AtError } from '../at/result.js';
import type { Parameter } from '../commands/settings.js';
import { choice, keep, kept, number, rangeText, shownValue, valueOf, valuesOf, word } from '../commands/settings.js';
import type { ModemCore } from '../core.js';
import type { SettingValue } from '../profile.js';

const NAME_MAX = 32;

/** Access technologies in their order: 00 automatic, 01 GSM, 02 eMTC, 03 NB-IoT. */
const SEARCH_ORDER: Parameter = {
  ...{ kind: 'bare', form: /^(00|(?:0[123]){1,3})$/, otherwise: '00', shown: '(00,01,02,03,...)' },
};
/** A mask of bands in hexadecimal. */
const mask = (otherwise: string): Parameter => ({
  ...{ kind: 'bare', form: /^(0x)?[0-9a-f]{1,32}$/i, otherwise, shown: '(0-FFFFFFFF)' },
});

interface Key {
  readonly parameters: readonly Parameter[];
  /** One parameter more says whether the change holds at once (1) or from the next start on (0): it is not shown. */
  readonly effect?: true;
}

const KEYS: Readonly<Record<string, Key>> = {
  nwscanseq: { parameters: [SEARCH_ORDER], effect: true },
  nwscanmode: { parameters: [choice([0, 1, 3])], effect: true },
  servicedomain: { parameters: [number(0, 2, 2)], effect: true },
  iotopmode: { parameters: [number(0, 2)], effect: true },
  // What a module of all bands has.
  band: { parameters: [mask('f'), mask('400a0e189f'), mask('a0e189f')], effect: true },
  roamservice: { parameters: [choice([1, 2, 255], 255)], effect: true },
  celevel: { parameters: [number(0, 2)] },
  'psm/enter': { parameters: [number(0, 1)] },
  'psm/urc': { parameters: [number(0, 1)] },
  airplanecontrol: { parameters: [number(0, 1)] },
  apready: { parameters: [number(0, 1), number(0, 1), number(100, 3000, 500)] },
  ledmode: { parameters: [choice([0, 1, 3])] },
  risignaltype: { parameters: [word('respective', 'physical')] },
  'urc/ri/ring': { parameters: [word('pulse', 'always', 'auto', 'wave', 'off'), number(1, 2000, 120)] },
  'urc/ri/smsincoming': { parameters: [word('pulse', 'always', 'auto', 'wave', 'off'), number(1, 2000, 120)] },
  'urc/ri/other': { parameters: [word('pulse', 'auto', 'wave', 'off'), number(1, 2000, 120), number(1, 5)] },
  'urc/delay': { parameters: [number(0, 1)] },
  simeffect: { parameters: [number(0, 1)] },
};

const show = (parameters: readonly Parameter[], values: readonly SettingValue[]): string[] =>
  parameters.map((one, i) => shownValue(one, values[i] ?? one.otherwise));

/** Masks are shown with their prefix, in lower case: `0xf`. */
const asShown = (name: string, values: readonly string[]): string[] =>
  name === 'band' ? values.map((value) => `0x${value.replace(/^0x/i, '').toLowerCase()}`) : [...values];

function configuration(core: ModemCore): CommandEntry {
  const set: Handler = ({ args, info }) => {
    const name = args.string(0, NAME_MAX).toLowerCase();
    const key = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
    if (key === undefined) throw new AtError();
    const { parameters, effect } = key;
    const before = valuesOf(core, 'stored', `+QCFG ${name}`, parameters);
    if (args.expect(1, 1 + parameters.length + (effect ? 1 : 0)).count === 1) {
      info(`+QCFG: "${name}",${asShown(name, show(parameters, before)).join(',')}`);
      return;
    }
    if (effect) args.number(1 + parameters.length, 0, 1, 1);
    const after = parameters.map((one, i) => valueOf(args, 1 + i, one, before[i] ?? one.otherwise));
    keep(core, 'stored', `+QCFG ${name}`, after);
  };
  const ranges = Object.entries(KEYS).map(([name, { parameters, effect }]) =>
    [`+QCFG: "${name}"`, ...parameters.map(rangeText), ...(effect ? ['(0,1)'] : [])].join(','),
  );
  return { test: ranges.join('\r\n'), set };
}

export function quectelSettingCommands(core: ModemCore): CommandTable {
  return {
    '+QCFG': configuration(core),
    // Nothing sleeps: there is no DTR to wake it.
    '+QSCLK': kept(core, '+QSCLK', 'power', [number(0, 2)]),
    // The emulated slot tells by itself when a card comes and goes.
    '+QSIMDET': kept(core, '+QSIMDET', 'stored', [number(0, 1), number(0, 1)]),
  };
}
