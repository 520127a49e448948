// AUTHENTICATE: 3G and GSM security contexts. TS 31.102 7.1.2, TS 33.102 6.3.3, 6.8.1 and Annex C.

import { sqnAccept, sqnCheck, sqnHighest, SQN_ARRAY_BYTES } from "../aka/sqn";
import { Status } from "../board";
import { ctEqual, wipe } from "../crypto/constant-time";
import {
  algorithmBegin,
  algorithmEnd,
  ckBytes,
  f1,
  f1Star,
  f2,
  f3,
  f4,
  f5,
  f5Star,
  ikBytes,
  resBytes,
} from "./algorithm";
import { answer, current, data, lc, p1, p2, responseBuffer } from "./command";
import { contentLoad, contentRelease } from "./files/content";
import { FileKind, NO_FILE, childByFid, kindOf, sizeOf } from "./files/tree";
import { pinSatisfied } from "./pin";
import { SW } from "./status-words";
import { StoreKey, storeReadExact, storeWrite } from "./store";

// P2: bit 8 specific reference data, low bits the context.
const SPECIFIC: i32 = 0x80;
const RFU: i32 = 0x78;
const CONTEXT_GSM: i32 = 0x80;
const CONTEXT_3G: i32 = 0x81;

const PIN1: i32 = 0x01;

// USIM service table, TS 31.102 4.2.8.
const FID_UST: i32 = 0x6f38;
const SERVICE_GSM_ACCESS: i32 = 27;
const SERVICE_GSM_CONTEXT: i32 = 38;

// Command data: 10 RAND, in the 3G context 10 AUTN too; AUTN = SQN xor AK (6) | AMF (2) | MAC (8).
const RAND_BYTES: i32 = 16;
const AUTN_BYTES: i32 = 16;
const GSM_CHALLENGE_BYTES: i32 = 1 + RAND_BYTES;
const CHALLENGE_BYTES: i32 = GSM_CHALLENGE_BYTES + 1 + AUTN_BYTES;
const SQN_BYTES: i32 = 6;
const MAC_BYTES: i32 = 8;

// Answers: DB L RES L CK L IK [08 Kc], DC 0E AUTS, or 04 SRES 08 Kc.
const TAG_SUCCESS: u8 = 0xdb;
const TAG_SYNCHRONISATION_FAILURE: u8 = 0xdc;
const AUTS_BYTES: i32 = SQN_BYTES + MAC_BYTES;
const SRES_BYTES: i32 = 4;
const KC_BYTES: i32 = 8;

const seqArray: usize = memory.data(SQN_ARRAY_BYTES, 8);
/** AK, later AK*. */
const ak: usize = memory.data(SQN_BYTES);
const sqn: usize = memory.data(SQN_BYTES);
const mac: usize = memory.data(MAC_BYTES);
/** AMF* of a resynchronisation, TS 33.102 6.3.3. */
const amfResync: usize = memory.data<u8>([0, 0]);
/** What the GSM conversions start from: RES, CK and IK, each with zeros behind it. */
const RES_MAX_BYTES: i32 = 16;
const KEY_MAX_BYTES: i32 = 32;
const conversion: usize = memory.data(2 * KEY_MAX_BYTES, 8);

/** The conditions in the order in which a card tells of them. */
export function authenticate(): i32 {
  if (p1 != 0) return SW.WrongParameters;
  if (p2 != 0 && ((p2 & SPECIFIC) == 0 || (p2 & RFU) != 0)) return SW.WrongParameters;
  if (p2 != CONTEXT_3G && p2 != CONTEXT_GSM) return SW.ContextUnsupported;
  if (current().application == NO_FILE) return SW.ConditionsNotSatisfied;
  const gsm = p2 == CONTEXT_GSM;
  if (gsm && !serviceAvailable(SERVICE_GSM_CONTEXT)) return SW.ContextUnsupported;
  if (!pinSatisfied(PIN1)) return SW.SecurityNotSatisfied;
  if (lc != (gsm ? GSM_CHALLENGE_BYTES : CHALLENGE_BYTES)) return SW.WrongLength;
  const rand = data() + 1;
  const autn = rand + RAND_BYTES + 1;
  if (load<u8>(rand - 1) != RAND_BYTES || (!gsm && load<u8>(autn - 1) != AUTN_BYTES)) return SW.WrongData;

  let sw = algorithmBegin(rand);
  if (sw == 0) sw = gsm ? giveGsm(true) : judge(autn);
  end();
  return sw;
}

/** RUN GSM ALGORITHM of a 2G terminal (TS 51.011 8.16): SRES | Kc for the RAND of 16 bytes. */
export function gsmAuthenticate(rand: usize): i32 {
  if (!pinSatisfied(PIN1)) return SW.SecurityNotSatisfied;
  let sw = algorithmBegin(rand);
  if (sw == 0) sw = giveGsm(false);
  end();
  return sw;
}

function end(): void {
  algorithmEnd();
  wipe(ak, SQN_BYTES);
  wipe(sqn, SQN_BYTES);
  wipe(mac, MAC_BYTES);
}

/** Whether the application's service table has service n: bit (n - 1) % 8 of byte (n - 1) / 8. */
function serviceAvailable(n: i32): bool {
  const ust = childByFid(current().application, FID_UST);
  const byte = (n - 1) >> 3;
  if (ust == NO_FILE || kindOf(ust) != FileKind.Transparent || byte >= sizeOf(ust)) return false;
  const content = contentLoad(ust);
  const available = content != 0 && ((load<u8>(content + byte) >> (<u8>((n - 1) & 7))) & 1) != 0;
  contentRelease(ust);
  return available;
}

/** MAC first: a challenge that is not the network's learns nothing of the SQN. */
function judge(autn: usize): i32 {
  const amf = autn + SQN_BYTES;
  f5(ak);
  xorSqn(autn, ak, sqn);
  f1(sqn, amf, mac);
  if (!ctEqual(mac, amf + 2, MAC_BYTES)) return SW.MacWrong;

  if (!storeReadExact(StoreKey.Sqn, seqArray, SQN_ARRAY_BYTES)) return SW.MemoryProblem;
  if (sqnCheck(seqArray, sqn) != Status.Ok) return askResynchronisation();

  // The SQN is used up before the keys are given: a power cut costs the challenge, never the freshness.
  sqnAccept(seqArray, sqn);
  if (!storeWrite(StoreKey.Sqn, seqArray, SQN_ARRAY_BYTES)) return SW.MemoryProblem;
  return giveKeys();
}

function giveKeys(): i32 {
  let at = responseBuffer + 1;
  store<u8>(responseBuffer, TAG_SUCCESS);
  store<u8>(at++, resBytes());
  f2(at);
  at += resBytes();
  store<u8>(at++, ckBytes());
  f3(at);
  at += ckBytes();
  store<u8>(at++, ikBytes());
  f4(at);
  at += ikBytes();
  if (serviceAvailable(SERVICE_GSM_ACCESS)) {
    store<u8>(at++, KC_BYTES);
    writeKc(at);
    at += KC_BYTES;
  }
  return answer(<i32>(at - responseBuffer));
}

/** AUTS = (SQN_MS xor AK*) | MAC-S. */
function askResynchronisation(): i32 {
  const auts = responseBuffer + 2;
  store<u8>(responseBuffer, TAG_SYNCHRONISATION_FAILURE);
  store<u8>(responseBuffer, AUTS_BYTES, 1);
  sqnHighest(seqArray, sqn);
  f1Star(sqn, amfResync, auts + SQN_BYTES);
  f5Star(ak);
  xorSqn(sqn, ak, auts);
  return answer(2 + AUTS_BYTES);
}

/** SRES and Kc, with their lengths before them or bare. */
function giveGsm(lengths: bool): i32 {
  let at = responseBuffer;
  if (lengths) store<u8>(at++, SRES_BYTES);
  writeSres(at);
  at += SRES_BYTES;
  if (lengths) store<u8>(at++, KC_BYTES);
  writeKc(at);
  return answer(<i32>(at - responseBuffer) + KC_BYTES);
}

/** Conversion c2 (TS 33.102 6.8.1.2): the 32-bit words of RES, with zeros behind it, added. */
function writeSres(out: usize): void {
  f2(conversion);
  let sum: u32 = 0;
  for (let i = 0; i < RES_MAX_BYTES; i += 4) sum ^= load<u32>(conversion + i);
  store<u32>(out, sum);
  wipe(conversion, RES_MAX_BYTES);
}

/** Conversion c3: the 64-bit halves of CK and IK added. */
function writeKc(out: usize): void {
  f3(conversion);
  f4(conversion + KEY_MAX_BYTES);
  let sum: u64 = 0;
  for (let i = 0; i < 2 * KEY_MAX_BYTES; i += 8) sum ^= load<u64>(conversion + i);
  store<u64>(out, sum);
  wipe(conversion, 2 * KEY_MAX_BYTES);
}

function xorSqn(a: usize, b: usize, out: usize): void {
  for (let i = 0; i < SQN_BYTES; i++) store<u8>(out + i, load<u8>(a + i) ^ load<u8>(b + i));
}
