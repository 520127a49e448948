import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { FileStore, FileStoreError, parseSimProfile, personalise } from '../../host/sim/index.js';
import { PROFILE } from './card.js';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'akari-'));
  path = join(folder, 'card.store');
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (card = 'A', values: [number, Uint8Array][] = []): FileStore => new FileStore(path, card, () => values);
const never = (): never => {
  throw new Error('personalised again');
};

describe('a card store in a file', () => {
  it('is personalised once, and gives back what was written', () => {
    const values = [...personalise(parseSimProfile(PROFILE, 'a'))];
    const store = open('A', values);
    expect(store.write(3, Uint8Array.of(1, 2))).toBe(Status.Ok);
    const again = new FileStore(path, 'A', never);
    for (const [key, value] of values) if (key !== 3) expect(again.read(key)).toEqual(value);
    expect(again.read(3)).toEqual(Uint8Array.of(1, 2));
    expect(again.read(999)).toBeUndefined();
  });

  it('is like a map for any writes, whenever it is opened again', () => {
    const writes = fc.array(fc.tuple(fc.nat(5), fc.uint8Array({ maxLength: 40 }), fc.boolean()), { maxLength: 12 });
    fc.assert(
      fc.property(writes, (list) => {
        rmSync(path, { force: true });
        const model = new Map<number, Uint8Array>();
        let store = open();
        for (const [key, value, reopen] of list) {
          store.write(key, value);
          model.set(key, value);
          if (reopen) store = new FileStore(path, 'A', never);
        }
        for (let key = 0; key < 6; key++) expect(store.read(key)).toEqual(model.get(key));
      }),
      { numRuns: 40 },
    );
  });

  it('is for its owner only, also after a crash left its temporary file open to all', () => {
    writeFileSync(`${path}.new`, 'half', { mode: 0o666 });
    chmodSync(`${path}.new`, 0o666);
    open().write(1, Uint8Array.of(1));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['card.store']);
  });

  it('a write that cannot reach the disk is Io, and the old value stays', () => {
    const store = open('A', [[1, Uint8Array.of(1)]]);
    const before = readFileSync(path, 'utf8');
    mkdirSync(`${path}.new`); // where the new content goes first
    expect(store.write(1, Uint8Array.of(2))).toBe(Status.Io);
    expect(store.read(1)).toEqual(Uint8Array.of(1));
    expect(readFileSync(path, 'utf8')).toBe(before);
    rmSync(`${path}.new`, { recursive: true });
    expect(store.write(1, Uint8Array.of(2))).toBe(Status.Ok);
    expect(new FileStore(path, 'A', never).read(1)).toEqual(Uint8Array.of(2));
  });

  it('a value too large is NoSpace and changes nothing', () => {
    const store = open('A', [[1, Uint8Array.of(1)]]);
    expect(store.write(1, new Uint8Array(70_000))).toBe(Status.NoSpace);
    expect(new FileStore(path, 'A', never).read(1)).toEqual(Uint8Array.of(1));
  });

  it.each([
    ['{', 'is not JSON'],
    ['null', 'is not of "akari card store 1"'],
    ['{"format":"akari card store 2","card":"A","values":{}}', 'is not of "akari card store 1"'],
    ['{"format":"akari card store 1","card":"B","values":{}}', 'holds card B, the profile is of card A'],
    ['{"format":"akari card store 1","card":"A","values":{"1":"0"}}', 'value 1 is damaged'],
    ['{"format":"akari card store 1","card":"A","values":{"x":"00"}}', 'value x is damaged'],
  ])('%s is refused', (text, fault) => {
    writeFileSync(path, text, { mode: 0o600 });
    expect(() => open()).toThrow(FileStoreError);
    expect(() => open()).toThrow(`card store ${path}: ${fault}`);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('a file that others can read is refused, and a folder that is not there', () => {
    open();
    chmodSync(path, 0o604);
    expect(() => open()).toThrow(`mode 0604 lets others at the keys in it; run: chmod 600 ${path}`);
    expect(() => new FileStore(join(folder, 'no', 'x'), 'A', () => [])).toThrow('cannot be written (ENOENT)');
  });
});
