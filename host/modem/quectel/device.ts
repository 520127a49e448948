// Quectel's own commands about the device: signal, clock, power, where unsolicited codes go.

import type { CommandTable, Handler } from '../at/command.js';
import { AtError } from '../at/result.js';
import { keep } from '../commands/settings.js';
import { iccidCommand } from '../commands/sim.js';
import type { ModemCore } from '../core.js';
import { RSRQ_DB, rssiDbm, SINR_DB } from '../signal.js';
import { calendarText } from '../time.js';

/** RSSI, RSRP (dBm), SINR (0..250, fifths of a decibel above -20) and RSRQ (dB) as AT+QCSQ lists them. */
const signalFigures = (rsrp: number): number[] => [rssiDbm(rsrp), Math.round(rsrp), (SINR_DB + 20) * 5, RSRQ_DB];

/** The emulated cell's band and channel: the band that NTT DOCOMO has LTE-M in, and a channel of it. */
const BAND = { name: 'LTE BAND 19', channel: 6100 };
/** A full battery's charge in percent and voltage in mV: the emulated board is supplied for ever. */
const SUPPLY = '0,100,3800';
/** Of the three sensors, degrees Celsius. */
const TEMPERATURES = '25,25,25';

/** What AT+QCSQ calls LTE-M and NB-IoT. */
export interface SystemModes {
  readonly lteM: string;
  readonly nbIot: string;
}

export function quectelDeviceCommands(core: ModemCore, { lteM, nbIot }: SystemModes): CommandTable {
  const { radio } = core;

  /** `<sysmode>`, by TS 27.007's access technology. */
  const systemMode = (act: number): string => (act === 0 ? 'GSM' : act === 9 ? nbIot : lteM);

  const timeText = (mode: number): string => {
    const { synchronisedMs } = core.time;
    if (synchronisedMs === undefined) return '+QLTS: ""';
    // 0: as the network told it last; 1 and 2: now, in UTC and local. The emulated network lives in UTC, no summer time.
    return `+QLTS: "${calendarText(mode === 0 ? synchronisedMs : core.time.now(), true)},0"`;
  };

  const networkName: Handler = ({ info }) => {
    const { cell } = radio;
    const name = cell?.operator ?? '';
    info(`+QSPN: "${name}","${name}","",0,"${cell?.plmn ?? ''}"`);
  };

  return {
    '+QINISTAT': {
      test: '+QINISTAT: (0-3)',
      // 1 the PIN is known, 2 short messages can be used.
      execute: ({ info }) => info(`+QINISTAT: ${core.sim.state === 'ready' ? 3 : 0}`),
    },
    '+QSIMSTAT': {
      test: '+QSIMSTAT: (0,1)',
      read: ({ info }) => {
        const [reports = 0] = core.settings('power').settings['+QSIMSTAT'] ?? [];
        const { state } = core.sim;
        info(`+QSIMSTAT: ${reports},${state === 'absent' ? 0 : state === 'off' ? 2 : 1}`);
      },
      set: ({ args }) => keep(core, 'power', '+QSIMSTAT', [args.expect(1, 1).number(0, 0, 1)]),
    },
    '+QNWINFO': {
      ...{ test: '' },
      execute: ({ info }) => {
        const { cell } = radio;
        if (!cell) info('+QNWINFO: No Service');
        else info(`+QNWINFO: "${systemMode(cell.act)}","${cell.plmn}","${BAND.name}",${BAND.channel}`);
      },
    },
    '+QSPN': { test: '', read: networkName, execute: networkName },
    '+CBC': { test: '+CBC: (0-2),(1-100),(voltage)', execute: ({ info }) => info(`+CBC: ${SUPPLY}`) },
    '+QTEMP': { execute: ({ info }) => info(`+QTEMP: ${TEMPERATURES}`) },
    '+QGMR': { execute: ({ info }) => info(core.identity.revision) },
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
