import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { simCommand } from '../../host/cli/commands/sim.js';
import { UsageError } from '../../host/cli/output.js';
import { luhnDigit } from '../../host/numbers.js';
import { loadSimProfile, loadSimRange } from '../../host/sim/index.js';

const folders: string[] = [];
let out = '';
let keys = '';
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'akari-'));
  folders.push(folder);
  out = join(folder, 'card.json');
  keys = join(folder, 'card.keys.json');
});
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** Runs `akari sim new` and returns what it printed. */
async function simNew(...args: string[]): Promise<string> {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    await simCommand()
      .exitOverride()
      .parseAsync(['new', '--out', out, ...args], { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return text;
}

describe('akari sim new', () => {
  it('makes a profile with random keys in a file of mode 0600, and prints no key', async () => {
    const printed = await simNew();
    const profile = loadSimProfile(out);
    expect(statSync(keys).mode & 0o777).toBe(0o600);
    expect(profile.iccid).toMatch(/^8999900\d{12}$/);
    expect(Number(profile.iccid.at(-1))).toBe(luhnDigit(profile.iccid.slice(0, -1)));
    expect(profile.imsi).toMatch(/^00101\d{10}$/);
    expect(readFileSync(out, 'utf8') + printed).not.toMatch(new RegExp(profile.k.revealHex()));
    expect(printed).toContain(profile.iccid);
    const first = profile.k.revealHex();
    [out, keys] = [`${out}.2.json`, `${keys}.2`];
    await simNew('--keys', keys);
    expect(loadSimProfile(out).k.revealHex()).not.toBe(first);
  });

  it('does so even where new files are open to all', async () => {
    const mask = process.umask(0);
    try {
      await simNew();
    } finally {
      process.umask(mask);
    }
    expect(statSync(keys).mode & 0o777).toBe(0o600);
  });

  it('makes a range whose keys come from one master key', async () => {
    await simNew('--count', '1000', '--imsi', '440101234567000', '--iccid', '8981100000123456784', '--msisdn', '8100');
    const range = loadSimRange(out);
    expect(range.count).toBe(1000);
    expect(range.card(999).imsi).toBe('440101234567999');
    expect(range.card(1).k.revealHex()).not.toBe(range.card(2).k.revealHex());
    expect(JSON.parse(readFileSync(keys, 'utf8'))).toEqual({ master: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('gives the same by the same seed', async () => {
    await simNew('--seed', 'a');
    const first = loadSimProfile(out);
    [out, keys] = [`${out}.2.json`, `${keys}.2`];
    await simNew('--seed', 'a', '--keys', keys);
    expect(loadSimProfile(out)).toEqual(first);
  });

  it('never overwrites, and leaves nothing behind when it fails', async () => {
    await simNew();
    const before = [readFileSync(out, 'utf8'), readFileSync(keys, 'utf8')];
    await expect(simNew()).rejects.toThrow(`${keys} is there already and is not overwritten`);
    await expect(simNew('--keys', `${keys}.2`)).rejects.toThrow(`${out} is there already and is not overwritten`);
    expect(existsSync(`${keys}.2`)).toBe(false);
    expect([readFileSync(out, 'utf8'), readFileSync(keys, 'utf8')]).toEqual(before);
  });

  it.each([
    [['--iccid', '8981 1000 0012 3456 7890 1'], '"iccid" has 21 digits, not 10 to 20'],
    [['--imsi', '1'], '"imsi" is 1 digits'],
    [['--imsi', '440109999999999', '--count', '2'], '"imsi" runs out of digits'],
  ])('%o is wrong usage', async (args, message) => {
    const outcome = simNew(...args);
    await expect(outcome).rejects.toThrow(message);
    await expect(outcome).rejects.toBeInstanceOf(UsageError);
    expect(readdirSync(join(out, '..'))).toEqual([]);
  });

  it('the loader refuses the key file once others can read it', async () => {
    await simNew();
    chmodSync(keys, 0o644);
    expect(() => loadSimProfile(out)).toThrow(`run: chmod 600 ${keys}`);
  });
});
