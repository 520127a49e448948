import { entropy } from "../board/index";

const random = memory.data(4, 4);

/** Random bits for the spread of waits; on a board without entropy the last ones again. */
export function drawSeed(): u32 {
  entropy(random, 4);
  return load<u32>(random);
}
