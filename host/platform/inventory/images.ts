// Firmware images for devices, out of the operator's files (Harvest Files): pushed into /5/0/0 block by block, or offered
// at an address that is written to /5/0/1, from which the device pulls them (OMA LwM2M Core, appendix E.6).

import { createHash } from 'node:crypto';
import { type CoapResponse, type IncomingRequest, Method, Option } from '../../coap/index.js';
import { ContentFormat, writeContent } from '../../lwm2m/index.js';
import { z } from 'zod';
import { INVENTORY } from '../choices.js';
import { checkedPath, PathError } from '../harvest-files/path.js';
import type { FileStore } from '../harvest-files/store.js';
import type { Clock } from '../../clock/clock.js';
import type { DeviceRecord } from './devices.js';
import type { DeviceLink } from './registrar.js';
import type { Outcome } from './requests.js';

export const firmwareBody = z.strictObject({
  /** A path in the scope `private` of Harvest Files. */
  file: z.string().min(1).max(1024),
  method: z.enum(['push', 'pull', 'pull-coap']).default('push'),
  /** Execute Update when the image is there; a device that was offered one says by itself when it is. */
  update: z.boolean().default(false),
  /** Bytes of a block. */
  blockBytes: z.union([16, 32, 64, 128, 256, 512, 1024].map((size) => z.literal(size))).optional(),
});

/** Package URI. */
const URI = [5, 0, 1];

interface Giving {
  readonly requestId: string;
  readonly root: readonly string[];
  readonly body: unknown;
  /** In which values are written to the device. */
  readonly format: number;
}

export interface ImagesOptions {
  readonly clock: Clock;
  readonly files: FileStore;
  /** Where devices find the device management server, and the bootstrap server. */
  readonly serverUri: string;
  readonly plainUri: string;
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

  constructor(options: ImagesOptions) {
    this.#options = options;
  }

  /** Whether there is such a file; throws PathError for a path that cannot be. */
  has(operatorId: string, file: string): boolean {
    const found = this.#options.files.get(keyOf(operatorId, file));
    return found !== undefined && found.length <= INVENTORY.imageBytes;
  }

  /** Rejects with CoapError. */
  async give({ operatorId }: DeviceRecord, { peer }: DeviceLink, { root, body, format }: Giving): Promise<Outcome> {
    const { file, method, update, blockBytes = INVENTORY.imageBlock } = firmwareBody.parse(body);
    const at = (resource: number): string[] => [...root, '5', '0', String(resource)];
    if (method !== 'push') {
      const uri = this.#uriOf(file, method);
      const payload = writeContent([{ path: URI, type: 'string', value: uri }], format, URI);
      const request = { method: Method.Put, path: at(1), contentFormat: format, payload };
      return { code: (await peer.request(request)).code, result: { uri } };
    }
    const image = await this.#load(operatorId, file);
    if (image === undefined) return { reason: 'the file is not there any more' };
    const sent = await peer.request({
      ...{ method: Method.Put, path: at(0), contentFormat: ContentFormat.Opaque, payload: image.bytes, blockBytes },
      repeats: INVENTORY.imageRepeats,
    });
    if (!update || !sent.code.startsWith('2.')) return { code: sent.code, result: { bytes: image.bytes.length } };
    const { code } = await peer.request({ method: Method.Post, path: at(2) });
    return { code, result: { bytes: image.bytes.length } };
  }

  /** GET of an image: `/fw/path/of/file`; undefined for all else. */
  serve(request: IncomingRequest, operatorId: string): CoapResponse | Promise<CoapResponse> | undefined {
    const [first, ...parts] = request.path;
    if (first !== IMAGES) return undefined;
    if (request.method !== Method.Get) return plain('4.05');
    return this.#answer(parts, operatorId);
  }

  async #answer(parts: readonly string[], operatorId: string): Promise<CoapResponse> {
    let image: Image | undefined;
    try {
      image = await this.#load(operatorId, `/${parts.join('/')}`);
    } catch (error) {
      if (!(error instanceof PathError)) throw error;
    }
    if (image === undefined) return plain('4.04');
    const options = [
      { number: Option.ETag, value: Buffer.from(image.etag, 'hex') },
      { number: Option.ContentFormat, value: Buffer.of(ContentFormat.Opaque) },
    ];
    return { code: '2.05', options, payload: image.bytes };
  }

  #uriOf(file: string, method: 'pull' | 'pull-coap'): string {
    const base = method === 'pull' ? this.#options.serverUri : this.#options.plainUri;
    const path = checkedPath(file)
      .split('/')
      .map((part) => encodeURIComponent(part))
      .join('/');
    return `${base}/${IMAGES}${path}`;
  }

  async #load(operatorId: string, file: string): Promise<Image | undefined> {
    const { files, clock } = this.#options;
    const key = keyOf(operatorId, file);
    const record = files.get(key);
    if (record === undefined || record.length > INVENTORY.imageBytes) return undefined;
    const name = `${operatorId} ${key.path} ${record.etag}`;
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
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
