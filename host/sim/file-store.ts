import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Status } from '../board/abi.js';
import { MemoryStore, type Store } from '../board/store.js';
import { fromHex, toHex } from '../bytes.js';
import { openToOthers, writePrivate } from '../private-file.js';

const FORMAT = 'akari card store 1';

/** A file that cannot serve as a card's memory; the message names it and says what to do. */
export class FileStoreError extends Error {
  constructor(path: string, fault: string) {
    super(`card store ${path}: ${fault}`);
    this.name = 'FileStoreError';
  }
}

/**
 * A card's EEPROM in one file of mode 0600 (it holds K): `{ "format", "card", "values": { "<key>": "<hex>" } }`. Each
 * write replaces the file as a whole (written beside it, synced, renamed), so that a crash leaves the old or the new.
 */
export class FileStore implements Store {
  readonly #path: string;
  readonly #card: string;
  #values: MemoryStore;

  /**
   * Opens `path`, or makes it with what `personalise` gives. `card` names the card (its ICCID): a file of another card
   * is refused. Throws FileStoreError.
   */
  constructor(path: string, card: string, personalise: () => Iterable<readonly [number, Uint8Array]>) {
    this.#path = resolve(path);
    this.#card = card;
    const existing = existsSync(this.#path);
    this.#values = new MemoryStore({ values: existing ? this.#load() : personalise() });
    if (existing) return;
    try {
      this.#save();
    } catch (error) {
      throw new FileStoreError(this.#path, `cannot be written (${codeOf(error)})`);
    }
  }

  read(key: number): Uint8Array | undefined {
    return this.#values.read(key);
  }

  /** Ok only once the new value is on the disk; NoSpace, Io. */
  write(key: number, value: Uint8Array): Status {
    const before = [...this.#values.entries()];
    const status = this.#values.write(key, value);
    if (status !== Status.Ok) return status;
    try {
      this.#save();
      return Status.Ok;
    } catch {
      this.#values = new MemoryStore({ values: before });
      return Status.Io;
    }
  }

  #load(): [number, Uint8Array][] {
    const fault = (what: string): FileStoreError => new FileStoreError(this.#path, what);
    const others = openToOthers(this.#path);
    if (others !== undefined) throw fault(others);
    let file: unknown;
    try {
      file = JSON.parse(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      throw fault(error instanceof SyntaxError ? 'is not JSON' : `cannot be read (${codeOf(error)})`);
    }
    const { format, card, values } = (file ?? {}) as { format?: unknown; card?: unknown; values?: unknown };
    if (format !== FORMAT || typeof values !== 'object' || values === null) throw fault(`is not of "${FORMAT}"`);
    if (card !== this.#card) {
      throw fault(`holds card ${String(card)}, the profile is of card ${this.#card}; name another file`);
    }
    return Object.entries(values).map(([key, value]) => {
      if (!/^[0-9]+$/.test(key) || typeof value !== 'string' || !/^([0-9a-f]{2})*$/.test(value)) {
        throw fault(`value ${key} is damaged`);
      }
      return [Number(key), fromHex(value)];
    });
  }

  #save(): void {
    const values = Object.fromEntries([...this.#values.entries()].map(([key, value]) => [key, toHex(value)]));
    writePrivate(this.#path, Buffer.from(`${JSON.stringify({ format: FORMAT, card: this.#card, values })}\n`));
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown';
