// A served world of two operators, one of whose SIMs and users attacks. Says where everything is.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataFolder, Serve, loadServeConfig } from '../../dist/host/serve/index.js';
import { costlyPermission } from './roles.mjs';

const [origin, block] = process.argv.slice(2);
const OPERATOR = 'OP0012345678';
const ATTACKER = 'OP6666666666';
const KEY = { authKeyId: 'keyId-bench', authKey: 'bench-secret' };

const example = await loadServeConfig(new URL('../../examples/world/world.json', import.meta.url).pathname);
const folder = mkdtempSync(join(tmpdir(), 'akari-bench-'));
const beam = {
  'http://beam.soracom.io:8888/': {
    enabled: true,
    destination: origin,
    addSubscriberHeader: true,
    addSignature: true,
    psk: 'x',
  },
};
const [sim] = example.sims;
const NUMBERS = [
  { imsi: '001010000000001', iccid: '8999900000000000015' },
  { imsi: '001010000000002', iccid: '8999900000000000023' },
];
const group = (more) => ({ configuration: { SoracomBeam: beam, SoracomHarvest: { enabled: true }, ...more } });
const served = await Serve.start({
  block: Number(block),
  folder: new DataFolder(folder),
  config: {
    ...example,
    customers: [],
    sims: ['victim', 'attacker'].map((group, i) => ({ ...sim, profile: { ...sim.profile, ...NUMBERS[i] }, group })),
    platform: {
      operators: { [OPERATOR]: { authKeys: { [KEY.authKeyId]: KEY.authKey } }, [ATTACKER]: {} },
      groups: {
        victim: group({}),
        attacker: group({
          SoracomInventory: { enabled: true },
          SoracomHarvestFiles: { enabled: true, assumedRoleId: 'costly' },
        }),
      },
    },
  },
});
const { accounts } = served.world.platform;
accounts.sam.putRole(OPERATOR, 'costly', costlyPermission());
accounts.sam.createUser(ATTACKER, 'costly', '');
accounts.sam.changeUser(ATTACKER, 'costly', { permission: costlyPermission() });
const { authKeyId, authKey } = await accounts.makeAuthKey({ operatorId: ATTACKER, userName: 'costly' });
const addressOf = (name, port, protocol = 'tcp') => {
  const point = served.entryPoints.find((one) => one.name === name && one.port === port && one.protocol === protocol);
  return { host: point.host, port: point.hostPort };
};
const [victim, attacker] = served.sessions.map(({ session }) => session.ip);
process.stdout.write(
  `${JSON.stringify({
    ...{ victim, attacker, api: served.api, key: KEY },
    userKey: { authKeyId, authKey: Buffer.from(authKey.reveal()).toString() },
    beam: addressOf('beam.soracom.io', 8888),
    files: addressOf('harvest-files.soracom.io', 80),
    harvest: addressOf('harvest.soracom.io', 8514, 'udp'),
    bootstrap: addressOf('bootstrap.soracom.io', 5683, 'udp'),
  })}\n`,
);
async function end() {
  await served.close();
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
}
// It does not outlive who started it.
for (const event of ['SIGTERM', 'disconnect']) process.once(event, end);
