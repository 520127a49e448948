// Quectel's own commands about the device: signal, clock, power, where unsolicited codes go.

import type { CommandTable } from '../at/command.js';
import { AtError } from '../at/result.js';
import { iccidCommand } from '../commands/sim.js';
import type { ModemCore } from '../core.js';
import { RSRQ_DB, rssiDbm, SINR_DB } from '../signal.js';
import { calendarText } from '../time.js';
import type { QuectelModel } from './model.js';

/** RSSI, RSRP (dBm), SINR (0..250, fifths of a decibel above -20) and RSRQ (dB) as AT+QCSQ lists them. */
const signalFigures = (rsrp: number): number[] => [rssiDbm(rsrp), Math.round(rsrp), (SINR_DB + 20) * 5, RSRQ_DB];

export function quectelDeviceCommands(core: ModemCore, { lteM, nbIot }: QuectelModel['systemModes']): CommandTable {
  const { radio } = core;

  /** `<sysmode>`, by TS 27.007's access technology. */
  const systemMode = (act: number): string => (act === 0 ? 'GSM' : act === 9 ? nbIot : lteM);

  const timeText = (mode: number): string => {
    const { synchronisedMs } = core.time;
    if (synchronisedMs === undefined) return '+QLTS: ""';
    // 0: as the network told it last; 1 and 2: now, in UTC and local. The emulated network lives in UTC, no summer time.
    return `+QLTS: "${calendarText(mode === 0 ? synchronisedMs : core.time.now(), true)},0"`;
  };

  return {
    '+QCCID': iccidCommand(core, '+QCCID'),
    '+QCSQ': {
      test: `+QCSQ: "NOSERVICE","GSM","${lteM}","${nbIot}"`,
      execute: ({ info }) => {
        const { cell, rsrp } = radio;
        if (!cell || rsrp === undefined) info('+QCSQ: "NOSERVICE"');
        else info(`+QCSQ: "${systemMode(cell.act)}",${signalFigures(rsrp).join(',')}`);
      },
    },
    '+QLTS': {
      test: '+QLTS: (0-2)',
      execute: ({ info }) => info(timeText(0)),
      set: ({ args, info }) => info(timeText(args.expect(1, 1).number(0, 0, 2))),
    },
    '+QPOWD': {
      test: '+QPOWD: (0,1)',
      execute: ({ afterwards }) => afterwards(() => void core.line.powerDown()),
      set: ({ args, afterwards }) => {
        args.expect(1, 1).number(0, 0, 1);
        afterwards(() => void core.line.powerDown());
      },
    },
    '+QURCCFG': {
      test: '+QURCCFG: "urcport",("uart1")',
      set: ({ args, info }) => {
        if (args.expect(1, 2).string(0, 16) !== 'urcport') throw new AtError();
        if (args.count === 1) info('+QURCCFG: "urcport","uart1"');
        // The emulated modem has no USB ports.
        else if (args.string(1, 16) !== 'uart1') throw new AtError();
      },
    },
  };
}
