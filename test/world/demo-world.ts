// The world that these tests share: one device with the demo SIM, one customer.
import { readFileSync } from 'node:fs';
import {
  type CustomerServer,
  type Device,
  loadSimProfile,
  releaseBinary,
  type TraceEvent,
  World,
  type WorldConfig,
} from '../../host/index.js';

export const PROFILE = loadSimProfile('examples/profiles/soracom-demo.json');
export const PSK = 'topsecret';
export const HOST = 'customer.example';
const ENTRY = 'http://beam.soracom.io:8888/telemetry';

export interface Scene {
  readonly world: World;
  readonly device: Device;
  readonly customer: CustomerServer;
  readonly events: TraceEvent[];
  /** Events of one type, in order. */
  of<T extends TraceEvent['type']>(type: T): Extract<TraceEvent, { type: T }>[];
}

export interface SceneOptions extends Pick<WorldConfig, 'seed' | 'alwaysSettle' | 'clock'> {
  readonly app?: Uint8Array;
  readonly card?: string;
  readonly modem?: string;
  /** Where Beam forwards to; the customer's server unless given. */
  readonly destination?: string;
  /** Whose SIMs these are, and who may sign in. */
  readonly operators?: NonNullable<WorldConfig['platform']>['operators'];
}

/** Everything is there and switched off. */
export async function scene(options: SceneOptions = {}): Promise<Scene> {
  const { app = releaseBinary('beam-telemetry'), card, destination = `https://${HOST}/telemetry` } = options;
  const { operators, modem, ...config } = options;
  const entry = { enabled: true, destination, addSubscriberHeader: true, addSignature: true, psk: PSK };
  const world = await World.create({
    ...config,
    subscribers: [{ profile: PROFILE, group: 'g' }],
    platform: {
      groups: { g: { configuration: { SoracomBeam: { [ENTRY]: entry } } } },
      ...(operators && { operators }),
    },
    customers: [{ host: HOST, psk: PSK, check: faultOfReading }],
  });
  const events: TraceEvent[] = [];
  world.trace.listen((event) => events.push(event));
  const device = world.device({
    name: 'd1',
    app,
    sim: card === undefined ? PROFILE : loadSimProfile(card),
    sensors: { analog: (channel) => (channel === 0 ? 715 : undefined) },
    ...(modem !== undefined && { modem }),
  });
  const customer = world.customers.get(HOST);
  if (customer === undefined) throw new Error(`no ${HOST}`);
  const of = <T extends TraceEvent['type']>(type: T): Extract<TraceEvent, { type: T }>[] =>
    events.filter((event): event is Extract<TraceEvent, { type: T }> => event.type === type);
  return { world, device, customer, events, of };
}

/** A serial line has no checksum: what noise did to a reading on its way to the modem, only the customer can see. */
function faultOfReading(body: Buffer, messageId: string | undefined): string | undefined {
  try {
    const { id, seq, temperature } = JSON.parse(body.toString()) as Record<string, unknown>;
    if (id === messageId && Number.isInteger(seq) && temperature === 21.5) return undefined;
  } catch {
    // not JSON
  }
  return 'not a reading';
}

/** Sequence numbers of the readings that the customer accepted, in order of arrival. */
export function sequence(customer: CustomerServer): number[] {
  return customer.messages.map(({ body }) => (JSON.parse(body.toString()) as { seq: number }).seq);
}

export const debugBinary = (name: string): Uint8Array => new Uint8Array(readFileSync(`build/debug/${name}.wasm`));
