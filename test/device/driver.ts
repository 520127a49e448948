// The device's modem driver, as the kit has it, and the scripted modem.

import { expect } from 'vitest';
import { SerialLine } from '../../host/board/serial.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { loadKit } from '../../host/kit/index.js';
import { ScriptedModem } from './scripted-modem.js';

export const kit = await loadKit();

/** The driver at one end of a line, the scripted modem at the other. */
export class Driver {
  readonly clock = new VirtualClock(0);
  readonly line = new SerialLine(this.clock);
  readonly modem = new ScriptedModem(this.clock, this.line.far);

  constructor(push: boolean) {
    kit.bg95Begin(7, push);
    const tick = (): void => {
      kit.bg95Feed(this.line.near.read(4096));
      kit.bg95Step(Math.floor(this.clock.now() / MS));
      this.line.near.send(kit.bg95Output());
      this.clock.after(MS, tick);
    };
    tick();
  }

  async run(seconds: number): Promise<void> {
    await this.clock.run({ deadline: this.clock.now() + seconds * SECOND });
  }

  async until(condition: () => boolean, seconds = 60): Promise<void> {
    const end = await this.clock.run({ deadline: this.clock.now() + seconds * SECOND, until: condition });
    expect(end).toBe('until');
  }
}
