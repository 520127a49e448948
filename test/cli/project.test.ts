import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { akari, resultOf } from './akari.js';

const folder = mkdtempSync(join(tmpdir(), 'akari-new-'));
const project = join(folder, 'my-device');

beforeAll(async () => {
  expect((await akari(['new', project, '--example', 'beam-telemetry'])).code).toBe(0);
  // What `npm install` would do, without a registry.
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(resolve('.'), join(project, 'node_modules/akari'));
  symlinkSync(resolve('node_modules/vitest'), join(project, 'node_modules/vitest'));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('a project made by akari new', () => {
  it('builds the same binary as the example here', async () => {
    const ended = await akari(['build', '--json'], { cwd: project });
    expect(resultOf(ended)).toMatchObject({ ok: true });
    const file = 'build/release/beam-telemetry.wasm';
    expect(readFileSync(join(project, file)).equals(readFileSync(file))).toBe(true);
  });

  it('says where the members of each object lie', async () => {
    const ended = await akari(['build', '--layout', '--json', 'beam-telemetry-release'], { cwd: project });
    const events = ended.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; name?: string });
    const outbox = events.find(({ type, name }) => type === 'layout' && name?.startsWith('Outbox<'));
    expect(outbox).toMatchObject({ target: 'beam-telemetry-release', alignment: 8 });
    expect(outbox).toHaveProperty('members.0', {
      ...{ name: 'seq', type: 'u32', kind: 'field', offset: 0, size: 4, alignment: 4 },
    });
  });

  it('runs, and says how its day went', async () => {
    const trace = join(folder, 'trace.jsonl');
    const args = ['run', 'build/release/beam-telemetry.wasm', '--for', '3m', '--trace', trace, '--json'];
    const ended = await akari(args, { cwd: project });
    expect(resultOf(ended)).toMatchObject({ ok: true, messages: 3, traps: 0, seconds: 180 });
    expect(`${readFileSync(trace, 'utf8').trimEnd()}\n${JSON.stringify(resultOf(ended))}\n`).toBe(ended.stdout);
  });

  it('hears from the compiler what is wrong and where', async () => {
    const source = join(project, 'assembly/index.ts');
    const text = readFileSync(source, 'utf8');
    writeFileSync(source, text.replace('adc_read(SENSOR)', 'adc_raed(SENSOR)'));
    const { code, stderr } = await akari(['build'], { cwd: project });
    writeFileSync(source, text);
    expect(code).toBe(1);
    expect(stderr).toMatch(/Cannot find name 'adc_raed'[^]*assembly\/index\.ts\(\d+,\d+\)/);
  });
});
