// Quectel BG96: "BG96 AT Commands Manual". What it does unlike a BG95: it has no APP RDY and tells more of its start, names
// the access technologies otherwise, and activates contexts by AT+QIACT alone, from revision A07 on.

import { MS, SECOND } from '../../clock/clock.js';
import type { QuectelModel } from './model.js';

export const BG96: QuectelModel = {
  name: 'BG96',
  revision: 'BG96MAR02A07M1G',
  boot: [
    { after: 2 * SECOND, says: 'RDY' },
    { after: 300 * MS, says: '+CFUN: 1' },
  ],
  simReady: ['+CPIN: READY', '+QUSIM: 1', '+QIND: SMS DONE'],
  systemModes: { lteM: 'CAT-M1', nbIot: 'CAT-NB1' },
  commands: () => ({ '+CGACT': undefined }),
};
