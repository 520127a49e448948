// `akari modem`: the modem for programs that are not ours. Real time: a modem boots in 2 s, a SIM starts in 1 or 2.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { modemCommand, type ModemCommandOptions, runModem } from '../../host/cli/commands/modem.js';
import { DEMO_PROFILE } from '../../host/cli/demo.js';
import { JobError, UsageError } from '../../host/cli/output.js';
import { withPrograms } from '../peers.js';
import { eventually, until } from '../until.js';

const LIMIT_MS = 60_000;
const WAIT_MS = 20_000;
const IMSI = '440103123456789';

interface Event {
  readonly type: string;
  readonly where?: string;
  readonly ok?: boolean;
  readonly messages?: number;
}

/** The command, running; `stop` ends it and gives its last event. */
function start(options: Partial<ModemCommandOptions>) {
  const stop = new AbortController();
  const events: Event[] = [];
  const command = runModem(
    { path: 'unused', profile: DEMO_PROFILE, seed: 'serve', json: true, ...options },
    stop.signal,
    (line) => events.push(JSON.parse(line) as Event),
  );
  // Rejections are looked at by `stop`.
  command.catch(() => undefined);
  return {
    events,
    ready: () =>
      eventually(
        'a line',
        WAIT_MS,
        () => events.find(({ type, where }) => type === 'line' && where !== undefined)?.where,
      ),
    stop: async (): Promise<Event | undefined> => {
      stop.abort();
      await command;
      return events.at(-1);
    },
  };
}

/** A terminal program: what it types, and what it saw. */
class Typist {
  screen = '';

  constructor(
    readonly write: (text: string) => void,
    read: { on(event: 'data', listener: (bytes: Buffer) => void): unknown },
  ) {
    read.on('data', (bytes) => (this.screen += bytes.toString('latin1')));
  }

  async sees(wanted: RegExp): Promise<RegExpExecArray> {
    const words = (): string => `${String(wanted)} on the screen ${JSON.stringify(this.screen)}`;
    const match = await eventually(words, WAIT_MS, () => wanted.exec(this.screen) ?? undefined);
    this.screen = this.screen.slice(match.index + match[0].length);
    return match;
  }

  async types(line: string, wanted: RegExp): Promise<RegExpExecArray> {
    this.write(`${line}\r`);
    return this.sees(wanted);
  }
}

const children: ChildProcess[] = [];
const folders: string[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function socat(...args: string[]): Typist & { readonly child: ChildProcess } {
  const child = spawn('socat', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  child.stdin.on('error', () => undefined);
  return Object.assign(new Typist((text) => void child.stdin.write(text), child.stdout), { child });
}

describe('akari modem', { timeout: LIMIT_MS }, () => {
  it('--tcp: boots for the first who comes, sends a reading through Beam; who comes next takes the line over', async () => {
    const modem = start({ tcp: 0 });
    const port = Number((await modem.ready()).split(':')[1]);
    const client = connect({ host: '127.0.0.1', port });
    const typist = new Typist((text) => client.write(text), client);
    await typist.sees(/\r\nRDY\r\n/);
    await typist.sees(/\+CPIN: READY\r\n/);
    await typist.types('ATE0', /OK\r\n/);
    expect((await typist.types('AT+CIMI', /\r\n(\d+)\r\n\r\nOK/))[1]).toBe(IMSI);
    const home = (event: object): boolean => 'state' in event && event.state === 'home';
    await eventually('registration', WAIT_MS, () =>
      modem.events.find((event) => event.type === 'registration' && home(event)),
    );
    await typist.types('AT+QICSGP=1,1,"soracom.io","sora","sora",1;+QIACT=1', /OK\r\n/);
    await typist.types('AT+QIOPEN=1,0,"TCP","beam.soracom.io",8888,0,1', /\+QIOPEN: 0,0\r\n/);
    const body = '{"seq":0}';
    const head = `POST /telemetry HTTP/1.1\r\nHost: beam.soracom.io\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    await typist.types(`AT+QISEND=0,${head.length + body.length}`, /> /);
    typist.write(head + body);
    await typist.sees(/HTTP\/1\.1 201 Created/);
    const second = connect({ host: '127.0.0.1', port });
    await new Promise((resolve) => client.on('close', resolve).on('error', () => undefined));
    const heir = new Typist((text) => second.write(text), second);
    expect((await heir.types('AT+CIMI', /\r\n(\d+)\r\n\r\nOK/))[1]).toBe(IMSI);
    second.destroy();
    expect(await modem.stop()).toMatchObject({ type: 'result', ok: true, messages: 1 });
  });

  withPrograms('socat').it('socat at the port; after AT+QPOWD the first byte is the power key', async () => {
    const modem = start({ tcp: 0 });
    const typist = socat('-', `TCP:${await modem.ready()}`);
    await typist.sees(/APP RDY\r\n/);
    await typist.types('AT+QPOWD', /POWERED DOWN\r\n/);
    // A byte that comes while the modem goes down is lost; a person would type again.
    const up = (): boolean => /RDY\r\n/.test(typist.screen);
    await until(() => up() || (typist.write('AT\r'), false), WAIT_MS);
    await typist.sees(/APP RDY\r\n/);
    await typist.types('AT', /OK\r\n/);
    expect(await modem.stop()).toMatchObject({ ok: true });
  });

  withPrograms('socat').it(
    '--pty: a terminal program opens it, leaves, and another finds the modem as it was',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'modem-pty-'));
      folders.push(folder);
      const path = join(folder, 'tty');
      const modem = start({ pty: true, path });
      expect(await modem.ready()).toBe(path);
      const first = socat('-', `${path},raw,echo=0`);
      await first.sees(/APP RDY\r\n/);
      await first.types('ATE0', /OK\r\n/);
      await first.types('AT+CMEE=2', /OK\r\n/);
      // At once: the name and the terminal behind it stay.
      first.child.kill();
      await once(first.child, 'exit');
      const second = socat('-', `${path},raw,echo=0`);
      const answer = await second.types('AT+CMEE?', /\r\n(\+CMEE[^\r]*)\r\n\r\nOK\r\n/);
      expect(answer[1]).toBe('+CMEE: 2');
      // Still without an echo; what the modem says by itself may have come in between.
      expect(answer.input).not.toContain('AT+CMEE?');
      expect(await modem.stop()).toMatchObject({ ok: true });
      expect(existsSync(path)).toBe(false);
    },
  );

  withPrograms('socat').it('says what is wrong: usage, a port that is taken, a name that cannot be', async () => {
    const { signal } = new AbortController();
    const options = { path: 'x', profile: DEMO_PROFILE };
    await expect(runModem(options, signal)).rejects.toBeInstanceOf(UsageError);
    await expect(runModem({ ...options, tcp: 1, pty: true }, signal)).rejects.toBeInstanceOf(UsageError);
    await expect(runModem({ ...options, tcp: 1, profile: 'none.json' }, signal)).rejects.toThrow('none.json');
    const modem = start({ tcp: 0 });
    const tcp = Number((await modem.ready()).split(':')[1]);
    const lines: string[] = [];
    const taken = runModem({ ...options, tcp, json: true }, signal, (line) => lines.push(line));
    await expect(taken).rejects.toBeInstanceOf(JobError);
    await expect(taken).rejects.toThrow(`127.0.0.1:${tcp} (EADDRINUSE)`);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ type: 'result', ok: false });
    await modem.stop();
    const file = runModem({ ...options, pty: true, path: DEMO_PROFILE }, signal, () => undefined);
    await expect(file).rejects.toThrow(/no pseudo terminal at .*EEXIST/);
    const nowhere = runModem({ ...options, pty: true, path: '/nowhere/tty' }, signal, () => undefined);
    await expect(nowhere).rejects.toThrow('no pseudo terminal at /nowhere/tty');
    const wrongPort = modemCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });
    await expect(wrongPort.parseAsync(['--tcp', '70000'], { from: 'user' })).rejects.toThrow('a port from 0 to 65535');
  });
});
