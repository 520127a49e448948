import { describe, expect, it } from 'vitest';
import { Impairments } from '../../host/cellular/impairments.js';
import { Registration } from '../../host/cellular/network.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Baseband } from '../../host/modem/baseband/index.js';
import { Random } from '../../host/random.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';
import { IMEI, bench } from '../baseband/bench.js';

function layers() {
  const trace = new Trace(new VirtualClock(0));
  const events: TraceEvent[] = [];
  trace.listen((event) => events.push(event));
  const network = new Impairments(new Random('network'), trace);
  const device = new Impairments(new Random('device'), trace.of('d1'), network);
  return { network, device, events };
}

describe('Impairments of a device', () => {
  it('change nothing until told to', () => {
    const { network, device } = layers();
    for (const direction of ['uplink', 'downlink'] as const) {
      expect(device.quality(direction)).toEqual(network.quality(direction));
    }
    expect([device.coverage, device.takes('tcpLoss')]).toEqual([true, false]);
    expect(device.arrives(Uint8Array.of(1, 2))).toEqual(Uint8Array.of(1, 2));
  });

  it('add their latency to that of the network, and narrow its bandwidth', () => {
    const { network, device } = layers();
    device.uplink.latency = 30 * MS;
    device.uplink.bandwidth = 1000;
    network.downlink.bandwidth = 500;
    expect(device.quality('uplink')).toEqual({ latency: 80 * MS, bandwidth: 1000 });
    expect(device.quality('downlink')).toEqual({ latency: 50 * MS, bandwidth: 500 });
    expect(network.quality('uplink').bandwidth).toBe(375_000);
  });

  it('lose what either loses', () => {
    const { network, device } = layers();
    network.udpLoss = 0.5;
    device.udpLoss = 0.5;
    const share = (of: Impairments) => Array.from({ length: 4000 }, () => of.takes('udpLoss')).filter(Boolean).length;
    expect(share(device) / 4000).toBeCloseTo(0.75, 1);
    expect(share(network) / 4000).toBeCloseTo(0.5, 1);
    device.nasLoss = 1;
    expect([device.takes('nasLoss'), network.takes('nasLoss')]).toEqual([true, false]);
  });

  it('have coverage while both have, and tell only of changes', () => {
    const { network, device, events } = layers();
    const told: boolean[] = [];
    device.onCoverage(() => told.push(device.coverage));
    device.outage(true);
    network.outage(true);
    device.outage(false);
    expect([told, network.coverage]).toEqual([[false], false]);
    network.outage(false);
    network.outage(true);
    network.outage(false);
    expect(told).toEqual([false, true, false, true]);
    expect(events.slice(0, 2)).toMatchObject([{ event: 'outage-start', device: 'd1' }, { event: 'outage-start' }]);
    expect(events[1]?.device).toBeUndefined();
  });
});

describe('Two devices in one network', () => {
  it('one out of coverage, or with its connections reset, is nothing to the other', async () => {
    const b = bench();
    b.network.name('echo.soracom.io');
    b.network.tcp('echo.soracom.io', 7, (stream) => stream.on('error', () => undefined));
    const air = b.network.attachPoint('far');
    const far = new Baseband({ clock: b.clock, trace: b.trace.of('far'), random: new Random('far'), air });
    const session = await b.online();
    await b.run(1 * SECOND);
    air.impairments.outage(true);
    await b.run(30 * SECOND);
    const refused = await b.settle(far.attach(b.card, IMEI));
    expect(refused).toMatchObject({ code: 'no-network' });
    expect([far.registration, far.rsrp, b.radio.registration]).toEqual([
      Registration.Searching,
      undefined,
      Registration.Home,
    ]);
    const log: string[] = [];
    session.connectTcp('echo.soracom.io', 7, {
      connected: () => log.push('connected'),
      data: () => true,
      ended: () => log.push('ended'),
      failed: ({ code }) => log.push(code),
    });
    await b.run(2 * SECOND);
    air.impairments.resetConnections();
    await b.run(1 * SECOND);
    expect(log).toEqual(['connected']);
    b.network.impairments.resetConnections();
    await b.run(1 * SECOND);
    expect(log).toEqual(['connected', 'reset']);
  });
});
