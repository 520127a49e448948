// The card in a PC/SC reader, seen by programs that nobody here wrote. They run on real time.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect } from 'vitest';
import { loadSimProfile } from '../../host/sim/index.js';
import { Pcscd } from './pcscd.js';
import { withPrograms } from '../peers.js';
import { endsWithTests } from '../leftover.js';

const { describe, it } = withPrograms('opensc-tool', 'osmo-auc-gen', 'pcsc_scan', 'pcscd', 'scriptor', 'vpcd');

const PROFILE = 'examples/profiles/soracom-demo.json';
const AID = 'a0000000871002ffffffff8907090000';
const RAND = '23553cbe9637a89d218ae64dae47bf35';
const run = promisify(execFile);

let pcscd: Pcscd;
const cards: Card[] = [];
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'akari-'));
  pcscd = await Pcscd.start();
}, 30_000);
afterAll(async () => {
  for (const card of cards) await card.interrupt();
  await pcscd.stop();
  rmSync(folder, { recursive: true });
});

/** `akari sim vpcd`, as a person runs it. */
class Card {
  readonly events: Record<string, unknown>[] = [];
  /** Exit code. */
  readonly end: Promise<number | null>;
  readonly #process: ChildProcess;

  private constructor(args: readonly string[]) {
    const line = ['dist/host/cli/main.js', 'sim', 'vpcd', '--profile', PROFILE, '--port', String(pcscd.port), '--json'];
    this.#process = endsWithTests(spawn('node', [...line, ...args], { stdio: ['ignore', 'pipe', 'inherit'] }));
    this.end = new Promise((resolve) => this.#process.on('close', resolve));
    cards.push(this);
  }

  static async insert(...args: string[]): Promise<Card> {
    const card = new Card(args);
    const lines = createInterface({ input: card.#process.stdout ?? process.stdin });
    await new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => {
        const event = JSON.parse(line) as Record<string, unknown>;
        card.events.push(event);
        if (event['type'] === 'atr') resolve();
      });
      void card.end.then((code) => reject(new Error(`akari sim vpcd ended with ${code}`)));
    });
    // The driver knows it; PC/SC's own event comes a little later.
    expect(await pcscd.run('opensc-tool', ['--wait', '--atr'])).toMatchObject({ code: 0 });
    return card;
  }

  async interrupt(): Promise<number | null> {
    this.#process.kill('SIGINT');
    return this.end;
  }
}

const spaced = (hex: string): string => (hex.match(/../g) ?? []).join(' ');

/** Answers that opensc-tool shows, as `data SW`. */
async function opensc(...apdus: string[]): Promise<string[]> {
  const sends = apdus.flatMap((apdu) => ['--send-apdu', apdu.replaceAll(' ', '')]);
  const { code, text } = await pcscd.run('opensc-tool', ['--card-driver', 'default', ...sends]);
  expect(code, text).toBe(0);
  return text
    .split(/^Sending: .*$/m)
    .slice(1)
    .map((part) => {
      const [, sw1, sw2] = /SW1=0x(..), SW2=0x(..)/.exec(part) ?? [];
      // A dump: "62 25 82 .. b%.." with the text after the bytes of a line
      const dump = part
        .split('\n')
        .slice(1)
        .map((line) => /^((?:[0-9A-F]{2} )*)/.exec(line)?.[1] ?? '');
      return `${dump.join('').replaceAll(' ', '')}${sw1}${sw2}`.toLowerCase();
    });
}

/** Answers that scriptor shows, as `data SW`. */
async function scriptor(...apdus: string[]): Promise<string[]> {
  const { text } = await pcscd.run('scriptor', [], apdus.map(spaced).join('\n'));
  // "< 61 37 : Normal processing. .." ; long ones go on in the next line
  return [...text.matchAll(/^< ((?:[0-9A-F]{2}\s+)+):/gm)].map(([, hex]) =>
    (hex ?? '').replace(/\s/g, '').toLowerCase(),
  );
}

describe('the card in a PC/SC reader', () => {
  it('pcsc_scan takes its ATR apart and finds it right', async () => {
    const card = await Card.insert();
    const { text } = await pcscd.run('pcsc_scan', ['-t', '1']);
    expect(text).toContain('ATR: 3B 9E 95 80 1F C7 80 31 E0 73 FE 21 00 66 41 4B 41 53 49 4D D4');
    expect(text).toMatch(/TA\(1\) = 95 --> .*Fi=512, Di=16, 32 cycles\/ETU/);
    expect(text).toMatch(/Protocol T = 0/);
    expect(text).toContain('TCK = D4 (correct checksum)');
    expect(await card.interrupt()).toBe(0);
    expect(card.events.at(-1)).toEqual({ type: 'result', ok: true });
  });

  it('opensc-tool reads the tree', async () => {
    const card = await Card.insert();
    const answers = await opensc(
      '00A4000C023F00',
      '00A4000C022FE2',
      '00B000000A',
      '00A4000C022F00',
      '00B2010426',
      `00A4040C10${AID}`,
      '00A4000C026F07',
      '00B0000009',
      '00A4000C026FFE',
    );
    expect(answers).toEqual([
      ...['9000', '9000', '981801000021436587f49000', '9000'],
      `61194f10${AID}50055553696d31${'ff'.repeat(11)}9000`,
      ...['9000', '9000', '0849040113325476989000', '6a82'],
    ]);
    expect(card.events.filter(({ type }) => type === 'apdu').length).toBeGreaterThanOrEqual(9);
    await card.interrupt();
  });

  it('scriptor runs AUTHENTICATE: RES, CK and IK are those of osmo-auc-gen, and SQN is kept over a restart', async () => {
    const { k, opc } = loadSimProfile(PROFILE);
    const keys = ['-3', '-a', 'MILENAGE', '-k', k.revealHex(), '-o', opc.revealHex(), '-r', RAND, '-s', '64'];
    const { stdout } = await run('osmo-auc-gen', keys);
    const field = (name: string): string => new RegExp(`^${name}:\\s*(\\w+)$`, 'm').exec(stdout)?.[1] ?? `no ${name}`;
    const commands = [`00a4040c10${AID}`, `00880081 22 10${RAND} 10${field('AUTN')}`.replaceAll(' ', '')];
    // T=0: what AUTHENTICATE answers is fetched.
    const fetch = (bytes: string): string[] => [...commands, `00c00000${bytes}`];
    const store = join(folder, 'card.store');

    const first = await Card.insert('--store', store);
    const answer = `db08${field('RES')}10${field('CK')}10${field('IK')}9000`;
    expect(await scriptor(...fetch('2c'))).toEqual(['9000', '612c', answer]);
    expect(JSON.stringify(first.events)).not.toContain(field('RES'));
    expect(await first.interrupt()).toBe(0);

    const second = await Card.insert('--store', store);
    // The same challenge again: AUTS.
    expect(await scriptor(...fetch('10'))).toEqual(['9000', '6110', expect.stringMatching(/^dc0e[0-9a-f]{28}9000$/)]);
    await second.interrupt();
  });

  it('says what is wrong when the reader is not there or goes away', async () => {
    const card = await Card.insert();
    await pcscd.stop();
    expect(await card.end).toBe(1);
    const reason = `the virtual reader at 127.0.0.1:${pcscd.port} went away`;
    expect(card.events.at(-1)).toEqual({ type: 'result', ok: false, reason });
    await expect(Card.insert()).rejects.toThrow('akari sim vpcd ended with 1');
    expect(cards.at(-1)?.events.at(-1)).toMatchObject({
      ok: false,
      reason: expect.stringContaining(`no virtual reader at 127.0.0.1:${pcscd.port}`),
    });
  });
});
