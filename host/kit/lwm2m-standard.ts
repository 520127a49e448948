// A device of standard LwM2M objects behind the kit's CoAP endpoint (assembly/kit/lwm2m-standard.ts), with its flash and its store.

import { within } from './check.js';

/** What an app tells its objects, in the order of the device side. */
const SETTINGS = [
  'power',
  'battery',
  'memory',
  'time',
  'error',
  'signal',
  'cell',
  'network',
  'bearer',
  'location',
  'count',
] as const;
export type Lwm2mSetting = (typeof SETTINGS)[number];

const CUTS = ['before', 'within', 'after'] as const;
const WISHES = ['none', 'reboot', 'factory reset'] as const;

export interface Lwm2mStandardKit {
  /** Starts the device, whose image has that version; with an empty flash and store when `isNew`, else with what is in them. */
  lwm2mStandardBegin(version: string, isNew: boolean): void;
  /** Answers what `coapReceive` or `coapStep` has brought. */
  lwm2mStandardHandle(event: number, now: number): void;
  lwm2mStandardStep(now: number): void;
  /** Infinity for none. */
  lwm2mStandardDeadline(): number;
  lwm2mStandardSet(what: Lwm2mSetting, a: number, b?: number): void;
  lwm2mStandardName(serial: string, address: string): void;
  /** What a server wants of the device, which is taken. */
  lwm2mStandardWish(): (typeof WISHES)[number];

  /** Power fails at the `at`th write from now on; -1: not at all. */
  lwm2mFlashCut(at: number, how: (typeof CUTS)[number]): void;
  lwm2mFlashLimits(limits: { capacity?: number; forgetful?: boolean; storeFails?: boolean }): void;
  lwm2mFlashState(): {
    readonly writes: number;
    readonly dead: boolean;
    readonly filled: number;
    readonly committed: number;
  };
  lwm2mFlashImage(): Uint8Array;
  /** The record of an update in the store; undefined takes it away. */
  lwm2mFlashRecord(bytes: Uint8Array | undefined): void;
  lwm2mFlashStored(): Uint8Array;

  lwm2mFirmwareDue(): boolean;
  /** True: the device restarts now. */
  lwm2mFirmwareApply(): boolean;
  lwm2mFirmwareSettle(now: number): void;
  lwm2mFirmwareState(): { readonly state: number; readonly result: number; readonly received: number };
  /** Infinity while nothing is to be fetched. */
  lwm2mPullDeadline(): number;
  lwm2mPullBegin(now: number): void;
  lwm2mPullLost(now: number): void;
  lwm2mPullUnreachable(now: number, status: number): void;
  lwm2mPullDone(): boolean;
}

/** What kit.wasm exports for it. */
export interface Lwm2mStandardExports {
  lwm2mStandardBegin(version: string, isNew: boolean): void;
  lwm2mStandardHandle(event: number, now: number): void;
  lwm2mStandardStep(now: number): void;
  lwm2mStandardDeadline(): number;
  lwm2mStandardSet(what: number, a: number, b: number): void;
  lwm2mStandardName(serial: Uint8Array, address: Uint8Array): void;
  lwm2mStandardWish(): number;
  lwm2mFlashCut(at: number, how: number): void;
  lwm2mFlashLimits(bytes: number, forgetful: boolean, full: boolean): void;
  lwm2mFlashState(): Int32Array;
  lwm2mFlashImage(): Uint8Array;
  lwm2mFlashRecord(bytes: Uint8Array, length: number): void;
  lwm2mFlashStored(): Uint8Array;
  lwm2mFirmwareDue(): number;
  lwm2mFirmwareApply(): number;
  lwm2mFirmwareSettle(now: number): void;
  lwm2mFirmwareState(): Int32Array;
  lwm2mPullDeadline(): number;
  lwm2mPullBegin(now: number): void;
  lwm2mPullLost(now: number): void;
  lwm2mPullUnreachable(now: number, status: number): void;
  lwm2mPullDone(): number;
}

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const SLOT = 65_536;

export function lwm2mStandardKit(wasm: Lwm2mStandardExports): Lwm2mStandardKit {
  return {
    lwm2mStandardBegin: (version, isNew) => wasm.lwm2mStandardBegin(version, isNew),
    lwm2mStandardHandle: (event, now) => wasm.lwm2mStandardHandle(event, now),
    lwm2mStandardStep: (now) => wasm.lwm2mStandardStep(now),
    lwm2mStandardDeadline: () => wasm.lwm2mStandardDeadline(),
    lwm2mStandardSet: (what, a, b = 0) => wasm.lwm2mStandardSet(SETTINGS.indexOf(what), a, b),
    lwm2mStandardName: (serial, address) => wasm.lwm2mStandardName(bytesOf(serial), bytesOf(address)),
    lwm2mStandardWish: () => WISHES[wasm.lwm2mStandardWish()] ?? 'none',
    lwm2mFlashCut: (at, how) => wasm.lwm2mFlashCut(at, CUTS.indexOf(how)),
    lwm2mFlashLimits: ({ capacity = SLOT, forgetful = false, storeFails = false }) =>
      wasm.lwm2mFlashLimits(within('capacity', capacity, 0, SLOT), forgetful, storeFails),
    lwm2mFlashState() {
      const [writes = 0, dead = 0, filled = 0, committed = 0] = wasm.lwm2mFlashState();
      return { writes, dead: dead !== 0, filled, committed };
    },
    lwm2mFlashImage: () => wasm.lwm2mFlashImage(),
    lwm2mFlashRecord: (bytes = new Uint8Array()) => wasm.lwm2mFlashRecord(bytes, bytes.length || -1),
    lwm2mFlashStored: () => wasm.lwm2mFlashStored(),
    lwm2mFirmwareDue: () => wasm.lwm2mFirmwareDue() !== 0,
    lwm2mFirmwareApply: () => wasm.lwm2mFirmwareApply() !== 0,
    lwm2mFirmwareSettle: (now) => wasm.lwm2mFirmwareSettle(now),
    lwm2mFirmwareState() {
      const [state = 0, result = 0, received = 0] = wasm.lwm2mFirmwareState();
      return { state, result, received };
    },
    lwm2mPullDeadline: () => wasm.lwm2mPullDeadline(),
    lwm2mPullBegin: (now) => wasm.lwm2mPullBegin(now),
    lwm2mPullLost: (now) => wasm.lwm2mPullLost(now),
    lwm2mPullUnreachable: (now, status) => wasm.lwm2mPullUnreachable(now, status),
    lwm2mPullDone: () => wasm.lwm2mPullDone() !== 0,
  };
}
