// Bootstrap servers that send anything: commands at random, bodies that are broken, in any order, finished or not. The device answers each
// with a code that a bootstrap command may have, never traps, and is usable afterwards.
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  BootstrapServer,
  DmServer,
  Rig,
  TLV,
  account,
  security,
  serverInstance,
  tlv,
  tlvEntry,
  type Command,
} from './rig.js';

const CODES = /^(2\.02|2\.04|2\.05|4\.00|4\.04|4\.05|4\.06|4\.08|4\.13|4\.15|5\.00)$/;

const id = fc.constantFrom(0, 1, 2, 3, 9, 33_000, 65_534, 65_535, 70_000);
const path = fc.oneof(
  fc.constantFrom('/', '/0', '/1', '/2', '/0/1', '/1/1', '/2/0', '/33000', '/33000/1', '/bs'),
  fc.array(id, { maxLength: 5 }).map((ids) => `/${ids.join('/')}`),
);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom(
    security('dm.example', 7),
    security('dm.example', 8, 'i', new Uint8Array(16)),
    serverInstance(7),
    tlvEntry(0, 1, serverInstance(7)),
    Buffer.concat([tlvEntry(0, 1, security('a', 1)), tlvEntry(0, 2, security('b', 2))]),
    Buffer.concat([
      tlv({ 0: 3, 1: 0 }),
      tlvEntry(2, 2, Buffer.concat([tlvEntry(1, 7, Buffer.from([3]))])),
      tlv({ 3: 7 }),
    ]),
    Buffer.from('[{"bn":"/1/1/","n":"0","v":7},{"n":"1","v":300},{"n":"6","vb":true},{"n":"7","vs":"U"}]'),
  ),
);
/** A body with some of its bytes changed, cut, or said again. */
const broken = fc
  .tuple(body, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.option(fc.nat(300)))
  .map(([bytes, changes, cut]) => {
    const copy = Buffer.from(bytes);
    for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
    return copy.subarray(0, cut ?? copy.length);
  });
const command: fc.Arbitrary<Command> = fc.record(
  {
    method: fc.constantFrom('GET', 'PUT', 'PUT', 'PUT', 'DELETE', 'POST'),
    path,
    format: fc.constantFrom(TLV, TLV, 0, 42, 110, 112, 50),
    accept: fc.constantFrom(40, TLV, 110, 112, 0, 50),
    payload: broken,
  },
  { requiredKeys: ['method', 'path'] },
);

export async function hostileBootstrap(runs: number, seed?: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { maxLength: 12 }),
      fc.constantFrom(undefined, 0, 2, 4),
      fc.boolean(),
      async (commands, szx, finishes) => {
        const rig = await Rig.create();
        const server = new BootstrapServer(rig);
        const dm = new DmServer(rig, 'good.example:5683');
        server.szx = szx;
        server.commands = commands;
        server.finishAfter = finishes ? 0 : -1;
        rig.powerOn();
        rig.run(20_000);
        const answers = server.answers.slice(0, commands.length + 1);
        for (const answer of answers) expect(answer.split(' ').at(-1)).toMatch(CODES);
        // POST /bs is Finish: after it, or after one that was refused, the session is over.
        if (!commands.some(({ method, path: to }) => method === 'POST' && to.startsWith('/bs')))
          expect(answers.length).toBe(commands.length + Number(finishes));
        // A later session in good order works, whatever this one has left.
        server.szx = undefined;
        server.finishAfter = 0;
        server.commands = [
          { method: 'DELETE', path: '/' },
          ...account(security('good.example', 9), serverInstance(9), 4),
        ];
        rig.until(() => [...dm.registrations.values()].length > 0, 3 * 86_400_000);
        rig.run(1_000);
        expect(rig.app?.registered()).toBe(1);
      },
    ),
    { numRuns: runs, ...(seed === undefined ? {} : { seed }) },
  );
}
