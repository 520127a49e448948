// The device's AT client and BG95 driver (assembly/kit/quectel.ts): bytes in, bytes out, milliseconds as an argument. A kit has
// one of each.

/** How a command ended; the numbers of `AtResult`. */
export const AtResult = { None: 0, Ok: 1, Error: 2, Cme: 3, SendFail: 4, Timeout: 5, Silent: 6 } as const;

export interface ModemKit {
  atReset(): void;
  /** Sends a command, with `data` at its prompt if that is not empty. Lines with the prefix are its own. */
  atSend(now: number, timeout: number, command: string, prefix: string, data: Uint8Array): void;
  /** A line of text for each event: `info ...`, `urc ...`, `data ...`. A line `+QIRD: n` announces n bytes of data. */
  atFeed(bytes: Uint8Array): string;
  atStep(now: number): void;
  atResult(): number;
  atCode(): number;
  atIdle(): boolean;
  atDataLost(): boolean;
  /** Infinity for none. */
  atDeadline(): number;
  atOutput(): Uint8Array;

  bg95Begin(seed: number, push: boolean): void;
  bg95Feed(bytes: Uint8Array): void;
  bg95Step(now: number): void;
  bg95Deadline(): number;
  bg95Output(): Uint8Array;
  bg95State(): number;
  bg95Ready(): boolean;
  /** `kind`: 0 UDP, 1 TCP (when left out), 2 TLS. */
  bg95Open(host: Uint8Array, port: number, kind?: number): number;
  bg95Status(handle: number): number;
  bg95Write(handle: number, bytes: Uint8Array): number;
  bg95Read(handle: number, limit: number): Uint8Array;
  bg95Close(handle: number): void;
}

type Flags = 'atIdle' | 'atDataLost' | 'bg95Ready';

/** What kit.wasm exports for it: the same, with numbers for truth. */
export type ModemExports = Omit<ModemKit, Flags | 'bg95Open'> &
  Record<Flags, () => number> & { bg95Open(kind: number, host: Uint8Array, port: number): number };

export function modemKit(wasm: ModemExports): ModemKit {
  return {
    atReset: () => wasm.atReset(),
    atSend: (now, timeout, command, prefix, data) => wasm.atSend(now, timeout, command, prefix, data),
    atFeed: (bytes) => wasm.atFeed(bytes),
    atStep: (now) => wasm.atStep(now),
    atResult: () => wasm.atResult(),
    atCode: () => wasm.atCode(),
    atIdle: () => wasm.atIdle() !== 0,
    atDataLost: () => wasm.atDataLost() !== 0,
    atDeadline: () => wasm.atDeadline(),
    atOutput: () => wasm.atOutput(),
    bg95Begin: (seed, push) => wasm.bg95Begin(seed, push),
    bg95Feed: (bytes) => wasm.bg95Feed(bytes),
    bg95Step: (now) => wasm.bg95Step(now),
    bg95Deadline: () => wasm.bg95Deadline(),
    bg95Output: () => wasm.bg95Output(),
    bg95State: () => wasm.bg95State(),
    bg95Ready: () => wasm.bg95Ready() !== 0,
    bg95Open: (host, port, kind = 1) => wasm.bg95Open(kind, host, port),
    bg95Status: (handle) => wasm.bg95Status(handle),
    bg95Write: (handle, bytes) => wasm.bg95Write(handle, bytes),
    bg95Read: (handle, limit) => wasm.bg95Read(handle, limit),
    bg95Close: (handle) => wasm.bg95Close(handle),
  };
}
