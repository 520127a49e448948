// The outbox on a board that has its own IP stack: the same code over `net_*`, without a modem driver.

import { beforeAll, describe, expect, test } from 'vitest';
import { NetState, Status } from '../../host/board/abi.js';
import { compileDeviceSource } from '../kit/compile.js';
import { type Answer, type Request, parseRequest } from './scripted-modem.js';

const SOURCE = `
  import { clock_ms } from "./assembly/board/index";
  import { BoardNet } from "./assembly/net/transport";
  import { place } from "./assembly/place";
  import { Outbox } from "./assembly/soracom/outbox";
  import { sleepUntil } from "./assembly/time";
  const net = changetype<BoardNet>(memory.data(8));
  const outbox = place<Outbox<BoardNet>>();
  export function setup(): void { outbox.open(net, "/a"); }
  export function put(n: i32): void { outbox.compose().num(n); outbox.commit(clock_ms()); }
  export function loop(): i32 {
    const now = clock_ms();
    outbox.step(now);
    return sleepUntil(now, i64.MAX_VALUE, i64.MAX_VALUE, outbox.deadline);
  }
`;

let module: WebAssembly.Module;
beforeAll(async () => {
  module = new WebAssembly.Module(await compileDeviceSource(SOURCE));
});

interface App {
  memory: WebAssembly.Memory;
  setup(): void;
  put(n: number): void;
  loop(): number;
}

/** A board whose sockets lead to one server. Each call moves at most `slice` bytes. */
class NetBoard {
  now = 0;
  readonly requests: Request[] = [];
  opened = 0;
  state: number = NetState.Open;
  openResult = 0;
  answer: (request: Request) => Answer = () => ({ text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' });
  readonly app: App;
  #in = Buffer.alloc(0);
  #out = Buffer.alloc(0);

  constructor(slice: number) {
    const store = new Map<number, Buffer>();
    const at = (ptr: number, len: number): Buffer => Buffer.from(this.app.memory.buffer, ptr, len);
    this.app = new WebAssembly.Instance(module, {
      board: {
        clock_ms: () => BigInt(this.now),
        entropy: (ptr: number, len: number) => (at(ptr, len).fill(7), Status.Ok),
        log: () => undefined,
        store_read: (key: number, ptr: number, max: number) => {
          const value = store.get(key);
          value?.copy(at(ptr, max));
          return value?.length ?? Status.NotFound;
        },
        store_write: (key: number, ptr: number, len: number) => (store.set(key, Buffer.from(at(ptr, len))), Status.Ok),
        net_open: (kind: number, host: number, hostLen: number, port: number) => {
          expect([kind, at(host, hostLen).toString(), port]).toEqual([1, 'beam.soracom.io', 8888]);
          this.opened++;
          this.state = NetState.Open;
          this.#in = this.#out = Buffer.alloc(0);
          return this.openResult;
        },
        net_state: () => (this.state === NetState.Ended && this.#out.length > 0 ? NetState.Open : this.state),
        net_send: (_handle: number, ptr: number, len: number) => {
          const part = at(ptr, Math.min(len, slice));
          this.#in = Buffer.concat([this.#in, part]);
          const request = parseRequest(this.#in.toString('latin1'));
          if (request) {
            this.requests.push(request);
            this.#in = Buffer.alloc(0);
            const { text, close } = this.answer(request);
            this.#out = Buffer.concat([this.#out, Buffer.from(text)]);
            if (close) this.state = NetState.Ended;
          }
          return part.length;
        },
        net_recv: (_handle: number, ptr: number, max: number) => {
          const n = this.#out.copy(at(ptr, Math.min(max, slice)), 0, 0, Math.min(max, slice));
          this.#out = this.#out.subarray(n);
          return n;
        },
        net_close: () => Status.Ok,
      },
    }).exports as unknown as App;
    this.app.setup();
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 10) this.app.loop();
  }

  get bodies(): string[] {
    return this.requests.map(({ body }) => body);
  }
}

describe("an outbox over the board's own sockets", () => {
  test('imports no UART: an app carries what it uses', () => {
    const names = WebAssembly.Module.imports(module).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('uart'))).toEqual([]);
    expect(names).toContain('net_open');
  });

  test.each([1, 7, 1460])('sends in order over one connection, %i bytes a call', (slice) => {
    const board = new NetBoard(slice);
    for (const n of [1, 2, 3]) board.app.put(n);
    board.run(5_000);
    expect(board.bodies).toEqual(['1', '2', '3']);
    expect(board.opened).toBe(1);
  });

  test('a server that closes each time', () => {
    const board = new NetBoard(100);
    board.answer = () => ({ text: 'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n', close: true });
    for (const n of [1, 2]) board.app.put(n);
    board.run(5_000);
    expect(board.bodies).toEqual(['1', '2']);
    expect(board.opened).toBe(2);
  });

  test.each([Status.Unsupported, Status.NoSpace])(
    'a board that cannot open a socket now (%i) is asked again, with waits',
    (status) => {
      const board = new NetBoard(100);
      board.openResult = status;
      board.app.put(1);
      board.run(60_000);
      expect(board.opened).toBeGreaterThan(2);
      expect(board.opened).toBeLessThan(8);
      board.openResult = 0;
      board.run(120_000);
      expect(board.bodies).toEqual(['1']);
    },
  );

  test('a socket that fails, hangs or ends early: again, with the same id', () => {
    const board = new NetBoard(100);
    const cases: Answer[] = [
      { text: '', close: true },
      { text: 'HTTP/1.1 200 OK\r\nContent-Le', close: true },
      { text: '' },
      { text: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx' },
    ];
    board.answer = () => cases[board.requests.length - 1] ?? { text: '' };
    board.app.put(1);
    board.run(200_000);
    expect(board.bodies).toEqual(['1', '1', '1', '1']);
    expect(new Set(board.requests.map(({ headers }) => headers['x-message-id'])).size).toBe(1);
  });
});
