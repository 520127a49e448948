// Settings that are taken, kept and shown again, and change nothing of what the emulated modem does.

import type { Arguments } from '../at/arguments.js';
import type { CommandEntry, CommandTable, Handler } from '../at/command.js';
import { AtError } from '../at/result.js';
import type { ModemCore, SettingLife } from '../core.js';
import type { SettingValue } from '../profile.js';

/** One value of a setting. */
export type Parameter =
  | { readonly kind: 'number'; readonly from: number; readonly to: number; readonly otherwise: number }
  /** One of these numbers. */
  | { readonly kind: 'choice'; readonly of: readonly number[]; readonly otherwise: number }
  /** One of these words, in quotes. */
  | { readonly kind: 'word'; readonly of: readonly string[]; readonly otherwise: string }
  /** A quoted string of this form. */
  | { readonly kind: 'text'; readonly form: RegExp; readonly otherwise: string; readonly shown: string }
  /** Digits without quotes, of which leading zeros count. */
  | { readonly kind: 'bare'; readonly form: RegExp; readonly otherwise: string; readonly shown: string };

export const number = (from: number, to: number, otherwise = from): Parameter => ({
  ...{ kind: 'number', from, to, otherwise },
});
export const choice = (of: readonly number[], otherwise = of[0] ?? 0): Parameter => ({ kind: 'choice', of, otherwise });
export const word = (...of: readonly string[]): Parameter => ({ kind: 'word', of, otherwise: of[0] ?? '' });

/** The value at `index` of a command's arguments; what is left out stays `before`. Throws AtError. */
export function valueOf(args: Arguments, index: number, parameter: Parameter, before: SettingValue): SettingValue {
  if (!args.has(index)) return before;
  switch (parameter.kind) {
    case 'number':
      return args.number(index, parameter.from, parameter.to);
    case 'choice': {
      const value = args.number(index, 0, Number.MAX_SAFE_INTEGER);
      if (!parameter.of.includes(value)) throw new AtError();
      return value;
    }
    case 'word': {
      const value = args.string(index, 64);
      if (!parameter.of.includes(value)) throw new AtError();
      return value;
    }
    case 'text': {
      const value = args.string(index, 64);
      if (!parameter.form.test(value)) throw new AtError();
      return value;
    }
    case 'bare':
      return args.bare(index, parameter.form);
  }
}

/** As `=?` shows it. */
export function rangeText(parameter: Parameter): string {
  switch (parameter.kind) {
    case 'number':
      return parameter.from === parameter.to ? `(${parameter.from})` : `(${parameter.from}-${parameter.to})`;
    case 'choice':
      return `(${parameter.of.join(',')})`;
    case 'word':
      return `(${parameter.of.map((one) => `"${one}"`).join(',')})`;
    case 'text':
    case 'bare':
      return parameter.shown;
  }
}

/** As `?` shows it. */
export const shownValue = (parameter: Parameter, value: SettingValue): string =>
  value !== '' && (parameter.kind === 'word' || parameter.kind === 'text') ? `"${value}"` : String(value);

/** The values of a setting as they are, by default the factory's. */
export function valuesOf(
  core: ModemCore,
  life: SettingLife,
  name: string,
  parameters: readonly Parameter[],
): readonly SettingValue[] {
  return core.settings(life).settings[name] ?? parameters.map(({ otherwise }) => otherwise);
}

export function keep(core: ModemCore, life: SettingLife, name: string, values: readonly SettingValue[]): void {
  const store = core.settings(life);
  store.settings = { ...store.settings, [name]: values };
}

/** An extended command with parameters that are kept: `=?`, `?` and `=`. */
export function kept(core: ModemCore, name: string, life: SettingLife, parameters: readonly Parameter[]): CommandEntry {
  return {
    test: `${name}: ${parameters.map(rangeText).join(',')}`,
    read: ({ info }) => {
      const values = valuesOf(core, life, name, parameters);
      info(`${name}: ${parameters.map((one, i) => shownValue(one, values[i] ?? one.otherwise)).join(',')}`);
    },
    set: ({ args }) => {
      args.expect(1, parameters.length);
      const before = valuesOf(core, life, name, parameters);
      const after = parameters.map((one, i) => valueOf(args, i, one, before[i] ?? one.otherwise));
      keep(core, life, name, after);
    },
  };
}

/** Basic commands of V.250 that are kept, with the highest value and the factory's. */
const BASIC = { X: [4, 4], '&C': [2, 1], '&D': [2, 2] } as const;
/** Registers of V.250 that are kept, with the least and the highest value, and the factory's. */
const REGISTERS = { S0: [0, 255, 0], S6: [0, 10, 2], S7: [0, 255, 0], S8: [0, 255, 2], S10: [1, 254, 15] } as const;

const flagsAndRegisters = (core: ModemCore, name: string, otherwise: number): SettingValue =>
  core.settings('profile').settings[name]?.[0] ?? otherwise;

function basicCommands(core: ModemCore): [string, CommandEntry][] {
  return Object.entries(BASIC).map(([name, [most]]) => {
    const set: Handler = ({ args }) => keep(core, 'profile', name, [args.number(0, 0, most, 0)]);
    return [name, { set, execute: set }];
  });
}

function registerCommands(core: ModemCore): [string, CommandEntry][] {
  return Object.entries(REGISTERS).map(([name, [least, most, otherwise]]) => [
    name,
    {
      read: ({ info }) => info(String(flagsAndRegisters(core, name, otherwise)).padStart(3, '0')),
      set: ({ args }) => keep(core, 'profile', name, [args.number(0, least, most)]),
    },
  ]);
}

/** `&V`: the profile in force, a line each. */
function profileLines(core: ModemCore): string[] {
  const { echo, quiet, verbose, s3, s4, s5 } = core.profile;
  const lines: [string, SettingValue][] = [
    ...Object.entries(BASIC).map(([name, [, otherwise]]): [string, SettingValue] => [
      name,
      flagsAndRegisters(core, name, otherwise),
    ]),
    ['E', echo ? 1 : 0],
    ['Q', quiet ? 1 : 0],
    ['V', verbose ? 1 : 0],
    ...Object.entries({ S3: s3, S4: s4, S5: s5 }),
    ...Object.entries(REGISTERS).map(([name, [, , otherwise]]): [string, SettingValue] => [
      name,
      flagsAndRegisters(core, name, otherwise),
    ]),
  ];
  return lines.map(([name, value]) => `${name}: ${value}`);
}

/** A string of bits, as timers of power saving are written (TS 24.008 10.5.7.3, 10.5.7.4a). */
const bits = (count: number, otherwise: string): Parameter => ({
  ...{ kind: 'text', form: new RegExp(`^[01]{${count}}$`), otherwise },
  shown: `("${'0'.repeat(count)}"-"${'1'.repeat(count)}")`,
});

export function settingCommands(core: ModemCore): CommandTable {
  const commands = (life: SettingLife, table: Readonly<Record<string, readonly Parameter[]>>): CommandTable =>
    Object.fromEntries(Object.entries(table).map(([name, parameters]) => [name, kept(core, name, life, parameters)]));
  return {
    ...Object.fromEntries([...basicCommands(core), ...registerCommands(core)]),
    '&V': { execute: ({ info }) => info(...profileLines(core)) },
    // V.250 6.3.5: there is no call that could be ended.
    H: { set: ({ args }) => void args.number(0, 0, 0), execute: () => undefined },
    // V.250 6.5.2: data only.
    '+FCLASS': {
      ...{ test: '0', read: ({ info }) => info('0') },
      set: ({ args }) => void args.expect(1, 1).number(0, 0, 0),
    },
    ...commands('profile', {
      // V.250 6.2.12: flow control, none or RTS and CTS; the emulated line has no such wires.
      '+IFC': [choice([0, 2]), choice([0, 2])],
      // V.250 6.2.11: 8 data bits, 1 stop bit; the parity counts for formats with one.
      '+ICF': [number(3, 3), number(0, 3, 3)],
      // 27.007 5.5
      '+CSCS': [word('GSM', 'IRA', 'UCS2')],
      // 27.007 10.1.19
      '+CGEREP': [number(0, 2), number(0, 1)],
    }),
    ...commands('stored', {
      // 27.007 8.40, 8.41: the emulated network lives in UTC all year round, so the zone never changes.
      '+CTZU': [number(0, 3)],
      '+CTZR': [number(0, 2)],
      // 27.007 7.38: the emulated network does not grant power saving mode. The second and third are GERAN's.
      '+CPSMS': [number(0, 2), bits(8, ''), bits(8, ''), bits(8, '00000100'), bits(8, '00001111')],
    }),
  };
}
