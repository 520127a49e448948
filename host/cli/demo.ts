// The world that `akari show`, `akari run` and `akari modem` put around a device: that of examples/world, which `akari serve`
// offers too.

import { fileURLToPath } from 'node:url';
import { HOUR } from '../clock/clock.js';
import type { Sensors } from '../board/sensors.js';
import { packageRoot } from '../package-root.js';
import { Random } from '../random.js';
import { loadServeConfig } from '../serve/index.js';
import { type Device, World } from '../world.js';
import { profileOf } from './profile.js';

const CUSTOMER = 'customer.example';

/** One SIM, a group in which the services are on, the servers behind them: the world of the commands. */
export const EXAMPLE_WORLD = fileURLToPath(new URL('examples/world/world.json', packageRoot()));

/** The profile that the home network knows for certain. */
export const DEMO_PROFILE = fileURLToPath(new URL('examples/profiles/soracom-demo.json', packageRoot()));

export interface DemoOptions {
  readonly app: Uint8Array;
  readonly appName: string;
  /** Profile of the card in the device. */
  readonly profile: string;
  readonly clock: 'virtual' | 'real';
  readonly seed?: string;
  /** Model of the device's modem. */
  readonly modem?: string;
}

export interface Demo {
  readonly world: World;
  readonly device: Device;
  readonly messages: () => number;
}

/**
 * The home network has its own record of the demo SIM, so a card that carries that IMSI with another key is refused. A
 * card with any other IMSI is taken as one of the platform's: its profile is put into the HSS as it stands.
 */
export async function makeDemo(options: DemoOptions): Promise<Demo> {
  const { platform, customers, clouds, sims } = await loadServeConfig(EXAMPLE_WORLD);
  const [demo] = sims;
  const issued = profileOf(DEMO_PROFILE);
  const card = profileOf(options.profile);
  const subscribers = card.imsi === issued.imsi ? [issued] : [issued, card];
  const world = await World.create({
    clock: options.clock,
    ...(options.seed !== undefined && { seed: options.seed }),
    subscribers: subscribers.map((profile) => ({
      profile,
      ...(demo?.group !== undefined && { group: demo.group }),
      ...(demo?.tags && { tags: demo.tags }),
    })),
    ...{ platform, customers },
    ...(clouds && { clouds }),
  });
  try {
    const device = world.device({
      name: options.appName,
      app: options.app,
      sim: card,
      sensors: thermometer(world),
      ...(options.modem !== undefined && { modem: options.modem }),
    });
    return { world, device, messages: () => world.customers.get(CUSTOMER)?.messages.length ?? 0 };
  } catch (error) {
    await world.close();
    throw error;
  }
}

/** What `thermometer` has, in words. */
export const DEMO_SENSORS = 'analogue channel 0 (a thermometer, TMP36)';

/** A TMP36 on analogue channel 0: 500 mV at 0 °C, 10 mV a degree; a day's curve around 21.5 °C with a little noise. */
function thermometer(world: World): Sensors {
  const noise: Random = world.random.fork('thermometer');
  return {
    analog: (channel) => {
      if (channel !== 0) return undefined;
      const curve = 3 * Math.sin((2 * Math.PI * world.clock.now()) / (24 * HOUR));
      return 500 + 10 * (21.5 + curve + 0.4 * (noise.next() - 0.5));
    },
  };
}
