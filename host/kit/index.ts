// The kit: the SDK's pure functions, compiled from the same AssemblyScript as device binaries, for tests and people's own tools.
//
// kit.wasm (assembly/kit) is called through as-bind (as-bind.ts). One file for each family of functions gives it types, checks of
// lengths, and shapes that suit JavaScript. What is returned is always a copy. Keys passed in are plain bytes: the kit knows no
// world and no secrets of one.

import { releaseBinary } from '../package-root.js';
import { akaKit, type AkaExports, type AkaKit } from './aka.js';
import { bind } from './as-bind.js';
import { coapKit, type CoapExports, type CoapKit } from './coap.js';
import { cryptoKit, type CryptoExports, type CryptoKit } from './crypto.js';
import { dtlsKit, type DtlsExports, type DtlsKit } from './dtls.js';
import { httpKit, type HttpExports, type HttpKit } from './http.js';
import { lwm2mKit, type Lwm2mExports, type Lwm2mKit } from './lwm2m.js';
import { lwm2mStandardKit, type Lwm2mStandardExports, type Lwm2mStandardKit } from './lwm2m-standard.js';
import { modemKit, type ModemExports, type ModemKit } from './quectel.js';

export {
  SQN_ARRAY_BYTES,
  type AkaKit,
  type MilenageInput,
  type MilenageOutput,
  type SqnLimits,
  type TuakInput,
  type XorInput,
} from './aka.js';
export { bind } from './as-bind.js';
export {
  CoapEvent,
  type CoapAsk,
  type CoapKit,
  type CoapMessageFields,
  type CoapOptionPair,
  type CoapParsed,
  type CoapReply,
} from './coap.js';
export type { CryptoKit } from './crypto.js';
export { DtlsState, type DtlsKeys, type DtlsKit, type DtlsOptions, type DtlsStatus } from './dtls.js';
export type { HttpKit, HttpParsed } from './http.js';
export {
  Lwm2mFormat,
  Lwm2mType,
  type Lwm2mEntry,
  type Lwm2mKit,
  type Lwm2mTypeName,
  type Lwm2mValue,
} from './lwm2m.js';
export type { Lwm2mSetting, Lwm2mStandardKit } from './lwm2m-standard.js';
export { AtResult, type ModemKit } from './quectel.js';

/** Every function throws a RangeError that names the argument whose length is wrong. */
export interface Kit extends CryptoKit, AkaKit, CoapKit, DtlsKit, HttpKit, Lwm2mKit, Lwm2mStandardKit, ModemKit {}

/** All that kit.wasm exports. */
type KitExports = CryptoExports &
  AkaExports &
  CoapExports &
  DtlsExports &
  HttpExports &
  Lwm2mExports &
  Lwm2mStandardExports &
  ModemExports;

/** Loads a kit of its own: nothing is shared between two of them. */
export async function loadKit(): Promise<Kit> {
  const wasm = await bind<KitExports>(releaseBinary('kit'));
  return {
    ...cryptoKit(wasm),
    ...akaKit(wasm),
    ...coapKit(wasm),
    ...dtlsKit(wasm),
    ...httpKit(wasm),
    ...lwm2mKit(wasm),
    ...lwm2mStandardKit(wasm),
    ...modemKit(wasm),
  };
}
