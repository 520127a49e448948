// A bounded part of the hostile search; hostile.soak.ts goes on for longer.
import { it } from 'vitest';
import { loadDevice } from './device.js';
import { hostileCase } from './hostile.js';

const device = await loadDevice('Ccm8Gcm');
const CASES = 1000;

it(`${CASES} clients among changed, made-up and repeated datagrams, and servers that hold the key and mean harm`, () => {
  for (let i = 0; i < CASES; i++) hostileCase(device, `dtls ${i}`);
});
