// Final result codes: V.250 5.7.1, and +CME ERROR of TS 27.007 9.2.

/** Ends a command line with ERROR. */
export class AtError extends Error {
  constructor(message = 'ERROR') {
    super(message);
    this.name = 'AtError';
  }
}

/** TS 27.007 9.2.1, 9.2.2: codes by the names used here. */
export const Cme = {
  PhoneFailure: 0,
  NotAllowed: 3,
  NotSupported: 4,
  NoSim: 10,
  PinNeeded: 11,
  PukNeeded: 12,
  SimFailure: 13,
  SimBusy: 14,
  SimWrong: 15,
  WrongPassword: 16,
  InvalidIndex: 21,
  NotFound: 22,
  NoNetwork: 30,
  NetworkTimeout: 31,
  IncorrectParameters: 50,
  Unknown: 100,
  IllegalMs: 103,
  IllegalMe: 106,
  GprsNotAllowed: 107,
  PlmnNotAllowed: 111,
  AreaNotAllowed: 112,
  RoamingNotAllowed: 113,
  OptionNotSubscribed: 133,
  UnspecifiedGprs: 148,
  PdpAuthentication: 149,
} as const;
export type Cme = (typeof Cme)[keyof typeof Cme];

const CME_TEXT: Readonly<Record<Cme, string>> = {
  0: 'phone failure',
  3: 'operation not allowed',
  4: 'operation not supported',
  10: 'SIM not inserted',
  11: 'SIM PIN required',
  12: 'SIM PUK required',
  13: 'SIM failure',
  14: 'SIM busy',
  15: 'SIM wrong',
  16: 'incorrect password',
  21: 'invalid index',
  22: 'not found',
  30: 'no network service',
  31: 'network timeout',
  50: 'incorrect parameters',
  100: 'unknown',
  103: 'illegal MS',
  106: 'illegal ME',
  107: 'GPRS services not allowed',
  111: 'PLMN not allowed',
  112: 'location area not allowed',
  113: 'roaming not allowed in this location area',
  133: 'requested service option not subscribed',
  148: 'unspecified GPRS error',
  149: 'PDP authentication failure',
};

/** Ends a command line with +CME ERROR in the form that +CMEE asks for. */
export class CmeError extends Error {
  constructor(readonly code: Cme) {
    super(CME_TEXT[code]);
    this.name = 'CmeError';
  }
}

/** The final result line for a failed command under `AT+CMEE=mode`. What is neither error class is "unknown". */
export function failureText(error: unknown, mode: number): string {
  if (error instanceof AtError || mode === 0) return 'ERROR';
  const code = error instanceof CmeError ? error.code : Cme.Unknown;
  return `+CME ERROR: ${mode === 2 ? CME_TEXT[code] : code}`;
}

/** V.250 table 1: numeric forms under V0. Codes without one keep their text. */
export const NUMERIC_RESULT: Readonly<Record<string, string>> = { OK: '0', ERROR: '4' };
