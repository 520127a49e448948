// Challenges for the bench's card, of a home network that computes them with node:crypto.

import { concat, fromHex, toHex, xor } from '../../host/bytes.js';
import { Milenage } from '../../host/cellular/hss/milenage.js';
import type { Random } from '../../host/random.js';
import { Secret } from '../../host/secret.js';
import { K, OPC, challenge } from './card.js';

export const functions = new Milenage(new Secret(fromHex(K)), new Secret(fromHex(OPC)));

export const sqnBytes = (sqn: number | bigint): Uint8Array => fromHex(sqn.toString(16).padStart(12, '0'));

/** AUTHENTICATE in 3G context with this SQN. `wrong`: the MAC's last bit is. */
export function challengeAt(sqn: number | bigint, random: Random, wrong = false): string {
  const rand = random.bytes(16);
  const amf = fromHex('8000');
  const { macA } = functions.f1(rand, sqnBytes(sqn), amf);
  if (wrong) macA[7] = (macA[7] ?? 0) ^ 1;
  return challenge(toHex(rand), toHex(concat(xor(sqnBytes(sqn), functions.f2345(rand).ak), amf, macA)));
}
