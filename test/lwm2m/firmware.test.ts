// Firmware Update, object 5: every state, every result, both ways of delivery, and power that fails anywhere.
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Status, firmwarePackage } from '../../host/board/index.js';
import { Random } from '../../host/random.js';
import { FirmwareLab, NEW, OLD, OPAQUE, PowerLost, URI, imageOf, packageOf, pathOf } from './firmware-lab.js';
import { GET, NONE, POST, PUT, kit, text } from './lab.js';

const TLV = 11_542;
const image = imageOf(3_000);
const whole = packageOf(image);

let device: FirmwareLab;
beforeEach(() => (device = new FirmwareLab()));

const read = (path: string): string => text(device.lab.ask(GET, path, { accept: 0 }));
const now = (): [number, number] => [device.state, device.result];

describe('the package', () => {
  test('is a header of 128 bytes and the image', () => {
    expect(Buffer.from(whole.subarray(0, 16)).toString('hex')).toBe('416b4677' + '01000000' + '00000bb8' + '00000000');
    expect(Buffer.from(whole.subarray(16, 46)).toString('latin1')).toMatch(/^sensor\0{18}1\.1\.0\0$/);
    expect(whole.length).toBe(128 + 3_000);
  });

  test.each([
    ['a name too long', { name: 'x'.repeat(25) }],
    ['no version', { version: '' }],
    ['a version not of ASCII', { version: 'é' }],
    ['an empty image', { image: NONE }],
  ])('cannot be made with %s', (_what, wrong) => {
    expect(() => firmwarePackage({ image, name: 'a', version: '1', ...wrong })).toThrow(RangeError);
  });
});

describe('pushed', () => {
  test.each([16, 64, 256, 1024])(
    'int-755, int-770: in blocks of %i: downloaded, updated, and the new image says so',
    (size) => {
      expect(now()).toEqual([0, 0]);
      const before = [PUT, '/5/0/0', { format: OPAQUE, block1: 8, body: whole.subarray(0, 16) }] as const;
      expect(device.ask(...before)).toBe('2.31');
      expect(now()).toEqual([1, 0]);
      expect(device.push(whole, size)).toEqual(['2.04']);
      expect(now()).toEqual([2, 0]);
      expect([read('/5/0/6'), read('/5/0/7'), read('/3/0/3')]).toEqual(['sensor', NEW, OLD]);
      expect(device.ask(POST, '/5/0/2')).toBe('2.04');
      expect(now()).toEqual([3, 0]);
      expect(device.apply()).toBe(true);
      expect(Buffer.from(kit.lwm2mFlashImage()).equals(image)).toBe(true);
      expect(now()).toEqual([0, 1]);
      expect(read('/3/0/3')).toBe(NEW);
    },
  );

  test('in TLV, of any length', () => {
    for (const length of [1, 63, 64, 65, 200, 3_000]) {
      device = new FirmwareLab();
      const body = packageOf(imageOf(length));
      const head = Buffer.from([0xd0, 0x00, body.length >> 8, body.length & 0xff]);
      expect(device.push(new Uint8Array(Buffer.concat([head, body])), 64, { format: TLV })).toEqual(['2.04']);
      expect(device.update()).toBe(true);
      expect(Buffer.from(kit.lwm2mFlashImage()).equals(imageOf(length))).toBe(true);
    }
  });

  test('in one message', () => {
    const small = packageOf(imageOf(40));
    expect(device.ask(PUT, '/5/0/0', { format: OPAQUE, body: small })).toBe('2.04');
    expect(now()).toEqual([2, 0]);
  });

  test('a block that does not come next is 4.08; block 0 starts again', () => {
    const block = (num: number): string =>
      device.ask(PUT, '/5/0/0', {
        format: OPAQUE,
        block1: (num << 4) | 8 | 2,
        body: whole.subarray(num * 64, num * 64 + 64),
      });
    expect([block(0), block(1), block(3), block(2)]).toEqual(['2.31', '2.31', '4.08', '4.08']);
    expect(now()).toEqual([1, 0]);
    expect(device.push(whole, 64)).toEqual(['2.04']);
    expect(now()).toEqual([2, 0]);
  });

  test('after a restart in the middle the connection is lost, and another push succeeds', () => {
    device.ask(PUT, '/5/0/0', { format: OPAQUE, block1: 8 | 6, body: whole.subarray(0, 1024) });
    device.restart();
    expect(now()).toEqual([0, 4]);
    expect(device.push(whole)).toEqual(['2.04']);
  });

  test('who pushes and falls silent for as long as what has come is kept: the connection is lost, and another push succeeds', () => {
    const { lab } = device;
    const half = (): void =>
      void device.ask(PUT, '/5/0/0', { format: OPAQUE, block1: 8 | 6, body: whole.subarray(0, 1024) });
    // Twice: what was seen of the first push says nothing of the second.
    for (let times = 0; times < 2; times++) {
      half();
      kit.lwm2mFirmwareSettle(lab.now);
      lab.now += 246_000;
      kit.lwm2mFirmwareSettle(lab.now);
      expect(now()).toEqual([1, 0]);
      lab.now += 2_000;
      kit.lwm2mFirmwareSettle(lab.now);
      expect(now()).toEqual([0, 4]);
      expect(device.ask(PUT, '/5/0/0', { format: OPAQUE, block1: 0x18 | 6, body: whole.subarray(1024, 2048) })).toBe(
        '4.08',
      );
    }
    expect(device.push(whole)).toEqual(['2.04']);
    lab.now += 3_600_000;
    kit.lwm2mFirmwareSettle(lab.now);
    expect(now()).toEqual([2, 0]);
  });
});

describe('refused', () => {
  const wrong = (change: (bytes: Uint8Array) => void): Uint8Array => {
    const bytes = whole.slice();
    change(bytes);
    return bytes;
  };
  test.each([
    ['int-777: what is no package', new Uint8Array(500), '4.00', 6],
    ['another form of header', wrong((b) => (b[4] = 2)), '4.00', 6],
    ['a name that is not text', wrong((b) => (b[16] = 7)), '4.00', 6],
    ['an image of no length', wrong((b) => b.fill(0, 8, 12)), '4.00', 6],
    ['int-776: a wrong digest', wrong((b) => (b[70] = (b[70] ?? 0) ^ 1)), '4.00', 5],
    ['a wrong bit at the end', wrong((b) => (b[3_127] = (b[3_127] ?? 0) ^ 1)), '4.00', 5],
    ['another version than was signed with', wrong((b) => (b[40] = 0x32)), '4.00', 5],
    ['less than the header says', whole.subarray(0, 3_000), '4.00', 5],
    ['more than the header says', new Uint8Array(Buffer.concat([whole, Buffer.of(0)])), '4.00', 5],
    ['half a header', whole.subarray(0, 100), '4.00', 5],
  ])('%s', (_what, bytes, code, result) => {
    expect(device.push(bytes)).toEqual([code]);
    expect(now()).toEqual([0, result]);
    expect(device.push(whole)).toEqual(['2.04']);
    expect(now()).toEqual([2, 0]);
  });

  test('int-773: an image larger than the flash: 4.13, result 2', () => {
    kit.lwm2mFlashLimits({ capacity: 2_000 });
    expect(device.push(whole)).toEqual(['4.13']);
    expect(now()).toEqual([0, 2]);
  });

  test('an image that the board cannot run: the restart does not come, result 5', () => {
    const bad = imageOf(500);
    bad[0] = 0xff;
    device.push(packageOf(bad));
    expect(device.update()).toBe(false);
    expect(now()).toEqual([0, 5]);
  });

  test('an update that cannot be written down: 5.00, and the package stays', () => {
    device.push(whole);
    kit.lwm2mFlashLimits({ storeFails: true });
    expect(device.ask(POST, '/5/0/2')).toBe('5.00');
    expect(now()).toEqual([2, 0]);
    kit.lwm2mFlashLimits({});
    expect(device.update()).toBe(true);
    expect(now()).toEqual([0, 1]);
  });

  test('int-779: an image that does not come up: the old one says that it has failed', () => {
    device.push(whole);
    device.ask(POST, '/5/0/2');
    expect(kit.lwm2mFirmwareApply()).toBe(true);
    // The board goes back to the image before.
    kit.coapBegin({ seed: 2n });
    kit.lwm2mStandardBegin(OLD, false);
    expect(now()).toEqual([2, 8]);
    // Another attempt, with what is there no more.
    expect(device.update()).toBe(false);
    expect(now()).toEqual([0, 8]);
  });
});

describe('states and what they do not allow', () => {
  const update = (): string => device.ask(POST, '/5/0/2');
  const cancel = (): string => device.ask(POST, '/5/0/10');
  const setUri = (body: string): string => device.ask(PUT, '/5/0/1', { format: 0, body });
  const pushOne = (): string => device.push(whole)[0] ?? '';

  test('int-772: idle: no Update, no Cancel', () => {
    expect([update(), cancel()]).toEqual(['4.05', '4.05']);
    expect(now()).toEqual([0, 0]);
  });

  test('downloading: no Update, no other URI, no package beside what is fetched; Cancel', () => {
    expect(setUri(URI)).toBe('2.04');
    expect(now()).toEqual([1, 0]);
    expect([update(), setUri('coap://other/x'), pushOne()]).toEqual(['4.05', '4.05', '4.05']);
    expect(read('/5/0/1')).toBe(URI);
    expect(cancel()).toBe('2.04');
    expect(now()).toEqual([0, 10]);
  });

  test('downloaded: no package, no URI; Cancel', () => {
    pushOne();
    expect([pushOne(), setUri(URI)]).toEqual(['4.05', '4.05']);
    expect(now()).toEqual([2, 0]);
    device.restart();
    expect(now()).toEqual([2, 0]);
    expect(cancel()).toBe('2.04');
    expect(now()).toEqual([0, 10]);
  });

  test('updating: nothing', () => {
    pushOne();
    update();
    expect([update(), cancel(), pushOne(), setUri(URI), setUri('')]).toEqual(Array(5).fill('4.05'));
    expect(device.ask(PUT, '/5/0/0', { format: OPAQUE, body: Uint8Array.of(0) })).toBe('4.05');
    expect(now()).toEqual([3, 0]);
  });

  test.each([
    ['an empty URI', () => setUri('')],
    ['an empty package', () => device.ask(PUT, '/5/0/0', { format: OPAQUE })],
    ['one zero', () => device.ask(PUT, '/5/0/0', { format: OPAQUE, body: Uint8Array.of(0) })],
  ])('%s drops what is there', (_what, drop) => {
    setUri(URI);
    expect(drop()).toBe('2.04');
    expect(now()).toEqual([0, 0]);
    expect(read('/5/0/1')).toBe('');
    pushOne();
    expect(drop()).toBe('2.04');
    expect(now()).toEqual([0, 0]);
  });

  test.each([
    ['files.example/fw', 9],
    ['http://files.example/fw', 9],
    ['coap://', 7],
    ['coap://h:99999/', 7],
    [`coap://h/${'a/'.repeat(130)}`, 7],
  ])('int-778, int-780: the URI %s is result %i', (bad, result) => {
    expect(setUri(bad)).toBe('2.04');
    expect(now()).toEqual([0, result]);
  });

  test('int-751: other resources', () => {
    expect([read('/5/0/3'), read('/5/0/5'), read('/5/0/9')]).toEqual(['0', '0', '2']);
    const protocols = text(device.lab.ask(GET, '/5/0/8', { accept: 110 }));
    expect(protocols).toBe('[{"bn":"/5/0/8/","n":"0","v":0},{"n":"1","v":1}]');
    expect(device.ask(PUT, '/5/0/11', { format: 0, body: '2' })).toBe('2.04');
    expect(device.ask(PUT, '/5/0/11', { format: 0, body: '3' })).toBe('4.00');
    expect(device.ask(PUT, '/5/0/13', { format: 0, body: '86400' })).toBe('2.04');
    device.restart();
    expect([read('/5/0/11'), read('/5/0/13')]).toEqual(['2', '86400']);
    kit.lwm2mStandardSet('time', 1_700_000_000);
    pushOne();
    expect(read('/5/0/12')).toBe('1700000000');
  });

  test('int-760: state and result can be observed', () => {
    const { lab } = device;
    lab.ask(GET, '/5/0/3', { observe: 0, token: 3, accept: 0 });
    lab.ask(GET, '/5/0/5', { observe: 0, token: 5, accept: 0 });
    device.push(packageOf(imageOf(100)), 64);
    lab.run(1);
    cancel();
    lab.run(1);
    expect(lab.notifications.map(({ token, text: body }) => `${token}:${body}`)).toEqual(['3:1', '3:2', '3:0', '5:10']);
  });
});

describe('fetched', () => {
  const name = (uri: string): void => void device.ask(PUT, '/5/0/1', { format: 0, body: uri });
  const start = (): void => name(URI);

  test.each([16, 64, 512, 1024])('int-756, int-771: in blocks of %i', (size) => {
    start();
    device.offer(whole, size);
    device.fetch();
    expect(now()).toEqual([2, 0]);
    expect(pathOf(device.lab.requests[0] as never)).toBe('a/fw/v=2');
    expect(device.update()).toBe(true);
    expect(now()).toEqual([0, 1]);
    expect(Buffer.from(kit.lwm2mFlashImage()).equals(image)).toBe(true);
  });

  test('with another ETag in the middle it starts again', () => {
    start();
    const other = packageOf(imageOf(2_000, 'other'));
    let asked = 0;
    device.offer(whole, 256, () => {
      if (++asked === 5) device.offer(other, 256);
      return undefined;
    });
    device.fetch();
    expect(now()).toEqual([2, 0]);
    expect(device.update()).toBe(true);
    expect(Buffer.from(kit.lwm2mFlashImage()).equals(imageOf(2_000, 'other'))).toBe(true);
  });

  test('a session that breaks is opened again, and it goes on where it was', () => {
    start();
    const asked: number[] = [];
    device.offer(whole, 256, (from) => {
      asked.push(from);
      return asked.length === 5 || (asked.length > 5 && asked.length < 10) ? 'silent' : undefined;
    });
    device.fetch();
    expect(now()).toEqual([2, 0]);
    expect(device.sessions).toBe(2);
    // Five transmissions of the block that got lost, then the same block in the next session.
    expect(asked.slice(4, 10)).toEqual(Array(6).fill(1024));
  });

  test('after a restart it goes on from the last record', () => {
    start();
    const large = packageOf(imageOf(12_000));
    const asked: number[] = [];
    device.offer(large, 1024, (from) => {
      asked.push(from);
      return from >= 9 * 1024 ? 'silent' : undefined;
    });
    kit.lwm2mPullBegin(device.lab.now);
    device.lab.run(1);
    expect(kit.lwm2mFirmwareState().received).toBe(9 * 1024);
    device.restart();
    expect(now()).toEqual([1, 0]);
    expect(kit.lwm2mFirmwareState().received).toBe(8 * 1024);
    asked.length = 0;
    device.offer(large, 1024, (from) => void asked.push(from));
    device.fetch();
    expect(asked[0]).toBe(8 * 1024);
    expect(now()).toEqual([2, 0]);
    expect(device.update()).toBe(true);
    expect(Buffer.from(kit.lwm2mFlashImage()).equals(imageOf(12_000))).toBe(true);
  });

  test('after a restart of a board that cannot go on in the middle it starts again', () => {
    kit.lwm2mFlashLimits({ forgetful: true });
    start();
    const large = packageOf(imageOf(12_000));
    device.offer(large, 1024, (from) => (from >= 9 * 1024 ? 'silent' : undefined));
    kit.lwm2mPullBegin(device.lab.now);
    device.lab.run(1);
    device.restart();
    device.offer(large, 1024);
    device.fetch();
    expect(now()).toEqual([2, 0]);
    expect(device.update()).toBe(true);
    expect(Buffer.from(kit.lwm2mFlashImage()).equals(imageOf(12_000))).toBe(true);
  });

  test.each([
    ['4.04', 0x84, 7],
    ['4.01', 0x81, 9],
    ['2.04', 0x44, 9],
  ])('%s is result %i', (_code, code, result) => {
    start();
    device.offer(whole, 256, () => ({ code }));
    device.fetch();
    expect(now()).toEqual([0, result]);
  });

  describe('whose connection was lost', () => {
    const large = packageOf(imageOf(12_000));
    let asked: number[];

    beforeEach(() => {
      start();
      device.offer(large, 1024, (from) => (from >= 5 * 1024 ? 'silent' : undefined));
      device.fetch();
      expect(now()).toEqual([0, 4]);
      asked = [];
      device.offer(large, 1024, (from) => void asked.push(from));
    });

    const runs = (): void => {
      device.fetch();
      expect(now()).toEqual([2, 0]);
      expect(device.update()).toBe(true);
      expect(Buffer.from(kit.lwm2mFlashImage()).equals(imageOf(12_000))).toBe(true);
    };

    test('goes on where it was when it is named again', () => {
      start();
      runs();
      expect(asked[0]).toBe(5 * 1024);
    });

    test('goes on from the last record when the power fails then', () => {
      start();
      device.restart();
      device.offer(large, 1024, (from) => void asked.push(from));
      runs();
      expect(asked[0]).toBe(4 * 1024);
    });

    test('starts again when it is another version by now', () => {
      const other = packageOf(imageOf(2_000, 'other'));
      device.offer(other, 256);
      start();
      device.fetch();
      expect(now()).toEqual([2, 0]);
      expect(device.update()).toBe(true);
      expect(Buffer.from(kit.lwm2mFlashImage()).equals(imageOf(2_000, 'other'))).toBe(true);
    });

    test.each<[string, () => void]>([
      ['the power has failed since', () => device.restart()],
      ['another was pushed in between', () => void device.push(whole.subarray(0, 512))],
      [
        'another was named in between',
        () => {
          name('coap://files.example/b/fw?v=2');
          name('');
        },
      ],
    ])('starts again when %s', (_what, between) => {
      between();
      device.lab.now += 60_000;
      name('');
      device.offer(large, 1024, (from) => void asked.push(from));
      start();
      runs();
      expect(asked[0]).toBe(0);
    });
  });

  test('int-775: a server that never answers: tried again with growing waits, then given up, result 4', () => {
    start();
    device.offer(whole, 256, () => 'silent');
    const from = device.lab.now;
    device.fetch();
    expect(now()).toEqual([0, 4]);
    expect(device.sessions).toBe(9);
    expect(device.lab.now - from).toBeGreaterThan(40 * 60_000);
  });

  test('int-778: a host that has no address, each time: result 7; one that has one in the end is asked', () => {
    for (const tries of [9, 5]) {
      device = new FirmwareLab();
      start();
      for (let i = 0; i < tries; i++) {
        const at = kit.lwm2mPullDeadline();
        expect([at < Infinity, device.state]).toEqual([true, 1]);
        device.lab.now = Math.max(device.lab.now, at);
        kit.lwm2mPullUnreachable(device.lab.now, Status.NameUnknown);
      }
      device.offer(whole);
      device.fetch();
      expect(now()).toEqual(tries === 9 ? [0, 7] : [2, 0]);
    }
  });

  test('5.03 is tried again', () => {
    start();
    let refusals = 0;
    device.offer(whole, 256, () => (++refusals < 3 ? { code: 0xa3 } : undefined));
    device.fetch();
    expect(now()).toEqual([2, 0]);
  });

  test('cancelled in the middle it asks for nothing more', () => {
    start();
    let asked = 0;
    device.offer(whole, 64, () => {
      if (++asked === 3) {
        device.lab.serve = undefined;
        return 'silent';
      }
      return undefined;
    });
    kit.lwm2mPullBegin(device.lab.now);
    device.lab.run(0);
    expect(device.ask(POST, '/5/0/10')).toBe('2.04');
    device.offer(whole, 64, () => void asked++);
    device.lab.run(120);
    expect(now()).toEqual([0, 10]);
    expect(asked).toBeLessThanOrEqual(4);
    expect(kit.lwm2mPullDeadline()).toBe(Infinity);
  });

  test('a digest that is wrong is result 5', () => {
    start();
    const bad = whole.slice();
    bad[1_000] = (bad[1_000] ?? 0) ^ 0x10;
    device.offer(bad, 256);
    device.fetch();
    expect(now()).toEqual([0, 5]);
  });
});

describe('power that fails', () => {
  const HOW = ['before', 'within', 'after'] as const;

  test.each(['push', 'pull'] as const)(
    'at each write of a %s, in every way: the update is done in the end',
    (method) => {
      const bytes = packageOf(imageOf(9_000));
      device.persist(method, bytes, 1024);
      const writes = kit.lwm2mFlashState().writes;
      expect(writes).toBeGreaterThan(10);
      for (const how of HOW) {
        for (let at = 0; at < writes; at++) {
          device = new FirmwareLab();
          kit.lwm2mFlashCut(at, how);
          device.persist(method, bytes, 1024);
          expect(Buffer.from(kit.lwm2mFlashImage()).equals(bytes.subarray(128))).toBe(true);
          expect([device.version, ...now()]).toEqual([NEW, 0, 1]);
        }
      }
    },
  );

  test('again and again, over packages, blocks and flashes of any kind', () => {
    fc.assert(
      fc.property(
        fc.record({
          length: fc.integer({ min: 1, max: 20_000 }),
          szx: fc.integer({ min: 2, max: 6 }),
          method: fc.constantFrom('push' as const, 'pull' as const),
          forgetful: fc.boolean(),
          cuts: fc.array(fc.record({ at: fc.nat(40), how: fc.constantFrom(...HOW) }), { maxLength: 5 }),
        }),
        ({ length, szx, method, forgetful, cuts }) => {
          const bytes = packageOf(imageOf(length));
          device = new FirmwareLab();
          kit.lwm2mFlashLimits({ forgetful });
          const restart = device.restart.bind(device);
          const left = [...cuts];
          const next = (): void => {
            const cut = left.shift();
            kit.lwm2mFlashCut(cut?.at ?? -1, cut?.how ?? 'after');
          };
          device.restart = () => {
            restart();
            next();
          };
          next();
          device.persist(method, bytes, 16 << szx);
          expect(Buffer.from(kit.lwm2mFlashImage()).equals(bytes.subarray(128))).toBe(true);
          expect([device.version, ...now()]).toEqual([NEW, 0, 1]);
        },
      ),
      { numRuns: 150 },
    );
  });
});

test('a record of any kind in the store is taken or left, and an update is possible', () => {
  const random = new Random('records');
  device.push(packageOf(imageOf(200)));
  const good = kit.lwm2mFlashStored();
  let taken = 0;
  for (let i = 0; i < 400; i++) {
    const record =
      i % 4 === 0 ? random.bytes(random.below(460)) : good.slice(0, good.length - (i % 5 === 0 ? random.below(40) : 0));
    for (let k = random.below(4); k > 0 && record.length > 0; k--)
      record[random.below(record.length)] = random.below(256);
    kit.lwm2mFlashRecord(record);
    device.version = OLD;
    kit.coapBegin({ seed: 3n, limit: 2048 });
    kit.lwm2mStandardBegin(OLD, false);
    if (device.state !== 0) taken++;
    if (device.state === 3) kit.lwm2mFirmwareApply();
    if (device.state !== 0) device.ask(PUT, '/5/0/1', { format: 0, body: '' });
    expect(device.state).toBe(0);
    expect(device.push(packageOf(imageOf(100)))).toEqual(['2.04']);
  }
  expect(taken).toBeGreaterThan(50);
});

test('requests of any kind to the object are answered, and it can be updated after them', () => {
  const bytes = packageOf(imageOf(300));
  const request = fc.record({
    method: fc.constantFrom(GET, POST, PUT, 4, 5, 7),
    resource: fc.constantFrom('0', '1', '2', '3', '5', '8', '10', '11', '13', '0/0'),
    format: fc.constantFrom(undefined, 0, OPAQUE, TLV, 112, 110),
    block1: fc.oneof(fc.constant(undefined), fc.nat(100), fc.constantFrom(0, 8, 0x1a, 2, 10)),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.constantFrom(bytes.subarray(0, 16), bytes.subarray(0, 64), bytes, new Uint8Array(Buffer.from(URI))),
    ),
  });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 15 }), (requests) => {
      device = new FirmwareLab();
      for (const { method, resource, format, block1, body } of requests) {
        const parts = { ...(format !== undefined && { format }), ...(block1 !== undefined && { block1 }), body };
        device.ask(method, `/5/0/${resource}`, parts);
      }
      if (device.state === 3) device.apply();
      else if (device.state !== 0) device.ask(PUT, '/5/0/1', { format: 0, body: '' });
      device.version = OLD;
      if (device.state !== 0) throw new PowerLost(String(device.state));
      expect(device.push(bytes, 64)).toEqual(['2.04']);
      expect(device.update()).toBe(true);
      expect(now()).toEqual([0, 1]);
    }),
    { numRuns: 300 },
  );
});
