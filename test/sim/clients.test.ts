// What programs that exist do with a card, step by step, over T=0.

import { describe, expect, it } from 'vitest';
import { toHex } from '../../host/bytes.js';
import { AID, Bench, challenge, storeOf } from './card.js';

// TS 35.207 test set 1: K and OPc of the bench's profile.
const RAND = '23553cbe9637a89d218ae64dae47bf35';
const AUTN = '55f328b43577b9b94a9ffac354dfafb3';
const CARD_SQN = 'ff9bb4d0b5e7';
const RES = 'a54211d5e3ba50bf';
const CK = 'b40ba9a3c58b2a05bbf0d987b21bf8cb';
const IK = 'f769bcd751044604127672711c6d3441';

const card = (): Bench => new Bench({ store: storeOf({ cardSqn: CARD_SQN }) });

/** Value of the first data object with this tag, in a template's body. */
function find(body: string, tag: string): string | undefined {
  for (let at = 0; at + 4 <= body.length;) {
    const length = parseInt(body.slice(at + 2, at + 4), 16) * 2;
    if (body.slice(at, at + 2) === tag) return body.slice(at + 4, at + 4 + length);
    at += 4 + length;
  }
  return undefined;
}

describe('hostap, pcsc_funcs.c', () => {
  it('finds the USIM in EF_DIR, reads sizes and PIN need from FCPs, authenticates', async () => {
    const bench = card();
    await bench.powerOn();
    // SELECT answers just two bytes.
    expect(await bench.send('00a40004023f00')).toMatch(/^61..$/);
    expect(await bench.send('00a40004022f00')).toMatch(/^61..$/);
    // READ RECORD with Le FF asks for the length.
    const length = await bench.send('00b20104ff');
    expect(length).toMatch(/^6c..$/);
    const record = await bench.send(`00b20104${length.slice(2)}`);
    expect(record).toMatch(/^61..4f10a0000000871002/);
    const aid = find(record.slice(4), '4f') ?? '';
    expect(await bench.send(`00a4040410${aid}`)).toMatch(/^61..$/);
    const adf = (await bench.ask(`00a4040410${aid}`)).data;
    expect(adf.slice(0, 2)).toBe('62');
    const pinStatus = find(adf.slice(4), 'c6') ?? '';
    expect(parseInt(find(pinStatus, '90') ?? '', 16) & 0x80).toBe(0); // PIN1 is off
    const imsiFile = (await bench.ask('00a40004026f07')).data;
    expect(find(imsiFile.slice(4), '80')).toBe('0009');
    expect(await bench.send('00b0000009')).toBe('0849040113325476989000');
    const ad = (await bench.ask('00a40004026fad')).data;
    expect(find(ad.slice(4), '80')).toBe('0004');
    expect(await bench.send('00b0000004')).toBe('000000029000');
    expect(await bench.send(challenge(RAND, AUTN))).toBe('612c');
    expect(await bench.send('00c000002c')).toBe(`db08${RES}10${CK}10${IK}9000`);
  });

  it('falls back to the RID alone', async () => {
    const bench = card();
    await bench.powerOn();
    expect(await bench.send('00a4040405a000000087')).toMatch(/^61..$/);
  });
});

describe('Soracom endorse client', () => {
  it('by COM port: AUTHENTICATE with nothing selected by the client itself', async () => {
    const bench = await card().usim(); // the modem has started the USIM
    const answer = await bench.send(challenge(RAND, AUTN));
    expect(answer).toMatch(/^61..$/);
    expect(await bench.send(`00c00000${answer.slice(2)}`)).toMatch(/9000$/);
  });

  it('by ISO 7816: reads FCP objects in their order, EF_DIR, IMSI, and authenticates', async () => {
    const bench = card();
    await bench.powerOn();
    expect(await bench.send('00a40004023f00')).toMatch(/^61..$/);
    const selected = await bench.send('00a40004022f00');
    expect(selected).toMatch(/^61..$/);
    const fcp = (await bench.send(`00c00000${selected.slice(2)}`)).slice(0, -4);
    const tags: string[] = [];
    for (let at = 4; at < fcp.length; at += 4 + parseInt(fcp.slice(at + 2, at + 4), 16) * 2)
      tags.push(fcp.slice(at, at + 2));
    expect(tags).toEqual(['82', '83', '8a', '8b', '80', '88']);
    const recordLength = find(fcp.slice(4), '82')?.slice(6, 8) ?? '';
    const record = await bench.send(`00b20104${recordLength}`);
    expect(record.slice(-4)).toBe('9000');
    expect(await bench.send(`00a4040410${find(record.slice(4), '4f') ?? ''}`)).toMatch(/^61..$/);
    await bench.send('00a40004026f07');
    expect(await bench.send('00b0000009')).toBe('0849040113325476989000');
    expect(await bench.send(challenge(RAND, AUTN))).toMatch(/^61..$/);
  });
});

describe('the direct call', () => {
  it('gives all data and 9000, takes Le or does without, and never says 61xx', async () => {
    const bench = new Bench({ link: 'direct', store: storeOf({ cardSqn: CARD_SQN }) });
    await bench.powerOn();
    const fcp = await bench.send(`00a4040410${AID}`);
    expect(fcp).toMatch(/^6235.*9000$/);
    expect(await bench.send(`00a4040410${AID}00`)).toBe(fcp);
    expect(await bench.send('80f2000000')).toBe(fcp);
    expect(await bench.send('80f20000')).toBe(fcp);
    await bench.send('00a4000c026f07');
    expect(await bench.send('00b0000000')).toBe('0849040113325476989000');
    expect(await bench.send('00b000000a')).toBe('6c09');
    expect(await bench.send('00c0000010')).toBe('6985');
    expect(await bench.send(challenge(RAND, AUTN))).toBe(`db08${RES}10${CK}10${IK}9000`);
    expect(
      await bench.statusWords('00200001', '0020000100', '0020000108', '00a400040a3f00', '00b00000023f00', '00a4'),
    ).toEqual(['63c3', '63c3', '6700', '6700', '6700', '6700']);
  });

  it('and the character line are the same card: same answers for the same commands', async () => {
    const lines = [
      '00a40004023f00',
      `00a4040410${AID}`,
      '00b0870009',
      '0020000100',
      '80f2000112',
      challenge(RAND, AUTN),
    ];
    const [t0, direct] = [card(), new Bench({ link: 'direct', store: storeOf({ cardSqn: CARD_SQN }) })];
    await t0.powerOn();
    await direct.powerOn();
    for (const line of lines) expect(await direct.ask(line)).toEqual(await t0.ask(line));
    const stores = [t0, direct].map((bench) => [...bench.store.entries()].map(([key, value]) => [key, toHex(value)]));
    expect(stores[0]).toEqual(stores[1]);
  });
});
