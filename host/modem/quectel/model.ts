import { SECOND } from '../../clock/clock.js';
import type { ModemCore } from '../core.js';
import type { AttachedDialect, BootStep, Dialect } from '../dialect.js';
import { quectelContextCommands } from './context.js';
import { quectelSettingCommands } from './configuration.js';
import { quectelDeviceCommands, type SystemModes } from './device.js';
import { quectelSocketCommands } from './sockets.js';
import type { LastError } from './stream.js';
import { quectelCodes } from './stream.js';
import { quectelTlsCommands } from './tls.js';

/** What is particular to a model. */
export interface QuectelModel {
  readonly name: string;
  readonly revision: string;
  readonly boot: readonly BootStep[];
  /** What the SIM's being ready is told by. */
  readonly simReady: readonly string[];
  /** Names of AT+QCSQ for LTE-M and NB-IoT. */
  readonly systemModes: SystemModes;
  /** Commands of its own; undefined: one of the others' that it has not. */
  commands(core: ModemCore): AttachedDialect['commands'];
}

export function quectelDialect(model: QuectelModel): Dialect {
  return {
    identity: { manufacturer: 'Quectel', model: model.name, revision: model.revision },
    boot: model.boot,
    simCodes: {
      off: ['+CPIN: NOT READY'],
      absent: ['+CPIN: NOT INSERTED'],
      failed: ['+CPIN: NOT READY'],
      pin: ['+CPIN: SIM PIN'],
      puk: ['+CPIN: SIM PUK'],
      blocked: ['+CPIN: NOT READY'],
      ready: model.simReady,
    },
    poweredDown: 'POWERED DOWN',
    prompt: '> ',
    // A blank before an argument is ERROR on a BG95 (zephyrproject-rtos/zephyr, 44228).
    blanks: false,
    // 150 s: the manual's longest time for AT+QIACT.
    contexts: { first: 1, last: 16, active: 3, activation: 150 * SECOND },
    attach: (core) => {
      const last: LastError = { code: 0 };
      const sockets = core.addSockets(quectelCodes('+QIOPEN', '+QIURC', last));
      const tlsSockets = core.addSockets(quectelCodes('+QSSLOPEN', '+QSSLURC', last));
      return {
        commands: {
          ...quectelDeviceCommands(core, model.systemModes),
          ...quectelSettingCommands(core),
          ...quectelContextCommands(core, last),
          ...quectelSocketCommands(core, sockets, last),
          ...quectelTlsCommands(core, tlsSockets, last),
          ...model.commands(core),
        },
        contextLost: (cid) => `+QIURC: "pdpdeact",${cid}`,
        reset: () => {
          last.code = 0;
        },
      };
    },
  };
}
