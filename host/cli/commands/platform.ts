import { Command } from 'commander';
import { authCommand } from './platform/auth.js';
import { credentialsCommand } from './platform/credentials.js';
import { dataCommand } from './platform/data.js';
import { devicesCommand } from './platform/devices.js';
import { filesCommand } from './platform/files.js';
import { groupsCommand } from './platform/groups.js';
import { subscribersCommand } from './platform/subscribers.js';

const HELP = `
The verbs speak with the management API of a running "akari serve" (--api or AKARI_API). They sign in with the AuthKey of
--auth-key FILE ({"authKeyId", "authKey"}; AKARI_AUTH_KEY_FILE), or of AKARI_AUTH_KEY_ID and AKARI_AUTH_KEY, and out again
when they are done; or they use the key and token that "akari platform auth" printed (AKARI_API_KEY, AKARI_TOKEN).`;

/** `akari platform`: what an operator does. */
export function platformCommand(): Command {
  const platform = new Command('platform')
    .description(
      'what an operator does: subscribers, groups, credentials, data, files and devices of a running akari serve',
    )
    .addHelpText('after', HELP);
  const commands = [
    authCommand(),
    subscribersCommand(),
    groupsCommand(),
    credentialsCommand(),
    dataCommand(),
    filesCommand(),
    devicesCommand(),
  ];
  for (const command of commands) platform.addCommand(command);
  return platform;
}
