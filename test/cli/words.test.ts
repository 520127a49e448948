// What the command says to somebody who has mistaken something: what is wrong, and what to do.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { akari, resultOf } from './akari.js';

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'akari-words-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

it.each([
  [['run', 'build/app.wasm'], 'no such file: build/app.wasm; build it with "akari build"'],
  [['export', '--target', 'posix', 'app.wasm', 'out'], 'no such file: app.wasm; build it with "akari build"'],
])('akari %j where no app is', async (args, words) => {
  expect(await akari(args, { cwd: emptyFolder() })).toMatchObject({ code: 2, stderr: `akari: ${words}\n` });
});

it('akari build outside a project', async () => {
  const cwd = emptyFolder();
  const { code, stderr } = await akari(['build'], { cwd });
  expect([code, stderr]).toEqual([
    1,
    `akari: ${cwd} is no project: it has neither asconfig.json nor assembly/index.ts. ` +
      'Run this in the folder of a project, or make one: akari new DIR --example NAME\n',
  ]);
});

it('akari run tells once what the app asks for and the world does not have', async () => {
  const args = ['run', resolve('build/release/funk.wasm'), '--for', '10m'];
  const { stdout } = await akari(args);
  const words = 'GPIO pin 3 (output) is asked for, and nothing is wired to it; this world has analogue channel 0';
  expect(stdout.split(words)).toHaveLength(2);
  const told = await akari([...args, '--json']);
  const lacking = told.stdout.split('\n').filter((line) => line.includes('"no-sensor"'));
  expect(lacking.map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual(['GPIO pin 3 (output)']);
  expect(resultOf(told)).toMatchObject({ ok: true });
});
