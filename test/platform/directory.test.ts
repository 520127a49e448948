import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { soracomBeam } from '../../host/platform/beam/config.js';
import { entryPoint } from '../../host/platform/beam/entry-point.js';
import { DEFAULT_OPERATOR, Directory, PlatformConfigError } from '../../host/platform/index.js';
import { NAMESPACES } from '../../host/platform/services.js';
import { Secret } from '../../host/secret.js';
import { config, ICCID, IMSI, MSISDN } from './harness.js';

const KEY = 'http://beam.soracom.io:8888/';
const entry = { enabled: true, destination: 'https://customer.example/' };

function faults(value: unknown): readonly string[] {
  try {
    new Directory({ namespaces: NAMESPACES }).seed(value, 'world.json');
  } catch (error) {
    if (error instanceof PlatformConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('Directory', () => {
  it('knows its subscribers, their groups and the credentials', () => {
    const directory = new Directory({ namespaces: NAMESPACES }).seed(config());
    expect(directory.subscriber(IMSI)).toMatchObject({ imsi: IMSI, iccid: ICCID, simId: ICCID, msisdn: MSISDN });
    expect(directory.subscriber(IMSI)?.group?.id).toBe('sensors');
    expect(directory.subscriber('440109999999999')).toBeUndefined();
    expect(directory.credentials(DEFAULT_OPERATOR, 'beam-psk')?.type).toBe('psk');
    expect(directory.credentials(DEFAULT_OPERATOR, 'other')).toBeUndefined();
  });

  it('holds keys as secrets', () => {
    const directory = new Directory({ namespaces: NAMESPACES }).seed(
      config({ [KEY]: { ...entry, psk: 'in-the-entry' } }),
    );
    const found = soracomBeam.of(directory.subscriber(IMSI)?.group)?.[KEY]?.psk;
    expect(found).toBeInstanceOf(Secret);
    expect(
      JSON.stringify([directory.subscriber(IMSI), directory.credentials(DEFAULT_OPERATOR, 'beam-psk')]),
    ).not.toMatch(/in-the-entry|topsecret/);
  });

  const at = (field: string): string => `groups.sensors.configuration.SoracomBeam["${KEY}"]${field}`;
  const header = (fields: object) => ({
    ...entry,
    customHeaders: { h: { action: 'replace', headerKey: 'X-A', headerValue: 'v', ...fields } },
  });

  it.each([
    [{ ...entry, enabled: 'yes' }, `${at('.enabled')}: `],
    [{ ...entry, adSignature: true }, `${at('')}: unknown key "adSignature"`],
    [{ ...entry, destination: 'ftp://x/' }, `${at('.destination')}: must be an http:// or https:// URL`],
    [
      { ...entry, destination: 'https://user:pw@x/' },
      `${at('.destination')}: must be an http:// or https:// URL without user name`,
    ],
    [{ ...entry, destination: 'customer.example' }, `${at('.destination')}: `],
    [{ ...entry, addSignature: true, addSubscriberHeader: true }, `${at('.psk')}: must be given for a signature`],
    [{ ...entry, addSignature: true, psk: 'k' }, `${at('.addSignature')}: needs at least one of`],
    [
      { ...entry, addSignature: true, addSubscriberHeader: true, psk: '' },
      `${at('.psk')}: must be given for a signature`,
    ],
    [{ ...entry, psk: { $credentialsId: 'gone' } }, `${at('.psk')}: there are no credentials "gone"`],
    [
      { ...entry, psk: { $credentialsId: 'token' } },
      `${at('.psk')}: credentials are api-token-credentials, must be psk`,
    ],
    [
      { ...entry, authorization: { $credentialsId: 'toString' } },
      `${at('.authorization')}: there are no credentials "toString"`,
    ],
    [header({ action: 'add' }), `${at('.customHeaders.h.action')}: `],
    [header({ headerKey: 'X A' }), `${at('.customHeaders.h.headerKey')}: is not a header name`],
    [header({ headerKey: 'X-Soracom-Imsi' }), `${at('.customHeaders.h.headerKey')}: belongs to Beam`],
    [header({ headerKey: 'content-length' }), `${at('.customHeaders.h.headerKey')}: belongs to Beam`],
    [header({ headerValue: 'a\r\nX-B: 1' }), `${at('.customHeaders.h.headerValue')}: must be visible ASCII`],
    [header({ headerValue: undefined }), `${at('.customHeaders.h.headerValue')}: must be given`],
    [{ ...entry, name: 'n'.repeat(9000) }, 'groups.sensors: has 9'],
  ])('a Beam entry with a fault: %j', (value, fault) => {
    const credentials = { token: { type: 'api-token-credentials', credentials: { token: 't' } } } as const;
    const [first = '', ...others] = faults(config({ [KEY]: value }, { credentials }));
    expect(first).toContain(fault);
    expect(others).toEqual([]);
  });

  it.each([
    [
      'tcp://beam.soracom.io:8023',
      { destination: 'https://x.test/' },
      '.destination: must be tcp://host:port or tcps://host:port',
    ],
    ['tcp://beam.soracom.io:8023', { destination: 'tcp://x.test' }, '.destination: must be tcp://host:port'],
    ['tcp://beam.soracom.io:8023', { destination: 'tcp://x.test:70000' }, '.destination: must be tcp://host:port'],
    ['tcp://beam.soracom.io:8023', { destination: 'tcp://u@x.test:1' }, '.destination: must be tcp://host:port'],
    ['tcp://beam.soracom.io:8023', { destination: 'tcp://x.test:1', skipStatusCode: true }, ': unknown key'],
    [
      'tcp://beam.soracom.io:8023',
      { destination: 'tcp://x.test:1', addSignature: true, psk: 'p' },
      '.addSignature: needs',
    ],
    [
      'tcp://beam.soracom.io:23080',
      { destination: 'tcp://x.test:1' },
      '.destination: must be an http:// or https:// URL',
    ],
    ['tcp://beam.soracom.io:23080', { destination: 'http://x.test/', version: '2024' }, '.version: '],
    [
      'tcp://beam.soracom.io:23080',
      { destination: 'http://x.test/', eodBytes: '0' },
      '.eodBytes: must be up to 16 bytes',
    ],
    ['udp://beam.soracom.io:23080', { destination: 'http://x.test/', eodBytes: '0a' }, ': unknown key'],
    ['udp://beam.soracom.io:23080', { destination: 'http://x.test/', binaryFormatV1: true }, ': unknown key'],
    ['http://beam.soracom.io:8888/', { destination: 'http://x.test/', skipStatusCode: true }, ': unknown key'],
    ['tcp://beam.soracom.io:23080', 7, ': '],
  ])('an entry of %s with a fault: %j', (key, value, fault) => {
    const one = typeof value === 'number' ? value : { enabled: true, ...value };
    const configuration = { SoracomBeam: { [key]: one } };
    const [first = '', ...others] = faults({ groups: { g: { configuration } } });
    expect(first).toContain(`groups.g.configuration.SoracomBeam["${key}"]${fault}`);
    expect(others).toEqual([]);
  });

  it.each([
    [{ subscribers: [{ imsi: '12', iccid: ICCID }] }, 'subscribers[0].imsi: must be 6 to 15 digits'],
    [
      { subscribers: [{ imsi: IMSI, iccid: 'x' }] },
      'subscribers[0].iccid: has the character "X": a card holds digits and the letters A to E',
    ],
    [{ subscribers: [{ imsi: IMSI, iccid: ICCID, groupId: 'g' }] }, 'subscribers[0].groupId: there is no group "g"'],
    [{ subscribers: [0, 1].map(() => ({ imsi: IMSI, iccid: ICCID })) }, `subscribers[1].imsi: ${IMSI} is there twice`],
    [{ credentials: { a: { type: 'x508', credentials: {} } } }, 'credentials.a.type: '],
    [
      { groups: { g: { configuration: { SoracomBeam: { 'mqtt://beam.soracom.io:1883': entry } } } } },
      'SoracomBeam["mqtt://beam.soracom.io:1883"]: ',
    ],
    [
      {
        groups: {
          g: {
            configuration: { SoracomBeam: { 'http://beam.soracom.io/': entry, 'http://beam.soracom.io:18080': entry } },
          },
        },
      },
      'groups.g.configuration.SoracomBeam: has more than one website entry point',
    ],
    [7, 'must be an object, not a number'],
    [null, 'must be an object, not null'],
  ])('a configuration with a fault: %j', (value, fault) => {
    expect(faults(value).join('\n')).toContain(fault);
  });

  it('names its source in the message, and never quotes a key', () => {
    const bad = config({ [KEY]: { ...entry, psk: 'hunter2', addSignature: true, extra: 1 } }, { subscribers: [] });
    expect(() => new Directory({ namespaces: NAMESPACES }).seed(bad, 'world.json')).toThrow(
      /^world\.json: groups\.sensors/,
    );
    expect(faults(bad).join()).not.toContain('hunter2');
    const misplaced = config({ [KEY]: { ...entry, psk: { key: 'hunter2' } } });
    expect(faults(misplaced).join()).toContain('psk');
    expect(faults(misplaced).join()).not.toContain('hunter2');
  });

  it('any JSON at all: accepted or refused with the error of this module', () => {
    const near = fc.record(
      { groups: fc.anything(), credentials: fc.anything(), subscribers: fc.anything() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json().map((text): unknown => JSON.parse(text)),
          near,
        ),
        (value) => {
          faults(value);
        },
      ),
    );
  });
});

describe('entry point keys', () => {
  it.each([
    ['http://beam.soracom.io:8888', { kind: 'http', path: '/' }],
    ['http://beam.soracom.io:8888/', { kind: 'http', path: '/' }],
    ['http://beam.soracom.io:8888/a/b%20c', { kind: 'http', path: '/a/b%20c' }],
    ['http://beam.soracom.io:18080/', { kind: 'website' }],
    ['http://beam.soracom.io:18080', { kind: 'website' }],
    ['http://beam.soracom.io/', { kind: 'website' }],
    ['http://beam.soracom.io', { kind: 'website' }],
    ['http://beam.soracom.io:80/', { kind: 'website' }],
    ['http://beam.soracom.io:18080/a', undefined],
    ['http://beam.soracom.io:8888/a?b', undefined],
    ['http://beam.soracom.io:8888/a b', undefined],
    ['https://beam.soracom.io:8888/', undefined],
    ['http://beam.soracom.io:88888/', undefined],
    ['tcp://beam.soracom.io:8023', { kind: 'tcp-tcp' }],
    ['tcp://beam.soracom.io:23080', { kind: 'tcp-http' }],
    ['udp://beam.soracom.io:23080', { kind: 'udp-http' }],
    ['udp://beam.soracom.io:8023', undefined],
    ['tcp://beam.soracom.io:8888', undefined],
    ['mqtt://beam.soracom.io:1883', undefined],
    ['http://beam.soracom.io.evil.test:8888/', undefined],
    ['', undefined],
  ])('%s', (key, point) => {
    expect(entryPoint(key)).toEqual(point);
  });
});
