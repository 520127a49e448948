import { Command } from 'commander';
import { apduCommand } from './sim/apdu.js';
import { newSimCommand } from './sim/new.js';
import { schemaCommand } from './sim/schema.js';
import { serialCommand } from './sim/serial.js';
import { vpcdCommand } from './sim/vpcd.js';

/** `akari sim`: the card alone. */
export function simCommand(): Command {
  const sim = new Command('sim').description('the SIM card alone');
  for (const command of [newSimCommand(), schemaCommand(), apduCommand(), vpcdCommand(), serialCommand()])
    sim.addCommand(command);
  return sim;
}
