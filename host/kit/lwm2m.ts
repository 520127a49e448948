// LwM2M payloads of the device (assembly/kit/lwm2m.ts): values at paths, in text, opaque, TLV, SenML JSON and SenML CBOR; CoRE links.

import { within } from './check.js';

/** CoAP Content-Formats. */
export const Lwm2mFormat = { Text: 0, Link: 40, Opaque: 42, SenmlJson: 110, SenmlCbor: 112, Tlv: 11542 } as const;

/** Data types, as the device numbers them. */
export const Lwm2mType = {
  string: 1,
  integer: 2,
  unsigned: 3,
  float: 4,
  boolean: 5,
  opaque: 6,
  time: 7,
  objlnk: 8,
} as const;
export type Lwm2mTypeName = keyof typeof Lwm2mType;

/** bigint for whole numbers, `66:0` for a link. */
export type Lwm2mValue = string | bigint | number | boolean | Uint8Array;

export interface Lwm2mEntry {
  /** `/3/0/9`. */
  readonly path: string;
  readonly mark: 'value' | 'instance' | 'multiple';
  /** Absent for containers, names alone, and where no type was given. */
  readonly value?: Lwm2mValue;
  /** The bytes as they stand in a TLV payload. */
  readonly raw?: Uint8Array;
}

/** What a registration is to do. */
export type Lwm2mWish =
  | { readonly do: 'start' | 'update' | 'stop' }
  | { readonly do: 'lifetime' | 'pause'; readonly seconds: number }
  | { readonly do: 'links'; readonly body: Uint8Array };

export interface Lwm2mKit {
  /** Reads a payload of the request's `base`. `typeOf` gives the type at a path; where it gives none the raw bytes are returned. */
  lwm2mRead(
    format: number,
    bytes: Uint8Array,
    base: string,
    typeOf?: (path: string) => Lwm2mTypeName | undefined,
  ): { readonly status: number; readonly entries: readonly Lwm2mEntry[] };
  /**
   * Writes values, which come in the order of their paths. A path with `multiple` begins such a resource (its values have one more
   * level), one with `instance` an instance. The length is what it takes, even where `capacity` is less; -1 when a value has no form.
   */
  lwm2mWrite(
    format: number,
    base: string,
    entries: readonly { path: string; mark?: 'instance' | 'multiple'; type?: Lwm2mTypeName; value?: Lwm2mValue }[],
    capacity?: number,
  ): { readonly length: number; readonly bytes: Uint8Array };
  /**
   * Sample objects of a device (assembly/kit/lwm2m-objects.ts) behind the kit's CoAP endpoint, new. `preferred` is the format of answers
   * to a server without a wish, -1 as in LwM2M 1.0; `limit` the bytes of an answer, at most 2048.
   */
  lwm2mObjectsBegin(preferred: number, limit?: number): void;
  /** A number of the device's own: `3/0/9/-1`. The objects are told that it has changed unless `silent`. */
  lwm2mObjectsPut(name: string, value: number, silent?: boolean): void;
  /** The server whose requests come from now on, 1 unless said; observations are of server 1 only. */
  lwm2mObjectsServer(ssid: number): void;
  /** Access rights of a server to an instance, as bits of the Access Control object; instance -1: to create one. All unless said. */
  lwm2mObjectsAllow(object: number, instance: number, ssid: number, bits: number): void;
  /** Resources 2, 3, 6 and 26 of the Server object. */
  lwm2mObserveRules(rules: { pmin?: number; pmax?: number; storing?: boolean; confirmable?: boolean }): void;
  /** Sends what is due; after each event of the endpoint, and at the deadline. */
  lwm2mObserveStep(now: number): void;
  /** Infinity for none. */
  lwm2mObserveDeadline(): number;
  lwm2mObserveCount(): number;
  /** The server can be reached, or not. */
  lwm2mObserveReach(now: number, is: boolean): void;
  lwm2mObserveClear(): void;
  /** Sends values at these paths by itself; Status, and the endpoint's Response says what becomes of it. */
  lwm2mSend(now: number, format: number, paths: readonly string[], mute?: boolean): number;
  /** Answers what `coapReceive` has brought. */
  lwm2mObjectsHandle(event: number, now: number): void;
  /** What has been executed and changed since it was last asked for. */
  lwm2mObjectsJournal(): string[];
  /** The body of Register. */
  lwm2mObjectsLinks(): Uint8Array;
  /** A registration over the kit's CoAP endpoint as `coapBegin` has left it, off; Status. `version` 10 or 11. */
  lwm2mRegistrationBegin(
    name: Uint8Array,
    links: Uint8Array,
    lifetime: number,
    version: 10 | 11,
    queue: boolean,
  ): number;
  /** Resources 17 to 20 of the Server object, seconds. */
  lwm2mRegistrationRules(rules: { count: number; timer: number; delay: number; sequences: number }): void;
  lwm2mRegistrationDo(what: Lwm2mWish, now: number): void;
  /** Takes an event of the endpoint; whether it was the registration's. */
  lwm2mRegistrationAnswered(now: number, event: number): boolean;
  lwm2mRegistrationStep(now: number): void;
  /** Infinity for none. */
  lwm2mRegistrationDeadline(): number;
  /** `failure`: a Status below 0, or the code of the refusal. `reconnect` is said once. */
  lwm2mRegistrationStatus(): {
    readonly state: string;
    readonly failure: number;
    readonly version: number;
    readonly reconnect: boolean;
  };
  lwm2mLinks(bytes: Uint8Array): {
    readonly status: number;
    readonly links: readonly { readonly target: string; readonly parameters: readonly (readonly [string, string])[] }[];
  };
}

/** What kit.wasm exports for it. */
export interface Lwm2mExports {
  lwm2mReadBegin(format: number, bytes: Uint8Array, path: Int32Array): number;
  lwm2mReadNext(): number;
  lwm2mEntry(): Int32Array;
  lwm2mResolve(type: number): number;
  lwm2mInt(): bigint;
  lwm2mFloat(): number;
  lwm2mBytes(): Uint8Array;
  lwm2mWriteBegin(format: number, capacity: number, path: Int32Array): void;
  lwm2mWriteAt(what: number, id: number): void;
  lwm2mWriteValue(type: number, int: bigint, float: number, bytes: Uint8Array): void;
  lwm2mWriteEnd(): number;
  lwm2mWritten(): Uint8Array;
  lwm2mLinks(bytes: Uint8Array): string;
  lwm2mObjectsBegin(preferred: number, limit: number): void;
  lwm2mObjectsPut(name: string, value: number, silent: boolean): void;
  lwm2mObjectsServer(ssid: number): void;
  lwm2mObjectsAllow(object: number, instance: number, ssid: number, bits: number): void;
  lwm2mObserveRules(pmin: number, pmax: number, storing: boolean, confirmable: boolean): void;
  lwm2mObserveStep(now: number): void;
  lwm2mObserveDeadline(): number;
  lwm2mObserveCount(): number;
  lwm2mObserveReach(now: number, is: boolean): void;
  lwm2mObserveClear(): void;
  lwm2mSend(now: number, format: number, paths: Int32Array, mute: boolean): number;
  lwm2mObjectsHandle(event: number, now: number): void;
  lwm2mObjectsJournal(): string;
  lwm2mObjectsLinks(): Uint8Array;
  lwm2mRegistrationBegin(
    name: Uint8Array,
    links: Uint8Array,
    lifetime: number,
    version: number,
    queue: boolean,
  ): number;
  lwm2mRegistrationRules(count: number, timer: number, delay: number, sequences: number): void;
  lwm2mRegistrationDo(what: number, now: number, value: number, body: Uint8Array): void;
  lwm2mRegistrationAnswered(now: number, event: number): number;
  lwm2mRegistrationStep(now: number): void;
  lwm2mRegistrationDeadline(): number;
  lwm2mRegistrationStatus(): Int32Array;
}

/** In the order of `RegistrationState`. */
const STATES = ['off', 'waiting', 'failed', 'registered', 'updating', 'registering', 'leaving'] as const;
/** In the order of assembly/kit/lwm2m-registration.ts. */
const WISHES = ['start', 'update', 'lifetime', 'links', 'stop', 'pause'] as const;

const MARKS = ['value', 'instance', 'multiple'] as const;
const NOTHING = new Uint8Array();

function idsOf(path: string): number[] {
  const ids = path === '/' ? [] : path.slice(1).split('/').map(Number);
  for (const id of ids) within(`path ${path}`, id, 0, 65_535);
  within(`levels of ${path}`, ids.length, 0, 4);
  return ids;
}
const four = (path: string): Int32Array => Int32Array.from([...idsOf(path), -1, -1, -1, -1].slice(0, 4));

export function lwm2mKit(wasm: Lwm2mExports): Lwm2mKit {
  function valueOf(type: Lwm2mTypeName): Lwm2mValue {
    switch (type) {
      case 'string':
        return Buffer.from(wasm.lwm2mBytes()).toString();
      case 'opaque':
        return wasm.lwm2mBytes();
      case 'float':
        return wasm.lwm2mFloat();
      case 'boolean':
        return wasm.lwm2mInt() !== 0n;
      case 'unsigned':
        return BigInt.asUintN(64, wasm.lwm2mInt());
      case 'objlnk':
        return `${wasm.lwm2mInt() >> 16n}:${wasm.lwm2mInt() & 0xffffn}`;
      default:
        return wasm.lwm2mInt();
    }
  }
  return {
    lwm2mRead(format, bytes, base, typeOf = () => undefined) {
      const entries: Lwm2mEntry[] = [];
      let status = wasm.lwm2mReadBegin(format, bytes, four(base));
      while (status >= 0 && (status = wasm.lwm2mReadNext()) > 0) {
        const [mark = 0, ...rest] = wasm.lwm2mEntry();
        const kind = rest[4] ?? 0;
        const path = `/${rest
          .slice(0, 4)
          .filter((id) => id >= 0)
          .join('/')}`;
        const head = { path, mark: MARKS[mark] ?? 'value' };
        const type = typeOf(path);
        if (mark !== 0 || kind === 0) entries.push(head);
        else if (type === undefined) entries.push({ ...head, raw: wasm.lwm2mBytes() });
        else {
          status = wasm.lwm2mResolve(Lwm2mType[type]);
          if (status >= 0) entries.push({ ...head, value: valueOf(type) });
        }
      }
      return { status, entries };
    },
    lwm2mWrite(format, base, entries, capacity = 65_536) {
      wasm.lwm2mWriteBegin(format, capacity, four(base));
      const at = idsOf(base);
      let open: number[] = [...at];
      for (const { path, mark, type, value } of entries) {
        const ids = idsOf(path);
        for (let level = 0; level < ids.length; level++) {
          if (open[level] === ids[level] && level < open.length) continue;
          // An item goes into the multiple resource that is open.
          wasm.lwm2mWriteAt(level === 3 ? 4 : level === 2 && mark === 'multiple' ? 3 : level, ids[level] ?? 0);
          open = ids.slice(0, level + 1);
        }
        if (type === undefined || value === undefined) continue;
        const int =
          typeof value === 'bigint'
            ? value
            : typeof value === 'boolean'
              ? BigInt(value)
              : type === 'objlnk'
                ? BigInt.asIntN(
                    64,
                    String(value)
                      .split(':')
                      .map(BigInt)
                      .reduce((a, b) => (a << 16n) | b),
                  )
                : 0n;
        const text = type === 'string' ? Buffer.from(String(value)) : value instanceof Uint8Array ? value : NOTHING;
        wasm.lwm2mWriteValue(Lwm2mType[type], BigInt.asIntN(64, int), typeof value === 'number' ? value : 0, text);
        // The same path again is another value there.
        open = ids.slice(0, -1);
      }
      const length = wasm.lwm2mWriteEnd();
      return { length, bytes: length < 0 ? NOTHING : wasm.lwm2mWritten() };
    },
    lwm2mObjectsBegin: (preferred, limit = 2048) => wasm.lwm2mObjectsBegin(preferred, within('limit', limit, 0, 2048)),
    lwm2mObjectsPut: (name, value, silent = false) => wasm.lwm2mObjectsPut(name, value, silent),
    lwm2mObjectsServer: (ssid) => wasm.lwm2mObjectsServer(ssid),
    lwm2mObjectsAllow: (object, instance, ssid, bits) => wasm.lwm2mObjectsAllow(object, instance, ssid, bits),
    lwm2mObserveRules: ({ pmin = 0, pmax = 0, storing = true, confirmable = false }) =>
      wasm.lwm2mObserveRules(pmin, pmax, storing, confirmable),
    lwm2mObserveStep: (now) => wasm.lwm2mObserveStep(now),
    lwm2mObserveDeadline: () => wasm.lwm2mObserveDeadline(),
    lwm2mObserveCount: () => wasm.lwm2mObserveCount(),
    lwm2mObserveReach: (now, is) => wasm.lwm2mObserveReach(now, is),
    lwm2mObserveClear: () => wasm.lwm2mObserveClear(),
    lwm2mSend: (now, format, paths, mute = false) =>
      wasm.lwm2mSend(now, format, Int32Array.from(paths.flatMap((path) => [...four(path)])), mute),
    lwm2mObjectsHandle: (event, now) => wasm.lwm2mObjectsHandle(event, now),
    lwm2mObjectsJournal: () => wasm.lwm2mObjectsJournal().split('\n').slice(0, -1),
    lwm2mObjectsLinks: () => wasm.lwm2mObjectsLinks(),
    lwm2mRegistrationBegin: (name, links, lifetime, version, queue) =>
      wasm.lwm2mRegistrationBegin(name, links, lifetime, version, queue),
    lwm2mRegistrationRules: ({ count, timer, delay, sequences }) =>
      wasm.lwm2mRegistrationRules(count, timer, delay, sequences),
    lwm2mRegistrationDo: (wish, now) =>
      wasm.lwm2mRegistrationDo(
        WISHES.indexOf(wish.do),
        now,
        'seconds' in wish ? wish.seconds : 0,
        'body' in wish ? wish.body : NOTHING,
      ),
    lwm2mRegistrationAnswered: (now, event) => wasm.lwm2mRegistrationAnswered(now, event) !== 0,
    lwm2mRegistrationStep: (now) => wasm.lwm2mRegistrationStep(now),
    lwm2mRegistrationDeadline: () => wasm.lwm2mRegistrationDeadline(),
    lwm2mRegistrationStatus() {
      const [state = 0, failure = 0, version = 0, reconnect = 0] = wasm.lwm2mRegistrationStatus();
      return { state: STATES[state] ?? '', failure, version, reconnect: reconnect !== 0 };
    },
    lwm2mLinks(bytes) {
      const lines = wasm.lwm2mLinks(bytes).split('\n');
      const links: { target: string; parameters: [string, string][] }[] = [];
      for (const line of lines.slice(0, -1)) {
        const [name = '', ...value] = line.slice(1).split('=');
        if (line.startsWith(' ')) links.at(-1)?.parameters.push([name, value.join('=')]);
        else links.push({ target: line, parameters: [] });
      }
      return { status: Number(lines.at(-1)), links };
    },
  };
}
