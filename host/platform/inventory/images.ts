// Firmware images for devices, out of the operator's files (Harvest Files): pushed into /5/0/0 block by block, or offered
// at an address that is written to /5/0/1, from which the device pulls them (OMA LwM2M Core, appendix E.6).

import { createHash } from 'node:crypto';
import { type CoapResponse, type IncomingRequest, Method, Option } from '../../coap/index.js';
import { ContentFormat } from '../../lwm2m/index.js';
import { z } from 'zod';
import { INVENTORY } from '../choices.js';
import { optional } from '../config/fields.js';
import { checkedPath } from '../harvest-files/path.js';
import type { FileKey, FileStore } from '../harvest-files/store.js';
import { INVENTORY_LIMITS } from '../limits.js';
import type { Clock } from '../../clock/clock.js';
import type { RunningTime } from '../running-time.js';
import type { DeviceRecord } from './devices.js';
import { type Fetcher, type Offer, Offers } from './offers.js';
import type { DeviceLink } from './registrar.js';
import type { Outcome } from './requests.js';

export const firmwareBody = z
  .object({
    /** A path in the scope `private` of Harvest Files; needed but for a reset. */
    file: optional(z.string().min(1).max(1024)),
    /** `reset`: a device that waits with an image gives it up. */
    method: z.enum(['push', 'pull', 'pull-coap', 'reset']).default('push'),
    /** Execute Update when the image is there. */
    update: z.boolean().default(false),
    /** Bytes of a block. */
    blockBytes: optional(z.union([16, 32, 64, 128, 256, 512, 1024].map((size) => z.literal(size)))),
  })
  .refine(({ file, method }) => file !== undefined || method === 'reset', { path: ['file'], error: 'is missing' });

/** A firmware request that is no reset. */
export interface ImageBody {
  readonly file: string;
  readonly method: 'push' | 'pull' | 'pull-coap';
  readonly update: boolean;
  readonly blockBytes: number | undefined;
}

/** What was asked; undefined: a reset. */
export function readFirmwareBody(body: unknown): ImageBody | undefined {
  const { file, method, update, blockBytes } = firmwareBody.parse(body);
  return method === 'reset' || file === undefined ? undefined : { file, method, update, blockBytes };
}

interface Pushing {
  readonly file: string;
  /** Of the Package. */
  readonly path: readonly string[];
  readonly blockBytes?: number | undefined;
}

export interface ImagesOptions {
  readonly clock: Clock;
  readonly running: RunningTime;
  readonly files: FileStore;
  /** Where devices find the device management server, and the bootstrap server. */
  readonly serverUri: string;
  readonly plainUri: () => string;
  /** Inventory is on for the device's group. */
  readonly isOn: (deviceId: string) => boolean;
  /** The SIM in whose session the device was given this key. */
  readonly simOf: (deviceId: string, keyId: string) => string | undefined;
}

/** First segment of the address of an image. */
export const IMAGES = 'fw';
const KEPT = 4;

interface Image {
  readonly bytes: Buffer;
  readonly etag: string;
}

const plain = (code: string): CoapResponse => ({ code, options: [], payload: Buffer.alloc(0) });

export class Images {
  readonly #options: ImagesOptions;
  /** Each block of a pull is a request: the image stays in memory meanwhile. */
  readonly #kept = new Map<string, Image>();
  readonly #loading = new Map<string, Promise<Image | undefined>>();
  readonly #offers = new Offers();
  /** By device, as long as something is offered to it. */
  readonly #fetchedMs = new Map<string, number>();

  constructor(options: ImagesOptions) {
    this.#options = options;
  }

  /** Whether there is such a file; throws PathError for a path that cannot be. */
  has(operatorId: string, file: string): boolean {
    const found = this.#options.files.get(keyOf(operatorId, file));
    return found !== undefined && found.length <= INVENTORY_LIMITS.imageBytes;
  }

  /** Writes the image into the device. Rejects with CoapError. */
  async push(
    { operatorId }: DeviceRecord,
    { peer }: DeviceLink,
    { file, path, blockBytes }: Pushing,
  ): Promise<Outcome> {
    const image = await this.#load(operatorId, file);
    if (image === undefined) return { reason: 'the file is not there any more' };
    const { code } = await peer.request({
      ...{ method: Method.Put, path, contentFormat: ContentFormat.Opaque, payload: image.bytes },
      ...{ blockBytes: blockBytes ?? INVENTORY.imageBlock, repeats: INVENTORY.imageRepeats },
    });
    return { code, result: { bytes: image.bytes.length } };
  }

  /** GET of an image that is offered to this one: `/fw/path/of/file`. All else there is 4.04; undefined for what is elsewhere. */
  serve(request: IncomingRequest, fetcher: Fetcher): CoapResponse | Promise<CoapResponse> | undefined {
    const [first, ...parts] = request.path;
    if (first !== IMAGES) return undefined;
    const offer = this.#offers.find(fetcher, parts);
    if (offer === undefined || !this.#options.isOn(offer.deviceId)) return plain('4.04');
    return request.method === Method.Get ? this.#answer(offer) : plain('4.05');
  }

  /** What is offered to the device. */
  offered(deviceId: string): Offer | undefined {
    return this.#offers.get(deviceId);
  }

  /** Devices to which something is offered. */
  get fetchers(): readonly string[] {
    return this.#offers.devices;
  }

  /** Running time at which the device has fetched of it last, milliseconds. */
  fetchedAtMs(deviceId: string): number | undefined {
    return this.#fetchedMs.get(deviceId);
  }

  /** An earlier process has offered it, and the device is still to fetch it. */
  restore(offer: Offer): void {
    this.#offers.begin(offer);
  }

  /** Nothing is offered to the device any more. */
  withdraw(deviceId: string): void {
    this.#offers.end(deviceId);
    this.#fetchedMs.delete(deviceId);
  }

  close(): void {
    this.#offers.clear();
    this.#fetchedMs.clear();
  }

  /** Where the device may fetch the image from now on, or why it cannot be offered. Throws PathError. */
  offer(
    device: DeviceRecord,
    { keyId }: DeviceLink,
    file: string,
    method: 'pull' | 'pull-coap',
  ): { readonly uri: string; readonly offer: Offer } | { readonly refused: string } {
    const { files, isOn, simOf } = this.#options;
    const { operatorId, deviceId } = device;
    if (!isOn(deviceId)) {
      return { refused: 'Inventory is not enabled for the group of the device: it could not fetch the image' };
    }
    const imsi = method === 'pull' ? undefined : (simOf(deviceId, keyId) ?? device.imsi);
    if (method !== 'pull' && imsi === undefined) {
      return { refused: 'no SIM is known to carry the device, whose key was made by hand: use the method pull' };
    }
    const key = keyOf(operatorId, file);
    const record = files.get(key);
    if (record === undefined) return { refused: 'the file is not there any more' };
    const offer = { deviceId, operatorId, path: key.path, etag: record.etag, ...(imsi !== undefined && { imsi }) };
    this.#offers.begin(offer);
    return { uri: this.#uriOf(file, method), offer };
  }

  async #answer(offer: Offer): Promise<CoapResponse> {
    const { operatorId, deviceId, path, etag } = offer;
    const image = await this.#load(operatorId, path, etag);
    if (image === undefined || this.#offers.get(deviceId) !== offer) return plain('4.04');
    this.#fetchedMs.set(deviceId, this.#options.running.ms());
    const options = [
      { number: Option.ETag, value: Buffer.from(image.etag, 'hex') },
      { number: Option.ContentFormat, value: Buffer.of(ContentFormat.Opaque) },
    ];
    return { code: '2.05', options, payload: image.bytes };
  }

  #uriOf(file: string, method: 'pull' | 'pull-coap'): string {
    const base = method === 'pull' ? this.#options.serverUri : this.#options.plainUri();
    const path = checkedPath(file)
      .split('/')
      .map((part) => encodeURIComponent(part))
      .join('/');
    return `${base}/${IMAGES}${path}`;
  }

  /** `etag`: of the file that it has to be. Many who ask at once have it read once. */
  async #load(operatorId: string, file: string, etag?: string): Promise<Image | undefined> {
    const key = keyOf(operatorId, file);
    const record = this.#options.files.get(key);
    if (record === undefined || record.length > INVENTORY_LIMITS.imageBytes) return undefined;
    if (etag !== undefined && record.etag !== etag) return undefined;
    const name = `${operatorId} ${key.path} ${record.etag}`;
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    const loading = this.#loading.get(name) ?? this.#read(key, name).finally(() => this.#loading.delete(name));
    this.#loading.set(name, loading);
    return loading;
  }

  async #read(key: FileKey, name: string): Promise<Image | undefined> {
    const { files, clock } = this.#options;
    const source = files.open(key, ({ length }) => ({ from: 0, to: length - 1 }));
    if (source === undefined) return undefined;
    const release = clock.hold();
    const parts: Uint8Array[] = [];
    try {
      for await (const part of source.chunks()) parts.push(part);
    } finally {
      source.release();
      release();
    }
    const bytes = Buffer.concat(parts);
    const etag = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    const image = { bytes, etag };
    this.#kept.set(name, image);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT) break;
      this.#kept.delete(oldest);
    }
    return image;
  }
}

/** Throws PathError. */
const keyOf = (operatorId: string, file: string) =>
  ({ operatorId, scope: 'private', path: checkedPath(file) }) as const;
