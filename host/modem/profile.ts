// The settings of V.250 and TS 27.007 that AT&W stores, ATZ restores and AT&F sets to the factory's values.

export interface Profile {
  /** ATE */
  echo: boolean;
  /** ATV */
  verbose: boolean;
  /** ATQ: no result codes. */
  quiet: boolean;
  s3: number;
  s4: number;
  s5: number;
  cmee: number;
  creg: number;
  cgreg: number;
  cereg: number;
  /** AT+IPR, bits per second. */
  baud: number;
  /** Data after a prompt is echoed too (if `echo`). */
  dataEcho: boolean;
  /** Of commands whose settings are kept and nothing more (commands/settings.ts), by command. Never changed in place. */
  settings: Settings;
}

/** Values by command, in the order of its parameters. */
export type Settings = Readonly<Record<string, readonly SettingValue[]>>;

export type SettingValue = number | string;

export function factoryProfile(): Profile {
  return {
    echo: true,
    verbose: true,
    quiet: false,
    s3: 0x0d,
    s4: 0x0a,
    s5: 0x08,
    cmee: 1,
    creg: 0,
    cgreg: 0,
    cereg: 0,
    baud: 115_200,
    dataEcho: true,
    settings: {},
  };
}
