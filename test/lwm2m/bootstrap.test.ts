// Bootstrap, client's side: the messages beside Wakaama's, every command at every level, and what goes wrong.
import { beforeEach, describe, expect, test } from 'vitest';
import { BootstrapServer, ClientState, DmServer, Rig, TLV, account, security, serverInstance, tlv } from './rig.js';

let rig: Rig;
let server: BootstrapServer;
let dm: DmServer;

beforeEach(async () => {
  rig = await Rig.create();
  server = new BootstrapServer(rig);
  dm = new DmServer(rig, 'dm.example:5683');
  server.commands = account(security('dm.example', 123), serverInstance(123));
});

describe('a bootstrap in clear', () => {
  test('ends in a registration', () => {
    rig.powerOn();
    rig.run(10_000);
    expect(server.answers).toEqual(['DELETE /0 2.02', 'DELETE /1 2.02', 'PUT /0/1 2.04', 'PUT /1/1 2.04', 'finish 2.04']);
    expect(dm.coap.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /rd']);
    expect(rig.app?.state()).toBe(ClientState.Serving);
    expect(rig.logs).toEqual([
      'lwm2m: bootstrap from coap://bootstrap.example',
      'lwm2m: bootstrap done',
      'lwm2m: registered with server 123',
    ]);
  });
});
