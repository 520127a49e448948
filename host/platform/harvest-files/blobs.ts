// The bytes of files on disk, under names of the platform's own: 32 hexadecimal digits, `.part` behind them while they
// are written. What a device calls its file never reaches the file system.

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  read,
  readdirSync,
  rmSync,
} from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One blob that is being written. */
export interface BlobWriter {
  readonly id: string;
  write(bytes: Uint8Array): Promise<void>;
  /** All bytes are on the disk under the blob's name when it resolves. */
  finish(): Promise<void>;
  /** Nothing of it stays. */
  discard(): Promise<void>;
}

export interface BlobReader {
  /** Bytes that are there. */
  readonly length: number;
  /** Up to `length` bytes from `position`; fewer only at the end. */
  read(position: number, length: number): Promise<Buffer>;
  close(): void;
}

/** Where blobs are kept. */
export interface Blobs {
  create(): Promise<BlobWriter>;
  /** At once, so that nobody removes it between the look at its name and this. */
  open(id: string): BlobReader;
  remove(id: string): Promise<void>;
  /** Removes all but these, and what was half written when the last process ended. */
  sweep(keep: ReadonlySet<string>): void;
  close(): void;
}

const PART = '.part';

/** Temporary folders that nobody has closed: they go with the process, unless it is killed. */
const temporary = new Set<string>();

function temporaryFolder(): string {
  if (temporary.size === 0) process.on('exit', removeTemporary);
  const folder = mkdtempSync(join(tmpdir(), 'akari-files-'));
  temporary.add(folder);
  return folder;
}

function removeTemporary(): void {
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
}

function closeTemporary(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  temporary.delete(folder);
  if (temporary.size === 0) process.off('exit', removeTemporary);
}

export class DiskBlobs implements Blobs {
  #folder: string | undefined;
  readonly #temporary: boolean;

  /** Without a folder: a temporary one, made when it is needed and removed by `close`, or with the process. */
  constructor(folder?: string) {
    this.#folder = folder;
    this.#temporary = folder === undefined;
    if (folder !== undefined) mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  async create(): Promise<BlobWriter> {
    const id = randomBytes(16).toString('hex');
    const path = this.#path(id);
    const file = await open(path + PART, 'wx', 0o600);
    return new DiskWriter(id, file, path, () => this.#syncFolder());
  }

  open(id: string): BlobReader {
    // Of a pipe in its place nothing is waited for: it has no bytes.
    const fd = openSync(this.#path(id), constants.O_RDONLY | constants.O_NONBLOCK);
    return new DiskReader(fd, fstatSync(fd).size);
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
  }

  sweep(keep: ReadonlySet<string>): void {
    if (this.#folder === undefined) return;
    for (const name of readdirSync(this.#folder)) {
      if (/^[0-9a-f]{32}(\.part)?$/.test(name) && !keep.has(name)) rmSync(join(this.#folder, name), { force: true });
    }
  }

  close(): void {
    if (this.#temporary && this.#folder !== undefined) closeTemporary(this.#folder);
  }

  #path(id: string): string {
    this.#folder ??= temporaryFolder();
    return join(this.#folder, id);
  }

  /** A new name is safe only when its folder is (fsync(2)). */
  #syncFolder(): void {
    const fd = openSync(this.#folder ?? '', 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}

class DiskWriter implements BlobWriter {
  readonly id: string;
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #syncFolder: () => void;

  constructor(id: string, file: FileHandle, path: string, syncFolder: () => void) {
    this.id = id;
    this.#file = file;
    this.#path = path;
    this.#syncFolder = syncFolder;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += (await this.#file.write(bytes, at)).bytesWritten;
  }

  async finish(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#path + PART, this.#path);
    this.#syncFolder();
  }

  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(this.#path + PART, { force: true });
    await rm(this.#path, { force: true });
  }
}

class DiskReader implements BlobReader {
  readonly length: number;
  #fd: number | undefined;
  /** Reads under way: the descriptor is closed after them. */
  #reading = 0;
  #closed = false;

  constructor(fd: number, length: number) {
    this.#fd = fd;
    this.length = length;
  }

  async read(position: number, length: number): Promise<Buffer> {
    const fd = this.#fd;
    if (fd === undefined) throw new Error('the blob is closed');
    this.#reading++;
    try {
      const buffer = Buffer.allocUnsafe(length);
      const count = await new Promise<number>((resolve, reject) => {
        read(fd, buffer, 0, length, position, (error, bytes) => (error ? reject(error) : resolve(bytes)));
      });
      return buffer.subarray(0, count);
    } finally {
      this.#reading--;
      if (this.#closed) this.close();
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#fd === undefined || this.#reading > 0) return;
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}
