import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Rig } from './rig.js';

/** What differs from run to run. */
const mask = (text: string): string =>
  text
    .replace(/\d+ ms/g, '# ms')
    .replace(/[0-9a-f]{16}-/g, '#-')
    .replace(/"t":\d{13}/g, '"t":#');

test('the README of beam-telemetry shows what the example prints and sends', async () => {
  const readme = readFileSync('examples/beam-telemetry/README.md', 'utf8');
  const [log, request] = [...readme.matchAll(/\n\n```\n([^`]+)\n```/g)].map(([, block]) => block ?? '');
  const rig = new Rig();
  rig.policy = () => ({ text: 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n' });
  rig.board.powerOn();
  await rig.run(90);
  expect(mask(rig.log.join('\n'))).toBe(mask(log ?? ''));
  const { raw } = rig.requests[1] ?? { raw: '' };
  expect(mask(raw.replaceAll('\r\n', '\n'))).toBe(mask(request ?? ''));
});
