// The served world as a process of its own: one SIM, one Beam entry point that signs, and Harvest Data. Says where it is.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataFolder, Serve, loadServeConfig } from '../../dist/host/serve/index.js';

const [origin, block] = process.argv.slice(2);
const example = await loadServeConfig(new URL('../../examples/world/world.json', import.meta.url).pathname);
const folder = mkdtempSync(join(tmpdir(), 'akari-bench-'));
const entry = {
  enabled: true,
  destination: origin,
  addSubscriberHeader: true,
  addEquipmentHeader: true,
  addSignature: true,
  psk: 'topsecret',
};
const served = await Serve.start({
  block: Number(block),
  folder: new DataFolder(folder),
  config: {
    ...example,
    customers: [],
    platform: {
      groups: {
        demo: {
          configuration: {
            SoracomBeam: { 'http://beam.soracom.io:8888/': entry },
            SoracomHarvest: { enabled: true },
          },
        },
      },
    },
  },
});
const find = (name, port) => {
  const { host, hostPort } = served.entryPoints.find((point) => point.name === name && point.port === port);
  return `http://${host}:${hostPort}/`;
};
process.stdout.write(
  `${JSON.stringify({ from: served.sessions[0].session.ip, beam: find('beam.soracom.io', 8888), harvest: find('harvest.soracom.io', 80) })}\n`,
);
process.on('message', () => process.send({ rss: process.memoryUsage().rss }));
process.once('SIGTERM', async () => {
  await served.close();
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
