import { Command } from 'commander';
import { profileJsonSchema } from '../../../sim/index.js';
import { Output } from '../../output.js';

/** `akari sim schema`: what examples/profiles/profile.schema.json is made by. */
export function schemaCommand(): Command {
  return new Command('schema').description('print the JSON Schema of a profile').action(() => {
    new Output(false).value(profileJsonSchema());
  });
}
