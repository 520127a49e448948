// Firmware on its way to a device in a whole world, while the way between network and Inventory is as bad as it gets.
import { afterEach, describe, expect, it } from 'vitest';
import { FirmwareFlash } from '../../host/board/index.js';
import type { DtlsPath } from '../../host/dtls/index.js';
import { HOUR, MINUTE, SECOND } from '../../host/index.js';
import { Random } from '../../host/random.js';
import { Job, type JobOptions, type Method, NEW, OLD, RESULT } from './update-job.js';

interface Faults {
  readonly loss?: number;
  readonly repeat?: number;
  readonly damage?: number;
  /** Longest delay: datagrams overtake each other. */
  readonly delay?: number;
}

/** Between the home network and the device management server, both ways. */
class Way {
  faults: Faults = {};
  isDown = false;
  /** Datagrams that have come as far as here, from the device. */
  datagrams = 0;
  /** Handshake records among them. */
  handshakes = 0;
  #place = 0;
  readonly #random: Random;

  constructor(
    readonly job: Job,
    seed: string,
  ) {
    this.#random = new Random(`${seed} way`);
    const { registrar } = job.inventory;
    const arrive = registrar.datagram.bind(registrar);
    registrar.datagram = (bytes: Uint8Array, path: DtlsPath): void => {
      this.datagrams++;
      if (bytes[0] === 22) this.handshakes++;
      const place = this.#place;
      // A translator that has another address for the device now knows nothing of the one before.
      const back = (answer: Uint8Array): void => {
        if (place === this.#place) this.#carry(answer, (copy) => path.send(copy));
      };
      this.#carry(bytes, (copy) => arrive(copy, { key: `${path.key}/${place}`, send: back }));
    };
  }

  rebind(): void {
    this.#place++;
  }

  #carry(bytes: Uint8Array, deliver: (copy: Uint8Array) => void): void {
    const { loss = 0, repeat = 0, damage = 0, delay = 0 } = this.faults;
    const happens = (share: number): boolean => share > 0 && this.#random.next() < share;
    for (let copies = happens(repeat) ? 2 : 1; copies > 0; copies--) {
      if (this.isDown || happens(loss)) continue;
      const copy = bytes.slice();
      if (happens(damage)) {
        const at = this.#random.below(copy.length);
        copy[at] = (copy[at] ?? 0) ^ (1 << this.#random.below(8));
      }
      this.job.world.clock.after(delay * this.#random.next(), () => deliver(copy));
    }
  }
}

let job: Job;
let way: Way;
afterEach(() => job.world.close());

/** A device that is online, with a package for it at hand. */
async function online(options: JobOptions): Promise<void> {
  job = await Job.begin(options);
  way = new Way(job, options.seed);
  job.device.powerOn();
  await job.there();
}

/** What the operator begins, without waiting for what comes of it. */
function give(method: Method): void {
  const { record } = job;
  if (record)
    job.inventory.management.submit(record, { kind: 'firmware', path: '/5/0', body: { file: '/fw.bin', method } });
}

/** Until so many datagrams of the device have come since the image was given. */
async function midway(count = 60): Promise<void> {
  const from = way.datagrams;
  expect(await job.world.run({ for: HOUR, until: () => way.datagrams >= from + count })).toBe(true);
}

async function runsTheNewImage(): Promise<void> {
  // What is in the way has met what the device sends.
  expect(way.datagrams).toBeGreaterThan(20);
  way.faults = {};
  await job.update(RESULT.good);
  expect(await job.value('/3/0/3')).toBe(NEW);
  expect([job.running, job.traps]).toEqual([NEW, []]);
}

const ALL = { loss: 0.3, repeat: 0.3, damage: 0.3, delay: 3 * SECOND } as const;

describe.each(['push', 'pull'] as const)('an image by %s', (method) => {
  it.each<[string, Faults]>([
    ['three of ten datagrams lost', { loss: ALL.loss }],
    ['three of ten there twice, and in any order', { repeat: ALL.repeat, delay: ALL.delay }],
    ['three of ten damaged', { damage: ALL.damage }],
    ['all of that at a time, a tenth each', { loss: 0.1, repeat: 0.1, damage: 0.1, delay: SECOND }],
  ])('with %s, each way: it arrives whole and runs', async (what, faults) => {
    await online({ seed: `${method} ${what}`, method });
    way.faults = faults;
    give(method);
    let transferred = false;
    for (let hours = 0; hours < 24 && !transferred; hours++) {
      await job.pass(HOUR);
      transferred = (await job.value('/5/0/3')) === 2;
    }
    expect(transferred).toBe(true);
    await runsTheNewImage();
    expect(job.bootstraps).toBe(1);
  });

  it('another address of the device in the middle, with a connection ID: nothing happens', async () => {
    await online({ seed: 'rebind', method });
    give(method);
    const { handshakes } = way;
    // The platform has looked how the device stands, and the session of a pull is there.
    await midway(25);
    for (let i = 0; i < 5; i++) {
      await midway(15);
      way.rebind();
    }
    await job.world.run({ for: 10 * MINUTE });
    expect(await job.value('/5/0/3')).toBe(2);
    // A pull has a session of its own, which was shaken hands for after the first look at the count.
    expect(way.handshakes - handshakes).toBeLessThanOrEqual(method === 'pull' ? 3 : 0);
    await runsTheNewImage();
  });

  it('another address of the device in the middle, without connection IDs: a new session, and the image again or the rest of it', async () => {
    await online({ seed: 'rebind', method, dtlsLimits: { connectionIds: false } });
    give(method);
    const { handshakes } = way;
    await midway();
    way.rebind();
    await job.pass(20 * MINUTE);
    expect(way.handshakes).toBeGreaterThan(handshakes);
    await runsTheNewImage();
    expect(job.bootstraps).toBe(1);
  });

  it('the server gone for a day in the middle: the device is back with its account, and has the image in the end', async () => {
    await online({ seed: 'day', method });
    give(method);
    await midway();
    way.isDown = true;
    await job.pass(23 * HOUR);
    expect(job.record?.online).toBe(false);
    way.isDown = false;
    await job.there();
    await runsTheNewImage();
    expect(job.inventory.devices.list(job.record?.operatorId ?? '').length).toBe(1);
  });

  it('the server forgets the device in the middle of a block transfer', async () => {
    await online({ seed: 'forgets', method });
    give(method);
    await midway();
    job.inventory.registrar.forget(job.record?.deviceId ?? '');
    await job.pass(10 * MINUTE);
    await job.there();
    await runsTheNewImage();
    expect(job.bootstraps).toBe(1);
  });

  it('an image that is larger than the flash: refused at the block that does not fit, result 2', async () => {
    await online({ seed: 'large', method, flash: new FirmwareFlash({ capacity: 16 * 1024 }) });
    give(method);
    await job.pass(10 * MINUTE);
    expect([await job.value('/5/0/3'), await job.value('/5/0/5')]).toEqual([0, 2]);
    expect(job.running).toBe(OLD);
    expect(job.device.flash.filled).toBeLessThanOrEqual(16 * 1024);
  });

  it('an image whose bytes were changed: refused when it is there, result 5', async () => {
    await online({ seed: 'spoilt', method, package: 'spoilt' });
    give(method);
    await job.pass(10 * MINUTE);
    expect([await job.value('/5/0/3'), await job.value('/5/0/5')]).toEqual([0, 5]);
    expect(job.running).toBe(OLD);
  });
});

it.each(['push', 'pull'] as const)(
  'an image by %s with three of ten datagrams lost, three twice, three damaged, and all late: there, or given up and said so; and there in the end',
  async (method) => {
    await online({ seed: 'all', method });
    give(method);
    await midway(40);
    way.faults = ALL;
    await job.pass(12 * HOUR);
    way.faults = {};
    await job.there();
    // 4: connection lost.
    const [state, result] = [await job.value('/5/0/3'), await job.value('/5/0/5')];
    expect([
      [0, 4],
      [2, 0],
    ]).toContainEqual([state, result]);
    await runsTheNewImage();
    expect(job.bootstraps).toBeLessThan(20);
  },
);

it('an image by pull gets through all of that: it goes on where it was when an operator names it again', async () => {
  await online({ seed: 'all', method: 'pull' });
  way.faults = ALL;
  for (let hours = 0; hours < 24 && (await job.value('/5/0/3')) !== 2; hours++) {
    if ((await job.value('/5/0/3')) === 0) give('pull');
    await job.pass(HOUR);
  }
  expect(await job.value('/5/0/3')).toBe(2);
  await runsTheNewImage();
  expect(job.bootstraps).toBeLessThan(20);
});
