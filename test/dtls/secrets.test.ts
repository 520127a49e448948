// What the client leaves in memory, and how much of it there is.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { concat } from '../../host/bytes.js';
import { DtlsState } from '../../host/kit/index.js';
import { compileProbe, loadDevice, type Device } from './device.js';
import { PSK, linkTo, talk, type Link } from './link.js';
import { vector16 } from './wire.js';

let device: Device;
beforeAll(async () => (device = await loadDevice('Ccm8Gcm')));
beforeEach(() => device.dtlsNew());

/** Names of the secrets that memory holds. */
function found(wire: Link): string[] {
  const { keys, master } = wire.server;
  const all: readonly (readonly [string, Uint8Array])[] = [
    ['PSK', PSK],
    ['premaster secret', concat(vector16(new Uint8Array(PSK.length)), vector16(PSK)).slice(0, 30)],
    ['master secret', master],
    ['client key', keys.slice(0, 16)],
    ['server key', keys.slice(16, 32)],
  ];
  return all.filter(([, secret]) => Buffer.from(device.memory).includes(Buffer.from(secret))).map(([name]) => name);
}

function opened(options = {}): Link {
  const wire = linkTo(device, options);
  wire.begin();
  expect(wire.handshake()).toBe(DtlsState.Open);
  talk(wire);
  device.clearCredentials();
  return wire;
}

describe.each([0xc0a8, 0xa8])('with suite %i', (suite) => {
  it('while a session is open: its keys, and the master secret to resume it', () => {
    expect(found(opened({ suite }))).toEqual(['master secret', 'client key', 'server key']);
  });

  it('and the keys alone when it cannot be resumed', () => {
    expect(found(opened({ suite, sessionId: 0 }))).toEqual(['client key', 'server key']);
  });

  it('after close: the master secret, and nothing when it cannot be resumed', () => {
    const wire = opened({ suite });
    device.dtlsClose();
    expect(found(wire)).toEqual(['master secret']);
    const other = opened({ suite, sessionId: 0 });
    device.dtlsClose();
    expect(found(other)).toEqual([]);
  });

  it('after forget: nothing, open or closed', () => {
    const wire = opened({ suite });
    device.dtlsForget();
    expect([device.dtlsStatus().state, ...found(wire)]).toEqual([DtlsState.Closed]);
    const closed = opened({ suite });
    device.dtlsClose();
    device.dtlsForget();
    expect(found(closed)).toEqual([]);
  });

  it('after a fatal alert, and after a handshake that failed: nothing', () => {
    const wire = opened({ suite });
    wire.send('server', wire.server.alert(2, 80));
    wire.run();
    expect(found(wire)).toEqual([]);
    device.dtlsNew();
    const wrong = linkTo(device, { suite, verify: (data: Uint8Array) => data.map((byte) => byte ^ 1) });
    wrong.begin();
    expect(wrong.handshake()).toBe(DtlsState.Closed);
    device.clearCredentials();
    expect(found(wrong)).toEqual([]);
  });

  it('nothing of an earlier session once another has begun', () => {
    const wire = opened({ suite, sessionId: 0 });
    const before = wire.server.keys;
    wire.begin();
    expect(Buffer.from(device.memory).includes(Buffer.from(before.slice(0, 16)))).toBe(false);
  });
});

/** Bytes of WebAssembly of an app that is the client with AES, SHA-256 and HMAC and nothing else; and of one session's memory. */
const CODE_BUDGET = { Ccm8: 14 * 1024, Ccm8Gcm: 15 * 1024 };
const SESSION_BUDGET = 1024;

it.each(['Ccm8', 'Ccm8Gcm'] as const)('the client with %s keeps within its size', async (suites) => {
  expect((await compileProbe(suites)).length).toBeLessThanOrEqual(CODE_BUDGET[suites]);
  expect(device.sessionBytes).toBeLessThanOrEqual(SESSION_BUDGET);
});

it('an app that does not import GCM does not carry it', async () => {
  const [alone, both] = [await compileProbe('Ccm8'), await compileProbe('Ccm8Gcm')];
  expect(both.length - alone.length).toBeGreaterThan(500);
});
