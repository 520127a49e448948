// A data folder whose files are overwritten at places of a seed, before its world starts or while it runs. Arguments: folder to work in,
// block, first seed, how many. A line of JSON for each: {"seed"} before it, so that a process that dies says of what, and {"seed","how",
// "outcome","faults"} after it. Run by damage.test.ts and damage.soak.ts.
import {
  closeSync,
  cpSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { EXAMPLE_WORLD } from '../../dist/host/cli/demo.js';
import { Random } from '../../dist/host/random.js';
import { DataFolder, loadServeConfig, Serve } from '../../dist/host/serve/index.js';
import { ask } from './ask.mjs';

const [place, block, first, count] = process.argv.slice(2);
const [template, data] = [join(place, 'template'), join(place, 'data')];
const faults = [];
process.on('uncaughtException', (error) => faults.push(`uncaught ${error.stack}`));
process.on('unhandledRejection', (error) => faults.push(`unhandled ${error?.stack}`));
const say = (line) => console.log(JSON.stringify(line));

const config = await loadServeConfig(EXAMPLE_WORLD);
const imsi = config.sims[0].profile.imsi;
const open = (folder) => Serve.start({ config, block: Number(block), folder });
const json = { 'content-type': 'application/json' };

function callers(served) {
  let held = {};
  const api = (method, path, body) =>
    ask({ ...served.api, method, path: `/v1${path}`, headers: { ...json, ...held } }, body && JSON.stringify(body));
  const device = (name, method, path, body) => {
    const { host, hostPort } = served.entryPoints.find(
      (point) => point.name.includes(name) && point.port === 80 && point.protocol === 'tcp',
    );
    return ask({ host, port: hostPort, localAddress: '127.64.0.1', method, path, headers: json }, body);
  };
  const signIn = async (key) => {
    const answer = await api('POST', '/auth', JSON.parse(key));
    if (answer.status !== 200) return answer;
    const { apiKey, token } = JSON.parse(answer.text);
    held = { 'x-soracom-api-key': apiKey, 'x-soracom-token': token };
    return answer;
  };
  return { api, device, signIn };
}

/** Some of all that a folder keeps, so that each table has pages of its own and texts that go over several. */
async function fill() {
  const folder = new DataFolder(template);
  const served = await open(folder);
  const { api, device, signIn } = callers(served);
  const made = [await signIn(readFileSync(join(template, 'operator.json'), 'utf8'))];
  const long = 'ü'.repeat(250);
  for (let i = 0; i < 40; i++) {
    made.push(await device('harvest.', 'POST', '/', JSON.stringify({ i, long })));
    made.push(await api('POST', '/devices', { endpoint: `e-${i}`, tags: { name: long.slice(0, 100) } }));
    made.push(
      await api('POST', '/groups', {
        tags: { name: `g-${i}` },
        configuration: { SoracomAir: { userdata: long.repeat(10) } },
      }),
    );
    made.push(await device('files', 'PUT', `/${i % 4}/file-${i}.txt`, long));
  }
  for (let i = 0; i < 10; i++) {
    made.push(await api('POST', `/credentials/c-${i}`, { type: 'psk', credentials: { key: long } }));
    made.push(
      await api('POST', `/device_object_models`, {
        id: 33000 + i,
        name: 'm',
        resources: [{ id: 1, name: long.slice(0, 90), type: 'string', operations: 'RW' }],
      }),
    );
    made.push(await api('POST', '/operators/OP0000000001/users/x', {}));
  }
  // More than SQLite keeps in memory: most pages are read while the world runs.
  const { platform } = served.world;
  const { operatorId } = platform.directory.subscriber(imsi);
  folder.database.transaction(() => {
    const content = JSON.stringify({ long: 'ü'.repeat(400) });
    const entries = Array.from({ length: 100 }, (_, i) => ({
      timeMs: 1e12 + i,
      contentType: 'application/json',
      content,
    }));
    for (let i = 0; i < 25; i++) {
      platform.data.add({ operatorId, resourceType: 'Subscriber', resourceId: i === 0 ? imsi : `${i}` }, entries);
    }
    for (let i = 0; i < 1500; i++) {
      const device = platform.inventory.devices.create({ operatorId, endpoint: `many-${i}`, tags: { name: long } });
      platform.inventory.keys.create(device.deviceId);
    }
  });
  await served.close();
  const wrong = made.filter(({ status }) => status >= 500 || status === 0);
  if (wrong.length > 0) throw new Error(`the folder cannot be filled: ${JSON.stringify(wrong[0])}`);
}

/** Every part that reads or writes the folder; what none of them may answer is told as a fault. */
async function use(served, key) {
  const { api, device, signIn } = callers(served);
  const answers = { signIn: await signIn(key) };
  const calls = {
    subscribers: () => api('GET', '/subscribers'),
    tags: () => api('PUT', `/subscribers/${imsi}/tags`, [{ tagName: 'a', tagValue: 'b' }]),
    groups: () => api('GET', '/groups?limit=1000'),
    group: () => api('POST', '/groups', { tags: {} }),
    devices: () => api('GET', '/devices'),
    device: () => api('POST', '/devices', {}),
    models: () => api('GET', '/device_object_models'),
    credentials: () => api('GET', '/credentials'),
    users: () => api('GET', '/operators/OP0000000000/users'),
    data: () => api('GET', `/data/Subscriber/${imsi}?limit=1000`),
    files: () => api('GET', '/files?scope=private'),
    directory: () => api('GET', '/files/private/1/'),
    harvest: () => device('harvest.', 'POST', '/', '{"a":1}'),
    put: () => device('files', 'PUT', '/new.txt', 'x'),
    read: () => device('files', 'GET', '/1/file-1.txt'),
    own: () => device('metadata', 'GET', '/v1/subscriber'),
    userdata: () => device('metadata', 'GET', '/v1/userdata'),
    endorse: () => device('endorse', 'GET', '/'),
  };
  for (const [name, call] of Object.entries(calls)) answers[name] = await call();
  for (const [name, { status, text }] of Object.entries(answers)) {
    if (status === 0 || status === 500) faults.push(`${name}: ${status} ${text}`);
  }
  return Object.values(answers).some(({ status }) => status === 503) ? 'some 503' : 'all answered';
}

const filesBelow = (path) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));

/** Overwrites or cuts off some of some file, most often of the database. */
function damage(random, running) {
  const told = [];
  // Much of it is in memory while it runs, and of that nothing is read again.
  for (let times = running ? 60 : 1 + random.below(4); times > 0; times--) {
    // A card's memory is read once, at the start.
    const all = filesBelow(data).filter(
      (path) => !path.endsWith('in-use.lock') && !(running && path.includes('/cards/')),
    );
    const own = all.filter((path) => /platform\.db/.test(path));
    const from = random.below(4) > 0 ? own : all;
    const path = from[random.below(from.length)];
    const { size } = statSync(path);
    const page = 4096;
    const start = random.below(Math.ceil(size / page) || 1) * page;
    const whole = random.below(2) === 0;
    const at = whole ? start : start + random.below(page);
    const bytes = random.bytes(whole ? page : 1 + random.below(64));
    // What looks like text, too: a page's texts are most often damaged by others.
    if (random.below(4) === 0) bytes.fill(random.below(256));
    const fd = openSync(path, 'r+');
    const cut = random.below(running ? 200 : 10) === 0;
    if (cut) ftruncateSync(fd, random.below(size + 1));
    else writeSync(fd, bytes, 0, bytes.length, at);
    closeSync(fd);
    told.push(`${path.slice(data.length + 1)}@${cut ? 'cut' : `${at}+${bytes.length}`}`);
  }
  return told.slice(0, 4).join(' ');
}

const KNOWN = new Set(['DatabaseError', 'FolderError', 'FileStoreError', 'SealError']);

async function attempt(seed) {
  const random = new Random(`damage ${seed}`);
  const running = seed % 2 === 1;
  rmSync(data, { recursive: true, force: true });
  cpSync(template, data, { recursive: true });
  const key = readFileSync(join(data, 'operator.json'), 'utf8');
  let how = '';
  let outcome;
  let served;
  try {
    if (!running) how = damage(random, false);
    served = await open(new DataFolder(data));
    if (running) {
      if (random.below(2) === 0) await use(served, key);
      how = damage(random, true);
    }
    outcome = await use(served, key);
  } catch (error) {
    outcome = `${error.name}: ${error.message}`.replaceAll(place, '');
    if (running || !KNOWN.has(error.name) || !/ /.test(error.message)) faults.push(error.stack);
  }
  try {
    await served?.close();
  } catch (error) {
    faults.push(`close: ${error.stack}`);
  }
  say({ seed, how, outcome, faults: faults.splice(0) });
}

process.on('exit', () => faults.length > 0 && say({ faults }));
await fill();
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  say({ seed });
  await attempt(seed);
}
process.exit(0);
