// The largest permissions that the management API takes, of the kinds that take longest to read or to decide.
import { performance } from 'node:perf_hooks';
import { Database } from '../../dist/host/platform/database.js';
import { Sam } from '../../dist/host/platform/accounts/sam.js';
import { API_LIMITS, SAM_LIMITS } from '../../dist/host/platform/limits.js';

const OPERATOR = 'OP0000000000';
/** A path of 1,001 characters, on which no pattern below ends early. */
export const PATH = `${'a'.repeat(1000)}b`;
const ASKED = { api: 'FileEntry:getFile' };
const FACTS = { operatorId: OPERATOR, imsi: '440103123456789', pathVariables: { path: PATH } };
const ROUNDS = 40;
/** Bytes left to tell one permission from another of the same kind. */
const SPARE = 8;

const permission = (condition) => JSON.stringify({ statements: [{ effect: 'allow', api: '*', condition }] });
const matches = (pattern) => `pathVariable('path')matches'${pattern}'`;

/** As many of the part, joined, as a permission may hold. */
function filled(part, join = ' or ') {
  const room = API_LIMITS.permission - Buffer.byteLength(permission('')) - SPARE;
  return permission(
    Array(Math.floor((room + join.length) / (part.length + join.length)))
      .fill(part)
      .join(join),
  );
}

export const costlyPermission = () => filled(matches('(a?){1000}a{1000}'));

const KINDS = {
  'patterns with counts': costlyPermission(),
  'patterns with any number': filled(matches('.*.*.*.*.*.*.*.*c')),
  'patterns with the IMSI': filled(matches(':imsi(a{1000}){4}')),
  comparisons: filled("'a'=='b'"),
  classes: filled(matches('[^b-dg-kx-z]*[^b-dg-kx-z]*c')),
  'names of APIs': JSON.stringify({ statements: [{ effect: 'allow', api: Array(1900).fill('*') }] }),
};

/** Milliseconds of the slower decision: about a role, and about a user with as many as it may have. Cold: nothing of them is kept. */
export function decisionTimes() {
  // The engine has compiled the code by then.
  allTimes();
  return allTimes();
}

function allTimes() {
  const database = new Database();
  const times = [];
  const kinds = Object.entries(KINDS).map(([name, text]) => [name, `role-${name.replaceAll(' ', '-')}`, text]);
  const setUp = new Sam(database, () => 0);
  const roles = Math.floor(SAM_LIMITS.userPermission / API_LIMITS.permission);
  for (const [, id, text] of kinds) {
    setUp.createUser(OPERATOR, id, '');
    setUp.putRole(OPERATOR, id, text);
  }
  for (const [kind, id, text] of kinds) {
    for (let i = 0; i < roles; i++) {
      // Each with its own text, or one that is kept would serve all.
      setUp.putRole(OPERATOR, `own-${i}`, ' '.repeat(i) + text);
      setUp.attach(OPERATOR, id, `own-${i}`);
    }
    const timed = (work) => {
      const started = performance.now();
      work();
      return performance.now() - started;
    };
    const slower = (sam) =>
      Math.max(
        timed(() => sam.roleMay(OPERATOR, id, ASKED, FACTS)),
        timed(() => sam.userMay(OPERATOR, id, ASKED, FACTS)),
      );
    const kept = new Sam(database, () => 0);
    const rounds = Array.from({ length: ROUNDS }, () => ({
      cold: slower(new Sam(database, () => 0)),
      warm: slower(kept),
    }));
    const median = (name) => rounds.map((round) => round[name]).toSorted((x, y) => x - y)[ROUNDS >> 1];
    times.push({ kind, cold: median('cold'), warm: median('warm') });
    for (let i = 0; i < roles; i++) setUp.detach(OPERATOR, id, `own-${i}`);
  }
  database.close();
  return times;
}
