import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../host/bytes.js';
import { Random } from '../../host/random.js';
import { CardError, VpcdCard, VpcdMessages, VpcdOrder, joinVpcd, vpcdMessage } from '../../host/sim/index.js';
import { AID, ATR, Bench } from './card.js';
import { endsWithTests } from '../leftover.js';

const order = (code: number): Uint8Array => Uint8Array.of(code);

describe('messages of vpcd', () => {
  it('are a length of two bytes and so many bytes', () => {
    expect(toHex(vpcdMessage(fromHex('00a4')))).toBe('000200a4');
    expect(vpcdMessage(new Uint8Array(300)).subarray(0, 2)).toEqual(Uint8Array.of(1, 44));
  });

  it('come out whole, in whatever pieces they arrive', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 8 });
    fc.assert(
      fc.property(bodies, fc.array(fc.integer({ min: 1, max: 400 })), (messages, cuts) => {
        let stream = concat(...messages.map(vpcdMessage));
        const parser = new VpcdMessages();
        const got: Uint8Array[] = [];
        for (const cut of cuts) {
          got.push(...parser.push(stream.subarray(0, cut)));
          stream = stream.subarray(cut);
        }
        got.push(...parser.push(stream));
        expect(got).toEqual(messages);
      }),
    );
  });
});

describe('the card behind vpcd', () => {
  const make = (): { card: VpcdCard; bench: Bench } => {
    const bench = new Bench({ link: 'direct' });
    return { card: new VpcdCard(bench.reader), bench };
  };
  const hex = async (answer: Promise<Uint8Array | undefined>): Promise<string> =>
    toHex((await answer) ?? new Uint8Array(0));

  it('answers its ATR and commands, and no other order', async () => {
    const { card } = make();
    expect(await hex(card.answer(order(VpcdOrder.Atr)))).toBe(ATR);
    expect(await card.answer(order(VpcdOrder.On))).toBeUndefined();
    expect(await card.answer(order(VpcdOrder.Reset))).toBeUndefined();
    expect(await hex(card.answer(fromHex('00a4000c022fe2')))).toBe('9000');
    expect(await hex(card.answer(fromHex('00b000000a')))).toBe('981801000021436587f49000');
    expect(await card.answer(order(VpcdOrder.Off))).toBeUndefined();
    for (const message of ['', '03', '05', 'ff']) expect(await card.answer(fromHex(message))).toBeUndefined();
  });

  it('behaves as the T=0 that its ATR offers: data of a command with data are fetched', async () => {
    const { card } = make();
    await card.answer(order(VpcdOrder.On));
    const say = (command: string): Promise<string> => hex(card.answer(fromHex(command)));
    const whole = await say('00a40004023f0000');
    expect(whole).toMatch(/^62.*9000$/);
    const bytes = whole.length / 2 - 2;
    const length = bytes.toString(16).padStart(2, '0');
    expect(await say('00a40004023f00')).toBe(`61${length}`);
    expect(await say(`00c00000${(bytes + 1).toString(16)}`)).toBe(`6c${length}`);
    expect(await say(`00c00000${length}`)).toBe(whole);
    // In two pieces.
    expect(await say('00a40004023f00')).toBe(`61${length}`);
    expect(await say('00c0000003')).toBe(`${whole.slice(0, 6)}61${(bytes - 3).toString(16)}`);
    expect(await say('00c0000000')).toBe(whole.slice(6));
    // Another command in between, or a reset, and there is nothing to fetch.
    for (const between of ['00a4000c023f00', '02']) {
      expect(await say('00a40004023f00')).toBe(`61${length}`);
      await card.answer(fromHex(between));
      expect(await say(`00c00000${length}`)).toMatch(/^6[df]00$|^6985$/);
    }
    expect(await say('a0a40000023f00')).toMatch(/^9f/);
    expect(await say('00a4000c023f00')).toBe('9000');
  });

  it('keeps its state when it is asked for its ATR, and loses it by a reset', async () => {
    const { card } = make();
    await card.answer(order(VpcdOrder.On));
    await card.answer(fromHex(`00a4040c10${AID}`));
    await card.answer(order(VpcdOrder.Atr));
    expect(await hex(card.answer(fromHex('00b0870009')))).toBe('0849040113325476989000');
    await card.answer(order(VpcdOrder.Reset));
    expect(await hex(card.answer(fromHex('00b0870009')))).toBe('6a82');
  });

  it('a command to a card that is off is 6F00, one of a wrong length 6700', async () => {
    const { card } = make();
    expect(await hex(card.answer(fromHex('00a40000')))).toBe('6f00');
    await card.answer(order(VpcdOrder.On));
    expect(await hex(card.answer(fromHex('00a4')))).toBe('6700');
    expect(await hex(card.answer(new Uint8Array(262)))).toBe('6700');
    expect(await hex(card.answer(new Uint8Array(65_535)))).toBe('6700');
  });

  it('any message is answered as its kind is, and the card lives', async () => {
    const { card, bench } = make();
    const seed = 'vpcd-1';
    const random = new Random(seed);
    for (let i = 0; i < 3000; i++) {
      const message = random.bytes([0, 1, 2, 4, 5, 7, 40, 261, 262, 500][random.below(10)] ?? 0);
      const answer = await card.answer(message);
      if (message.length > 1) expect(answer?.length, seed).toBeGreaterThanOrEqual(2);
    }
    expect(bench.events.filter((event) => event.type === 'board' && event.event === 'trap')).toEqual([]);
    expect(await hex(card.answer(order(VpcdOrder.Atr)))).toBe(ATR);
  });
});

describe('joining a reader', () => {
  const servers: Server[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close()));

  /** A reader that waits for a card; its port and the card's connection. */
  async function reader(): Promise<{ port: number; card: Promise<Socket> }> {
    const server = createServer();
    servers.push(server);
    const card = once(server, 'connection').then(([socket]: Socket[]) => socket as Socket);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: (server.address() as AddressInfo).port, card };
  }

  const options = (port: number, signal: AbortSignal) => ({
    ...{ host: '127.0.0.1', port, signal, card: new Bench({ link: 'direct' }).reader },
  });

  it('answers in order, however the reader cuts and joins its messages', async () => {
    const { port, card } = await reader();
    const stop = new AbortController();
    const end = joinVpcd(options(port, stop.signal));
    const socket = await card;
    const asked = ['01', '04', '00a4000c022fe2', '00b000000a', '04'].map((text) => vpcdMessage(fromHex(text)));
    const bytes = concat(...asked);
    socket.write(bytes.subarray(0, 4));
    socket.write(bytes.subarray(4));
    const got: Uint8Array[] = [];
    const messages = new VpcdMessages();
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      got.push(...messages.push(chunk as Uint8Array));
      if (got.length === 4) break;
    }
    expect(got.map(toHex)).toEqual([ATR, '9000', '981801000021436587f49000', ATR]);
    stop.abort();
    expect(await end).toBe('stopped');
  });

  it('tells a reader that is not there from one that goes away', async () => {
    const { port, card } = await reader();
    const { signal } = new AbortController();
    const end = joinVpcd(options(port, signal));
    (await card).destroy();
    expect(await end).toBe('gone');
    servers.splice(0).forEach((server) => server.close());
    expect(await joinVpcd(options(port, signal))).toBe('refused');
    expect(await joinVpcd(options(port, AbortSignal.abort()))).toBe('stopped');
  });

  it('a card that fails at power-on does not end the connection', async () => {
    const { port, card } = await reader();
    const stop = new AbortController();
    const dead = (): Promise<Uint8Array> => Promise.reject(new CardError('mute', 'dead'));
    const broken = { powerOn: dead, reset: dead, transmit: dead, powerOff: () => undefined };
    const end = joinVpcd({ ...options(port, stop.signal), card: broken });
    const socket = await card;
    socket.write(concat(...['01', '02', '04', '00a40000'].map((text) => vpcdMessage(fromHex(text)))));
    const [chunk] = (await once(socket, 'data')) as [Uint8Array];
    expect(toHex(chunk)).toBe('00026f00');
    stop.abort();
    expect(await end).toBe('stopped');
  });

  it('akari sim vpcd --wait comes back when the reader does', async () => {
    const { port } = await reader();
    const [waiting] = servers.splice(0);
    waiting?.close();
    const line = ['dist/host/cli/main.js', 'sim', 'vpcd', '--profile', 'examples/profiles/soracom-demo.json'];
    const child = endsWithTests(spawn('node', [...line, '--port', String(port), '--wait'], { stdio: 'ignore' }));
    const server = createServer();
    servers.push(server);
    for (let time = 0; time < 2; time++) {
      if (time === 0) server.listen(port, '127.0.0.1');
      const [socket] = (await once(server, 'connection')) as [Socket];
      socket.write(vpcdMessage(order(VpcdOrder.Atr)));
      const [chunk] = (await once(socket, 'data')) as [Uint8Array];
      expect(toHex(chunk.subarray(2))).toBe(ATR);
      socket.destroy();
    }
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([0, null]);
  });
});
