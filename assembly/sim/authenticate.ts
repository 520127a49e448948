// AUTHENTICATE, 3G security context. TS 31.102 7.1.2.1, TS 33.102 6.3.3 and Annex C.

import { sqnAccept, sqnCheck, sqnHighest, SQN_ARRAY_BYTES } from "../aka/sqn";
import {
  milenageBegin,
  milenageEnd,
  milenageF1,
  milenageF2F5,
  milenageF3,
  milenageF4,
  milenageF5Star,
} from "../aka/milenage";
import { Status, store_write } from "../board";
import { ctEqual, wipe } from "../crypto/constant-time";
import { answer, current, data, lc, p1, p2, responseBuffer } from "./command";
import { NO_FILE } from "./files/tree";
import { pinSatisfied } from "./pin";
import { SW } from "./status-words";
import { StoreKey, storeReadExact } from "./store";

// P2: bit 8 specific reference data, low bits the context.
const SPECIFIC: i32 = 0x80;
const RFU: i32 = 0x78;
const CONTEXT_3G: i32 = 0x81;

const PIN1: i32 = 0x01;

// Key record, store.ts: layout, algorithm, K, OPc.
const KEYS_BYTES: i32 = 34;
const KEYS_LAYOUT: u8 = 1;
const ALGORITHM_MILENAGE: u8 = 1;

// Command data: 10 RAND | 10 AUTN, AUTN = SQN xor AK (6) | AMF (2) | MAC (8).
const RAND_BYTES: i32 = 16;
const AUTN_BYTES: i32 = 16;
const CHALLENGE_BYTES: i32 = 1 + RAND_BYTES + 1 + AUTN_BYTES;
const SQN_BYTES: i32 = 6;
const MAC_BYTES: i32 = 8;

// Answer: DB 08 RES 10 CK 10 IK, or DC 0E AUTS.
const TAG_SUCCESS: u8 = 0xdb;
const TAG_SYNCHRONISATION_FAILURE: u8 = 0xdc;
const RES_BYTES: i32 = 8;
const KEY_BYTES: i32 = 16;
const AUTS_BYTES: i32 = SQN_BYTES + MAC_BYTES;

const keys: usize = memory.data(KEYS_BYTES, 8);
const K: i32 = 2;
const OPC: i32 = 18;
const seqArray: usize = memory.data(SQN_ARRAY_BYTES, 8);
/** AK, later AK*. */
const ak: usize = memory.data(SQN_BYTES);
const sqn: usize = memory.data(SQN_BYTES);
const mac: usize = memory.data(MAC_BYTES);
/** AMF* of a resynchronisation, TS 33.102 6.3.3. */
const amfResync: usize = memory.data<u8>([0, 0]);

/** The conditions in the order in which a card tells of them. */
export function authenticate(): i32 {
  if (p1 != 0) return SW.WrongParameters;
  if (p2 != 0 && ((p2 & SPECIFIC) == 0 || (p2 & RFU) != 0)) return SW.WrongParameters;
  if (p2 != CONTEXT_3G) return SW.ContextUnsupported;
  if (current().application == NO_FILE) return SW.ConditionsNotSatisfied;
  if (!pinSatisfied(PIN1)) return SW.SecurityNotSatisfied;
  if (lc != CHALLENGE_BYTES) return SW.WrongLength;
  const rand = data() + 1;
  const autn = rand + RAND_BYTES + 1;
  if (load<u8>(rand - 1) != RAND_BYTES || load<u8>(autn - 1) != AUTN_BYTES) return SW.WrongData;

  let sw: i32 = SW.ReferenceNotFound;
  if (keysLoad()) {
    milenageBegin(keys + K, keys + OPC, rand);
    sw = judge(autn);
    milenageEnd();
  }
  wipe(keys, KEYS_BYTES);
  wipe(ak, SQN_BYTES);
  wipe(sqn, SQN_BYTES);
  wipe(mac, MAC_BYTES);
  return sw;
}

function keysLoad(): bool {
  return (
    storeReadExact(StoreKey.Keys, keys, KEYS_BYTES) &&
    load<u8>(keys) == KEYS_LAYOUT &&
    load<u8>(keys, 1) == ALGORITHM_MILENAGE
  );
}

/** MAC first: a challenge that is not the network's learns nothing of the SQN. */
function judge(autn: usize): i32 {
  const amf = autn + SQN_BYTES;
  milenageF2F5(0, ak);
  xorSqn(autn, ak, sqn);
  milenageF1(sqn, amf, mac, 0);
  if (!ctEqual(mac, amf + 2, MAC_BYTES)) return SW.MacWrong;

  if (!storeReadExact(StoreKey.Sqn, seqArray, SQN_ARRAY_BYTES)) return SW.MemoryProblem;
  if (sqnCheck(seqArray, sqn) != Status.Ok) return askResynchronisation();

  // The SQN is used up before the keys are given: a power cut costs the challenge, never the freshness.
  sqnAccept(seqArray, sqn);
  if (store_write(StoreKey.Sqn, seqArray, SQN_ARRAY_BYTES) != Status.Ok) return SW.MemoryProblem;
  return giveKeys();
}

function giveKeys(): i32 {
  let at = responseBuffer;
  store<u8>(at, TAG_SUCCESS);
  store<u8>(at, RES_BYTES, 1);
  milenageF2F5(at + 2, 0);
  at += 2 + RES_BYTES;
  store<u8>(at, KEY_BYTES);
  milenageF3(at + 1);
  at += 1 + KEY_BYTES;
  store<u8>(at, KEY_BYTES);
  milenageF4(at + 1);
  return answer(<i32>(at - responseBuffer) + 1 + KEY_BYTES);
}

/** AUTS = (SQN_MS xor AK*) | MAC-S. */
function askResynchronisation(): i32 {
  const auts = responseBuffer + 2;
  store<u8>(responseBuffer, TAG_SYNCHRONISATION_FAILURE);
  store<u8>(responseBuffer, AUTS_BYTES, 1);
  sqnHighest(seqArray, sqn);
  milenageF1(sqn, amfResync, 0, auts + SQN_BYTES);
  milenageF5Star(ak);
  xorSqn(sqn, ak, auts);
  return answer(2 + AUTS_BYTES);
}

function xorSqn(a: usize, b: usize, out: usize): void {
  for (let i = 0; i < SQN_BYTES; i++) store<u8>(out + i, load<u8>(a + i) ^ load<u8>(b + i));
}
