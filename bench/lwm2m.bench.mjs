// What it costs a device on the air to get its keys and to register: the example lwm2m-inventory in a world, from power-on until it is
// registered. Bytes are those of the datagrams, without UDP and IP. They do not depend on the machine.
import { readFileSync } from 'node:fs';
import { MINUTE, World, loadSimProfile } from '../dist/host/index.js';

export const title = 'LwM2M on the air: bootstrap, handshake, registration';

/** Measured of Eclipse Wakaama and of a minimal DTLS client, with shorter names: see test/lwm2m/bootstrap.test.ts for the same script. */
const PEERS = { 'bootstrap messages': 12, 'handshake bytes': 576, 'register bytes': 195 };

async function capture() {
  const sim = loadSimProfile('examples/profiles/soracom-demo.json');
  const world = await World.create({
    subscribers: [{ profile: sim, group: 'meters' }],
    platform: { groups: { meters: { configuration: { SoracomInventory: { enabled: true } } } } },
  });
  const datagrams = [];
  let isRegistered = false;
  world.trace.listen((event) => {
    if (event.type === 'log' && event.text.startsWith('lwm2m: registered')) isRegistered = true;
    if (event.type === 'at' && event.data) datagrams.push(Buffer.from(event.text, 'hex'));
  });
  const app = readFileSync('build/release/lwm2m-inventory.wasm');
  world.device({ name: 'sensor', app, sim, sensors: { analog: () => 715 } }).powerOn();
  const done = await world.run({ for: 5 * MINUTE, until: () => isRegistered });
  await world.close();
  if (!done) throw new Error('the device has not registered');
  return datagrams;
}

/** Content of a record of type 23 or 25 that CCM_8 protects: header, connection ID, nonce of 8 bytes, tag of 8, inner type. */
function contentBytes(record) {
  for (let cid = 0; cid <= 32; cid++) {
    const isWhole = record.length >= 13 + cid && record.readUInt16BE(11 + cid) === record.length - 13 - cid;
    if (isWhole) return record.length - 13 - cid - 16 - (record[0] === 25 ? 1 : 0);
  }
  throw new Error('not one record');
}

export async function sizes(text, budgets) {
  const datagrams = await capture();
  const isSecure = (bytes) => bytes[0] >= 20 && bytes[0] <= 25;
  const isData = (bytes) => bytes[0] === 23 || bytes[0] === 25;
  const clear = datagrams.filter((bytes) => !isSecure(bytes));
  const secure = datagrams.filter(isSecure);
  const handshake = secure.slice(0, secure.findIndex(isData));
  const register = secure.find(isData);
  const sum = (list) => list.reduce((total, bytes) => total + bytes.length, 0);
  text(`  beside ${JSON.stringify(PEERS)} of peers`);
  const value = {
    'bootstrap messages': clear.length,
    'bootstrap bytes': sum(clear),
    'handshake bytes': sum(handshake),
    'register bytes': contentBytes(register),
  };
  return Object.entries(value).map(([name, n]) => ({
    ...{ name: `lwm2m ${name}`, value: n, unit: name.split(' ')[1] },
    budget: budgets.lwm2m?.[name],
  }));
}
