// The endpoint by itself: what goes over the wire and when, message by message.
import { beforeEach, describe, expect, test } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { fromHex, toHex } from '../../host/bytes.js';
import { CoapEvent, loadKit, type CoapParsed } from '../../host/kit/index.js';
import { uri } from './hex.js';

const kit = await loadKit();
beforeEach(() => {
  kit.coapBegin({ seed: 42n, limit: 256 });
});

const NONE = new Uint8Array();
const GET = 1;
const POST = 2;
const PUT = 3;
const CONTENT = 0x45;
const CHANGED = 0x44;
const CONTINUE = 0x5f;

/** All datagrams that wait, as messages. */
function out(): CoapParsed[] {
  const all: CoapParsed[] = [];
  for (let bytes = kit.coapOutput(); bytes.length > 0; bytes = kit.coapOutput()) all.push(kit.coapParse(bytes));
  return all;
}
const one = (): CoapParsed => {
  const all = out();
  expect(all).toHaveLength(1);
  return all[0] as CoapParsed;
};
interface Given {
  readonly type?: number;
  readonly code: number;
  readonly mid?: number;
  readonly token?: Uint8Array;
  readonly options?: readonly (readonly [number, Uint8Array])[];
  readonly payload?: Uint8Array;
}
const bytesOf = ({ type = 0, code, mid = 1, token = NONE, options = [], payload = NONE }: Given): Uint8Array =>
  kit.coapWrite({ type, code, mid, token, options, payload });
const give = (now: number, given: Given): number => kit.coapReceive(now, bytesOf(given));
const uint = (number: number, value: number): readonly [number, Uint8Array] => [number, kit.coapUint(value)];
const block = (number: number, num: number, more: boolean, szx: number): readonly [number, Uint8Array] =>
  uint(number, (num << 4) | (more ? 8 : 0) | szx);
const BLOCK2 = 23;
const BLOCK1 = 27;
const SIZE1 = 60;

describe('a CON of ours', () => {
  test('goes out again after 2..3 s, twice that, four, eight times, and is given up at 31 times', () => {
    const firsts = new Set<number>();
    for (let seed = 0n; seed < 40n; seed++) {
      kit.coapBegin({ seed });
      kit.coapRequest(0, { method: GET, options: uri('a') });
      const first = kit.coapOutput();
      const t = kit.coapDeadline();
      expect(t).toBeGreaterThanOrEqual(2_000);
      expect(t).toBeLessThanOrEqual(3_000);
      firsts.add(t);
      for (const times of [1, 3, 7, 15]) {
        expect(kit.coapDeadline()).toBe(t * times);
        expect(kit.coapStep(t * times - 1)).toBe(CoapEvent.None);
        expect(kit.coapOutput()).toHaveLength(0);
        kit.coapStep(t * times);
        expect(toHex(kit.coapOutput())).toBe(toHex(first));
      }
      expect(kit.coapStep(t * 31)).toBe(CoapEvent.Response);
      expect(kit.coapResult()).toBe(Status.Timeout);
      expect(kit.coapDeadline()).toBe(Infinity);
      expect(kit.coapIdle()).toBe(true);
    }
    expect(firsts.size).toBeGreaterThan(30);
  });

  test('refused by RST ends at once', () => {
    kit.coapRequest(0, { method: GET });
    const { mid } = one();
    expect(give(10, { type: 3, code: 0, mid })).toBe(CoapEvent.Response);
    expect(kit.coapResult()).toBe(Status.Refused);
  });

  test('is answered piggybacked; an ACK with the token of another is not it', () => {
    kit.coapRequest(0, { method: GET });
    const { mid, token } = one();
    expect(token).toHaveLength(4);
    expect(give(10, { type: 2, code: CONTENT, mid, token: Uint8Array.of(1, 2, 3, 4) })).toBe(CoapEvent.None);
    expect(give(10, { type: 2, code: CONTENT, mid: mid ^ 1, token })).toBe(CoapEvent.None);
    expect(give(10, { type: 2, code: CONTENT, mid, token, payload: Buffer.from('hi') })).toBe(CoapEvent.Response);
    expect(Buffer.from(kit.coapBody()).toString()).toBe('hi');
    expect(out()).toHaveLength(0);
  });

  test('is answered by a separate CON after an empty ACK; its duplicate is acknowledged again, not delivered again', () => {
    kit.coapRequest(0, { method: GET });
    const { mid, token } = one();
    expect(give(10, { type: 2, code: 0, mid })).toBe(CoapEvent.None);
    expect(kit.coapDeadline()).toBe(10 + 247_000);
    const response = { type: 0, code: CONTENT, mid: 77, token };
    expect(give(5_000, response)).toBe(CoapEvent.Response);
    expect(one()).toMatchObject({ type: 2, code: 0, mid: 77 });
    expect(give(7_000, response)).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ type: 2, code: 0, mid: 77 });
  });

  test('is answered by a separate CON that overtakes the ACK', () => {
    kit.coapRequest(0, { method: GET });
    const { mid, token } = one();
    expect(give(10, { type: 0, code: CONTENT, mid: 77, token })).toBe(CoapEvent.Response);
    expect(one()).toMatchObject({ type: 2, code: 0, mid: 77 });
    expect(give(20, { type: 2, code: 0, mid })).toBe(CoapEvent.None);
    expect(kit.coapDeadline()).toBe(Infinity);
  });

  test('that was acknowledged and is never answered ends at its limit', () => {
    kit.coapRequest(0, { method: GET, limit: 15_000 });
    const { mid } = one();
    give(100, { type: 2, code: 0, mid });
    expect(kit.coapStep(15_099)).toBe(CoapEvent.None);
    expect(kit.coapStep(15_100)).toBe(CoapEvent.Response);
    expect(kit.coapResult()).toBe(Status.Timeout);
  });

  test('a second request meanwhile is Busy', () => {
    kit.coapRequest(0, { method: GET });
    expect(kit.coapRequest(0, { method: GET })).toBe(Status.Busy);
  });

  test.each([
    ['piggybacked', 2],
    ['in a CON of its own', 0],
  ])('a response with an unknown critical option, %s, is not taken', (_how, type) => {
    kit.coapRequest(0, { method: GET });
    const { mid, token } = one();
    expect(give(5, { type, code: CONTENT, mid, token, options: [[25, NONE]] })).toBe(CoapEvent.Response);
    expect(kit.coapResult()).toBe(Status.Unsupported);
    // RFC 7252 5.4.1: a CON is rejected.
    expect(out().map((m) => m.type)).toEqual(type === 0 ? [3] : []);
  });
});

describe('a response that nobody waits for', () => {
  test.each([
    ['CON', 0],
    ['NON', 1],
  ])('%s is refused by RST', (_name, type) => {
    expect(give(0, { type, code: CONTENT, mid: 9, token: Uint8Array.of(1) })).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ type: 3, code: 0, mid: 9 });
  });

  test('an ACK is passed over', () => {
    give(0, { type: 2, code: CONTENT, mid: 9, token: Uint8Array.of(1) });
    expect(out()).toHaveLength(0);
  });
});

describe('ping', () => {
  test('of the peer is answered by RST', () => {
    expect(kit.coapReceive(0, fromHex('40001234'))).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ type: 3, code: 0, mid: 0x1234 });
  });

  test('an empty NON has no meaning', () => {
    kit.coapReceive(0, fromHex('50001234'));
    expect(out()).toHaveLength(0);
  });

  test('of ours is delivered when the RST comes', () => {
    kit.coapPing(0);
    const { type, code, mid } = one();
    expect([type, code]).toEqual([0, 0]);
    expect(give(5, { type: 3, code: 0, mid })).toBe(CoapEvent.Delivered);
  });
});

describe('a request of the peer', () => {
  const post = { code: POST, mid: 500, token: Uint8Array.of(7), options: uri('x'), payload: Buffer.from('1') };

  test('that comes again is answered again, not carried out again', () => {
    expect(give(0, post)).toBe(CoapEvent.Request);
    kit.coapRespond({ code: 0x41, created: 3 });
    const answer = toHex(kit.coapOutput());
    expect(answer).toBe('614101f407' + '87' + toHex(Buffer.from('created')) + '0133');
    for (const now of [1, 1_000, 246_999]) {
      expect(give(now, post)).toBe(CoapEvent.None);
      expect(toHex(kit.coapOutput())).toBe(answer);
    }
    // EXCHANGE_LIFETIME is over: the same bytes are a new request.
    expect(give(247_000, post)).toBe(CoapEvent.Request);
  });

  test('with the message ID of an earlier one and other content is new: the peer has restarted', () => {
    expect(give(0, post)).toBe(CoapEvent.Request);
    kit.coapRespond({ code: CHANGED });
    out();
    expect(give(1, { ...post, token: Uint8Array.of(8) })).toBe(CoapEvent.Request);
  });

  test('of the last sixteen is known, however much was answered', () => {
    for (let i = 0; i < 16; i++) {
      expect(give(i, { ...post, mid: 1_000 + i })).toBe(CoapEvent.Request);
      kit.coapRespond({ code: CONTENT, body: new Uint8Array(900) });
      out();
    }
    for (let i = 0; i < 16; i++) {
      expect(give(100, { ...post, mid: 1_000 + i })).toBe(CoapEvent.None);
      // The answers of old are gone; the newest are still there, whole.
      const again = out();
      if (i >= 14) expect(again[0]?.payload).toHaveLength(900);
      else expect(again).toHaveLength(0);
    }
  });

  test('a NON is answered by a NON, and not answered again', () => {
    const non = { ...post, type: 1 };
    expect(give(0, non)).toBe(CoapEvent.Request);
    kit.coapRespond({ code: CHANGED });
    expect(one()).toMatchObject({ type: 1, code: CHANGED, token: Uint8Array.of(7) });
    expect(give(1, non)).toBe(CoapEvent.None);
    expect(out()).toHaveLength(0);
  });

  test('put off: an empty ACK, later a CON until it is acknowledged', () => {
    expect(give(0, post)).toBe(CoapEvent.Request);
    expect(kit.coapDefer()).toBe(true);
    expect(one()).toMatchObject({ type: 2, code: 0, mid: 500 });
    // The duplicate gets the ACK again.
    expect(give(900, post)).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ type: 2, code: 0, mid: 500 });
    // Another cannot be put off as well.
    expect(give(950, { ...post, mid: 501 })).toBe(CoapEvent.Request);
    expect(kit.coapDefer()).toBe(false);
    kit.coapRespond({ code: 0xa3 });
    out();
    expect(kit.coapRespondLater(1_000, { code: CONTENT, body: Buffer.from('late') })).toBe(Status.Ok);
    const late = one();
    expect(late).toMatchObject({ type: 0, code: CONTENT, token: Uint8Array.of(7) });
    kit.coapStep(kit.coapDeadline());
    expect(one().mid).toBe(late.mid);
    expect(give(5_000, { type: 2, code: 0, mid: late.mid })).toBe(CoapEvent.Delivered);
    expect(kit.coapRespondLater(6_000, { code: CONTENT })).toBe(Status.NotFound);
  });
});

describe('NSTART = 1', () => {
  test('a request waits until a notification is acknowledged, and the other way round', () => {
    kit.coapNotify(0, true, Uint8Array.of(1), 5, { code: CONTENT });
    const notification = one();
    expect(kit.coapRequest(10, { method: GET })).toBe(Status.Ok);
    expect(out()).toHaveLength(0);
    expect(give(20, { type: 2, code: 0, mid: notification.mid })).toBe(CoapEvent.Delivered);
    expect(kit.coapDeadline()).toBeLessThanOrEqual(20);
    kit.coapStep(20);
    expect(one()).toMatchObject({ type: 0, code: GET });
    expect(kit.coapNotify(30, true, Uint8Array.of(1), 6, { code: CONTENT })).toBe(Status.Again);
  });
});

describe('notifications of ours', () => {
  const token = Uint8Array.of(9, 8);

  test('carry the sequence number; RST ends the observation', () => {
    kit.coapNotify(0, true, token, 0x1000005, { code: CONTENT, format: 0, body: Buffer.from('21') });
    const sent = one();
    expect(sent).toMatchObject({ type: 0, code: CONTENT, observe: 5, format: 0 });
    expect(give(1, { type: 3, code: 0, mid: sent.mid })).toBe(CoapEvent.Undelivered);
    expect([toHex(kit.coapToken()), kit.coapResult()]).toEqual(['0908', Status.Refused]);
  });

  test('as NON: RST of it ends the observation too', () => {
    kit.coapNotify(0, false, token, 5, { code: CONTENT });
    const first = one();
    kit.coapNotify(1, false, Uint8Array.of(3), 5, { code: CONTENT });
    out();
    expect(give(2, { type: 3, code: 0, mid: first.mid })).toBe(CoapEvent.Undelivered);
    expect(toHex(kit.coapToken())).toBe('0908');
    expect(give(3, { type: 3, code: 0, mid: first.mid })).toBe(CoapEvent.None);
  });

  test('a newer state takes the place of one not acknowledged, at its next time; 4 retransmissions in all', () => {
    kit.coapNotify(0, true, token, 1, { code: CONTENT, body: Buffer.from('old') });
    const old = one();
    const t = kit.coapDeadline();
    expect(kit.coapNotify(500, true, token, 2, { code: CONTENT, body: Buffer.from('new') })).toBe(Status.Ok);
    expect(out()).toHaveLength(0);
    expect(kit.coapDeadline()).toBe(t);
    kit.coapStep(t);
    const fresh = one();
    expect(fresh.mid).not.toBe(old.mid);
    expect(fresh).toMatchObject({ observe: 2 });
    for (const times of [3, 7, 15]) {
      kit.coapStep(t * times);
      expect(one().mid).toBe(fresh.mid);
    }
    expect(kit.coapStep(t * 31)).toBe(CoapEvent.Undelivered);
    expect(kit.coapResult()).toBe(Status.Timeout);
  });

  test('when the old one is acknowledged after all the newer one is sent at once', () => {
    kit.coapNotify(0, true, token, 1, { code: CONTENT });
    const old = one();
    kit.coapNotify(500, true, token, 2, { code: CONTENT });
    expect(give(600, { type: 2, code: 0, mid: old.mid })).toBe(CoapEvent.None);
    const fresh = one();
    expect(fresh.observe).toBe(2);
    expect(give(700, { type: 2, code: 0, mid: fresh.mid })).toBe(CoapEvent.Delivered);
  });
});

describe('observing', () => {
  const observe = (now = 0): CoapParsed => {
    kit.coapRequest(now, { method: GET, options: uri('temp'), observe: 0 });
    const sent = one();
    give(now, { type: 2, code: CONTENT, mid: sent.mid, token: sent.token, options: [uint(6, 100)] });
    return sent;
  };

  test('newer notifications come in, older ones do not, after 128 s any does', () => {
    const { token } = observe();
    const notify = (now: number, mid: number, seq: number): number =>
      give(now, { type: 1, code: CONTENT, mid, token, options: [uint(6, seq)] });
    expect(notify(10, 1, 101)).toBe(CoapEvent.Notification);
    expect(notify(20, 2, 100)).toBe(CoapEvent.None);
    expect(notify(30, 3, 101)).toBe(CoapEvent.None);
    expect(notify(40, 4, 0xffffff)).toBe(CoapEvent.None);
    expect(notify(128_011, 5, 7)).toBe(CoapEvent.Notification);
    expect(notify(128_100, 6, 8)).toBe(CoapEvent.Notification);
  });

  test('forgotten: the next notification is refused by RST', () => {
    const { token } = observe();
    kit.coapForget();
    expect(give(10, { type: 0, code: CONTENT, mid: 70, token, options: [uint(6, 101)] })).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ type: 3, mid: 70 });
  });

  test('cancelled by Observe 1 with the token of the observation', () => {
    const { token } = observe();
    kit.coapRequest(10, { method: GET, options: uri('temp'), observe: 1 });
    const cancel = one();
    expect(cancel.observe).toBe(1);
    expect(toHex(cancel.token)).toBe(toHex(token));
    expect(give(20, { type: 2, code: CONTENT, mid: cancel.mid, token })).toBe(CoapEvent.Response);
    give(30, { type: 0, code: CONTENT, mid: 70, token, options: [uint(6, 101)] });
    expect(one()).toMatchObject({ type: 3, mid: 70 });
  });

  test('ends with an error response', () => {
    const { token } = observe();
    expect(give(10, { type: 0, code: 0x84, mid: 70, token })).toBe(CoapEvent.Notification);
    expect(one()).toMatchObject({ type: 2, mid: 70 });
    expect(give(20, { type: 0, code: CONTENT, mid: 71, token, options: [uint(6, 103)] })).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ type: 3, mid: 71 });
  });

  test('a notification of several blocks: the rest is fetched without Observe, by another token', () => {
    const { token } = observe();
    const etag = [4, Uint8Array.of(1)] as const;
    const first = { type: 0, code: CONTENT, mid: 70, token, payload: new Uint8Array(16).fill(1) };
    expect(give(10, { ...first, options: [etag, uint(6, 101), block(BLOCK2, 0, true, 0)] })).toBe(
      CoapEvent.ResponseBlock,
    );
    kit.coapKeep(10);
    const [ack, rest] = out();
    expect(ack).toMatchObject({ type: 2, mid: 70 });
    expect(rest).toMatchObject({ code: GET, observe: -1, block2: 16 });
    expect(toHex(rest?.token ?? NONE)).not.toBe(toHex(token));
    const last = { type: 2, code: CONTENT, mid: rest?.mid ?? 0, token: rest?.token ?? NONE };
    expect(give(20, { ...last, options: [etag, block(BLOCK2, 1, false, 0)], payload: Uint8Array.of(2) })).toBe(
      CoapEvent.Notification,
    );
    expect(toHex(kit.coapBody())).toBe('01'.repeat(16) + '02');
  });
});

describe('a body of the peer in blocks (Block1)', () => {
  const put = (num: number, more: boolean, size: number, mid: number, extra: Given['options'] = []): Given => ({
    ...{ code: PUT, mid, token: Uint8Array.of(mid), payload: new Uint8Array(size).fill(num) },
    options: [...uri('f'), block(BLOCK1, num, more, 0), ...(extra ?? [])],
  });

  test('is gathered: 2.31 for each, the final code with the last block echoed', () => {
    expect(give(0, put(0, true, 16, 1))).toBe(CoapEvent.Block);
    kit.coapKeep(0);
    expect(one()).toMatchObject({ code: CONTINUE, block1: 8 });
    expect(give(1, put(1, true, 16, 2))).toBe(CoapEvent.Block);
    kit.coapKeep(1);
    expect(one()).toMatchObject({ code: CONTINUE, block1: 24 });
    expect(give(2, put(2, false, 3, 3))).toBe(CoapEvent.Request);
    expect(toHex(kit.coapBody())).toBe('00'.repeat(16) + '01'.repeat(16) + '020202');
    kit.coapRespond({ code: CHANGED });
    expect(one()).toMatchObject({ code: CHANGED, block1: 32 });
  });

  test('a duplicate of a block is answered again and gathered once', () => {
    give(0, put(0, true, 16, 1));
    kit.coapKeep(0);
    out();
    expect(give(1, put(0, true, 16, 1))).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ code: CONTINUE });
    give(2, put(1, false, 1, 2));
    expect(kit.coapBody()).toHaveLength(17);
  });

  test('the last block once more, in a message of its own, is 2.31 and gathered once: its answer had been lost', () => {
    give(0, put(0, true, 16, 1));
    kit.coapKeep(0);
    give(1, put(1, true, 16, 2));
    kit.coapKeep(1);
    out();
    expect(give(200, put(1, true, 16, 3))).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ code: CONTINUE, block1: 24 });
    give(201, put(2, false, 1, 4));
    expect(kit.coapBody()).toHaveLength(33);
  });

  test.each([
    ['a block is left out', put(2, true, 16, 2)],
    [
      'the format is another',
      { ...put(1, true, 16, 2), options: [...uri('f'), uint(12, 42), block(BLOCK1, 1, true, 0)] },
    ],
    ['the path is another', { ...put(1, true, 16, 2), options: [...uri('g'), block(BLOCK1, 1, true, 0)] }],
  ])('4.08 when %s, and then from the start only', (_what, wrong) => {
    give(0, put(0, true, 16, 1));
    kit.coapKeep(0);
    out();
    expect(give(1, wrong)).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ code: 0x88 });
    expect(give(2, put(1, true, 16, 3))).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ code: 0x88 });
    expect(give(3, put(0, true, 16, 4))).toBe(CoapEvent.Block);
  });

  test('4.08 when the next block comes after 247 s', () => {
    give(0, put(0, true, 16, 1));
    kit.coapKeep(0);
    out();
    expect(give(247_000, put(1, true, 16, 2))).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ code: 0x88 });
  });

  test('4.13 with the limit in Size1: announced too large, or found so', () => {
    give(0, put(0, true, 16, 1, [uint(SIZE1, 257)]));
    kit.coapKeep(0);
    expect(one()).toMatchObject({ code: 0x8d, size1: 256 });
    for (let num = 0; num < 16; num++) {
      expect(give(num, put(num, true, 16, 10 + num))).toBe(CoapEvent.Block);
      kit.coapKeep(num);
      expect(one()).toMatchObject({ code: CONTINUE });
    }
    expect(give(20, put(16, false, 1, 30))).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ code: 0x8d, size1: 256 });
  });

  test.each([
    ['a block that is not full and not the last', put(0, true, 15, 1)],
    ['more than a block', put(0, false, 17, 1)],
    ['SZX 7', { ...put(0, true, 16, 1), options: [...uri('f'), block(BLOCK1, 0, true, 7)] }],
  ])('4.00: %s', (_what, given) => {
    expect(give(0, given)).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ code: 0x80 });
  });

  test('smaller blocks are asked for where ours are smaller', () => {
    kit.coapBegin({ seed: 1n, szx: 1, limit: 256 });
    const big = { ...put(0, true, 64, 1), options: [...uri('f'), block(BLOCK1, 0, true, 2)] };
    expect(give(0, big)).toBe(CoapEvent.Block);
    kit.coapKeep(0);
    expect(one()).toMatchObject({ code: CONTINUE, block1: 8 | 1 });
    expect(give(1, { ...put(2, false, 5, 2), options: [...uri('f'), block(BLOCK1, 2, false, 1)] })).toBe(
      CoapEvent.Request,
    );
    expect(kit.coapBody()).toHaveLength(69);
  });

  test('taken block by block it may be of any size', () => {
    for (let num = 0; num < 40; num++) {
      expect(give(num, put(num, true, 16, 10 + num))).toBe(CoapEvent.Block);
      expect(kit.coapOffset()).toBe(num * 16);
      kit.coapTake(num);
      expect(one()).toMatchObject({ code: CONTINUE });
    }
    expect(give(50, put(40, false, 2, 90))).toBe(CoapEvent.Request);
    expect([kit.coapOffset(), kit.coapBody().length]).toEqual([640, 2]);
  });
});

describe('a response of ours in blocks (Block2)', () => {
  const body = Uint8Array.from({ length: 100 }, (_, i) => i);
  const get = (num: number | undefined, szx: number, mid: number, code = GET): Given => ({
    ...{ code, mid, token: Uint8Array.of(1) },
    options: [...uri('r'), ...(num === undefined ? [] : [block(BLOCK2, num, false, szx)])],
  });

  test('is cut where it is too large; ETag is the same for the same body only', () => {
    kit.coapBegin({ seed: 1n, szx: 1 });
    const fetch = (given: Given, from = body): CoapParsed => {
      expect(give(0, given)).toBe(CoapEvent.Request);
      kit.coapRespond({ code: CONTENT, body: from });
      return one();
    };
    const tagOf = (m: CoapParsed): string => toHex(m.options.find(([number]) => number === 4)?.[1] ?? NONE);
    const first = fetch(get(undefined, 0, 1));
    expect(first).toMatchObject({ block2: 8 | 1, payload: body.slice(0, 32) });
    expect(fetch(get(3, 1, 2))).toMatchObject({ block2: (3 << 4) | 1, payload: body.slice(96) });
    // Smaller blocks at the peer's wish.
    expect(fetch(get(2, 0, 3))).toMatchObject({ block2: (2 << 4) | 8, payload: body.slice(32, 48) });
    // Larger ones it does not get.
    expect(fetch(get(0, 5, 4))).toMatchObject({ block2: 8 | 1, payload: body.slice(0, 32) });
    expect(tagOf(first)).not.toBe('');
    expect(tagOf(fetch(get(1, 1, 5)))).toBe(tagOf(first));
    expect(
      tagOf(
        fetch(
          get(1, 1, 6),
          body.map((v) => v ^ 1),
        ),
      ),
    ).not.toBe(tagOf(first));
  });

  test('beyond its end is 4.00', () => {
    give(0, get(7, 0, 1));
    kit.coapRespond({ code: CONTENT, body });
    expect(one()).toMatchObject({ code: 0x80, payload: NONE });
  });

  test('to a POST: the rest comes without carrying it out again', () => {
    expect(give(0, { ...get(0, 1, 1, POST), payload: Buffer.from('run') })).toBe(CoapEvent.Request);
    kit.coapRespond({ code: CHANGED, body });
    expect(one()).toMatchObject({ block2: 8 | 1 });
    expect(give(1, get(1, 1, 2, POST))).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ code: CHANGED, block2: (1 << 4) | 8 | 1, payload: body.slice(32, 64) });
    expect(give(2, { ...get(1, 1, 3, POST), options: [...uri('other'), block(BLOCK2, 1, false, 1)] })).toBe(
      CoapEvent.None,
    );
    expect(one()).toMatchObject({ code: 0x88 });
  });
});

describe('a request of ours in blocks (Block1)', () => {
  const body = Uint8Array.from({ length: 100 }, (_, i) => i);
  const answer = (m: CoapParsed, code: number, ...options: (readonly [number, Uint8Array])[]): number =>
    give(0, { type: 2, code, mid: m.mid, token: m.token, options });

  test('shrinks at the wish of the peer', () => {
    kit.coapBegin({ seed: 1n, szx: 2 });
    kit.coapRequest(0, { method: PUT, options: uri('f'), body });
    const first = one();
    expect(first).toMatchObject({ block1: 8 | 2, size1: 100, payload: body.slice(0, 64) });
    expect(answer(first, CONTINUE, block(BLOCK1, 0, true, 1))).toBe(CoapEvent.None);
    const second = one();
    expect(second).toMatchObject({ block1: (2 << 4) | 8 | 1, size1: -1, payload: body.slice(64, 96) });
    expect(toHex(second.token)).not.toBe(toHex(first.token));
    answer(second, CONTINUE, block(BLOCK1, 2, true, 1));
    const third = one();
    expect(third).toMatchObject({ block1: (3 << 4) | 1, payload: body.slice(96) });
    expect(answer(third, CHANGED, block(BLOCK1, 3, false, 1))).toBe(CoapEvent.Response);
    expect(kit.coapMessage().code).toBe(CHANGED);
  });

  test('4.13 with a smaller SZX: once more in smaller blocks', () => {
    kit.coapBegin({ seed: 1n, szx: 2 });
    kit.coapRequest(0, { method: PUT, body });
    expect(answer(one(), 0x8d, block(BLOCK1, 0, true, 0))).toBe(CoapEvent.None);
    expect(one()).toMatchObject({ block1: 8, payload: body.slice(0, 16) });
  });

  test('4.08 ends it, and the caller is told', () => {
    kit.coapBegin({ seed: 1n, szx: 2 });
    kit.coapRequest(0, { method: PUT, body });
    expect(answer(one(), 0x88, block(BLOCK1, 0, true, 2))).toBe(CoapEvent.Response);
    expect([kit.coapResult(), kit.coapMessage().code]).toEqual([Status.Ok, 0x88]);
  });

  test.each([
    ['of another block', [block(BLOCK1, 1, true, 2)]],
    ['of no block', []],
    ['for larger blocks', [block(BLOCK1, 0, true, 3)]],
  ])('2.31 %s is Malformed', (_what, options) => {
    kit.coapBegin({ seed: 1n, szx: 2 });
    kit.coapRequest(0, { method: PUT, body });
    expect(answer(one(), CONTINUE, ...options)).toBe(CoapEvent.Response);
    expect(kit.coapResult()).toBe(Status.Malformed);
  });
});

describe('a response of the peer in blocks (Block2)', () => {
  const part = (m: CoapParsed, num: number, more: boolean, tag: number, payload: Uint8Array): number =>
    give(0, {
      ...{ type: 2, code: CONTENT, mid: m.mid, token: m.token, payload },
      options: [[4, Uint8Array.of(tag)], block(BLOCK2, num, more, 0)],
    });
  const sixteen = (value: number): Uint8Array => new Uint8Array(16).fill(value);

  test('small blocks are asked for at once where ours are small', () => {
    kit.coapBegin({ seed: 1n, szx: 5 });
    kit.coapRequest(0, { method: GET });
    expect(one()).toMatchObject({ block2: 5 });
  });

  test('another ETag in the middle: fetched again from the start', () => {
    kit.coapRequest(0, { method: GET });
    expect(part(one(), 0, true, 1, sixteen(1))).toBe(CoapEvent.ResponseBlock);
    kit.coapKeep(0);
    expect(part(one(), 1, true, 2, sixteen(2))).toBe(CoapEvent.None);
    const again = one();
    expect(again.block2).toBe(6);
    expect(part(again, 0, true, 2, sixteen(3))).toBe(CoapEvent.ResponseBlock);
    expect(kit.coapOffset()).toBe(0);
    kit.coapKeep(0);
    expect(part(one(), 1, false, 2, Uint8Array.of(4))).toBe(CoapEvent.Response);
    expect(toHex(kit.coapBody())).toBe('03'.repeat(16) + '04');
  });

  test('that changes every time is given up after three new starts', () => {
    kit.coapRequest(0, { method: GET });
    let tag = 0;
    for (let i = 0; i < 4; i++) {
      expect(part(one(), 0, true, ++tag, sixteen(1))).toBe(CoapEvent.ResponseBlock);
      kit.coapKeep(0);
      expect(part(one(), 1, true, ++tag, sixteen(1))).toBe(i < 3 ? CoapEvent.None : CoapEvent.Response);
    }
    expect(kit.coapResult()).toBe(Status.Malformed);
  });

  test('larger than the buffer is TooLong; taken in pieces it is not', () => {
    kit.coapBegin({ seed: 1n, limit: 20 });
    kit.coapRequest(0, { method: GET });
    expect(part(one(), 0, true, 1, sixteen(1))).toBe(CoapEvent.ResponseBlock);
    kit.coapKeep(0);
    expect(part(one(), 1, true, 1, sixteen(2))).toBe(CoapEvent.ResponseBlock);
    kit.coapKeep(0);
    expect(kit.coapStep(kit.coapDeadline())).toBe(CoapEvent.Response);
    expect(kit.coapResult()).toBe(Status.TooLong);

    kit.coapRequest(0, { method: GET });
    for (let num = 0; num < 50; num++) {
      expect(part(one(), num, true, 1, sixteen(num))).toBe(CoapEvent.ResponseBlock);
      expect([kit.coapOffset(), kit.coapBody().length]).toEqual([num * 16, 16]);
      kit.coapTake(0);
    }
    expect(part(one(), 50, false, 1, Uint8Array.of(1))).toBe(CoapEvent.Response);
    expect([kit.coapOffset(), kit.coapBody().length]).toEqual([800, 1]);
  });

  test.each([
    ['not the one asked for', 2, true, sixteen(1)],
    ['not full and not the last', 1, true, Uint8Array.of(1)],
  ])('a block %s is Malformed', (_what, num, more, payload) => {
    kit.coapRequest(0, { method: GET });
    part(one(), 0, true, 1, sixteen(1));
    kit.coapKeep(0);
    expect(part(one(), num, more, 1, payload)).toBe(CoapEvent.Response);
    expect(kit.coapResult()).toBe(Status.Malformed);
  });
});
