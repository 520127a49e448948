import type { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { duplexPair } from '../../host/cloud/index.js';
import { Splice } from '../../host/platform/beam/splice.js';

it('passes on a FIN that came before the two ends were joined', async () => {
  const clock = new VirtualClock(0);
  const [device, deviceEnd] = duplexPair(clock);
  const [upstream, destination] = duplexPair(clock);
  // The front has read what there was of the device, up to its end.
  const read = (stream: Duplex): void => void stream.on('data', () => undefined);
  read(deviceEnd);
  device.end();
  await clock.run({ deadline: SECOND });
  expect(deviceEnd.readableEnded).toBe(true);
  let ended = false;
  let over = false;
  read(destination);
  destination.once('end', () => (ended = true));
  new Splice({
    ...{ clock, device: deviceEnd, upstream, opened: [upstream], idle: 30 * MINUTE, linger: 2 * MINUTE },
    check: () => undefined,
    refused: () => undefined,
    ended: () => undefined,
    over: () => (over = true),
  });
  await clock.run({ deadline: 2 * SECOND });
  expect(ended).toBe(true);
  destination.end();
  read(device);
  await clock.run({ deadline: 5 * MINUTE });
  expect(over).toBe(true);
});
