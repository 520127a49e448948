// Which payload formats an app can read and write: a class, given as a type parameter, whose methods are marks. What is not marked is not
// compiled in. Text, opaque and links are always there.

/** LwM2M 1.0's and the shortest of 1.1: what a device needs for any server. */
@unmanaged
export class Formats {
  tlv(): void {}
  cbor(): void {}
}

/** LwM2M 1.0 alone. */
@unmanaged
export class TlvFormat {
  tlv(): void {}
}


@unmanaged
export class CborFormat {
  cbor(): void {}
}

/** SenML JSON too, for people to read. */
@unmanaged
export class AllFormats {
  tlv(): void {}
  cbor(): void {}
  json(): void {}
}


@inline
export function hasTlv<F>(): bool {
  return isDefined(changetype<F>(0).tlv);
}


@inline
export function hasCbor<F>(): bool {
  return isDefined(changetype<F>(0).cbor);
}


@inline
export function hasJson<F>(): bool {
  return isDefined(changetype<F>(0).json);
}

/** Whether there is a format that can hold values of several objects. */
@inline
export function hasSenml<F>(): bool {
  return hasCbor<F>() || hasJson<F>();
}
