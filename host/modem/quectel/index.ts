// Quectel's modems: the grammar of their own commands and unsolicited codes. A model is a file (bg95.ts) and a line here.
//   model.ts   what a model says of itself, and the dialect made of it
//   device.ts, configuration.ts, context.ts, sockets.ts, tls.ts   the commands;  stream.ts, errors.ts  what they share

import type { Dialect } from '../dialect.js';
import { BG95 } from './bg95.js';
import { BG96 } from './bg96.js';
import { quectelDialect } from './model.js';

/** By the name that a configuration gives. */
export const quectel: Readonly<Record<string, Dialect>> = {
  BG95: quectelDialect(BG95),
  BG96: quectelDialect(BG96),
};
