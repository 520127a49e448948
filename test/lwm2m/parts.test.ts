// An app that marks few parts (assembly/lwm2m/parts.ts): what is not there is refused, and does not get in the way of what is.
import { beforeAll, describe, expect, test } from 'vitest';
import { APP } from './client-app.js';
import { OLD, world, type World } from './rig-world.js';
import { TLV, security, serverInstance, tlv, type Command } from './rig.js';

const SECOND = 1_000;
const FEW = APP.replaceAll('Everything', 'ForInventory');

/** Answers of the device to its server, by their code. */
function asked({ rig, dm }: World, commands: readonly Command[]): (string | undefined)[] {
  return commands.map((command) => {
    let code: string | undefined;
    dm.coap.ask(dm.device, command, (answer) => (code = answer?.code));
    rig.run(SECOND);
    return code;
  });
}

describe('what SORACOM Inventory uses, and no more', () => {
  let parts: World;
  beforeAll(async () => {
    parts = await world({ app: FEW, preferred: TLV });
    parts.rig.powerOn();
    parts.rig.run(10 * SECOND);
  });

  test('the device bootstraps and registers', () => {
    expect(parts.dm.identities).toEqual(['d-1']);
  });

  test('it reads, writes, observes and shows what it has', () => {
    const lifetime = tlv({ 1: Buffer.from([0, 0, 1, 0x90]) });
    expect(
      asked(parts, [
        { method: 'GET', path: '/1/1', accept: TLV },
        { method: 'PUT', path: '/1/1/1', format: TLV, payload: lifetime },
        { method: 'GET', path: '/3/0', observe: 0 },
        { method: 'GET', path: '/3', accept: 40 },
      ]),
    ).toEqual(['2.05', '2.04', '2.05', '2.05']);
  });

  test.each<[string, Command, string]>([
    ['text is no format: read', { method: 'GET', path: '/1/1/1', accept: 0 }, '4.06'],
    ['text is no format: written', { method: 'PUT', path: '/1/1/1', format: 0, payload: Buffer.from('300') }, '4.15'],
    ['nor is CBOR', { method: 'GET', path: '/1/1', accept: 112 }, '4.06'],
    ['no attributes', { method: 'PUT', path: '/3/0', query: 'pmin=10' }, '4.05'],
    ['nor those of an object', { method: 'PUT', path: '/3', query: 'pmin=10' }, '4.05'],
    ['no Disable', { method: 'POST', path: '/1/1/4' }, '4.05'],
    ['no arguments', { method: 'POST', path: '/3/0/4', format: 0, payload: Buffer.from('5') }, '4.00'],
    ['no Create', { method: 'POST', path: '/33000', format: TLV, payload: tlv({ 0: 1 }) }, '4.05'],
    ['no Delete', { method: 'DELETE', path: '/3/0' }, '4.05'],
    [
      'no operation on several paths',
      { method: 'FETCH', path: '/', format: 112, payload: Buffer.from([0x80]) },
      '4.05',
    ],
    ['no Access Control', { method: 'GET', path: '/2' }, '4.04'],
  ])('%s', (_, command, code) => {
    expect(asked(parts, [command])).toEqual([code]);
  });

  test('of a bootstrap server it takes one server, shows nothing, and does not know object 2', async () => {
    const { rig, server, dm } = await world({ app: FEW, preferred: TLV });
    const both = (at: number, ssid: number): Command[] => [
      { method: 'PUT', path: `/0/${at}`, format: TLV, payload: security('dm.example', ssid, 'd-1', OLD) },
      { method: 'PUT', path: `/1/${at}`, format: TLV, payload: serverInstance(ssid) },
    ];
    const acl = { method: 'PUT', path: '/2/0', format: TLV, payload: tlv({ 0: 3, 1: 0, 3: 123 }) } as const;
    server.commands = [
      { method: 'GET', path: '/', accept: 40 },
      { method: 'GET', path: '/1', accept: TLV },
      ...both(1, 123),
      ...both(2, 124),
      acl,
    ];
    rig.powerOn();
    rig.run(20 * SECOND);
    expect(server.answers.map((answer) => answer.split(' ').at(-1))).toEqual(
      ['4.05', '4.05', '2.04', '2.04', '2.04', '4.13', '4.04', '2.04'], // the last is Finish
    );
    expect(dm.identities).toEqual(['d-1']);
    // With one format there is nothing to wish for, and ten bytes fewer to send.
    expect(server.requests[0]?.query).toEqual(['ep=apa']);
  });
});

test('an app marks what it likes: attributes beside what Inventory uses', async () => {
  const mark = '@unmanaged class Mine extends ForInventory { attributes(): void {} }\n';
  const app = FEW.replace('const net =', `${mark}const net =`).replace(', ForInventory>>(', ', Mine>>(');
  const parts = await world({ app, preferred: TLV });
  parts.rig.powerOn();
  parts.rig.run(10 * SECOND);
  expect(asked(parts, [{ method: 'PUT', path: '/3/0', query: 'pmin=10' }])).toEqual(['2.04']);
});
