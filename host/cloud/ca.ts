// A certificate authority of one's own: server certificates (EC P-256) for the stand-ins of customers' servers.

import 'reflect-metadata'; // @peculiar/x509 wants it loaded first
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { toHex } from '../bytes.js';
import { Secret } from '../secret.js';

/** Worlds may have any date: certificates are good for all of these years unless told otherwise. */
const NOT_BEFORE = new Date(Date.UTC(2020, 0, 1));
const NOT_AFTER = new Date(Date.UTC(2049, 11, 31));

const KEY = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };

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
  readonly #keys: CryptoKeyPair;
  readonly #name: string;

  private constructor(name: string, keys: CryptoKeyPair, certificate: string) {
    this.#name = name;
    this.#keys = keys;
    this.certificate = certificate;
  }

  static async create(name = 'Akari customer CA', validity: Validity = {}): Promise<CertificateAuthority> {
    const keys = await newKeys();
    const certificate = await sign(keys, { name, keys }, validity, [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ]);
    return new CertificateAuthority(name, keys, certificate);
  }

  /** A certificate for the host names and IP addresses of one server; `names[0]` is also its common name. */
  issue(names: readonly string[], validity: Validity = {}): Promise<ServerCertificate> {
    return serverCertificate(names, validity, { name: this.#name, keys: this.#keys });
  }
}

/** A certificate that vouches for itself: nobody has reason to trust it. */
export function selfSigned(names: readonly string[], validity: Validity = {}): Promise<ServerCertificate> {
  return serverCertificate(names, validity);
}

type CryptoKeyPair = webcrypto.CryptoKeyPair;

interface Issuer {
  readonly name: string;
  readonly keys: CryptoKeyPair;
}

const newKeys = (): Promise<CryptoKeyPair> => webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);

async function serverCertificate(
  names: readonly string[],
  validity: Validity,
  issuer?: Issuer,
): Promise<ServerCertificate> {
  const keys = await newKeys();
  const subject = names[0] ?? '';
  const alternatives = names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }));
  const certificate = await sign(
    keys,
    issuer ?? { name: subject, keys },
    validity,
    [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(alternatives),
    ],
    subject,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { certificate, key: new Secret(Buffer.from(x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'))) };
}

/** RFC 5280; PEM. The subject is the issuer itself unless named. */
async function sign(
  keys: CryptoKeyPair,
  issuer: Issuer,
  { notBefore = NOT_BEFORE, notAfter = NOT_AFTER }: Validity,
  extensions: readonly x509.Extension[],
  subject = issuer.name,
): Promise<string> {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and always of the same length
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: toHex(serial),
    subject: [{ CN: [subject] }],
    issuer: [{ CN: [issuer.name] }],
    notBefore,
    notAfter,
    signingAlgorithm: SIGNATURE,
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}
