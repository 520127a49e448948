// The Unified Endpoint before the platform's real services: one message is at Beam's destination, at Funnel's partner, in
// a function and in Harvest Data's store, each under the session's IMSI.

import { describe, expect, it } from 'vitest';
import type { CloudRequest } from '../../host/cloud/index.js';
import { cloudWorld, IMSI, OPERATOR, overHttp, overTcp, overUdp } from './cloud-world.js';
import type { BeamWorld } from './harness.js';

const UNI = 'uni.soracom.io';
const json = { enabled: true, contentType: 'json' } as const;

async function allServices(harvest = true) {
  const got = { funnel: [] as CloudRequest[], funk: [] as CloudRequest[] };
  const made = await cloudWorld({
    configuration: {
      SoracomBeam: {
        'tcp://beam.soracom.io:23080': { enabled: true, destination: 'http://site.test/', addSubscriberHeader: true },
        'udp://beam.soracom.io:23080': { enabled: true, destination: 'http://site.test/', addSubscriberHeader: true },
        'http://beam.soracom.io:8888/': { enabled: true, destination: 'http://site.test/', addSubscriberHeader: true },
      },
      SoracomFunnel: {
        ...json,
        destination: { provider: 'partner', service: 'https', resourceUrl: 'https://funnel.example/in' },
      },
      SoracomFunk: {
        ...json,
        destination: { provider: 'google', service: 'cloud-functions', resourceUrl: 'https://funk.example/f' },
      },
      SoracomHarvest: { enabled: harvest },
    },
    clouds: {
      others: {
        'funnel.example': (request) => {
          got.funnel.push(request);
          return { status: 200 };
        },
        'funk.example': (request) => {
          got.funk.push(request);
          return { status: 200, body: Buffer.from('{"f":1}') };
        },
      },
    },
  });
  const { requests } = made.world.serveBytes('site.test', 80, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb');
  const stored = () =>
    made.world.platform.data.list({ operatorId: OPERATOR, resourceType: 'Subscriber', resourceId: IMSI }).entries;
  return { ...made, got, requests, stored };
}

const DETAIL = {
  beam: { statusCode: 200, body: 'b' },
  funnel: { statusCode: 204, body: '' },
  funk: { statusCode: 200, body: '{"f":1}' },
  harvest: { statusCode: 201, body: '' },
};

describe('one message through the Unified Endpoint', () => {
  it.each([
    ['TCP', async (world: BeamWorld, body: string) => (await overTcp(world, UNI, body)).reply],
    ['UDP', (world: BeamWorld, body: string) => overUdp(world, UNI, body)],
  ])('over %s is with every service, under the session’s IMSI', async (_, send) => {
    const { world, got, requests, stored } = await allServices();
    expect(JSON.parse(await send(world, '{"t":21.5}'))).toEqual({
      statusCode: 200,
      body: { result: 'ok', detail: DETAIL },
    });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toContain(`x-soracom-imsi: ${IMSI}`);
    expect(JSON.parse(got.funnel[0]?.body.toString() ?? '')).toMatchObject({ imsi: IMSI, payloads: { t: 21.5 } });
    expect(got.funk[0]?.body.toString()).toBe('{"t":21.5}');
    expect(stored()).toHaveLength(1);
  });

  it('over HTTP has its answers as the body; a timestamp header is not honoured', async () => {
    const { world, stored } = await allServices();
    const { status, body } = await overHttp(world, UNI, '{"t":1}', 'application/json\r\nX-Soracom-Timestamp: 1000');
    expect([status, JSON.parse(body)]).toEqual([200, { result: 'ok', detail: DETAIL }]);
    expect(stored().map(({ time }) => time > 1000)).toEqual([true]);
  });

  it('is 207 when one of them fails, and the others have it', async () => {
    const { world, requests, stored } = await allServices();
    expect(JSON.parse((await overTcp(world, UNI, 'no JSON')).reply)).toMatchObject({
      statusCode: 207,
      body: { result: 'ng', detail: { beam: DETAIL.beam, funnel: { statusCode: 400 }, funk: { statusCode: 400 } } },
    });
    expect(requests).toHaveLength(1);
    expect(stored()).toHaveLength(1);
  });

  it('leaves out a service that is off', async () => {
    const { world, stored } = await allServices(false);
    const { beam, funnel, funk } = DETAIL;
    expect(JSON.parse(await overUdp(world, UNI, '{}'))).toEqual({
      statusCode: 200,
      body: { result: 'ok', detail: { beam, funnel, funk } },
    });
    expect(stored()).toEqual([]);
  });
});
