import { describe, expect, it } from 'vitest';
import { MINUTE, makeCard, releaseBinary, SECOND, World } from '../../host/index.js';
import { parseSimProfile } from '../../host/sim/index.js';
import { readFileSync } from 'node:fs';
import { PROFILE, type Scene, scene, sequence } from './demo-world.js';

const sent = (s: Scene) => () => s.customer.messages.length > 0;

describe('from power-on to verified data', () => {
  it('gets the first reading to the customer, who knows the SIM by the signature alone', async () => {
    const s = await scene();
    s.device.powerOn();
    expect(await s.world.run({ for: MINUTE, until: sent(s) })).toBe(true);
    expect(s.customer.messages[0]?.identity.imsi).toBe(PROFILE.imsi);
    expect(JSON.parse(s.customer.messages[0]?.body.toString() ?? '')).toMatchObject({ seq: 0, temperature: 21.5 });
    expect(s.of('session')).toMatchObject([{ event: 'open', imsi: PROFILE.imsi, apn: 'soracom.io' }]);
    await s.world.close();
  });

  it('sends no identity and no secret itself', async () => {
    const s = await scene();
    s.device.powerOn();
    await s.world.run({ for: MINUTE, until: sent(s) });
    const asSent = s.of('http').find(({ leg, kind }) => leg === 'device' && kind === 'request');
    expect(JSON.stringify(asSent)).not.toMatch(/x-soracom|authorization|topsecret/i);
    expect(JSON.stringify(asSent)).not.toContain(PROFILE.imsi);
    await s.world.close();
  });

  it('shows no secret of the SIM in the whole trace', async () => {
    const s = await scene();
    s.device.powerOn();
    await s.world.run({ for: MINUTE, until: sent(s) });
    const trace = JSON.stringify(s.events).toLowerCase();
    const secrets = [PROFILE.k, PROFILE.opc, PROFILE.pin1.value, PROFILE.puk1, PROFILE.adm1].map((x) => x.revealHex());
    for (const secret of secrets) expect(trace).not.toContain(secret);
    // RES, CK and IK went over the card's line; what the trace kept of that answer is masked.
    const answer = s.of('apdu').find(({ name, header }) => name === 'GET RESPONSE' && header === '00c000002c');
    expect(String(answer?.response)).toBe('[redacted]');
    await s.world.close();
  });

  it('once a minute, in order, each once', async () => {
    const s = await scene();
    s.device.powerOn();
    await s.world.run({ for: 30 * MINUTE + 30 * SECOND });
    expect(sequence(s.customer)).toEqual(Array.from({ length: 31 }, (_, i) => i));
    await s.world.close();
  });
});

describe('SIM and network that do not agree', () => {
  it('a card with another K refuses the network, and nobody gets online', async () => {
    const s = await scene({ card: 'examples/profiles/wrong-key.json' });
    s.device.powerOn();
    await s.world.run({ for: 5 * MINUTE });
    expect(s.of('session')).toEqual([]);
    expect(s.of('aka').some(({ side, ok }) => side === 'modem' && !ok)).toBe(true);
    expect(s.of('registration').map(({ state }) => state)).toContain('denied');
    // No storm: a refused modem does not ask again and again.
    expect(s.of('nas').filter(({ message }) => message === 'ATTACH REQUEST').length).toBeLessThan(6);
    await s.world.close();
  });

  it('a network whose SQN is behind the card gets AUTS, catches up, and the attach goes on', async () => {
    const s = await scene();
    const json = JSON.parse(readFileSync('examples/profiles/soracom-demo.json', 'utf8')) as Record<string, unknown>;
    s.device.slot.insert(makeCard(parseSimProfile({ ...json, cardSqn: '000000010000' }, 'test card')));
    s.device.powerOn();
    expect(await s.world.run({ for: MINUTE, until: sent(s) })).toBe(true);
    const nas = s.of('nas').map(({ message }) => message);
    expect(nas.filter((message) => message === 'AUTHENTICATION REQUEST')).toHaveLength(2);
    expect(nas.filter((message) => message === 'AUTHENTICATION FAILURE')).toHaveLength(1);
    expect(
      s
        .of('aka')
        .map(({ step }) => step)
        .join('\n'),
    ).toMatch(/AUTS/);
    await s.world.close();
  });

  it('an SQN too far ahead of a new card: the words say so on both sides, the network catches up, the attach goes on', async () => {
    const json = JSON.parse(readFileSync('examples/profiles/soracom-demo.json', 'utf8')) as Record<string, unknown>;
    // Another IMSI than the demo's, a home network whose SQN follows the time, a card that has seen none.
    const profile = parseSimProfile({ ...json, imsi: '440103999999999', sqn: '7fffffffffe0' }, 'test card');
    const world = await World.create({
      subscribers: [{ profile, group: 'g' }],
      platform: { groups: { g: { configuration: {} } } },
      customers: [],
    });
    const steps: string[] = [];
    let attached = false;
    world.trace.listen((event) => {
      if (event.type === 'aka') steps.push(`${event.side}: ${event.step}`);
      if (event.type === 'session') attached = true;
    });
    world.device({ name: 'd1', app: releaseBinary('beam-telemetry'), sim: profile }).powerOn();
    await world.run({ until: () => attached, for: 2 * MINUTE });
    await world.close();
    expect(attached).toBe(true);
    const said = steps.filter((step) => /SQN|AUTS/.test(step)).map((step) => step.replace(/^\w+: /, ''));
    expect(said).toEqual([
      'SQN is not fresh: the card gives AUTS',
      'SQN is not fresh: too far ahead of what the card has seen',
      'AUTS verified, SQN set to that of the card',
    ]);
    expect(steps.join('\n')).not.toMatch(/higher/);
  });

  it('an empty slot ends in a clear log line, and a card put in later gets the device online', async () => {
    const s = await scene();
    s.device.slot.remove();
    s.device.powerOn();
    await s.world.run({ for: 2 * MINUTE });
    expect(s.of('session')).toEqual([]);
    expect(s.of('log').some(({ level, text }) => level === 'warn' && /no SIM/.test(text))).toBe(true);
    s.device.slot.insert(makeCard(PROFILE));
    expect(await s.world.run({ for: 10 * MINUTE, until: sent(s) })).toBe(true);
    await s.world.close();
  });
});
