// Which parts of LwM2M an app has: a class, given as a type parameter, whose methods are marks. What is not marked is not compiled in, and
// what a server asks of it is refused by the code that the standard has for that. Three such classes are here; an app may have its own:
//
//   @unmanaged class Mine extends ForInventory { attributes(): void {} }
//
//   tlv, text, cbor, json   payload formats: TLV; text of one value; CBOR of one value and SenML CBOR; SenML JSON. Opaque and links are
//                           always there.
//   attributes              Write-Attributes; without them the Server object's pmin and pmax hold
//   instances               servers create and delete instances of the app's objects
//   servers                 several servers, and object 2, Access Control, between them
//   queue                   queue mode: the device sleeps between its messages
//   disable                 a server may disable the device for a time, /1/x/4; de-registration
//   discover                Discover
//   parameters              Execute with arguments
//   survey                  Bootstrap-Discover, Bootstrap-Read
//   pack                    Bootstrap-Pack of 1.2, with cbor or json
//   composite               Read-, Write- and Observe-Composite, with cbor or json
//
// `npm run prices` says what each costs.

/** All there is. */
@unmanaged
export class Everything {
  tlv(): void {}
  text(): void {}
  cbor(): void {}
  json(): void {}
  attributes(): void {}
  instances(): void {}
  servers(): void {}
  queue(): void {}
  disable(): void {}
  discover(): void {}
  parameters(): void {}
  survey(): void {}
  pack(): void {}
  composite(): void {}
}

/** LwM2M 1.0's and the shortest of 1.1's formats, and what any server may use. */
@unmanaged
export class Usual {
  tlv(): void {}
  text(): void {}
  cbor(): void {}
  attributes(): void {}
  instances(): void {}
  servers(): void {}
  queue(): void {}
  disable(): void {}
  discover(): void {}
  parameters(): void {}
  survey(): void {}
  composite(): void {}
}

/** What SORACOM Inventory uses: one server, whose format is TLV. Discover is there because every client has to have it. */
@unmanaged
export class ForInventory {
  tlv(): void {}
  discover(): void {}
}


@inline
export function hasTlv<F>(): bool {
  return isDefined(changetype<F>(0).tlv);
}

/** Whether there is a format to choose for what a bootstrap server writes. Where TLV is all there is, no server needs to be told: those of
 * LwM2M 1.0 know nothing else, and later ones take it when a client has no wish. */
@inline
export function hasChoice<F>(): bool {
  return hasCbor<F>() || hasJson<F>();
}


@inline
export function hasText<F>(): bool {
  return isDefined(changetype<F>(0).text);
}


@inline
export function hasCbor<F>(): bool {
  return isDefined(changetype<F>(0).cbor);
}


@inline
export function hasJson<F>(): bool {
  return isDefined(changetype<F>(0).json);
}


@inline
export function hasAttributes<F>(): bool {
  return isDefined(changetype<F>(0).attributes);
}


@inline
export function hasInstances<F>(): bool {
  return isDefined(changetype<F>(0).instances);
}


@inline
export function hasServers<F>(): bool {
  return isDefined(changetype<F>(0).servers);
}


@inline
export function hasQueue<F>(): bool {
  return isDefined(changetype<F>(0).queue);
}


@inline
export function hasSurvey<F>(): bool {
  return isDefined(changetype<F>(0).survey);
}


@inline
export function hasPack<F>(): bool {
  return isDefined(changetype<F>(0).pack);
}


@inline
export function hasComposite<F>(): bool {
  return isDefined(changetype<F>(0).composite);
}


@inline
export function hasDisable<F>(): bool {
  return isDefined(changetype<F>(0).disable);
}


@inline
export function hasDiscover<F>(): bool {
  return isDefined(changetype<F>(0).discover);
}


@inline
export function hasParameters<F>(): bool {
  return isDefined(changetype<F>(0).parameters);
}
