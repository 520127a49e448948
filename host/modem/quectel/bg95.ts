// Quectel BG95-M3: "BG95&BG77&BG600L Series AT Commands Manual".

import { MS, SECOND } from '../../clock/clock.js';
import type { QuectelModel } from './model.js';

export const BG95: QuectelModel = {
  name: 'BG95-M3',
  revision: 'BG95M3LAR02A04',
  boot: [
    { after: 2 * SECOND, says: 'RDY' },
    { after: 300 * MS, says: 'APP RDY' },
  ],
  simReady: ['+CPIN: READY'],
  systemModes: { lteM: 'eMTC', nbIot: 'NBIoT' },
  commands: () => ({}),
};
