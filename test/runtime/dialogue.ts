// The dialogue of device and modem, line by line, for runs that differ in nothing but their clock and their chance.
import { readFileSync } from 'node:fs';
import { Board, MemoryStore } from '../../host/board/index.js';
import { MINUTE, SECOND } from '../../host/index.js';
import { type Scene, scene } from '../world/demo-world.js';
import { APP } from './modem-line.js';

/** The modem is up and registered: from here on it speaks when asked, and not when its clock says so. */
export const modemIsUp = (s: Scene): boolean => s.of('nas').some(({ message }) => message === 'ATTACH COMPLETE');

/**
 * What was said from the device's first word on, without what only a clock or chance decides: the time of day, and the random
 * number in a message's id.
 */
export function dialogue(s: Scene): string[] {
  const said = s.of('at');
  const from = said.findIndex((line) => line.from === 'device');
  return said.slice(from).map(({ from: who, text, data }) => {
    const line = data === true ? Buffer.from(String(text), 'hex').toString('latin1') : String(text);
    return `${who} ${withoutTime(line)}`;
  });
}

function withoutTime(line: string): string {
  return line
    .replace(/\b[0-9a-f]{16}-(\d+)\b/g, 'ID-$1')
    .replace(/(?<="t":)\d{13}\b/g, 'UNIX-MS')
    .replace(/(?<=\+QLTS: ")[^"]*/, 'TIME')
    .replace(/(?<=\r\nDate: )[^\r]*/, 'DATE');
}

/** The same binary on the harness, on the virtual clock, until its first reading is acknowledged and read. */
export async function harnessDialogue(): Promise<string[]> {
  const s = await scene({ clock: 'virtual' });
  const { clock, random, trace } = s.world;
  const board = new Board({
    name: 'beam-telemetry',
    module: readFileSync(APP),
    clock,
    trace,
    random: random.fork('another device'),
    store: new MemoryStore(),
    uarts: [s.device.line.near],
    knowsTime: true,
    sensors: { analog: () => 715 },
  });
  try {
    s.device.modem.powerOn();
    await s.world.run({ for: MINUTE, until: () => modemIsUp(s) });
    await s.world.run({ for: SECOND });
    board.powerOn();
    await s.world.run({ for: MINUTE, until: () => s.customer.messages.length > 0 });
    await s.world.run({ for: 3 * SECOND });
    return dialogue(s);
  } finally {
    board.powerOff();
    await s.world.close();
  }
}
