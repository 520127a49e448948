// docs/serve.md: its configuration is served, and its commands run as they are printed; only the addresses are another world's.
import { execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { withPrograms } from '../peers.js';
import { until } from '../until.js';
import { freeBlock } from './block.js';

const { it } = withPrograms('curl');
const DOCUMENT = readFileSync('docs/serve.md', 'utf8');
const blocksOf = (language: string): string[] =>
  [...DOCUMENT.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);

/** Each call tells its status. */
const TELLING = `
curl() { command curl -sS -w '%{stderr}%{http_code} %{url_effective}\\n' "$@"; }
`;

it('the configuration is served, its commands are answered with success, and the start names the operator', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'akari-document-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const block = await freeBlock('start');
  const [configuration = ''] = blocksOf('json');
  writeFileSync(join(folder, 'world.json'), configuration);
  copyFileSync('examples/profiles/soracom-demo.json', join(folder, 'sim.json'));
  const args = ['dist/host/cli/main.js', 'serve', '--config', join(folder, 'world.json'), '--block', String(block)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGINT'));
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  expect(await until(() => said.includes('Ctrl-C stops it.'), 60_000)).toBe(true);
  expect(said).toMatch(/^ {2}Operator OP0012345678, 1 SIM: signs in with e-mail me@example\.com$/m);
  expect(said).not.toContain('Passw0rd-1');
  // Scripts hold addresses: each name has its own, in whatever order services start.
  const hosts = [...said.matchAll(/^127\.\d+\.(\S+) +(\S+\.soracom\.io)$/gm)].map(([, at = '', name = '']) => [
    name,
    at,
  ]);
  expect(Object.fromEntries(hosts)).toMatchObject({
    ...{
      'beam.soracom.io': '10.1',
      'endorse.soracom.io': '10.2',
      'funk.soracom.io': '10.3',
      'funnel.soracom.io': '10.4',
    },
    ...{ 'harvest.soracom.io': '10.5', 'harvest-files.soracom.io': '10.6', 'uni.soracom.io': '10.7' },
    ...{ 'bootstrap.soracom.io': '10.8', 'metadata.soracom.io': '100.127' },
  });

  const script = TELLING + blocksOf('sh').join('\n').replaceAll('127.127.', `127.${block}.`);
  const { stdout, stderr } = await promisify(execFile)('bash', ['-eu', '-c', script]);
  const calls = stderr.trimEnd().split('\n');
  expect(calls).toHaveLength(script.match(/^(ANSWER=\$\()?(curl|post) /gm)?.length ?? 0);
  expect(calls.filter((line) => !line.startsWith('2'))).toEqual([]);
  expect(stdout).toContain('{\\"t\\":1}'); // what the device without a SIM has stored
});
