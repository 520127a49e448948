import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { simCommand } from '../../host/cli/commands/sim.js';
import { JobError, UsageError } from '../../host/cli/output.js';
import { AID } from './card.js';

const PROFILE = ['--profile', 'examples/profiles/soracom-demo.json'];

/** Runs `akari sim apdu ...`; returns the lines it printed, also in `printed` if it fails. */
async function apdu(args: readonly string[], printed: string[] = []): Promise<string[]> {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const command = simCommand().exitOverride();
  try {
    await command.parseAsync(['apdu', ...args], { from: 'user' });
  } finally {
    vi.restoreAllMocks();
    printed.push(...text.split('\n').slice(0, -1));
  }
  return printed;
}

afterEach(() => vi.restoreAllMocks());

describe('akari sim apdu', () => {
  const COMMANDS = [`00A4040410${AID}`, '00 a4 000c 02 6f07', '00b0000009'];

  it('shows the T=0 view by --link t0, which is the default', async () => {
    const expected = ['6137', '9000', '084904011332547698 9000'];
    expect(await apdu([...PROFILE, '--link', 't0', ...COMMANDS])).toEqual(expected);
    expect(await apdu([...PROFILE, ...COMMANDS])).toEqual(expected);
  });

  it('shows whole answers by --link direct', async () => {
    const [select, ...rest] = await apdu([...PROFILE, '--link', 'direct', ...COMMANDS]);
    expect(select).toMatch(/^6235[0-9a-f]+ 9000$/);
    expect(rest).toEqual(['9000', '084904011332547698 9000']);
  });

  it('reads commands from standard input, and keeps the state over the lines', async () => {
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(
      Readable.from([`${COMMANDS.join('\n')}\n\n`]) as typeof process.stdin,
    );
    expect(await apdu([...PROFILE])).toEqual(['6137', '9000', '084904011332547698 9000']);
  });

  it('keeps the card in a file by --store: the tries of ADM1 are as they were left', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'akari-'));
    const store = ['--store', join(folder, 'card')];
    try {
      const wrong = '0020000a0839393939ffffffff';
      expect(await apdu([...PROFILE, ...store, wrong])).toEqual(['63c9']);
      expect(await apdu([...PROFILE, ...store, '0020000a00', wrong])).toEqual(['63c9', '63c8']);
      expect(await apdu([...PROFILE, '0020000a00'])).toEqual(['63ca']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('takes one card of a range by --index', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'akari-'));
    const file = join(folder, 'range.json');
    try {
      const demo = JSON.parse(readFileSync(PROFILE[1] ?? '', 'utf8')) as Record<string, unknown>;
      writeFileSync(file, JSON.stringify({ ...demo, simId: undefined, count: 10 }));
      const imsi = async (index: string): Promise<string | undefined> =>
        (await apdu(['--profile', file, '--index', index, ...COMMANDS])).at(-1);
      expect(await imsi('0')).toBe('084904011332547698 9000');
      expect(await imsi('9')).toBe('084904011332547689 9000');
      await expect(imsi('10')).rejects.toThrow('has 10 cards, 0 to 9; there is no card 10');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('gives one event an APDU and a result by --json', async () => {
    const events = (await apdu([...PROFILE, '--json', '00a40004023f00'])).map((line) => JSON.parse(line) as unknown);
    expect(events).toEqual([
      { type: 'atr', bytes: '3b9e95801fc78031e073fe210066414b4153494dd4' },
      { type: 'apdu', command: '00a40004023f00', data: '', sw: '6125' },
      { type: 'result', ok: true, apdus: 1 },
    ]);
  });

  it.each([
    [['00a4zz'], 'argument 1 ("00a4zz") is not hexadecimal'],
    [['00a40004023f00', '00a'], 'argument 2 ("00a") has 3 hex digits, an odd number'],
    [['00a4'], 'argument 1 ("00a4") is 2 bytes, a command APDU has 4 to 261'],
  ])('%o is wrong usage', async (args, message) => {
    const outcome = apdu([...PROFILE, ...args]);
    await expect(outcome).rejects.toThrow(message);
    await expect(outcome).rejects.toBeInstanceOf(UsageError);
  });

  it('a profile at fault is wrong usage that names file and field', async () => {
    await expect(apdu(['--profile', 'nowhere.json', '00a40000'])).rejects.toThrow(
      'SIM profile nowhere.json: there is no such file',
    );
  });

  it('a command that T=0 cannot carry fails the job', async () => {
    const outcome = apdu([...PROFILE, '00d600000301']);
    await expect(outcome).rejects.toThrow('P3 says 3 bytes of data, 1 follow');
    await expect(outcome).rejects.toBeInstanceOf(JobError);
  });

  it.each([
    ['00zz', 'argument 1 ("00zz") is not hexadecimal'],
    ['00d600000301', 'the exchange with the card failed: P3 says 3 bytes of data, 1 follow'],
  ])('%s under --json ends in a result that says why', async (text, reason) => {
    const lines: string[] = [];
    await expect(apdu([...PROFILE, '--json', text], lines)).rejects.toThrow(reason);
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ type: 'result', ok: false, reason });
  });
});
