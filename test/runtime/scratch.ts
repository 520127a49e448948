// Folders that a test may fill.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder, gone when the test file has ended. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'akari-runtime-'));
  folders.push(folder);
  return folder;
}
