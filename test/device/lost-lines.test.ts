// A line of the modem that is lost on its way, as on a UART without flow control: the driver asks by itself.

import { describe, expect, it } from 'vitest';
import { NetState } from '../../host/board/abi.js';
import { Driver, kit } from './driver.js';

const REQUEST = Buffer.from('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
const KINDS = [
  ['TCP', 1],
  ['UDP', 0],
  ['TLS', 2],
] as const;

/** An open socket; the modem loses its lines of this form, counted from 0, that `loses` names. */
async function opened(kind: number, form: RegExp, loses: (index: number) => boolean): Promise<[Driver, number]> {
  const driver = new Driver(false);
  let answers = 0;
  driver.modem.serveDatagram = () => [Buffer.from(`answer ${++answers}`)];
  driver.modem.serve = () => ({ text: `answer ${++answers}` });
  await driver.until(() => kit.bg95Ready());
  const handle = kit.bg95Open(Buffer.from('h'), 80, kind);
  await driver.until(() => kit.bg95Status(handle) === NetState.Open);
  const say = driver.modem.urc.bind(driver.modem);
  let seen = 0;
  driver.modem.urc = (text) => {
    if (!form.test(text) || !loses(seen++)) say(text);
  };
  return [driver, handle];
}

const read = (handle: number): string => Buffer.from(kit.bg95Read(handle, 500)).toString();
const asked = (driver: Driver): number => driver.modem.commands.filter((line) => /QIRD|QSSLRECV/.test(line)).length;

describe.each(KINDS)('a %s socket', (_name, kind) => {
  it('whose answer is not announced gets it some seconds later, and the next one as well', async () => {
    const [driver, handle] = await opened(kind, /"recv"/, (index) => index === 0);
    for (const answer of ['answer 1', 'answer 2']) {
      kit.bg95Write(handle, REQUEST);
      await driver.run(5);
      expect(read(handle)).toBe(answer);
      expect(kit.bg95Status(handle)).toBe(NetState.Open);
    }
  });

  it('gets answers though none is ever announced', async () => {
    const [driver, handle] = await opened(kind, /"recv"/, () => true);
    for (const answer of ['answer 1', 'answer 2', 'answer 3']) {
      kit.bg95Write(handle, REQUEST);
      await driver.run(5);
      expect(read(handle)).toBe(answer);
    }
  });

  it('gets an answer that comes late, unannounced', async () => {
    const [driver, handle] = await opened(kind, /"recv"/, () => true);
    const serve = driver.modem.serveDatagram;
    driver.modem.serveDatagram = () => [];
    driver.modem.serve = () => undefined;
    kit.bg95Write(handle, REQUEST);
    await driver.run(8);
    driver.modem.serveDatagram = serve;
    if (kind === 0) driver.modem.sendDatagram(Buffer.from('late'));
    else driver.modem.sendBytes(Buffer.from('late'));
    await driver.run(5);
    expect(read(handle)).toBe('late');
  });

  it('that is silent costs four questions', async () => {
    const [driver, handle] = await opened(kind, /"recv"/, () => true);
    driver.modem.serveDatagram = () => [];
    driver.modem.serve = () => undefined;
    kit.bg95Write(handle, REQUEST);
    await driver.run(400);
    expect(asked(driver)).toBe(4);
    expect(kit.bg95Status(handle)).toBe(NetState.Open);
  });

  it('on which nothing was sent is not asked', async () => {
    const [driver] = await opened(kind, /"recv"/, () => true);
    await driver.run(60);
    expect(asked(driver)).toBe(0);
  });
});

it('an end that is not announced is found by the question', async () => {
  const [driver, handle] = await opened(1, /"closed"/, () => true);
  driver.modem.serve = () => ({ text: 'bye', close: true });
  kit.bg95Write(handle, REQUEST);
  await driver.run(1);
  expect(read(handle)).toBe('bye');
  driver.modem.dropSockets();
  await driver.run(10);
  expect(kit.bg95Status(handle)).toBeLessThan(0);
});
