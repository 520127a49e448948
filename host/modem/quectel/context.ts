// The contexts of the TCP/IP commands: "BG95&BG77&BG600L Series TCP/IP Application Note" V1.1, 2.1.1 to 2.1.3.

import type { CommandEntry, CommandTable } from '../at/command.js';
import { passwordBehind } from '../at/secrets.js';
import { APN_MAX, CREDENTIAL_MAX, define } from '../commands/context.js';
import { EMPTY_CONTEXT } from '../contexts.js';
import type { ModemCore } from '../core.js';
import type { LastError } from './stream.js';
import { DELAY, errorCommands } from './stream.js';

/** `<context_type>` of AT+QICSGP, from 1. */
const CONTEXT_TYPES = ['', 'IP', 'IPV6', 'IPV4V6'];

export function quectelContextCommands(core: ModemCore, last: LastError): CommandTable {
  return {
    '+QICSGP': defineContext(core, last),
    '+QIACT': activateContext(core, last),
    '+QIDEACT': deactivateContext(core, last),
  };
}

/** The fifth argument of a definition is there: the password. */
const PASSWORD = passwordBehind(4);

const rangeOf = ({ contexts: { limits } }: ModemCore): string => `(${limits.first}-${limits.last})`;

function defineContext(core: ModemCore, last: LastError): CommandEntry {
  const { fail, entry } = errorCommands(last);
  const { contexts } = core;
  const { first, last: most } = contexts.limits;
  const command = entry(
    `+QICSGP: ${rangeOf(core)},(1-3),<APN>,<username>,<password>,(0-3)`,
    ({ args, info, secretInfo }) => {
      const cid = args.number(0, first, most);
      if (args.expect(1, 6).count === 1) {
        const { type, apn, user, password, auth } = contexts.definitions.get(cid) ?? EMPTY_CONTEXT;
        const say = password === '' ? info : secretInfo;
        say(`+QICSGP: ${CONTEXT_TYPES.indexOf(type)},"${apn}","${user}","${password}",${auth}`);
        return;
      }
      const type = CONTEXT_TYPES[args.number(1, 1, 3)] ?? 'IP';
      const apn = args.string(2, APN_MAX);
      const user = args.string(3, CREDENTIAL_MAX, '');
      const password = args.string(4, CREDENTIAL_MAX, '');
      const auth = args.number(5, 0, 3, 0);
      if (contexts.session(cid)) fail(572);
      define(core, cid, { type, apn, user, password, auth });
    },
  );
  return { ...command, secret: PASSWORD };
}

function activateContext(core: ModemCore, last: LastError): CommandEntry {
  const { fail, entry } = errorCommands(last);
  const { contexts } = core;
  const { first, last: most } = contexts.limits;
  const set = entry(
    `+QIACT: ${rangeOf(core)}`,
    async ({ args }) => {
      const cid = args.expect(1, 1).number(0, first, most);
      if (!contexts.definitions.has(cid)) fail(573);
      try {
        await core.activate(cid, true);
      } catch {
        fail(561);
      }
    },
    DELAY.activate,
  );
  return {
    ...set,
    read: ({ info }) => {
      const lines = Array.from({ length: most - first + 1 }, (_, i) => first + i)
        .filter((cid) => contexts.usedByStack(cid))
        .map((cid) => `+QIACT: ${cid},1,1,"${contexts.session(cid)?.ip ?? ''}"`);
      if (lines.length > 0) info(...lines);
    },
  };
}

function deactivateContext(core: ModemCore, last: LastError): CommandEntry {
  const { first, last: most } = core.contexts.limits;
  return errorCommands(last).entry(
    `+QIDEACT: ${rangeOf(core)}`,
    ({ args }) => core.deactivate(args.expect(1, 1).number(0, first, most)),
    DELAY.activate,
  );
}
