// Numbers of DTLS 1.2 by their names in the standards: RFC 6347, RFC 5246, RFC 4279, RFC 6655, RFC 5487, RFC 9146.

export const ContentType = {
  ChangeCipherSpec: 20,
  Alert: 21,
  Handshake: 22,
  ApplicationData: 23,
  Tls12Cid: 25,
} as const;

export const HandshakeType = {
  ...{ HelloRequest: 0, ClientHello: 1, ServerHello: 2, HelloVerifyRequest: 3 },
  ...{ ServerHelloDone: 14, ClientKeyExchange: 16, Finished: 20 },
} as const;

/** DTLS 1.2, and DTLS 1.0: the latter on a first ClientHello only. */
export const VERSION = 0xfefd;
export const VERSION_1_0 = 0xfeff;

export const CipherSuite = {
  TLS_PSK_WITH_AES_128_CCM_8: 0xc0a8,
  TLS_PSK_WITH_AES_128_GCM_SHA256: 0x00a8,
} as const;
export type CipherSuite = (typeof CipherSuite)[keyof typeof CipherSuite];
/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746). */
export const RENEGOTIATION_SCSV = 0x00ff;

/** `max_fragment_length`, `extended_master_secret`, `connection_id`, `renegotiation_info`. */
export const Extension = { Mfl: 1, Ems: 23, Cid: 54, Renegotiation: 0xff01 } as const;

export const Alert = {
  ...{ CloseNotify: 0, UnexpectedMessage: 10, HandshakeFailure: 40, IllegalParameter: 47, DecodeError: 50 },
  ...{ DecryptError: 51, ProtocolVersion: 70, InternalError: 80, NoRenegotiation: 100, UnknownPskIdentity: 115 },
} as const;
export type Alert = (typeof Alert)[keyof typeof Alert];
export const AlertLevel = { Warning: 1, Fatal: 2 } as const;

/** Record: type, version, epoch, sequence number, length. Handshake message: type, length, message_seq, fragment. */
export const RECORD_HEAD = 13;
export const MESSAGE_HEAD = 12;
/** Sequence numbers have 48 bits. */
export const LAST_SEQUENCE = 2 ** 48 - 1;
export const MAX_PLAINTEXT = 2 ** 14;
