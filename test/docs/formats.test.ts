// docs/formats.md against what binaries really write.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadSimProfile, releaseBinary, World } from '../../host/index.js';

const SIM = loadSimProfile(fileURLToPath(new URL('../../examples/profiles/soracom-demo.json', import.meta.url)));
const DOCUMENT = readFileSync(new URL('../../docs/formats.md', import.meta.url), 'utf8');

/** Offset of each field of the outbox's record, as the document has it. */
const OFFSETS = Object.fromEntries(
  [...DOCUMENT.matchAll(/^\| (\d+) \| (?:\d+|length) \| (magic|number|epoch|lost|length|state|body)\b/gm)].map(
    ([, offset, field]) => [field, Number(offset)],
  ),
) as Record<'magic' | 'number' | 'epoch' | 'lost' | 'length' | 'state' | 'body', number>;

test('a waiting message lies in the store as docs/formats.md says', async () => {
  const world = await World.create({ subscribers: [{ profile: SIM }], seed: 'formats' });
  try {
    const app = releaseBinary('beam-telemetry');
    const device = world.device({ name: 'sensor', app, sim: SIM, sensors: { analog: () => 712 } });
    world.network.impairments.outage(true);
    device.powerOn();
    await world.run({ for: 90e9 });
    const record = Buffer.from(device.store.read(0x4f01) ?? []);
    expect(record.toString('latin1', OFFSETS.magic, OFFSETS.magic + 4)).toBe('AOB1');
    expect(record.readUInt32LE(OFFSETS.number)).toBe(1);
    expect(record.readUInt32LE(OFFSETS.lost)).toBe(0);
    expect(record[OFFSETS.state]).toBe(1);
    const epoch = record.readBigUInt64LE(OFFSETS.epoch).toString(16).padStart(16, '0');
    const length = record.readUInt32LE(OFFSETS.length);
    expect(record.length).toBe(OFFSETS.body + length);
    expect(JSON.parse(record.toString('utf8', OFFSETS.body))).toMatchObject({ id: `${epoch}-1`, seq: 1 });
  } finally {
    await world.close();
  }
});
