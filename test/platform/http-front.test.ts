import { expect, it } from 'vitest';
import { VirtualClock } from '../../host/clock/virtual.js';
import { duplexPair } from '../../host/cloud/index.js';
import { HTTP_LIMITS } from '../../host/platform/index.js';
import { HttpFront } from '../../host/platform/http/front.js';
import { Trace } from '../../host/trace/trace.js';
import { session } from './harness.js';

it('a service that throws: 500, told by its kind only, and the connection goes on', async () => {
  const clock = new VirtualClock(0);
  const failures: string[] = [];
  let calls = 0;
  const front = new HttpFront({
    clock,
    limits: HTTP_LIMITS,
    traceOf: () => new Trace(clock),
    nextId: () => ++calls,
    service: {
      refuses: () => false,
      answer: () => Promise.reject(new RangeError('the key is topsecret')),
      failed: (id, caller, status, reason) => failures.push(`${id} ${caller.imsi} ${status} ${reason}`),
    },
  });
  const [near, far] = duplexPair(clock);
  front.accept(far, session('440100000000001'));
  let text = '';
  near.on('data', (chunk: Buffer) => (text += chunk.toString()));
  near.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2));
  await clock.run({ deadline: 1e9 });
  expect(text.match(/^HTTP\/1\.1 500 Internal Server Error\r$/gm)).toHaveLength(2);
  expect(failures).toEqual([
    '1 440100000000001 500 internal error (RangeError)',
    '2 440100000000001 500 internal error (RangeError)',
  ]);
  expect(text + failures.join()).not.toContain('topsecret');
  front.close();
});
