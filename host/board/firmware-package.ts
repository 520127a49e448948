// Makes the package in which an image travels to a device: what assembly/lwm2m/objects/firmware-package.ts takes apart.

import { createHash } from 'node:crypto';

export const FIRMWARE_HEADER_BYTES = 128;
const TEXT_MAX = 24;
const NAME = 16;
const VERSION = 40;
const DIGEST = 64;

export interface FirmwarePackage {
  readonly image: Uint8Array;
  /** Printable ASCII, 1 to 24 characters. */
  readonly name: string;
  /** The same; what the image, once it runs, says that it is. */
  readonly version: string;
}

/** Throws RangeError for a name or a version that does not fit, and for an empty image. */
export function firmwarePackage({ image, name, version }: FirmwarePackage): Uint8Array {
  for (const [what, text] of Object.entries({ name, version })) {
    if (!/^[\x20-\x7e]{1,24}$/.test(text))
      throw new RangeError(`${what} "${text}": expected 1 to ${TEXT_MAX} printable ASCII characters`);
  }
  if (image.length === 0) throw new RangeError('the image is empty');
  const bytes = Buffer.alloc(FIRMWARE_HEADER_BYTES + image.length);
  bytes.write('AkFw\x01', 0, 'latin1');
  bytes.writeUInt32BE(image.length, 8);
  bytes.write(name, NAME, 'latin1');
  bytes.write(version, VERSION, 'latin1');
  createHash('sha256').update(bytes.subarray(0, DIGEST)).update(image).digest().copy(bytes, DIGEST);
  bytes.set(image, FIRMWARE_HEADER_BYTES);
  return new Uint8Array(bytes);
}
