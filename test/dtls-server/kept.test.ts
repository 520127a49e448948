// Associations that outlive the server's process: the client does not notice, no nonce is used twice, no record is taken twice,
// wherever the process ends.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../host/clock/clock.js';
import type { Association, AssociationKeeper, KeptAssociation, KeptEntry, Marks } from '../../host/dtls/index.js';
import { DtlsState, loadKit } from '../../host/kit/index.js';
import { Line } from './line.js';

const kit = await loadKit();

class Paper implements AssociationKeeper {
  readonly rows = new Map<string, KeptEntry>();
  writes = 0;
  isFull = false;

  #write(id: string, entry: KeptEntry): void {
    if (this.isFull) throw new Error('no space left');
    this.writes++;
    this.rows.set(id, entry);
  }
  opened(association: KeptAssociation, marks: Marks): void {
    this.#write(association.id, { association, marks });
  }
  marked(id: string, marks: Marks): void {
    const row = this.rows.get(id);
    if (row === undefined) throw new Error('marks of nothing');
    this.#write(id, { ...row, marks });
  }
  ended(id: string): void {
    this.rows.delete(id);
  }
  all(): KeptEntry[] {
    return [...this.rows.values()];
  }
}

const lineWith = (paper: Paper, options: ConstructorParameters<typeof Line>[1] = {}): Line =>
  new Line(kit, { ...options, keeper: paper });
/** Epoch and sequence of the server's protected records, which its nonces are. */
const nonces = (line: Line): string[] =>
  line.wire.flatMap(({ from, datagram }) =>
    from === 'server' && datagram[0] === 23 ? [Buffer.from(datagram.subarray(3, 11)).toString('hex')] : [],
  );
const handshakes = (line: Line): number => line.wire.filter(({ datagram }) => datagram[0] === 22).length;

/** Says something until there is an answer, and how often. */
async function says(line: Line, text: string): Promise<number> {
  for (let times = 1; times <= 12; times++) {
    line.write(text);
    if (await line.run(() => line.atClient.includes(`> ${text}`), 2 * SECOND)) return times;
  }
  return Infinity;
}

describe('a server that', () => {
  it.each([{}, { withoutCid: true }])('is restarted goes on where it was: %j', async (options) => {
    const paper = new Paper();
    const line = lineWith(paper);
    await line.handshake(options);
    await line.talk('one');
    const before = handshakes(line);
    line.server.suspend();
    expect(line.restart(paper.all()).length).toBe(1);
    expect(await says(line, 'two')).toBe(1);
    expect(handshakes(line)).toBe(before);
    expect(kit.dtlsStatus().state).toBe(DtlsState.Open);
    expect(line.ended).toEqual(['suspended']);
  });

  it('is restarted may speak first', async () => {
    const paper = new Paper();
    const line = lineWith(paper);
    await line.handshake();
    line.server.suspend();
    const [association] = line.restart(paper.all());
    association?.send(Buffer.from('are you there?'));
    expect(await line.run(() => line.atClient.includes('are you there?'))).toBe(true);
  });

  it('crashes goes on after the fifth time that something is said, at the latest', async () => {
    const paper = new Paper();
    const line = lineWith(paper);
    await line.handshake();
    for (let said = 0; said < 12; said++) {
      expect(await says(line, `${said}`)).toBeLessThanOrEqual(5);
      line.restart(paper.all());
    }
    expect(new Set(nonces(line)).size).toBe(nonces(line).length);
  });

  it('writes little down: one row, and a mark for each few records of the client', async () => {
    const paper = new Paper();
    const line = lineWith(paper);
    await line.handshake();
    for (let said = 0; said < 100; said++) await line.talk(`${said}`);
    expect(paper.rows.size).toBe(1);
    expect(paper.writes).toBeLessThanOrEqual(30);
  });

  it('takes no record of before a second time', async () => {
    const paper = new Paper();
    const line = lineWith(paper);
    await line.handshake();
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) await line.talk(text);
    const said = line.wire.filter(({ from, datagram }) => from === 'client' && datagram[0] === 25);
    for (const how of ['suspended', 'crashed']) {
      if (how === 'suspended') line.server.suspend();
      line.restart(paper.all());
      line.atServer.length = 0;
      for (const { datagram } of said) line.toServer(datagram);
      await line.run(() => false, MINUTE);
      expect(line.atServer, how).toEqual([]);
    }
  });

  it('is restarted finds the client at another address, by its connection ID', async () => {
    const paper = new Paper();
    const line = lineWith(paper);
    await line.handshake();
    line.path = '10.0.0.9:1';
    await line.talk('moved');
    // A crash, after which nothing has been written down but where it is now.
    const [association] = line.restart(paper.all());
    expect(association?.path.key).toBe('10.0.0.9:1');
    line.path = '10.0.0.10:2';
    expect(await says(line, 'again')).toBeLessThanOrEqual(5);
  });

  it('was away for longer than it keeps anybody, or whose keys have changed, lets go of them', async () => {
    const paper = new Paper();
    const line = lineWith(paper);
    await line.handshake();
    const kept = paper.all();
    expect(line.restart(kept.map((one) => ({ ...one, marks: { ...one.marks, silentFor: 26 * HOUR } })))).toEqual([]);
    expect(paper.rows.size).toBe(0);
    expect(line.restart(kept.map((one) => ({ ...one, association: { ...one.association, keyId: 'two' } })))).toEqual(
      [],
    );
    expect(await says(line, 'x')).toBe(Infinity);
  });

  it('has forgotten an association that ended', async () => {
    const paper = new Paper();
    const line = lineWith(paper);
    await line.handshake();
    kit.dtlsClose();
    line.flush();
    await line.run(() => line.ended.length > 0);
    expect(paper.rows.size).toBe(0);
  });

  it('resumes sessions of before', async () => {
    const paper = new Paper();
    const line = lineWith(paper);
    await line.handshake({ withoutCid: true });
    line.server.suspend();
    line.restart(paper.all());
    kit.dtlsClose();
    line.path = '10.0.0.9:1';
    expect(await line.handshake(null)).toBe(DtlsState.Open);
    expect(kit.dtlsStatus().resumed).toBe(true);
    expect(await line.talk('x')).toBe(true);
  });

  it('cannot write down uses no number beyond what it has: it ends the association', async () => {
    const paper = new Paper();
    const line = lineWith(paper);
    await line.handshake();
    await line.talk('one');
    paper.isFull = true;
    for (let said = 0; said < 8; said++) {
      line.write(`${said}`);
      await line.run(() => false, SECOND);
    }
    expect(line.ended).toEqual(['failed']);
    paper.isFull = false;
    // What an association was opened with while nothing could be written is good for the process alone.
    const other = lineWith(Object.assign(new Paper(), { isFull: true }));
    expect(await other.handshake()).toBe(DtlsState.Open);
    for (let said = 0; said < 8; said++) expect(await other.talk(`${said}`)).toBe(true);
  });
});

it('whenever the process ends, in whatever way, on lines with faults: no nonce comes twice, no datagram is taken twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('say', 'say', 'say', 'suspend', 'crash', 'move', 'speak'), {
        minLength: 5,
        maxLength: 40,
      }),
      fc.record({
        loss: fc.constantFrom(0, 0.2),
        repeat: fc.constantFrom(0, 0.3),
        delay: fc.constantFrom(0, 3 * SECOND),
      }),
      fc.boolean(),
      fc.nat(),
      async (steps, faults, withoutCid, seed) => {
        const paper = new Paper();
        const line = lineWith(paper, { seed: `${seed}` });
        expect(await line.handshake({ withoutCid })).toBe(DtlsState.Open);
        let association: Association | undefined = line.opened.at(-1);
        line.faults = faults;
        for (const [i, step] of steps.entries()) {
          if (step === 'say') line.write(`said ${i}`);
          else if (step === 'speak') association?.send(Buffer.from(`spoken ${i}`));
          else if (step === 'move') line.path = withoutCid ? line.path : `10.0.0.1:${40_000 + i}`;
          else {
            if (step === 'suspend') line.server.suspend();
            [association] = line.restart(paper.all());
          }
          await line.run(() => false, SECOND);
        }
        line.faults = {};
        await line.run(() => false, MINUTE);
        expect(await says(line, 'the end')).toBeLessThanOrEqual(5);
        expect(new Set(nonces(line)).size).toBe(nonces(line).length);
        const taken = line.atServer.filter((text) => text !== 'the end');
        expect(new Set(taken).size).toBe(taken.length);
      },
    ),
    { numRuns: 150 },
  );
});
