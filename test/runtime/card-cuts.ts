// The SIM card as a program of this machine, over a pseudo terminal, killed at random instants: what it has once
// acknowledged must hold ever after.
import { writeFileSync } from 'node:fs';
import { join as path } from 'node:path';
import { expect } from 'vitest';
import { quintuplet } from '../../host/cellular/hss/index.js';
import { Random } from '../../host/random.js';
import { personalise } from '../../host/sim/index.js';
import { AID } from '../sim/card.js';
import { PROFILE } from '../world/demo-world.js';
import { RealBoard } from './native.js';
import { scratch } from './scratch.js';

export const CARD = 'build/release/sim.wasm';
/** Bytes of linear memory, as its budget allows. */
export const CARD_MEMORY = 16 * 1024;

const ATR_BYTES = 21;
const RAND = Buffer.from('23553cbe9637a89d218ae64dae47bf35', 'hex');
const PLMN = Buffer.from('44f001', 'hex');
/** First byte of the answer to AUTHENTICATE, TS 31.102 7.1.2.1. */
const SUCCESS = 0xdb;
const SYNCHRONISATION_FAILURE = 0xdc;
/** Longest life of the card, ms; most end earlier. */
const LIFE_MS = 60;

/** The card's values as files, as the posix port keeps them. */
export function personaliseFolder(store: string): void {
  for (const [key, value] of personalise(PROFILE)) {
    writeFileSync(path(store, (key >>> 0).toString(16).padStart(8, '0')), value);
  }
}

/** A case 3 or 4 command by T=0; resolves to SW1 SW2. */
async function command(card: RealBoard, header: string, data: Uint8Array): Promise<Buffer> {
  const bytes = Buffer.from(header, 'hex');
  expect(await card.ask(bytes, 1)).toEqual(bytes.subarray(1, 2));
  return card.ask(data, 2);
}

/** AUTHENTICATE with a sequence number; resolves to the first byte of the answer. */
async function authenticate(card: RealBoard, seq: number): Promise<number> {
  const sqn = Buffer.alloc(6);
  sqn.writeUIntBE(seq * 32, 0, 6);
  const { autn } = quintuplet(PROFILE, RAND, sqn, PLMN);
  const status = await command(card, '0088008122', Buffer.concat([Buffer.of(16), RAND, Buffer.of(16), autn]));
  expect(status[0]).toBe(0x61);
  const length = status[1] as number;
  const answer = await card.ask(Buffer.of(0x00, 0xc0, 0x00, 0x00, length), 1 + length + 2);
  return answer[1] as number;
}

/**
 * Kills the card so often at a random instant while it takes challenge after challenge. After each start the last one that it
 * has acknowledged must be stale: an SQN that is forgotten is a challenge that can be replayed.
 */
export async function cutCard(program: string, seed: string, cuts: number): Promise<void> {
  const random = new Random(seed);
  const store = scratch();
  personaliseFolder(store);
  let acknowledged = 0;
  let sent = 0;
  let log = '';
  for (let i = 0; i <= cuts; i++) {
    const card = await RealBoard.posix(program, { line: 'pty', args: ['--store', store] });
    try {
      await card.ask(Buffer.alloc(0), ATR_BYTES);
      expect((await command(card, '00a4040c10', Buffer.from(AID, 'hex'))).toString('hex')).toBe('9000');
      if (acknowledged > 0) {
        expect(await authenticate(card, acknowledged), `seed ${seed}\n${log}`).toBe(SYNCHRONISATION_FAILURE);
      }
      // After a cut in the middle it may have taken the one that it did not acknowledge.
      const timer = setTimeout(() => void card.kill(), LIFE_MS * random.next() ** 2);
      try {
        for (;;) {
          sent++;
          expect(await authenticate(card, sent)).toBe(SUCCESS);
          acknowledged = sent;
        }
      } catch (error) {
        if (card.exit === undefined) throw error;
      } finally {
        clearTimeout(timer);
      }
    } finally {
      await card.kill();
      log += card.log;
    }
  }
  expect(acknowledged).toBeGreaterThan(cuts);
  expect(log, `seed ${seed}`).not.toMatch(/trap|watchdog|runtime error|Sanitizer/);
}
