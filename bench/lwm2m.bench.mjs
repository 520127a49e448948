// What it costs a device on the air to get its keys and to register: the example lwm2m-inventory in a world, from power-on until it is
// registered. Bytes are those of the datagrams, without UDP and IP. They do not depend on the machine. Beside it, where it is compiled
// (`npm run peers`), Eclipse Wakaama's client with tinydtls, as seen to do the same with the same server, and with a name as long.
import { readFileSync } from 'node:fs';
import { MINUTE, World, loadSimProfile } from '../dist/host/index.js';
import { howToInstall, missing } from '../tools/peers.mjs';
import { SERVED_HOST, captureWakaama } from './lwm2m/wakaama.mjs';

export const title = 'LwM2M on the air: bootstrap, handshake, registration';

const PLATFORM = { groups: { meters: { configuration: { SoracomInventory: { enabled: true } } } } };
/** Of a datagram over IPv4. */
const UDP_IP = 28;
/** In this the example is larger, for what that Wakaama has not: see `bareBytes`. */
const MORE = ['handshake bytes'];

/** As long as the name that the example draws. */
const ENDPOINT = 'wakaama-0123456789abcd';

/** `host`: where the bootstrap sends the device, if not to the name that the platform has. */
async function capture(host) {
  const sim = loadSimProfile('examples/profiles/soracom-demo.json');
  const world = await World.create({
    subscribers: [{ profile: sim, group: 'meters' }],
    platform: PLATFORM,
    ...(host && { inventoryUri: `coaps://${host}:5684` }),
  });
  if (host) {
    const { inventory } = world.platform;
    world.network.udp(host, 5684, (bytes, _session, send, key) => inventory.fromAnywhere(bytes, { key, send }));
  }
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

const HANDSHAKE = 22;
const WITH_CONNECTION_ID = 25;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const CONNECTION_ID = 54;
/** Stands in for an extension (RFC 5746 section 3.3). */
const RENEGOTIATION_SCSV = 0x00ff;

/**
 * What a handshake would be without extensions, which that Wakaama has none of: the extended master secret (RFC 7627), secure
 * renegotiation (RFC 5746), the connection ID (RFC 9146), and the ID and the inner type in the records that have it.
 */
function bareBytes(handshake) {
  let cid = 0;
  let bytes = 0;
  for (const datagram of handshake) {
    for (let at = 0; at < datagram.length;) {
      const hasId = datagram[at] === WITH_CONNECTION_ID;
      const start = at + 13 + (hasId ? cid : 0);
      const end = start + datagram.readUInt16BE(start - 2);
      bytes += end - at - (hasId ? cid + 1 : 0);
      const isClear = datagram[at] === HANDSHAKE && datagram.readUInt16BE(at + 3) === 0;
      if (isClear) {
        const hello = helloOf(datagram.subarray(start, end));
        bytes -= hello.extra;
        if (hello.cid !== undefined) cid = hello.cid;
      }
      at = end;
    }
  }
  return bytes;
}

/** Bytes of extensions in a ClientHello or ServerHello, and the length of the ID that a ServerHello gives. */
function helloOf(message) {
  const type = message[0];
  if (type !== CLIENT_HELLO && type !== SERVER_HELLO) return { extra: 0 };
  let at = 12 + 2 + 32; // header of the message, version, random
  at += 1 + message[at]; // session
  let extra = 0;
  if (type === CLIENT_HELLO) {
    at += 1 + message[at]; // cookie
    const suites = message.subarray(at + 2, at + 2 + message.readUInt16BE(at));
    for (let i = 0; i < suites.length; i += 2) if (suites.readUInt16BE(i) === RENEGOTIATION_SCSV) extra += 2;
    at += 2 + suites.length;
    at += 1 + message[at]; // compression methods
  } else {
    at += 3; // suite, compression method
  }
  if (at === message.length) return { extra };
  extra += message.length - at;
  let cid;
  for (at += 2; at < message.length; at += 4 + message.readUInt16BE(at + 2)) {
    if (type === SERVER_HELLO && message.readUInt16BE(at) === CONNECTION_ID) cid = message[at + 4];
  }
  return { extra, cid };
}

function figuresOf(datagrams) {
  const isSecure = (bytes) => bytes[0] >= 20 && bytes[0] <= 25;
  const isData = (bytes) => bytes[0] === 23 || bytes[0] === 25;
  const clear = datagrams.filter((bytes) => !isSecure(bytes));
  const secure = datagrams.filter(isSecure);
  const handshake = secure.slice(0, secure.findIndex(isData));
  const register = secure.find(isData);
  const sum = (list) => list.reduce((total, bytes) => total + bytes.length, 0);
  return {
    'bootstrap messages': clear.length,
    'bootstrap bytes': sum(clear),
    'handshake messages': handshake.length,
    'handshake bytes': sum(handshake),
    'handshake bytes without extensions': bareBytes(handshake),
    'handshake bytes with UDP and IP': sum(handshake) + UDP_IP * handshake.length,
    'register bytes': contentBytes(register),
  };
}

const rows = (prefix, values, budgets) =>
  Object.entries(values).map(([name, value]) => ({
    ...{ name: `${prefix} ${name}`, value, unit: name.split(' ')[1] },
    budget: budgets?.[name],
  }));

export async function sizes(text, budgets) {
  const own = rows('lwm2m', figuresOf(await capture()), budgets.lwm2m);
  const lacking = missing(['wakaama-client']);
  if (lacking.length > 0) {
    text(`  not beside Wakaama: ${howToInstall(lacking)}`);
    return own;
  }
  const wakaama = figuresOf(await captureWakaama(ENDPOINT, PLATFORM));
  // Its bootstrap names an address, of which the emulated network has others: a name that is as long.
  const beside = figuresOf(await capture('i'.repeat(SERVED_HOST.length)));
  const atMost = Object.fromEntries(Object.entries(wakaama).filter(([name]) => !MORE.includes(name)));
  return [...own, ...rows('wakaama', wakaama), ...rows('lwm2m beside wakaama', beside, atMost)];
}
