// Codes, offsets and limits of DTLS 1.2: RFC 6347, 5246 (messages, alerts), 7627 (extended master secret), 9146 (connection ID).

export const enum ContentType {
  ChangeCipherSpec = 20,
  Alert = 21,
  Handshake = 22,
  ApplicationData = 23,
  /** RFC 9146 4: the real type is inside, behind the content. */
  ConnectionId = 25,
}

export const enum HandshakeType {
  HelloRequest = 0,
  ClientHello = 1,
  ServerHello = 2,
  HelloVerifyRequest = 3,
  NewSessionTicket = 4,
  ServerKeyExchange = 12,
  ServerHelloDone = 14,
  ClientKeyExchange = 16,
  Finished = 20,
}

export const enum Extension {
  /** RFC 6066 4 */
  MaxFragmentLength = 1,
  ExtendedMasterSecret = 23,
  ConnectionId = 54,
  /** RFC 5746 */
  RenegotiationInfo = 0xff01,
}

/** RFC 5246 7.2; those that are sent. */
export const enum Alert {
  None = -1,
  CloseNotify = 0,
  UnexpectedMessage = 10,
  HandshakeFailure = 40,
  IllegalParameter = 47,
  DecodeError = 50,
  DecryptError = 51,
  ProtocolVersion = 70,
  InternalError = 80,
  NoRenegotiation = 100,
  UnsupportedExtension = 110,
}

export const WARNING: i32 = 1;
export const FATAL: i32 = 2;

/** Versions as 16 bits loaded from the wire, where they stand as fe fd and fe ff. */
export const DTLS_1_2: u16 = 0xfdfe;
export const DTLS_1_0: u16 = 0xfffe;

export const TLS_PSK_WITH_AES_128_GCM_SHA256: i32 = 0x00a8;
export const TLS_PSK_WITH_AES_128_CCM_8: i32 = 0xc0a8;
/** RFC 5746 3.3: "I know secure renegotiation", said without an extension. */
export const TLS_EMPTY_RENEGOTIATION_INFO_SCSV: u16 = 0x00ff;

// A record: type 1, version 2, epoch 2, sequence number 6, connection ID (type 25 alone), length 2.
export const RECORD_VERSION: usize = 1;
export const RECORD_EPOCH: usize = 3;
/** Up to the connection ID. */
export const RECORD_HEAD: i32 = 11;
export const RECORD_HEADER: i32 = RECORD_HEAD + 2;
/** In front of what is encrypted. */
export const EXPLICIT_NONCE: i32 = 8;
/** RFC 5246 6.2.1 */
export const PLAINTEXT_MAX: i32 = 1 << 14;
export const SEQUENCE_MAX: u64 = ((<u64>1) << 48) - 1;
/** The epoch of protected records. There is no other: renegotiation is refused. */
export const EPOCH_1: u64 = (<u64>1) << 48;

// A handshake message: type 1, length 3, message_seq 2, fragment_offset 3, fragment_length 3.
export const HANDSHAKE_HEADER: i32 = 12;

export const RANDOM_BYTES: i32 = 32;
export const SESSION_ID_MAX: i32 = 32;
export const COOKIE_MAX: i32 = 255;
export const MASTER_BYTES: i32 = 48;
export const VERIFY_BYTES: i32 = 12;

/** RFC 4279 5.3: identities of 128 bytes and keys of 64 have to be supported. */
export const IDENTITY_MAX: i32 = 128;
export const PSK_MAX: i32 = 64;
/** Of a server's connection ID; a longer one ends the handshake. */
export const PEER_CID_MAX: i32 = 32;
/** Of the connection ID that this side asks for. */
export const OWN_CID_MAX: i32 = 8;
