// The clients of the platform's services as a compiled module over the board's own sockets, and a net behind those
// sockets whose far end a test scripts.

import { NetState, Status } from '../../../host/board/abi.js';
import { compileDeviceSource } from '../../kit/compile.js';

export const Outcome = { Pending: 0, Delivered: 1, Retry: 2, Refused: 3, Invalid: 4 } as const;
export const NetKind = { Udp: 0, Tcp: 1, Tls: 2 } as const;

/** How a client is opened, and what its first message is begun with. */
interface Client {
  readonly file: string;
  readonly type: string;
  readonly open: string;
  readonly transport: 'http' | 'message' | 'other';
  /** Name of its `step`. */
  readonly step?: string;
}

const http = (file: string, type: string, step = 'step'): Client => ({
  ...{ file, type, step },
  open: 'open(net)',
  transport: 'http',
});
const tcp = (file: string, type: string, step = 'step'): Client => ({
  ...{ file, type, step },
  open: 'open(net)',
  transport: 'message',
});
const udp = (file: string, type: string, step = 'step'): Client => ({
  ...{ file, type, step },
  open: 'open(net)',
  transport: 'message',
});

const CLIENTS = {
  metadata: http('metadata', 'MetadataClient'),
  harvestHttp: http('harvest-data', 'HarvestHttp'),
  harvestTcp: tcp('harvest-data', 'HarvestTcp'),
  harvestUdp: udp('harvest-data', 'HarvestUdp'),
  funnelHttp: http('funnel', 'FunnelHttp'),
  funnelTcp: tcp('funnel', 'FunnelTcp'),
  funnelUdp: udp('funnel', 'FunnelUdp'),
  funkHttp: http('funk', 'FunkHttp'),
  funkTcp: tcp('funk', 'FunkTcp'),
  funkUdp: udp('funk', 'FunkUdp'),
  beamTcp: tcp('beam-message', 'BeamTcp'),
  beamUdp: udp('beam-message', 'BeamUdp'),
  unifiedHttp: http('unified', 'UnifiedHttp', 'stepAll'),
  unifiedTcp: tcp('unified', 'UnifiedTcp', 'stepAll'),
  unifiedUdp: udp('unified', 'UnifiedUdp', 'stepAll'),
  endorse: http('endorse', 'EndorseClient', 'stepToken'),
} satisfies Record<string, Client>;

export type ClientName = keyof typeof CLIENTS;

function declarations(name: string, { file, type, open, transport, step = 'step' }: Client): string {
  const answer =
    transport === 'http'
      ? `export function ${name}_answerLength(): i32 { return ${name}.answerLength; }
         export function ${name}_result(): i32 { return ${name}.http.result; }`
      : `export function ${name}_answerLength(): i32 { return ${name}.answerLength; }
         export function ${name}_answerAt(): i32 { return <i32>(${name}.answer - OUT); }
         export function ${name}_result(): i32 { return ${name}.message.result; }
         export function ${name}_bare(on: bool): void { ${name}.bare = on; }
         export function ${name}_idle(): bool { return ${name}.idle; }
         export function ${name}_seq(): i32 { return ${name}.seq; }
         export function ${name}_compose(now: i64, len: i32): void {
           ${name}.send(now, ${name}.compose().bytes(IN, len)); }
         export function ${name}_send(now: i64, len: i32, max: i32): void { ${name}.exchange(now, IN, len, OUT, max); }`;
  return `
    import { ${type} } from "./assembly/soracom/${file}";
    const ${name} = place<${type}<BoardNet>>();
    export function ${name}_open(): void { ${name}.${open}; }
    export function ${name}_step(now: i64): i32 { return ${name}.${step}(now); }
    export function ${name}_deadline(): i64 { return ${name}.deadline; }
    export function ${name}_code(): i32 { return ${name}.code; }
    ${answer}`;
}

const POSTS = ['funnelHttp', 'funkHttp', 'unifiedHttp'].map(
  (name) => `export function ${name}_post(now: i64, len: i32, max: i32): void {
    ${name}.post(now, "application/json", IN, len, OUT, max); }`,
);

const SOURCE = `
  import { BoardNet } from "./assembly/net/transport";
  import { place } from "./assembly/place";
  import { BeamStream } from "./assembly/soracom/beam-stream";
  import { FilesClient } from "./assembly/soracom/harvest-files";
  const net = changetype<BoardNet>(memory.data(8));
  const IN = memory.data(4096);
  const OUT = memory.data(2048);
  export function input(): usize { return IN; }
  export function output(): usize { return OUT; }
  ${Object.entries(CLIENTS)
    .map(([name, client]) => declarations(name, client))
    .join('')}
  ${POSTS.join('')}
  export function metadata_field(now: i64, len: i32, max: i32): void { metadata.field(now, IN, len, OUT, max); }
  export function metadata_tag(now: i64, len: i32, max: i32): void { metadata.tag(now, IN, len, OUT, max); }
  export function metadata_userdata(now: i64, max: i32): void { metadata.userdata(now, OUT, max); }
  export function metadata_putTag(now: i64, n: i32, v: i32, max: i32): void {
    metadata.putTag(now, IN, n, IN + n, v, OUT, max); }
  export function metadata_deleteTag(now: i64, len: i32, max: i32): void { metadata.deleteTag(now, IN, len, OUT, max); }
  export function harvestHttp_post(now: i64, len: i32, time: i64, max: i32): void {
    harvestHttp.post(now, "text/plain", time, IN, len, OUT, max); }
  export function endorse_get(now: i64): void { endorse.get(now); }
  export function endorse_post(now: i64, len: i32): void { endorse.post(now, IN, len); }
  export function endorse_token(): usize { return endorse.token; }
  export function endorse_tokenLength(): i32 { return endorse.tokenLength; }

  const files = place<FilesClient<BoardNet>>();
  export function files_open(): void { files.open(net); }
  export function files_put(now: i64, len: i32): void { files.put(now, "/log.txt", "text/plain", len); }
  export function files_get(now: i64): void { files.get(now, "/firmware.bin"); }
  export function files_resume(now: i64): void { files.resume(now); }
  export function files_next(now: i64): void { files.next(now); }
  export function files_abort(): void { files.abort(); }
  export function files_step(now: i64): i32 { return files.step(now); }
  export function files_deadline(): i64 { return files.deadline; }
  export function files_code(): i32 { return files.code; }
  export function files_size(): i32 { return files.size; }
  export function files_offset(): i32 { return files.offset; }
  export function files_changed(): bool { return files.changed; }
  export function files_wantsPart(): bool { return files.wantsPart; }
  export function files_partAt(): i32 { return files.partAt; }
  export function files_givePart(len: i32): void { files.givePart(IN, len); }
  export function files_part(): usize { return files.part; }
  export function files_partLength(): i32 { return files.partLength; }

  const stream = place<BeamStream<BoardNet>>();
  export function stream_open(): void { stream.open(net); }
  export function stream_close(): void { stream.close(); }
  export function stream_step(now: i64): void { stream.step(now); }
  export function stream_state(): i32 { return stream.state; }
  export function stream_error(): i32 { return stream.error; }
  export function stream_deadline(): i64 { return stream.deadline; }
  export function stream_write(len: i32): i32 { return stream.write(IN, len); }
  export function stream_read(max: i32): i32 { return stream.read(OUT, max); }
`;

/** What the board gives as random bits. */
const SEED = 5;

let module: WebAssembly.Module | undefined;

/** Compiles the clients, once a test file. */
export async function compileClients(): Promise<void> {
  module = new WebAssembly.Module(await compileDeviceSource(SOURCE));
}

/** The far end of one socket, for a test to script. */
export class FarEnd {
  state: number = NetState.Open;
  /** All that the device has sent, and each datagram of it. */
  received = Buffer.alloc(0);
  readonly datagrams: Buffer[] = [];
  #stream = Buffer.alloc(0);
  readonly #waiting: Buffer[] = [];

  constructor(
    readonly kind: number,
    readonly host: string,
    readonly port: number,
  ) {}

  /** Sends bytes, or a datagram. */
  say(text: string | Uint8Array): void {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : Buffer.from(text);
    if (this.kind === NetKind.Udp) this.#waiting.push(bytes);
    else this.#stream = Buffer.concat([this.#stream, bytes]);
  }

  close(): void {
    this.state = NetState.Ended;
  }

  get hasMore(): boolean {
    return this.#stream.length > 0 || this.#waiting.length > 0;
  }

  get visibleState(): number {
    return this.state === NetState.Ended && this.#stream.length > 0 ? NetState.Open : this.state;
  }

  read(limit: number): Buffer {
    if (this.kind === NetKind.Udp) return (this.#waiting.shift() ?? Buffer.alloc(0)).subarray(0, limit);
    const part = this.#stream.subarray(0, limit);
    this.#stream = this.#stream.subarray(part.length);
    return part;
  }
}

type Exports = Record<string, (...args: (number | bigint)[]) => number | bigint> & { memory: WebAssembly.Memory };

export class Clients {
  now = 0;
  /** Sockets in the order in which they were opened. */
  readonly sockets: FarEnd[] = [];
  closed = 0;
  /** What `net_open` says instead of a handle, if below 0. */
  openResult = 0;
  /** State of a new socket. */
  openState: number = NetState.Open;
  /** Bytes that one call moves at most. */
  slice = 1500;
  /** Called after the device has sent something. */
  serve: (socket: FarEnd, sent: Buffer) => void = () => undefined;
  readonly #exports: Exports;
  #woken = false;

  constructor() {
    if (!module) throw new Error('compileClients first');
    const at = (ptr: number, len: number): Buffer => Buffer.from(this.#exports.memory.buffer, ptr, len);
    const socket = (handle: number): FarEnd => {
      const found = this.sockets[handle];
      if (!found) throw new Error(`no socket ${handle}`);
      return found;
    };
    this.#exports = new WebAssembly.Instance(module, {
      board: {
        entropy: (ptr: number, len: number) => {
          at(ptr, len).fill(0).writeUInt32LE(SEED);
          return Status.Ok;
        },
        net_open: (kind: number, host: number, hostLen: number, port: number) => {
          if (this.openResult < 0) return this.openResult;
          this.#woken = true;
          const end = new FarEnd(kind, at(host, hostLen).toString(), port);
          end.state = this.openState;
          return this.sockets.push(end) - 1;
        },
        net_state: (handle: number) => socket(handle).visibleState,
        net_send: (handle: number, ptr: number, len: number) => {
          const end = socket(handle);
          if (end.state < 0) return end.state;
          if (end.state === NetState.Ended) return Status.Closed;
          const part = Buffer.from(at(ptr, end.kind === NetKind.Udp ? len : Math.min(len, this.slice)));
          if (end.kind === NetKind.Udp && len > 1460) return Status.TooLong;
          this.#woken = true;
          end.received = Buffer.concat([end.received, part]);
          if (end.kind === NetKind.Udp) end.datagrams.push(part);
          this.serve(end, part);
          return part.length;
        },
        net_recv: (handle: number, ptr: number, max: number) => {
          const end = socket(handle);
          if (end.hasMore) this.#woken = true;
          if (end.state < 0) return end.state;
          return end.read(end.kind === NetKind.Udp ? max : Math.min(max, this.slice)).copy(at(ptr, max));
        },
        net_close: () => {
          this.closed++;
          return Status.Ok;
        },
      },
    }).exports as unknown as Exports;
  }

  call(name: string, ...args: (number | bigint)[]): number {
    const entry = this.#exports[name];
    if (!entry) throw new Error(`no export ${name}`);
    return Number(entry(...args));
  }

  get time(): bigint {
    return BigInt(this.now);
  }

  get last(): FarEnd {
    const end = this.sockets.at(-1);
    if (!end) throw new Error('no socket was opened');
    return end;
  }

  /** Puts bytes where the exports take their input from; returns their number. */
  put(...texts: (string | Uint8Array)[]): number {
    const bytes = Buffer.concat(texts.map((text) => Buffer.from(text as string)));
    new Uint8Array(this.#exports.memory.buffer).set(bytes, this.call('input'));
    return bytes.length;
  }

  bytesAt(ptr: number, len: number): Buffer {
    return Buffer.from(this.#exports.memory.buffer.slice(ptr, ptr + len));
  }

  /** Answer of the last exchange. */
  answer(client: ClientName): string {
    const at = CLIENTS[client].transport === 'message' ? this.call(`${client}_answerAt`) : 0;
    return this.bytesAt(this.call('output') + at, this.call(`${client}_answerLength`)).toString('latin1');
  }

  /**
   * Steps until there is an outcome, at most `seconds`: when the device has to do with the net (as a modem wakes it) and
   * when the client asks to be woken.
   */
  outcome(client: ClientName | 'files', seconds = 600): number {
    for (const end = this.now + seconds * 1000; this.now < end;) {
      const deadline = this.call(`${client}_deadline`);
      // A modem that has been given something wakes the device; else only the deadline does, or what the far end says.
      this.now = this.#woken ? this.now + 1 : Math.max(this.now + 1, Math.min(deadline, end));
      this.#woken = false;
      const outcome = this.call(`${client}_step`, this.time);
      if (outcome === Outcome.Pending) continue;
      this.#woken = false;
      return outcome;
    }
    return Outcome.Pending;
  }
}
