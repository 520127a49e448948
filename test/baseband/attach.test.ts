import { describe, expect, it } from 'vitest';
import { toHex } from '../../host/bytes.js';
import type { Air } from '../../host/cellular/air.js';
import { decodeEmm, encodeEmm } from '../../host/cellular/nas/index.js';
import { Registration } from '../../host/cellular/network.js';
import { MINUTE, SECOND } from '../../host/clock/clock.js';
import { Secret } from '../../host/secret.js';
import { toJsonLine } from '../../host/trace/json-lines.js';
import { IMEI, IMSI, SORACOM, ScriptedCard, attachError, bench } from './bench.js';

const ATTACH = [
  'modem: ATTACH REQUEST',
  'network: AUTHENTICATION REQUEST',
  'modem: AUTHENTICATION RESPONSE',
  'network: SECURITY MODE COMMAND',
  'modem: SECURITY MODE COMPLETE',
  'network: IDENTITY REQUEST',
  'modem: IDENTITY RESPONSE',
  'network: ATTACH ACCEPT',
  'modem: ATTACH COMPLETE',
];

const UPDATE = ['modem: TRACKING AREA UPDATE REQUEST', 'network: TRACKING AREA UPDATE ACCEPT'];

describe('Attach', () => {
  for (const eea of [0, 2] as const) {
    it(`authenticates both sides and gives a session to APN soracom.io (EEA${eea})`, async () => {
      const { must, radio, card, names, steps, network, online } = bench({ network: { eea } });
      expect(radio.registration).toBe(Registration.Off);
      const session = await online();
      expect(names()).toEqual([
        ...ATTACH,
        'modem: PDN CONNECTIVITY REQUEST',
        'network: ESM INFORMATION REQUEST',
        'modem: ESM INFORMATION RESPONSE',
        'network: ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST',
        'modem: ACTIVATE DEFAULT EPS BEARER CONTEXT ACCEPT',
      ]);
      expect(steps()).toEqual([
        'hss: vector made',
        'modem: AUTN handed to the card',
        'modem: the card accepts the network and gives RES',
        'network: RES equals XRES',
        'modem: SECURITY MODE COMMAND has the right MAC: both sides hold the same KASME',
        'network: SECURITY MODE COMPLETE has the right MAC: both sides hold the same KASME',
      ]);
      expect(radio.registration).toBe(Registration.Home);
      expect(radio.cell).toEqual({ tac: 0x1a2b, ci: 0x01c3d404, act: 7, plmn: '44010', operator: 'NTT DOCOMO' });
      expect(radio.rsrp).toBe(-91);
      expect(session).toMatchObject({ imsi: IMSI, imei: IMEI, apn: 'soracom.io', open: true });
      expect(session.dns).toEqual(['100.127.0.53', '100.127.1.53']);
      expect(session.ip).toMatch(/^10\.\d+\.\d+\.\d+$/);
      expect(network.sessionByIp(session.ip)?.imsi).toBe(IMSI);
      expect(network.sessionByImsi(IMSI)?.ip).toBe(session.ip);
      await must(radio.attach(card, IMEI));
      expect(names().filter((name) => name === ATTACH[0])).toHaveLength(1);
    });
  }

  it('works with CHAP, and with a roaming SIM', async () => {
    const { must, radio, card } = bench({ network: { plmn: '00101' } });
    await must(radio.attach(card, IMEI));
    expect(radio.registration).toBe(Registration.Roaming);
    expect(await must(radio.activate({ ...SORACOM, auth: 'chap' }))).toMatchObject({ open: true });
  });

  it('an unknown IMSI is told cause 8', async () => {
    const { settle, radio, card, subscribers } = bench();
    subscribers.remove(IMSI);
    const error = attachError(await settle(radio.attach(card, IMEI)));
    expect([error.code, error.causes.emm, radio.registration, radio.rejectCause]).toEqual([
      'rejected',
      8,
      Registration.Denied,
      8,
    ]);
  });

  it('shows no secret in the trace', async () => {
    const { events, online } = bench();
    await online();
    const shown = events.map((event) => toJsonLine(event)).join('\n');
    const response = events.find((e) => e.type === 'aka' && e.step.includes('gives RES'));
    const res = response?.type === 'aka' ? response.fields?.['res'] : undefined;
    if (!(res instanceof Secret)) throw new Error('RES is not a Secret in the trace');
    expect(shown).not.toContain(res.revealHex());
    expect(shown).not.toContain(toHex(Buffer.from('04sora'.slice(2))).repeat(2));
    expect(shown).not.toContain('736f726104736f7261');
  });
});

describe('A SIM whose SQN is ahead', () => {
  it('is resynchronised once and attaches', async () => {
    const { must, radio, card, steps, names } = bench({ card: { sqn: '000000100000' } });
    await must(radio.attach(card, IMEI));
    expect(radio.registration).toBe(Registration.Home);
    expect(names()).toContain('modem: AUTHENTICATION FAILURE');
    expect(steps()).toContain('hss: AUTS verified, SQN set to that of the card');
    expect(steps().join('\n')).toContain('SQN is not fresh: the card has seen it or a higher one');
    expect(card.challenges).toBe(2);
  });

  it('does not attach when MAC-S is wrong', async () => {
    const { settle, radio, card, steps, subscribers } = bench({ card: { sqn: '000000100000' } });
    card.change = (outcome) =>
      outcome.kind === 'resync' ? { ...outcome, auts: outcome.auts.map((b, i) => (i === 13 ? b ^ 1 : b)) } : outcome;
    expect(attachError(await settle(radio.attach(card, IMEI)))).toMatchObject({ code: 'rejected', causes: { emm: 3 } });
    expect(steps()).toContain('hss: AUTS refused: MAC-S is wrong');
    expect(toHex(subscribers.find(IMSI)?.sqn ?? new Uint8Array())).toBe('000000000040');
  });

  it('that says so again after a resynchronisation is refused', async () => {
    const { settle, radio, card } = bench({ card: { sqn: '000000100000' } });
    let auts: Uint8Array | undefined;
    card.change = (outcome) => {
      if (outcome.kind === 'resync') auts ??= outcome.auts;
      return auts ? { kind: 'resync', auts } : outcome;
    };
    expect(attachError(await settle(radio.attach(card, IMEI)))).toMatchObject({ code: 'rejected' });
    expect(card.challenges).toBe(2);
  });
});

describe('Wrong keys', () => {
  it('the card holds another K: it says MAC failure, the network tries again and gives up', async () => {
    const { settle, radio, card, steps, names } = bench({ card: { k: '00000000000000000000000000000001' } });
    const error = attachError(await settle(radio.attach(card, IMEI)));
    expect(error.code).toBe('network-not-authentic');
    expect(error.message).toMatch(/SIM does not accept the network.*9862/);
    expect([radio.registration, radio.rejectCause]).toEqual([Registration.Denied, 20]);
    expect(steps().filter((s) => s === 'modem: the card finds the MAC of the challenge wrong (9862)')).toHaveLength(2);
    expect(names().filter((n) => n === 'network: IDENTITY REQUEST')).toHaveLength(1);
    expect(names().at(-1)).toBe('network: AUTHENTICATION REJECT');
  });

  it('the card gives another RES: the network refuses', async () => {
    const { settle, radio, card, steps } = bench();
    card.change = (outcome) => (outcome.kind === 'ok' ? { ...outcome, res: outcome.res.map((b) => b ^ 1) } : outcome);
    const error = attachError(await settle(radio.attach(card, IMEI)));
    expect(error).toMatchObject({ code: 'rejected', causes: { emm: 3 } });
    expect(steps()).toContain('network: RES differs from XRES');
    expect(radio.registration).toBe(Registration.Denied);
  });

  it('RES of another length is refused', async () => {
    const { settle, radio, card } = bench();
    card.change = (outcome) => (outcome.kind === 'ok' ? { ...outcome, res: outcome.res.slice(0, 4) } : outcome);
    expect(attachError(await settle(radio.attach(card, IMEI))).code).toBe('rejected');
  });

  it('CK differs: RES is right, but the MAC of SECURITY MODE COMMAND is not', async () => {
    const { settle, radio, card, steps, names } = bench();
    card.change = (outcome) => (outcome.kind === 'ok' ? { ...outcome, ck: outcome.ck.map((b) => b ^ 1) } : outcome);
    expect(attachError(await settle(radio.attach(card, IMEI))).code).toBe('rejected');
    expect(steps()).toContain('modem: SECURITY MODE COMMAND has a wrong MAC: KASME of the two sides differ');
    expect(names()).toContain('modem: SECURITY MODE REJECT');
  });

  it('AMF without separation bit: the modem refuses with cause 26 and does not ask the card', async () => {
    const { settle, radio, card, steps } = bench({ amf: '0000' });
    const error = attachError(await settle(radio.attach(card, IMEI)));
    expect(error.code).toBe('network-not-authentic');
    expect(card.challenges).toBe(0);
    expect(steps()).toContain('modem: the separation bit of AMF is 0: the challenge was not made for EPS');
  });

  it('a card that refuses, or fails, is named', async () => {
    const { settle, radio, card } = bench();
    card.change = () => ({ kind: 'refused', sw: 0x6982 });
    expect(attachError(await settle(radio.attach(card, IMEI)))).toMatchObject({
      code: 'card',
      message: expect.stringContaining('6982'),
    });
    card.change = () => {
      throw new Error('the card is mute');
    };
    expect(attachError(await settle(radio.attach(card, IMEI)))).toMatchObject({
      code: 'card',
      message: 'the card is mute',
    });
    expect(
      attachError(
        await settle(radio.attach({ ...card, imsi: () => Promise.reject(new Error('no card')) } as ScriptedCard, IMEI)),
      ).code,
    ).toBe('card');
  });
});

describe('A network that is not the home network', () => {
  /** An air interface played by the test. */
  const scripted =
    (answer: (message: Uint8Array, down: (message: Uint8Array) => void) => void) =>
    (real: Air): Air => ({
      get cell() {
        return real.cell;
      },
      rsrp: -80,
      onCoverage: undefined,
      onNas: undefined,
      sendNas(message) {
        answer(message, (bytes) => this.onNas?.(bytes));
      },
      release: () => undefined,
      bearer: () => undefined,
    });

  it('that replays a challenge of yesterday gets a synchronisation failure, and no attach', async () => {
    const first = bench();
    await first.online();
    const challenge = first.events.find((e) => e.type === 'nas' && e.message === 'AUTHENTICATION REQUEST');
    const replayed =
      challenge?.type === 'nas' && typeof challenge.bytes === 'string'
        ? Buffer.from(challenge.bytes, 'hex')
        : undefined;
    if (!replayed) throw new Error('no challenge in the trace');
    const causes: number[] = [];
    const fake = bench({
      air: scripted((message, down) => {
        const m = decodeEmm(message, 'uplink');
        if (m.message === 'AUTHENTICATION FAILURE') causes.push(m.cause);
        else down(replayed);
      }),
    });
    // The card as it was after that attach.
    const card = new ScriptedCard(fake.clock, { sqn: '000000000020' });
    const error = attachError(await fake.settle(fake.radio.attach(card, IMEI)));
    expect(error.code).toBe('network-not-authentic');
    expect(causes).toEqual([21]);
    expect(fake.radio.registration).not.toBe(Registration.Home);
  });

  it('that skips authentication and sends ATTACH ACCEPT in the clear is not listened to', async () => {
    const { settle, radio, card, network } = bench({
      air: scripted((_, down) => {
        const accept = {
          message: 'ATTACH ACCEPT',
          result: 1,
          t3412: 3240,
          tai: { plmn: '44010', tac: 1 },
          esm: new Uint8Array([2, 0, 0xdc]),
        } as const;
        down(encodeEmm(accept));
        down(encodeEmm({ message: 'IDENTITY REQUEST', identityType: 2 }));
      }),
    });
    expect(attachError(await settle(radio.attach(card, IMEI))).code).toBe('timeout');
    expect(network.sessionByImsi(IMSI)).toBeUndefined();
  });

  it('that sends garbage is not listened to', async () => {
    const { settle, radio, card } = bench({
      air: scripted((_, down) =>
        [[], [7], [0x27, 1, 2], [0x37, 0, 0, 0, 0, 0, 7, 0x5d], [0x52], [0xff, 0xff]].forEach((b) =>
          down(Uint8Array.from(b)),
        ),
      ),
    });
    expect(attachError(await settle(radio.attach(card, IMEI))).code).toBe('timeout');
  });
});

describe('PDN connection', () => {
  const refused = async (change: Partial<typeof SORACOM>) => {
    const { must, settle, radio, card, network } = bench();
    await must(radio.attach(card, IMEI));
    const { code, causes } = attachError(await settle(radio.activate({ ...SORACOM, ...change })));
    expect(network.sessionByImsi(IMSI)).toBeUndefined();
    // What was refused can be asked for again.
    expect(await must(radio.activate(SORACOM))).toMatchObject({ open: true });
    return [code, causes.esm];
  };

  it('another APN is refused with cause 27', async () =>
    expect(await refused({ apn: 'internet' })).toEqual(['rejected', 27]));
  it('what is no APN is refused with cause 27', async () =>
    expect(await refused({ apn: 'sora com' })).toEqual(['rejected', 27]));
  it('a wrong password is refused with cause 29', async () =>
    expect(await refused({ password: 'x' })).toEqual(['rejected', 29]));
  it('a wrong user is refused with cause 29', async () =>
    expect(await refused({ user: 'x', auth: 'chap' })).toEqual(['rejected', 29]));
  it('without credentials the SIM is enough', async () => {
    const { must, radio, card } = bench();
    await must(radio.attach(card, IMEI));
    expect(await must(radio.activate({ ...SORACOM, auth: 'none' }))).toMatchObject({ open: true });
  });

  it('needs a registration', async () => {
    const { settle, radio } = bench();
    expect(attachError(await settle(radio.activate(SORACOM))).code).toBe('no-network');
  });

  it('a second one is refused while the first is open; after close there can be another', async () => {
    const { must, settle, radio, online, run, network, events } = bench();
    const session = await online();
    expect(attachError(await settle(radio.activate(SORACOM)))).toMatchObject({ causes: { esm: 55 } });
    session.close('test');
    expect(session.open).toBe(false);
    await run(2 * SECOND);
    expect(network.sessionByImsi(IMSI)).toBeUndefined();
    expect(events.filter((e) => e.type === 'session').map((e) => e.event)).toEqual(['open', 'close']);
    expect(await must(radio.activate(SORACOM))).toMatchObject({ open: true });
  });

  it('closed by the network is closed at the modem', async () => {
    const { radio, online, run, network } = bench();
    const session = await online();
    let changes = 0;
    radio.onChange = () => changes++;
    network.sessionByImsi(IMSI)?.close('the operator says so');
    expect(network.sessionByIp(session.ip)).toBeUndefined();
    await run(2 * SECOND);
    expect([session.open, changes, radio.registration]).toEqual([false, 1, Registration.Home]);
  });
});

describe('Registration', () => {
  it('a second attach of the same IMSI closes the first session, once it is authenticated', async () => {
    const { modem, radio, must, settle, online, network, run, clock } = bench();
    const first = await online();
    const other = modem('other');
    const wrong = new ScriptedCard(clock, { k: '00000000000000000000000000000001' });
    attachError(await settle(other.attach(wrong, '866425030000012')));
    expect([first.open, network.sessionByImsi(IMSI)?.ip]).toEqual([true, first.ip]);
    const right = new ScriptedCard(clock, { sqn: '000000000100' });
    await must(other.attach(right, '866425030000012'));
    await run(2 * SECOND);
    expect([first.open, radio.registration, network.sessionByIp(first.ip)]).toEqual([
      false,
      Registration.Denied,
      undefined,
    ]);
    const second = await must(other.activate(SORACOM));
    expect(network.sessionByImsi(IMSI)).toMatchObject({ imei: '866425030000012', ip: second.ip });
  });

  it('detach ends it on both sides', async () => {
    const { radio, must, online, network, names } = bench();
    const session = await online();
    await must(radio.detach());
    expect([radio.registration, session.open, network.sessionByImsi(IMSI)]).toEqual([
      Registration.Off,
      false,
      undefined,
    ]);
    expect(names().slice(-2)).toEqual(['modem: DETACH REQUEST', 'network: DETACH ACCEPT']);
  });

  it('drop says nothing; the next attach of the IMSI closes what was left', async () => {
    const { radio, card, must, online, network, names } = bench();
    const session = await online();
    const before = names().length;
    radio.drop();
    expect([radio.registration, session.open, names().length]).toEqual([Registration.Off, false, before]);
    expect(network.sessionByIp(session.ip)).toBeDefined();
    await must(radio.attach(card, IMEI));
    expect(network.sessionByIp(session.ip)).toBeUndefined();
  });

  it('drop in the middle of anything ends it with an error', async () => {
    for (let ms = 0; ms < 900; ms += 30) {
      const { radio, card, clock, settle, must } = bench();
      const attach = radio.attach(card, IMEI);
      attach.catch(() => undefined);
      await clock.run({ deadline: ms * 1e6 });
      radio.drop();
      const result = await settle(attach);
      if (result instanceof Error) expect(attachError(result).code).toBe('no-network');
      expect(radio.registration).toBe(Registration.Off);
      await must(radio.attach(card, IMEI));
    }
  });

  it('detach by the network in the middle of an attach ends it at once', async () => {
    let rejected = 0;
    for (let ms = 300; ms < 650; ms += 10) {
      const { radio, card, clock, settle, must, network } = bench();
      const attach = radio.attach(card, IMEI);
      attach.catch(() => undefined);
      await clock.run({ deadline: ms * 1e6 });
      network.detach(IMSI, true);
      const result = await settle(attach, 5 * SECOND);
      if (result instanceof Error) {
        expect([ms, attachError(result).code]).toEqual([ms, 'rejected']);
        rejected++;
      }
      await clock.run({ deadline: clock.now() + 2 * SECOND });
      await must(radio.attach(card, IMEI));
    }
    expect(rejected).toBeGreaterThanOrEqual(10);
  });

  it('detach by the network that asks for a new attach leaves the modem searching', async () => {
    const { radio, card, must, online, network, run } = bench();
    const session = await online();
    network.detach(IMSI, true);
    await run(2 * SECOND);
    expect([radio.registration, session.open]).toEqual([Registration.Searching, false]);
    await must(radio.attach(card, IMEI));
  });
});

describe('Outage', () => {
  it('there is no network to attach to', async () => {
    const { radio, card, settle, must, network } = bench();
    network.impairments.outage(true);
    expect(attachError(await settle(radio.attach(card, IMEI))).code).toBe('no-network');
    expect([radio.registration, radio.rsrp]).toEqual([Registration.Searching, undefined]);
    network.impairments.outage(false);
    await must(radio.attach(card, IMEI));
  });

  it('a short one is not noticed, a longer one costs the registration but not the session', async () => {
    const { radio, card, online, network, run, settle, names } = bench();
    const session = await online();
    const seen: number[] = [];
    radio.onChange = () => seen.push(radio.registration);
    network.impairments.outage(true);
    await run(3 * SECOND);
    network.impairments.outage(false);
    await run(10 * SECOND);
    expect(seen).toEqual([]);
    const before = names().length;
    network.impairments.outage(true);
    await run(30 * SECOND);
    expect([seen, radio.cell]).toEqual([[Registration.Searching], undefined]);
    expect(attachError(await settle(radio.attach(card, IMEI))).code).toBe('no-network');
    network.impairments.outage(false);
    await run(10 * SECOND);
    expect(seen).toEqual([Registration.Searching, Registration.Home]);
    expect([session.open, network.sessionByImsi(IMSI)?.ip]).toEqual([true, session.ip]);
    expect(names().slice(before)).toEqual(UPDATE);
  });

  it('one of 55 minutes is followed by a tracking area update, and the session lives', async () => {
    const { radio, online, network, run, names } = bench();
    const session = await online();
    await run(1 * SECOND);
    network.impairments.outage(true);
    await run(55 * MINUTE);
    network.impairments.outage(false);
    await run(10 * SECOND);
    expect(names().slice(-2)).toEqual(UPDATE);
    expect([radio.registration, session.open]).toEqual([Registration.Home, true]);
  });

  it('after one of two hours the network has forgotten the modem, which has to attach again', async () => {
    const { radio, card, must, online, network, run, names } = bench();
    const session = await online();
    network.impairments.outage(true);
    await run(120 * MINUTE);
    expect(network.sessionByIp(session.ip)).toBeUndefined();
    network.impairments.outage(false);
    await run(10 * SECOND);
    expect(names().slice(-2)).toEqual(['modem: TRACKING AREA UPDATE REQUEST', 'network: TRACKING AREA UPDATE REJECT']);
    expect([radio.registration, session.open]).toEqual([Registration.Searching, false]);
    await must(radio.attach(card, IMEI));
  });

  it('without one the modem stays registered for a day, by tracking area updates', async () => {
    const { radio, online, run, names } = bench();
    const session = await online();
    await run(24 * 60 * MINUTE);
    expect([radio.registration, session.open]).toEqual([Registration.Home, true]);
    expect(names().filter((n) => n === 'network: TRACKING AREA UPDATE ACCEPT')).toHaveLength(26);
  });
});

describe('A bad radio link', () => {
  it('ends every attach and activation in success or a typed error, in bounded time, for 300 seeds', async () => {
    let good = 0;
    for (let i = 0; i < 300; i++) {
      const { network, radio, card, settle, must, online } = bench({ seed: `bad link ${i}` });
      network.impairments.nasLoss = 0.2;
      network.impairments.nasGarble = 0.1;
      let result: unknown = await settle(radio.attach(card, IMEI), 60 * SECOND);
      if (!(result instanceof Error)) result = await settle(radio.activate(SORACOM), 60 * SECOND);
      if (result instanceof Error) expect([i, typeof attachError(result).code]).toEqual([i, 'string']);
      else good++;
      // And nothing is left behind that stands in the way of a good link.
      network.impairments.nasLoss = 0;
      network.impairments.nasGarble = 0;
      await must(radio.detach(), 120 * SECOND);
      expect([i, (await online()).open]).toEqual([i, true]);
    }
    expect(good).toBeGreaterThan(60);
    expect(good).toBeLessThan(300);
  });
});
