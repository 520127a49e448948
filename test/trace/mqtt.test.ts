// Against mosquitto and its own client, on the real clock.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { Secret } from '../../host/secret.js';
import { openMqttSink } from '../../host/trace/mqtt.js';
import { withPrograms } from '../peers.js';

const { describe, it } = withPrograms('mosquitto', 'mosquitto_sub');

const folder = mkdtempSync(join(tmpdir(), 'akari-mqtt-'));
const children: ChildProcess[] = [];
let port = 0;
let broker: Program;

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as AddressInfo;
      server.close(() => resolve(free));
    });
  });
}

interface Program {
  output(): string;
  /** Resolves when the output matches; rejects when the program ends first. */
  says(pattern: RegExp): Promise<void>;
  readonly done: Promise<void>;
}

function start(command: string, args: string[]): Program {
  const child = spawn(command, args);
  children.push(child);
  let output = '';
  const waiting = new Set<() => void>();
  const look = (chunk: Buffer): void => {
    output += chunk.toString();
    for (const check of waiting) check();
  };
  child.stdout.on('data', look);
  child.stderr.on('data', look);
  const done = new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve());
  });
  const says = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (pattern.test(output)) resolve();
      };
      waiting.add(check);
      check();
      void done.then(() => reject(new Error(`${command} ended: ${output}`)), reject);
    });
  return { output: () => output, says, done };
}

beforeAll(async () => {
  port = await freePort();
  const config = join(folder, 'mosquitto.conf');
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  broker = start('mosquitto', ['-v', '-c', config]);
  await broker.says(/running/);
});

afterAll(() => {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true });
});

describe('events over MQTT', () => {
  it('reach a subscriber under device and type, in order, with secrets masked', async () => {
    const args = ['-h', '127.0.0.1', '-p', String(port), '-t', 'lab/w1/#', '-F', 'EVENT %t %p', '-C', '3'];
    const subscriber = start('mosquitto_sub', args);
    await broker.says(/Sending SUBACK/);
    const publisher = await openMqttSink(new URL(`mqtt://127.0.0.1:${port}/lab/w1`));
    publisher.sink({ t: 1, device: 'd1', type: 'registration', state: 'home' });
    publisher.sink({ t: 2, device: 'd1', type: 'at', from: 'device', text: new Secret(Buffer.from('AT+CPIN="1234"')) });
    publisher.sink({ t: 3, type: 'impairment', event: 'outage-start' });
    await publisher.close();
    await subscriber.done;
    expect(
      subscriber
        .output()
        .split('\n')
        .filter((line) => line.startsWith('EVENT')),
    ).toEqual([
      'EVENT lab/w1/d1/registration {"t":1,"device":"d1","type":"registration","state":"home"}',
      'EVENT lab/w1/d1/at {"t":2,"device":"d1","type":"at","from":"device","text":"[redacted]"}',
      'EVENT lab/w1/world/impairment {"t":3,"type":"impairment","event":"outage-start"}',
    ]);
  });

  it('say so when no broker is there', async () => {
    const nobody = await freePort();
    await expect(openMqttSink(new URL(`mqtt://127.0.0.1:${nobody}`))).rejects.toThrow(/ECONNREFUSED/);
  });
});
