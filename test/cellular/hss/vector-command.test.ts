import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hssCommand } from '../../../host/cli/commands/hss.js';
import { UsageError } from '../../../host/cli/output.js';
import { withPrograms } from '../../peers.js';

const K = '465b5ce8b199b49faa5f0a2ee238a6bc';
const OPC = 'cd63cb71954a9f4e48a5994e37a02baf';
const RAND = '23553cbe9637a89d218ae64dae47bf35';

let folder = '';
let profile = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hss-'));
  profile = join(folder, 'sim.json');
  writeFileSync(profile, JSON.stringify({ imsi: '440103123456789', iccid: '8981100000123456784', k: K, opc: OPC }));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Lines that the command prints. */
function run(...args: string[]): string[] {
  let out = '';
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  try {
    hssCommand()
      .exitOverride()
      .parse(['vector', '--profile', profile, ...args], { from: 'user' });
  } finally {
    spy.mockRestore();
  }
  return out.trimEnd().split('\n');
}

describe('akari hss vector', () => {
  withPrograms('osmo-auc-gen').it('prints what osmo-auc-gen prints', () => {
    const [line = ''] = run('--rand', RAND, '--sqn', '0000000012c0');
    const theirs = execFileSync(
      'osmo-auc-gen',
      ['-3', '-a', 'milenage', '-k', K, '-o', OPC, '-f', '8000', '-s', String(0x12c0), '-r', RAND],
      {
        encoding: 'utf8',
      },
    );
    const value = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(theirs)?.[1] ?? '';
    const { kasme, ...rest } = JSON.parse(line) as Record<string, string>;
    expect(rest).toEqual({ rand: RAND, autn: value('AUTN'), xres: value('RES'), ck: value('CK'), ik: value('IK') });
    expect(kasme).toMatch(/^[0-9a-f]{64}$/);
  });

  it('uses the SQN of the profile, a fresh RAND, and --plmn for KASME alone', () => {
    const [first = '', second = ''] = [run('--rand', RAND), run('--rand', RAND, '--plmn', '00101')].map(
      (lines) => lines[0] ?? '',
    );
    const a = JSON.parse(first) as Record<string, string>;
    const b = JSON.parse(second) as Record<string, string>;
    expect(b).toEqual({ ...a, kasme: b['kasme'] });
    expect(b['kasme']).not.toBe(a['kasme']);
    expect(run()[0]).not.toBe(run()[0]);
  });

  it('ends with a result under --json', () => {
    expect(JSON.parse(run('--rand', RAND, '--json').at(-1) ?? '')).toMatchObject({
      type: 'result',
      ok: true,
      rand: RAND,
    });
  });

  it('tells wrong usage', () => {
    expect(() => run('--rand', 'xyz')).toThrow(new UsageError('--rand is not hexadecimal; expected 32 hex digits'));
    expect(() => run('--sqn', '1234')).toThrow(new UsageError('--sqn is 4 hex digits, expected 12 (6 bytes)'));
    expect(() => run('--plmn', '44')).toThrow(UsageError);
    const broken = join(folder, 'broken.json');
    writeFileSync(
      broken,
      JSON.stringify({ imsi: '440103123456789', iccid: '8981100000123456784', k: K.slice(2), opc: OPC }),
    );
    expect(() => hssCommand().exitOverride().parse(['vector', '--profile', broken], { from: 'user' })).toThrow(
      /"?k"?.* 30 hex digits/,
    );
  });
});
