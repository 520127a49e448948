// A certificate authority of one's own: server certificates (EC P-256) for the stand-ins of customers' servers.

import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { Secret } from '../secret.js';
import * as der from './der.js';

/** Worlds may have any date: certificates are good for all of these years unless told otherwise. */
const NOT_BEFORE = new Date(Date.UTC(2020, 0, 1));
const NOT_AFTER = new Date(Date.UTC(2049, 11, 31));

const ECDSA_WITH_SHA256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'));

export interface Validity {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** What a TLS server presents. */
export interface ServerCertificate {
  /** Certificate, PEM. */
  readonly certificate: string;
  /** Private key, PKCS #8 PEM. */
  readonly key: Secret;
}

/** The authority's key lives in memory only; `certificate` (PEM) is what clients are told to trust. */
export class CertificateAuthority {
  readonly certificate: string;
  readonly #key: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #name: string;

  constructor(name = 'Akari customer CA', validity: Validity = {}) {
    const { privateKey, publicKey } = newKey();
    this.#key = privateKey;
    this.#publicKey = publicKey;
    this.#name = name;
    this.certificate = certificate({ subject: name, publicKey, issuer: name, signWith: privateKey, validity });
  }

  /** A certificate for the host names and IP addresses of one server; `names[0]` is also its common name. */
  issue(names: readonly string[], validity: Validity = {}): ServerCertificate {
    const { privateKey, publicKey } = newKey();
    return {
      certificate: certificate({
        subject: names[0] ?? '',
        names,
        publicKey,
        issuer: this.#name,
        issuerKey: this.#publicKey,
        signWith: this.#key,
        validity,
      }),
      key: pem(privateKey),
    };
  }
}

/** A certificate that vouches for itself: nobody has reason to trust it. */
export function selfSigned(names: readonly string[], validity: Validity = {}): ServerCertificate {
  const { privateKey, publicKey } = newKey();
  const subject = names[0] ?? '';
  return {
    certificate: certificate({ subject, names, publicKey, issuer: subject, signWith: privateKey, validity }),
    key: pem(privateKey),
  };
}

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

const pem = (key: KeyObject): Secret => new Secret(Buffer.from(key.export({ type: 'pkcs8', format: 'pem' })));

interface CertificateFields {
  readonly subject: string;
  /** Absent: a certificate authority's own certificate. */
  readonly names?: readonly string[];
  readonly publicKey: KeyObject;
  readonly issuer: string;
  /** Absent: the subject's own key. */
  readonly issuerKey?: KeyObject;
  readonly signWith: KeyObject;
  readonly validity: Validity;
}

/** RFC 5280 4.1; PEM. */
function certificate(fields: CertificateFields): string {
  const spki = fields.publicKey.export({ type: 'spki', format: 'der' });
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and always of the same length
  const tbs = der.sequence(
    der.explicit(0, der.integer(Buffer.of(2))), // v3
    der.integer(serial),
    ECDSA_WITH_SHA256,
    commonName(fields.issuer),
    der.sequence(der.time(fields.validity.notBefore ?? NOT_BEFORE), der.time(fields.validity.notAfter ?? NOT_AFTER)),
    commonName(fields.subject),
    spki,
    der.explicit(3, der.sequence(...extensions(fields))),
  );
  const signature = sign('sha256', tbs, fields.signWith);
  const bytes = der.sequence(tbs, ECDSA_WITH_SHA256, der.bitString(signature));
  const base64 = bytes.toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

/** RFC 5280 4.2.1. */
function extensions(fields: CertificateFields): Buffer[] {
  const critical = true;
  const keyIds = [
    extension('2.5.29.14', der.octetString(keyId(fields.publicKey))),
    extension('2.5.29.35', der.sequence(der.implicit(0, keyId(fields.issuerKey ?? fields.publicKey)))),
  ];
  if (fields.names === undefined) {
    return [
      ...keyIds,
      extension('2.5.29.19', der.sequence(der.boolean(true)), critical), // basicConstraints: cA
      extension('2.5.29.15', der.bitString(Buffer.of(0b0000_0110), 1), critical), // keyCertSign, cRLSign
    ];
  }
  return [
    ...keyIds,
    extension('2.5.29.19', der.sequence(), critical),
    extension('2.5.29.15', der.bitString(Buffer.of(0b1000_0000), 7), critical), // digitalSignature
    extension('2.5.29.37', der.sequence(der.objectIdentifier('1.3.6.1.5.5.7.3.1'))), // serverAuth
    extension('2.5.29.17', der.sequence(...fields.names.map(generalName))),
  ];
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [der.boolean(true)] : [];
  return der.sequence(der.objectIdentifier(id), ...flag, der.octetString(value));
}

/** dNSName or iPAddress (RFC 5280 4.2.1.6). */
function generalName(name: string): Buffer {
  if (isIP(name) === 0) return der.implicit(2, Buffer.from(name));
  if (isIP(name) === 4) return der.implicit(7, Buffer.from(name.split('.').map(Number)));
  return der.implicit(7, ipv6Bytes(name));
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const words = (text: string): number[] => (text === '' ? [] : text.split(':').map((word) => parseInt(word, 16)));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const all = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

const commonName = (text: string): Buffer =>
  der.sequence(der.set(der.sequence(der.objectIdentifier('2.5.4.3'), der.utf8String(text))));

/** SHA-1 of the public key's bits, as RFC 5280 4.2.1.2 suggests: a name, not a protection. */
function keyId(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return createHash('sha1').update(point).digest();
}
