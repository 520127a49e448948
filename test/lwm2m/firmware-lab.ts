// A device that is being updated: a server pushes a package to it or has it fetch one, and power fails where a test says.
import { createHash } from 'node:crypto';
import { firmwarePackage } from '../../host/board/index.js';
import { Random } from '../../host/random.js';
import { uri } from '../coap/hex.js';
import { Lab, NONE, POST, PUT, dotted, kit, type Parts, type Response } from './lab.js';
import type { CoapParsed } from '../../host/kit/index.js';

export const OPAQUE = 42;
export const OLD = '1.0.0';
export const NEW = '1.1.0';
export const URI = 'coap://files.example/a/fw?v=2';

/** An image of so many bytes, which no module is: the board's check is another test's. */
export const imageOf = (length: number, seed = 'image'): Uint8Array => {
  const bytes = new Random(seed).bytes(length);
  bytes[0] = 0;
  return bytes;
};
export const packageOf = (image: Uint8Array, version = NEW): Uint8Array =>
  firmwarePackage({ image, name: 'sensor', version });

/** Power has failed at a write. */
export class PowerLost extends Error {}

export class FirmwareLab {
  lab: Lab;
  version = OLD;
  #from = 0;

  constructor() {
    this.lab = new Lab({ kind: { version: OLD, isNew: true } });
  }

  /** Starts it again: with the image that was committed, if it is a right one. */
  restart(): void {
    const now = this.lab.now;
    const committed = kit.lwm2mFlashState().committed;
    if (committed > 0) this.version = NEW;
    this.lab = new Lab({ kind: { version: this.version, isNew: false } });
    this.lab.now = now + 1_000;
  }

  get state(): number {
    return kit.lwm2mFirmwareState().state;
  }
  get result(): number {
    return kit.lwm2mFirmwareState().result;
  }

  /** A request of the server; power may fail at it. */
  ask(method: number, path: string, parts: Parts = {}): string {
    const answer = dotted(this.lab.ask(method, path, parts));
    this.alive();
    return answer;
  }

  alive(): void {
    if (kit.lwm2mFlashState().dead) throw new PowerLost();
  }

  /** Writes it to /5/0/0 in blocks of `size`; the codes of all answers but 2.31. */
  push(bytes: Uint8Array, size = 256, parts: Parts = { format: OPAQUE }): string[] {
    const szx = Math.log2(size) - 4;
    const codes: string[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      const more = at + size < bytes.length;
      const block1 = ((at / size) << 4) | (more ? 8 : 0) | szx;
      const code = this.ask(PUT, '/5/0/0', { ...parts, block1, body: bytes.subarray(at, at + size) });
      if (code !== '2.31') codes.push(code);
      if (code !== '2.31') break;
    }
    return codes;
  }

  /** Serves it under the URI, by blocks of at most `size`. `before` may refuse a request, or lose it. */
  offer(
    bytes: Uint8Array,
    size = 256,
    before: (from: number) => Response | 'silent' | undefined = () => undefined,
  ): void {
    const tag = createHash('sha256').update(bytes).digest().subarray(0, 4);
    this.lab.serve = (request) => {
      const wanted = optionOf(request, 23);
      const szx = Math.min(wanted < 0 ? 6 : wanted & 7, Math.log2(size) - 4);
      const at = wanted < 0 ? 0 : (wanted >> 4) << ((wanted & 7) + 4);
      const length = 16 << szx;
      const special = before(at);
      if (special !== undefined) return special;
      if (at > 0 && at >= bytes.length) return { code: 0x80 };
      const more = at + length < bytes.length;
      const block2 = ((at / length) << 4) | (more ? 8 : 0) | szx;
      const options = [[4, new Uint8Array(tag)] as const, [23, kit.coapUint(block2)] as const];
      return { code: 0x45, options, payload: bytes.subarray(at, at + length) };
    };
  }

  /** Time goes on until nothing is to be fetched, or for an hour; sessions are opened when they are wanted. */
  fetch(): void {
    const end = this.lab.now + 3_600_000;
    while (this.lab.now < end) {
      this.lab.run(0);
      this.alive();
      if (kit.lwm2mPullDone()) {
        const at = kit.lwm2mPullDeadline();
        if (at === Infinity) return;
        this.lab.now = Math.max(this.lab.now, at);
        kit.lwm2mPullBegin(this.lab.now);
        this.#from++;
      } else {
        this.lab.run(1);
      }
      this.alive();
    }
  }

  /** How many sessions there have been. */
  get sessions(): number {
    return this.#from;
  }

  /** Executes Update, and what follows: true when the device has restarted. */
  update(): boolean {
    if (this.ask(POST, '/5/0/2') !== '2.04') return false;
    return this.apply();
  }

  apply(): boolean {
    if (!kit.lwm2mFirmwareDue()) return false;
    const restarts = kit.lwm2mFirmwareApply();
    this.alive();
    if (restarts) this.restart();
    return restarts;
  }

  /** A server that wants the new version to run, and does what is left to be done; power fails here and there. */
  persist(method: 'push' | 'pull', bytes: Uint8Array, size: number): void {
    for (let turn = 0; turn < 50; turn++) {
      try {
        if (this.version === NEW && this.state === 0) return;
        if (kit.lwm2mFirmwareDue()) this.apply();
        else if (this.state === 2) this.update();
        else if (method === 'push') this.push(bytes, size);
        else {
          this.offer(bytes, size);
          if (this.state === 0) this.ask(PUT, '/5/0/1', { format: 0, body: URI });
          this.fetch();
        }
      } catch (error) {
        if (!(error instanceof PowerLost)) throw error;
        this.restart();
      }
    }
    throw new Error(`not updated: state ${this.state}, result ${this.result}`);
  }
}

export const optionOf = (message: CoapParsed, number: number): number => {
  const value = message.options.find(([option]) => option === number)?.[1];
  return value === undefined ? -1 : Number(`0x0${Buffer.from(value).toString('hex')}`);
};
export const pathOf = (message: CoapParsed): string =>
  message.options
    .filter(([number]) => number === 11 || number === 15)
    .map(([, value]) => Buffer.from(value).toString())
    .join('/');
export { NONE, uri };
