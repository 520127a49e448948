// Numbers of OMA LwM2M 1.0, 1.1: content formats, types of resources, and what may be done with them.

/** CoAP Content-Formats, IANA. */
export const enum Format {
  None = -1,
  Text = 0,
  Link = 40,
  Opaque = 42,
  /** One value, RFC 8949. */
  Cbor = 60,
  SenmlJson = 110,
  SenmlCbor = 112,
  /** SenML-ETCH, RFC 8790. */
  EtchJson = 320,
  EtchCbor = 322,
  Tlv = 11542,
}

/** Data types, LwM2M Core appendix C. */
export const enum Type {
  String = 1,
  Integer = 2,
  Unsigned = 3,
  Float = 4,
  Boolean = 5,
  Opaque = 6,
  /** Seconds since 1970. */
  Time = 7,
  /** Object and instance ID. */
  Link = 8,
}

/** Largest ID; 65535 is reserved. */
export const ID_MAX: i32 = 65_534;
