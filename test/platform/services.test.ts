// services.ts: a service is a folder and a line.
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { soracomAir } from '../../host/platform/air/config.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Platform } from '../../host/platform/index.js';
import type { Service, ServiceDefinition } from '../../host/platform/service.js';
import { MESSAGE_SERVICES, NAMESPACES, SERVICES } from '../../host/platform/services.js';
import { StartedServices } from '../../host/platform/started.js';
import { Trace } from '../../host/trace/trace.js';
import { ca, EPOCH_MS, FakeRegistry } from './harness.js';

/** What the services stand on: .dependency-cruiser.mjs has their layers. */
const SHARED = [
  ...['accounts', 'air', 'api', 'binary-parser', 'cloud-delivery', 'config', 'directory', 'http', 'keys', 'message'],
  ...['outbound'],
];

describe('the list of services', () => {
  const definitions: readonly ServiceDefinition[] = SERVICES;

  it('has each service folder of host/platform once, under its own name', () => {
    const folders = readdirSync(new URL('../../host/platform/', import.meta.url), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    const listed = definitions.map(({ name }) => name);
    expect([...listed].sort()).toEqual(folders.filter((name) => !SHARED.includes(name)).sort());
  });

  it('begins with those that take messages, as the Unified Endpoint lists their answers', () => {
    expect(MESSAGE_SERVICES.map(({ name }) => name).slice(0, 4)).toEqual(['beam', 'funnel', 'funk', 'harvest']);
    expect(definitions.slice(0, MESSAGE_SERVICES.length)).toEqual(MESSAGE_SERVICES);
  });

  it('brings the namespaces, each once, and none that is announced for later', () => {
    const brought = definitions.flatMap(({ namespace }) => namespace ?? []);
    expect(NAMESPACES.all).toEqual([soracomAir, ...brought]);
    const names = brought.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['SoracomBeam', 'SoracomHarvest', 'UnifiedEndpoint', 'SoracomInventory']),
    );
    expect(new Set([soracomAir.name, ...names]).size).toBe(names.length + 1);
    expect(names.filter((name) => NAMESPACES.later.includes(name))).toEqual([]);
  });

  it('brings names and ports that do not collide', () => {
    const clock = new VirtualClock(EPOCH_MS);
    const upstream = { connect: () => Promise.reject(new Error('nobody is there')), trustedCas: [] };
    const certificates = (names: readonly string[]) => ca.issue(names);
    const platform = new Platform({ clock, trace: new Trace(clock), upstream, certificates });
    const bound: string[] = [];
    const named: string[] = [];
    const registry = new FakeRegistry();
    platform.register({
      name: (...names) => {
        named.push(...names);
        return registry.name();
      },
      tcp: (name, port) => bound.push(`tcp ${name}:${port}`),
      udp: (name, port) => bound.push(`udp ${name}:${port}`),
    });
    expect(bound.length).toBeGreaterThan(20);
    expect(bound.filter((place, i) => bound.indexOf(place) !== i)).toEqual([]);
    expect(named.filter((name, i) => named.indexOf(name) !== i)).toEqual([]);
    platform.close();
  });
});

describe('services that are started', () => {
  const service = (more: Partial<Service> = {}): Service => ({
    register: () => undefined,
    close: () => undefined,
    ...more,
  });
  const taker = (name: string): ServiceDefinition => {
    const messages = {
      name,
      enabledFor: () => true,
      framed: () => false,
      answer: () => Promise.resolve({ status: 200, body: Buffer.alloc(0) }),
      reply: () => ({ bytes: Buffer.alloc(0) }),
    };
    return { name, start: () => service({ messages }) };
  };
  const start = (...definitions: readonly ServiceDefinition[]): StartedServices =>
    new StartedServices(definitions, {} as ConstructorParameters<typeof StartedServices>[1], {});

  it('know those above them in the list, and what takes messages there', () => {
    const [first, second] = [taker('first'), taker('second')];
    const seen: string[][] = [];
    const last: ServiceDefinition = {
      name: 'last',
      start: ({ messageServices, use }) => {
        seen.push(messageServices.map(({ name }) => name));
        expect(use(first).messages?.name).toBe('first');
        return service();
      },
    };
    start(first, last, second, { ...last, name: 'after' });
    expect(seen).toEqual([['first'], ['first', 'second']]);
  });

  it('do not know those below them', () => {
    const below = taker('below');
    const above: ServiceDefinition = { name: 'above', start: ({ use }) => use(below) };
    expect(() => start(above, below)).toThrow('the service below has not been started');
  });

  it('bring their routes, and are registered and closed in the order of the list', () => {
    const done: string[] = [];
    const told = (name: string): ServiceDefinition => ({
      name,
      start: () => service({ register: () => done.push(`register ${name}`), close: () => done.push(`close ${name}`) }),
    });
    const services = start(told('a'), told('b'));
    services.register(new FakeRegistry());
    services.close();
    expect(done).toEqual(['register a', 'register b', 'close a', 'close b']);
    expect(services.routes).toEqual([]);
  });
});
