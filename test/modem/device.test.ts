// The SDK's own device side (AT client, driver, HTTP, Beam outbox in beam-telemetry) drives this modem over the serial
// line: two implementations that know nothing of each other.

import { describe, expect, it } from 'vitest';
import { Board } from '../../host/board/board.js';
import { MemoryStore } from '../../host/board/store.js';
import { releaseBinary } from '../../host/package-root.js';
import { Random } from '../../host/random.js';
import { Station } from './station.js';

class Device extends Station {
  readonly readings: number[] = [];
  readonly board: Board;

  constructor() {
    super();
    this.line.near.received = undefined;
    this.network.name('beam.soracom.io');
    this.network.tcp('beam.soracom.io', 8888, (stream) => {
      let text = '';
      stream.on('error', () => undefined);
      stream.on('data', (bytes: Buffer) => {
        this.clock.stir();
        text += bytes.toString('latin1');
        const match = /^POST [^]*?content-length: (\d+)[^]*?\r\n\r\n([^]*)$/i.exec(text);
        if (!match || (match[2] ?? '').length < Number(match[1])) return;
        text = '';
        this.readings.push((JSON.parse(match[2] ?? '') as { seq: number }).seq);
        stream.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nOK\r\n');
      });
    });
    this.board = new Board({
      name: 'beam-telemetry',
      module: releaseBinary('beam-telemetry'),
      clock: this.clock,
      trace: this.trace,
      random: new Random('device'),
      store: new MemoryStore(),
      uarts: [this.line.near],
      sensors: { analog: () => 715 },
    });
    this.board.powerOn();
  }

  get sequence(): number[] {
    return this.readings.filter((seq, i) => this.readings.indexOf(seq) === i);
  }
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('beam-telemetry on this modem', () => {
  it('sends a reading a minute', async () => {
    const device = new Device();
    await device.wait(10 * 60_000 + 30_000);
    expect(device.readings).toEqual(upTo(11));
  });

  it('goes on after resets of the modem at any moment', async () => {
    const device = new Device();
    const random = new Random('resets');
    for (let i = 0; i < 20; i++) {
      await device.wait(random.below(120_000));
      device.modem.reset();
    }
    await device.wait(600_000);
    const { sequence } = device;
    expect(sequence).toEqual(upTo(sequence.length));
    expect(sequence.length).toBeGreaterThanOrEqual(Math.floor(device.clock.now() / 60e9));
  });

  it('goes on after a modem that was silent for a while', async () => {
    const device = new Device();
    await device.wait(90_000);
    for (const seconds of [5, 30, 300]) {
      device.modem.silence(true);
      await device.wait(seconds * 1000);
      device.modem.silence(false);
      await device.wait(300_000);
    }
    const { sequence } = device;
    expect(sequence).toEqual(upTo(sequence.length));
    expect(sequence.length).toBeGreaterThanOrEqual(Math.floor(device.clock.now() / 60e9));
  });

  it('goes on after an outage of the network, and after a suspension', async () => {
    const device = new Device();
    await device.wait(150_000);
    device.network.impairments.outage(true);
    await device.wait(1800_000);
    device.network.impairments.outage(false);
    await device.wait(900_000);
    device.network.detach('440103123456789', true);
    await device.wait(900_000);
    const { sequence } = device;
    expect(sequence).toEqual(upTo(sequence.length));
    expect(sequence.length).toBeGreaterThanOrEqual(Math.floor(device.clock.now() / 60e9));
  });
});
