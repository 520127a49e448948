export type ModemModel = 'BG95' | 'BG96';

/** How a model calls itself. */
export interface Identity {
  readonly manufacturer: string;
  readonly model: string;
  readonly revision: string;
  /** Names of AT+QCSQ for LTE-M and NB-IoT. */
  readonly lteM: string;
  readonly nbIot: string;
}

export const IDENTITIES: Readonly<Record<ModemModel, Identity>> = {
  BG95: {
    manufacturer: 'Quectel',
    model: 'BG95-M3',
    revision: 'BG95M3LAR02A04',
    lteM: 'eMTC',
    nbIot: 'NBIoT',
  },
  BG96: {
    manufacturer: 'Quectel',
    model: 'BG96',
    revision: 'BG96MAR02A07M1G',
    lteM: 'CAT-M1',
    nbIot: 'CAT-NB1',
  },
};
