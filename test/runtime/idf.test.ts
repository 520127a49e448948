// The ESP-IDF project as akari export writes it: whole, consistent, and C that type-checks. Nothing here runs ESP-IDF; where IDF_PATH
// is set, make -C runtime check-idf builds it for every chip.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportProject } from '../../host/export/index.js';
import { scratch } from './scratch.js';
import { withPrograms } from '../peers.js';

const CHIPS = ['esp32', 'esp32s3', 'esp32c3', 'esp32c6'];
const ENGINES = ['wasm2c', 'wamr'];
const APP = 'build/release/beam-telemetry.wasm';

let folder: string;
beforeAll(() => {
  folder = join(scratch(), 'board');
  exportProject({ target: 'esp-idf', app: APP, folder, memory: 32_768 });
});
const text = (file: string): string => readFileSync(join(folder, file), 'utf8');
const port = (): string[] => readdirSync(join(folder, 'runtime/port/esp-idf')).filter((name) => name.endsWith('.c'));

/** Symbols that the Kconfig declares, with the type of each. */
const declared = (): Map<string, string> =>
  new Map(
    [...text('main/Kconfig.projbuild').matchAll(/^ *config (AKARI_\w+)\n +(bool|int|hex|string)\b/gm)].map(
      ([, name = '', type = '']) => [name, type],
    ),
  );

describe('the project', () => {
  it('has the very binary, and every word in its files filled in', () => {
    expect(readFileSync(join(folder, 'beam-telemetry.wasm')).equals(readFileSync(APP))).toBe(true);
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name.endsWith('.wasm')) continue;
      expect(readFileSync(join(entry.parentPath, entry.name), 'utf8'), entry.name).not.toMatch(/@[A-Z0-9]+@/);
    }
    expect(text('CMakeLists.txt')).toContain('project(beam-telemetry)');
    expect(text('main/Kconfig.projbuild')).toContain('default 32768');
  });

  it('compiles files that are there, and all of the port', () => {
    const cmake = text('main/CMakeLists.txt');
    const listed = [...cmake.matchAll(/"\$\{(top|runtime)\}\/([^"]+)"/g)].map(([, from, path = '']) =>
      join(from === 'top' ? '' : 'runtime', path),
    );
    expect(listed.length).toBeGreaterThan(10);
    for (const path of listed) expect(existsSync(join(folder, path)), path).toBe(true);
    for (const name of port()) expect(listed).toContain(`runtime/port/esp-idf/${name}`);
    for (const engine of ENGINES) {
      for (const name of readdirSync(join(folder, 'runtime/engine', engine)).filter((file) => file.endsWith('.c'))) {
        expect(listed).toContain(`runtime/engine/${engine}/${name}`);
      }
    }
    expect(cmake.match(/\(/g)?.length).toBe(cmake.match(/\)/g)?.length);
  });

  it('depends on ESP-IDF and on its component of WAMR', () => {
    const lines = text('main/idf_component.yml').trimEnd().split('\n');
    expect(lines[0]).toBe('dependencies:');
    const dependencies = lines.slice(1).map((line) => /^ {2}([\w/-]+): ['"]([^'"]+)['"]$/.exec(line)?.slice(1));
    expect(dependencies).toEqual([
      ['idf', '>=5.3'],
      ['espressif/wasm-micro-runtime', '^2.4.0'],
    ]);
  });

  it('uses no option of its own that its Kconfig does not have, and has none that nobody uses', () => {
    const sources = [...port().map((name) => `runtime/port/esp-idf/${name}`), 'main/CMakeLists.txt']
      .map(text)
      .join('\n');
    const used = new Set([...sources.matchAll(/CONFIG_(AKARI_\w+)/g)].map(([, name = '']) => name));
    expect([...declared().keys()].filter((name) => !used.has(name))).toEqual(['AKARI_ENGINE_WASM2C']);
    expect([...used].filter((name) => !declared().has(name))).toEqual([]);
  });

  it.each(['', ...CHIPS.map((chip) => `.${chip}`)])('has options one a line in sdkconfig.defaults%s', (suffix) => {
    for (const line of text(`sdkconfig.defaults${suffix}`).split('\n')) {
      expect(line).toMatch(/^(#.*|CONFIG_[A-Z0-9_]+=(y|n|0x[0-9a-f]+|\d+|"[^"]*")|)$/);
    }
  });

  it('encrypts the store on every chip, and leaves WASI and threads out of WAMR', () => {
    const common = text('sdkconfig.defaults');
    for (const line of [
      'NVS_ENCRYPTION=y',
      'WAMR_ENABLE_LIBC_WASI=n',
      'WAMR_ENABLE_LIB_PTHREAD=n',
      'ESP_TASK_WDT_PANIC=y',
    ]) {
      expect(common).toContain(`\nCONFIG_${line}\n`);
    }
    for (const chip of CHIPS)
      expect(text(`sdkconfig.defaults.${chip}`)).toMatch(/CONFIG_NVS_SEC_KEY_PROTECT_USING_\w+=y/);
  });
});

describe('the partition table', () => {
  interface Partition {
    readonly name: string;
    readonly type: string;
    readonly subtype: string;
    readonly offset: number;
    readonly size: number;
    readonly flags: string;
  }
  const table = (): Partition[] =>
    text('partitions.csv')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const [name = '', type = '', subtype = '', offset = '', size = '', flags = ''] = line
          .split(',')
          .map((s) => s.trim());
        return { name, type, subtype, offset: Number(offset), size: Number(size), flags };
      });

  it('fits 2 MB of flash without overlap, in whole sectors, programs at 64 KiB', () => {
    let end = Number(/CONFIG_PARTITION_TABLE_OFFSET=(\w+)/.exec(text('sdkconfig.defaults'))?.[1]) + 0x1000;
    for (const { name, type, offset, size } of table()) {
      expect(offset, name).toBeGreaterThanOrEqual(end);
      expect(offset % (type === 'app' ? 0x10000 : 0x1000), name).toBe(0);
      expect(size % 0x1000, name).toBe(0);
      end = offset + size;
    }
    expect(end).toBeLessThanOrEqual(2 << 20);
    expect(new Set(table().map(({ name }) => name)).size).toBe(table().length);
  });

  it('has the store, its keys, encrypted, and two slots for modules that each hold the largest one', () => {
    const of = (subtype: string): Partition | undefined => table().find((partition) => partition.subtype === subtype);
    expect(of('nvs')?.size).toBeGreaterThanOrEqual(0x3000);
    expect(of('nvs_keys')).toMatchObject({ type: 'data', flags: 'encrypted', size: 0x1000 });
    const budgets = JSON.parse(readFileSync('budget.json', 'utf8')) as Record<string, { code?: number }>;
    const largest = Math.max(...Object.values(budgets).map(({ code = 0 }) => code));
    for (const slot of ['0x40', '0x41']) expect(of(slot)?.size).toBeGreaterThanOrEqual(4096 + largest);
  });
});

describe('the port', () => {
  /** A header of each name that the port includes, all with the declarations of idf/declarations.h; sdkconfig.h by the Kconfig. */
  function headers(chip: string, engine: string): string {
    const include = scratch();
    const put = (name: string, content: string): void => {
      mkdirSync(dirname(join(include, name)), { recursive: true });
      writeFileSync(join(include, name), content);
    };
    const own = /^(akari_\w+|core|esp)\.h$/;
    const library = [
      'stdio.h',
      'string.h',
      'inttypes.h',
      'stddef.h',
      'stdint.h',
      'stdbool.h',
      'pthread.h',
      'sys/time.h',
    ];
    const sources = port().map((name) => text(`runtime/port/esp-idf/${name}`));
    for (const [, name = ''] of sources.join('\n').matchAll(/^#include [<"]([^>"]+)[>"]/gm)) {
      if (own.test(name) || library.includes(name)) continue;
      put(name, `#include "${resolve('test/runtime/idf/declarations.h')}"\n`);
    }
    const options = [...declared()].flatMap(([name, type]) => {
      if (type === 'bool') return name === `AKARI_ENGINE_${engine.toUpperCase()}` ? [`#define CONFIG_${name} 1`] : [];
      const value = name === 'AKARI_UART1_NUMBER' ? 2 : 1;
      return [`#define CONFIG_${name} ${type === 'hex' ? '0x' : ''}${value}`];
    });
    put('sdkconfig.h', [...options, ...(chip === 'esp32' ? ['#define IDF_CHIP_ESP32'] : []), ''].join('\n'));
    return include;
  }

  withPrograms('gcc', 'libc').it.each(
    ['esp32', 'esp32c3'].flatMap((chip) => ENGINES.map((engine) => [chip, engine] as const)),
  )('type-checks for %s with the engine %s', (chip, engine) => {
    const include = headers(chip, engine);
    const flags = [
      '-std=gnu17',
      '-fsyntax-only',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-include',
      join(include, 'sdkconfig.h'),
    ];
    const runtime = join(folder, 'runtime');
    const folders = [include, join(runtime, 'include'), join(runtime, 'core')].map((path) => `-I${path}`);
    const files = port().map((name) => join(runtime, 'port/esp-idf', name));
    const { status, stderr } = spawnSync('gcc', [...flags, ...folders, ...files], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  withPrograms('gcc', 'libc').it(
    'finds a whole module at every start, whenever power is cut, and goes back to the old one when the new one fails',
    () => {
      const include = headers('esp32c3', 'wamr');
      const program = join(include, 'modules');
      const flags = ['-std=gnu17', '-g', '-fsanitize=address,undefined', '-Wall', '-Wextra', '-Werror'];
      const runtime = join(folder, 'runtime');
      const folders = [include, 'test/runtime/idf', join(runtime, 'include'), join(runtime, 'port/esp-idf')];
      const built = spawnSync(
        'gcc',
        [...flags, ...folders.map((path) => `-I${path}`), 'test/runtime/idf/modules.c', '-o', program],
        { encoding: 'utf8' },
      );
      expect(built.stderr).toBe('');
      for (const seed of ['1', '2', '3']) {
        const { status, stdout, stderr } = spawnSync(program, [seed], { encoding: 'utf8' });
        expect([stdout, stderr], `seed ${seed}`).toEqual([
          expect.stringMatching(/^\d{3,} cuts, \d{3,} trials, proven \d{3,}\n$/),
          '',
        ]);
        expect(status).toBe(0);
      }
    },
  );

  withPrograms('make').it('is not built without ESP-IDF, and says so', () => {
    const { status, stderr } = spawnSync('make', ['-C', 'runtime', 'check-idf', 'IDF_PATH='], { encoding: 'utf8' });
    expect(stderr).toMatch(/check-idf: not run\. IDF_PATH is not set/);
    expect(status).not.toBe(0);
  });
});
