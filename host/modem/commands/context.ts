// PDP contexts: TS 27.007 10.1.1, 10.1.10, 10.1.14, 10.1.23, 10.1.31.

import type { CommandTable } from '../at/command.js';
import { AtError, Cme, CmeError } from '../at/result.js';
import { passwordBehind } from '../at/secrets.js';
import type { ContextDefinition } from '../contexts.js';
import { EMPTY_CONTEXT } from '../contexts.js';
import type { ModemCore } from '../core.js';

/** TS 23.003 9.1: an APN is at most 100 octets on the wire. */
export const APN_MAX = 99;
/** Longest user name and password. */
export const CREDENTIAL_MAX = 127;
/** The fourth argument of a definition is there: +CGAUTH's password. */
const PASSWORD = passwordBehind(3);
/** EPS bearer identity of the first default bearer, TS 24.301 9.3.2; context n has the nth. */
const FIRST_BEARER = 5;

const CONTEXT_TYPES = new Set(['IP', 'IPV4V6', 'IPV6']);

/** Changes part of a definition. Throws +CME 3 while the context is active. */
export function define(core: ModemCore, cid: number, change: Partial<ContextDefinition>): void {
  if (core.contexts.session(cid)) throw new CmeError(Cme.NotAllowed);
  const { definitions } = core.contexts;
  definitions.set(cid, { ...(definitions.get(cid) ?? EMPTY_CONTEXT), ...change });
}

export function contextCommands(core: ModemCore): CommandTable {
  const { contexts } = core;
  const { first, last } = contexts.limits;
  const range = `(${first}-${last})`;
  const defined = (): number[] => [...contexts.definitions.keys()].sort((a, b) => a - b);
  const cidOf = (args: { number(index: number, min: number, max: number): number }, index: number): number =>
    args.number(index, first, last);

  return {
    '+CGDCONT': {
      test: `+CGDCONT: ${range},"IP",,,(0),(0)`,
      read: ({ info }) => {
        const lines = defined().map((cid) => {
          const { type, apn } = contexts.definitions.get(cid) ?? EMPTY_CONTEXT;
          return `+CGDCONT: ${cid},"${type}","${apn}","${contexts.session(cid)?.ip ?? '0.0.0.0'}",0,0`;
        });
        if (lines.length > 0) info(...lines);
      },
      set: ({ args }) => {
        const cid = cidOf(args.expect(1, 11), 0);
        if (args.count === 1) {
          if (contexts.session(cid)) throw new CmeError(Cme.NotAllowed);
          contexts.definitions.delete(cid);
          return;
        }
        const type = args.string(1, 6).toUpperCase();
        if (!CONTEXT_TYPES.has(type)) throw new AtError();
        define(core, cid, { type, apn: args.string(2, APN_MAX, '') });
      },
    },
    '+CGAUTH': {
      secret: PASSWORD,
      test: `+CGAUTH: ${range},(0-2)`,
      read: ({ secretInfo }) => {
        const lines = defined()
          .map((cid) => ({ cid, ...(contexts.definitions.get(cid) ?? EMPTY_CONTEXT) }))
          .filter(({ auth }) => auth !== 0)
          .map(({ cid, auth, user, password }) => `+CGAUTH: ${cid},${auth},"${user}","${password}"`);
        if (lines.length > 0) secretInfo(...lines);
      },
      set: ({ args }) => {
        const cid = cidOf(args.expect(1, 4), 0);
        const auth = args.number(1, 0, 2, 0);
        const user = auth === 0 ? '' : args.string(2, CREDENTIAL_MAX);
        const password = auth === 0 ? '' : args.string(3, CREDENTIAL_MAX, '');
        define(core, cid, { auth, user, password });
      },
    },
    '+CGACT': {
      test: '+CGACT: (0,1)',
      read: ({ info }) => {
        const lines = defined().map((cid) => `+CGACT: ${cid},${contexts.session(cid) ? 1 : 0}`);
        if (lines.length > 0) info(...lines);
      },
      set: async ({ args }) => {
        const on = args.expect(1, 2 + last - first).number(0, 0, 1) === 1;
        const named = Array.from({ length: args.count - 1 }, (_, i) => cidOf(args, i + 1));
        for (const cid of named.length > 0 ? named : defined()) {
          if (!on) core.deactivate(cid);
          else if (!contexts.definitions.has(cid)) throw new CmeError(Cme.NotAllowed);
          else await core.activate(cid, false);
        }
      },
    },
    '+CGPADDR': {
      test: `+CGPADDR: ${range}`,
      execute: ({ info }) => {
        const lines = defined().map((cid) => `+CGPADDR: ${cid},"${contexts.session(cid)?.ip ?? '0.0.0.0'}"`);
        if (lines.length > 0) info(...lines);
      },
      set: ({ args, info }) => {
        const cid = cidOf(args.expect(1, 1), 0);
        if (!contexts.definitions.has(cid)) throw new AtError();
        info(`+CGPADDR: ${cid},"${contexts.session(cid)?.ip ?? '0.0.0.0'}"`);
      },
    },
    '+CGCONTRDP': {
      test: '',
      execute: ({ info }) => {
        const lines = defined().flatMap((cid) => parameters(core, cid) ?? []);
        if (lines.length > 0) info(...lines);
      },
      set: ({ args, info }) => {
        const line = parameters(core, cidOf(args.expect(1, 1), 0));
        if (line !== undefined) info(line);
      },
    },
  };
}

/** TS 27.007 10.1.23: address and mask, gateway, name servers. */
function parameters(core: ModemCore, cid: number): string | undefined {
  const session = core.contexts.session(cid);
  if (!session) return undefined;
  const [first = '', second = ''] = session.dns;
  const bearer = FIRST_BEARER + cid - core.contexts.limits.first;
  return `+CGCONTRDP: ${cid},${bearer},"${session.apn}","${session.ip}.255.255.255.255","","${first}","${second}"`;
}
