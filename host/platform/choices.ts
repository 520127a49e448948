// What the platform's documentation does not say, decided here and nowhere else. Every entry is UNCONFIRMED against the
// real service; change it here when somebody measures it. What a caller may consume is in limits.ts.

import { HOUR, MINUTE, SECOND } from '../clock/clock.js';

/** What a service answers a caller that it has nothing for, unless the service's own documentation says otherwise. */
export const CallerStatus = {
  /** The session that opened the connection is closed. */
  SessionClosed: 403,
  Unknown: 400,
  /** Suspended, terminated, not yet activated. */
  NotActive: 403,
  NoGroup: 400,
} as const;

/** What the fronts of message services answer by themselves, on all their transports. */
export const MessageStatus = {
  /** Bytes that should be JSON and are not. */
  InvalidPayload: 400,
  /** A frame of Binary Format v1 whose length or CRC is wrong, or that stays without its end. FIN follows. */
  BadFrame: 400,
  /** The answer to a datagram has more bytes than a datagram takes. The message itself was served. */
  TooLongForDatagram: 502,
  MethodNotAllowed: 405,
  /** A fault of the platform itself. */
  InternalError: 500,
  /** `datagrams` of this SIM, or `HELD_LIMITS.caller` of its bytes, are under way. */
  CallerFull: 429,
  /** `HELD_LIMITS.all` of all SIMs are. */
  Full: 503,
  /** The platform's storage is full or damaged: the same message may be taken later. */
  StorageFault: 503,
} as const;

/** Media types that count as text besides text/* and *+xml. What is no text and no JSON, or states no type, is binary. */
export const TEXT_TYPES: ReadonlySet<string> = new Set(['application/xml', 'application/x-www-form-urlencoded']);

/** What Harvest Data answers to what it does not store. */
export const HARVEST_STATUS = {
  Off: 400,
  BadTimestamp: 400,
  /** Not an array, empty, too many entries. */
  BadBatch: 400,
  TooLarge: 400,
  /** More entries than one SIM may send in a time, or all of them. */
  TooMuch: 429,
  /** Disk full or damaged: the device may send again. */
  NotStored: 503,
  /** The quota of the SIM, its operator or all is used up: as Harvest Files. */
  NoRoom: 507,
} as const;

/** What Harvest Files answers a device; 201, 200, 204, 206, 304, 412 and 416 are those of HTTP. */
export const FilesStatus = {
  SessionClosed: 403,
  Unknown: 403,
  NotActive: 403,
  NoGroup: 403,
  Off: 403,
  /** By the role that the group assumes, or because there is no such role. */
  Denied: 403,
  /** Too many requests wait for a decision that takes long. */
  Busy: 429,
  Missing: 404,
  /** Documented for a default path that does not begin with /; the same without one. */
  NoDefaultPath: 404,
  BadPath: 400,
  BadContentType: 400,
  BadContentRange: 400,
  MethodNotAllowed: 405,
  /** Disk full or damaged: the device may send again. */
  NotStored: 503,
  /** The operator's files take up all that they may: sending again is of no use until some are deleted. */
  NoRoom: 507,
} as const;

/** What Beam answers when it does not pass on the destination's own answer. Bodies are text/plain. */
export const BeamStatus = {
  /** Unknown path, SIM in no group, entry switched off. */
  Refused: 400,
  /** WebSocket connections of this SIM beyond WEBSOCKET.perCaller (RFC 6585), and of all beyond its total. */
  CallerFull: 429,
  Full: 503,
} as const;

/** What Beam, Funnel and Funk answer by themselves when the destination gives no answer that could be passed on. */
export const DeliveryStatus = {
  /**
   * What the operator has configured cannot be carried out: credentials are missing or of the wrong type, or cannot make a request. No fault
   * of the device, which may send the same again when that is put right; of what it says itself is 400 said, and of what is switched off.
   */
  Misconfigured: 500,
  /** The platform lacks what this needs, for example an AWS key: the person who runs it has to provide that. */
  NotEquipped: 503,
  /** The destination cannot be reached, is not trusted, cuts its answer short, or does not speak HTTP. */
  BadGateway: 502,
  /** The destination did not answer in time. */
  GatewayTimeout: 504,
  /** The platform has no room for the answer, or no socket: no fault of the destination. */
  Busy: 503,
} as const;

/** The platform assumes roles in operators' AWS accounts as a user of this account; `sessionName` shows in their logs. */
export const AWS_ROLE = { account: '762707677580', sessionName: 'soracom', seconds: 3600 } as const;

export const FUNNEL = {
  /** The cloud answered with neither success nor an error of its own: a redirect. */
  oddAnswer: 502,
  /** Longest message of a cloud that a device is given, in characters. */
  maxMessage: 1024,
  /** Seconds for which a shared access signature is good. */
  sasSeconds: 300,
  /** AWS IoT: QoS of what is published. */
  qos: 1,
} as const;

export const FUNK = {
  /** Where the platform is: `jp` or `global`. */
  coverage: 'jp',
  /** The function ran and failed (Lambda, X-Amz-Function-Error): its error object is the body. */
  functionError: 500,
} as const;

/** The public object store that holds the signing keys, for what it does not have or do. */
export const KeySiteStatus = {
  /** A store whose folder cannot be listed says this for all that it does not have. */
  NoKey: 403,
  NotAllowed: 405,
} as const;

/** What Endorse answers callers that it has nothing for. */
export const EndorseCaller = { SessionClosed: 403, Unknown: 403, NotActive: 403, NoGroup: 403 } as const;

/** Endorse's other answers. Bodies are `{"code","message"}`, with codes of our own: END0001 and so on. */
export const EndorseStatus = {
  Disabled: 403,
  BadRequest: 400,
  RedirectRefused: 400,
  NotFound: 404,
  MethodNotAllowed: 405,
  Redirect: 302,
} as const;

export const ENDORSE = {
  defaultTimeoutSeconds: 600,
  maxTimeoutSeconds: 86_400,
} as const;

/** What the Unified Endpoint answers. */
export const UNIFIED_STATUS = {
  /** All services succeeded, with a status below 400. */
  Ok: 200,
  /** One or more failed. */
  Mixed: 207,
  /** The group has enabled none of the services. */
  NoService: 400,
  /** The response format names a service that is not enabled. The others have the message all the same. */
  NotAmongThem: 400,
} as const;

/** What the HTTP front answers by itself (RFC 9110). */
export const FrontStatus = {
  BadRequest: 400,
  /** TRACE, by whatever service. */
  MethodNotAllowed: 405,
  /** A request's body stopped coming. */
  RequestTimeout: 408,
  /** A body of more than `maxRequestBody`. */
  ContentTooLarge: 413,
  /** An `Expect` other than 100-continue. */
  ExpectationFailed: 417,
  /** More than 16 KiB of header. */
  HeaderTooLarge: 431,
  /** A fault of the platform itself. */
  InternalError: 500,
  /** A Transfer-Encoding other than chunked. */
  NotImplemented: 501,
  /** HTTP/0.9, 2.0 and so on; a later minor version of HTTP/1 in other than a connection's first request. */
  VersionNotSupported: 505,
  /** The platform's storage is full or damaged: the same request may be taken later. */
  StorageFault: 503,
  /** More than `maxWaiting` requests pipelined. */
  TooManyRequests: 503,
  /** The caller's bodies under way have `HELD_LIMITS.caller` bytes. */
  CallerFull: 429,
  /** All callers' have `HELD_LIMITS.all`. */
  Full: 503,
} as const;

/** What Inventory's bootstrap server answers (codes of CoAP). Documented is none of them. */
export const BootstrapStatus = {
  /** No session, no group, a SIM that is not active, Inventory off. */
  Forbidden: '4.03',
  /** More bootstraps than one SIM may have open, or begin in a time (RFC 8516). */
  TooMany: '4.29',
  /** No endpoint name, or one that cannot be. */
  BadRequest: '4.00',
  /** A preferred content format that is none of ours. */
  UnsupportedFormat: '4.15',
  /** The platform's storage is full or damaged (RFC 7252 5.9.3.4). */
  StorageFault: '5.03',
} as const;

export const INVENTORY = {
  /** The agents' defaults; what the real server writes is not known. */
  shortServerId: 123,
  lifetimeSeconds: 60,
  serverUri: 'coaps://jp.inventory.soracom.io:5684',
  /** Instances that are written, unless the client has its bootstrap account there: agents and Wakaama have it at 0. */
  securityInstance: 1,
  serverInstance: 1,
  /** The same for a client that does not say where its bootstrap account is: most have it at 0 or 1. */
  unlikelySecurityInstance: 2,
  /**
   * How long the answer to Bootstrap-Discover is waited for: one repetition. Published agents say nothing to it, and one of them gives the
   * bootstrap up when it hears nothing for 5 s.
   */
  discoverWait: 4 * SECOND,
  keyBytes: 16,
  /** How long a request waits for a device. */
  requestLife: 24 * HOUR,
  /** Time for one request to a device, all its blocks included; an image has its own. */
  requestTime: 10 * MINUTE,
  imageTime: 12 * HOUR,
  /** A device that says something else so long after a request was sent has had time to answer it. */
  answerTime: 10 * SECOND,
  /** A device that was heard so short a time before a request was there when it was asked. */
  justHeard: 10 * SECOND,
  /** How often a device that was there is asked the same. */
  tries: 3,
  /** So many requests in a row without a word: the device is away, and the others wait. */
  silentRequests: 2,
  /** A device that is away and does not sleep is asked again after so long, doubled each time up to the second. */
  askAgain: 5 * MINUTE,
  askAgainAtMost: HOUR,
  /** How long the management API waits for a device's answer before it says 202. */
  apiWait: 25 * SECOND,
  /** A device in queue mode sleeps so long after its last message (MAX_TRANSMIT_WAIT of RFC 7252). */
  awake: 93 * SECOND,
  /** A registration is kept so long beyond its lifetime: its update may be on its way (MAX_TRANSMIT_SPAN). */
  grace: 45 * SECOND,
  /** Longest time without a bootstrap's next answer. */
  bootstrapStep: 120 * SECOND,
  /** Between two looks at a firmware update that is under way: the first, doubled each time up to the last. */
  firmwareFirstLook: 5 * SECOND,
  firmwareLastLook: MINUTE,
  /** How long the answer to a look is waited for: others wait behind it. */
  firmwareLook: 20 * SECOND,
  /** How long a device may say that nothing goes on: on a bad line a pull takes minutes to begin, and so does a restart into the image. */
  firmwareStart: 15 * MINUTE,
  /** Bytes of a block of an image. */
  imageBlock: 512,
  /** How often a block of it is tried again after all of CoAP's retransmissions: on a bad line an image has many. */
  imageRepeats: 5,
} as const;

/** Statuses of the management API and of Metadata. The documentation names 200, 201, 204, 400 and 404 only. */
export const ApiStatus = {
  /** What a device is asked to do: documented is this status alone, whether it has been done by then or not. */
  Accepted: 202,
  BadRequest: 400,
  /** No token, an expired one, a wrong password. */
  Unauthorized: 401,
  /** Another operator's id, a SAM user without the permission, what a SIM may not do. */
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  /** What is made exists; a subscription that is in no status for it. */
  Conflict: 409,
  ContentTooLarge: 413,
  /** A body that says it is not JSON. */
  UnsupportedMediaType: 415,
  TooManyRequests: 429,
  InternalError: 500,
  /** Requests of all callers together take too much memory. */
  Full: 503,
  /** The platform's storage is full or damaged. */
  StorageFault: 503,
  /** An operator's files take up all that they may. */
  NoRoom: 507,
} as const;

/** Life of an API token in seconds: the limits are the documentation's. */
export const TOKEN_SECONDS = { min: 180, max: 172_800, default: 86_400 } as const;

/** Speed classes that may be chosen: the documentation names these "and more by plan". */
export const SPEED_CLASSES = [
  's1.minimum',
  's1.slow',
  's1.standard',
  's1.fast',
  's1.4xfast',
  'u1.standard',
  'u1.slow',
  't1.standard',
] as const;

/** What Metadata answers a caller that it has nothing for: documented is only that the status is not 200. */
export const MetadataStatus = {
  SessionClosed: 403,
  Unknown: 403,
  NotActive: 403,
  NoGroup: 403,
  Off: 403,
  /** A write while `readonly` is on. */
  ReadOnly: 403,
  /** A field, tag or userdata that is not there, or is null. */
  Missing: 404,
  MethodNotAllowed: 405,
} as const;

// Further choices, made where they act:
// - Inventory: a group switches it on with `SoracomInventory.enabled`; `lifetime`, `shortServerId`, `observe` and
//   `harvestEnabled` are our own key names. An unknown PSK identity gets the alert unknown_psk_identity, so that a device
//   that was deleted asks for a new account at once; a wrong key gets silence, as from OpenSSL and libcoap (dtls/limits.ts).
// - Inventory: each bootstrap gives a new key under the same identity. The keys before it stay good until a device has
//   registered with a newer one (inventory/keys.ts).
// - Inventory: Bootstrap-Pack of LwM2M 1.2 is answered in SenML CBOR or JSON (inventory/bootstrap.ts).
// - Inventory: what a device is asked while it sleeps or is away waits for its next registration or update; the API says
//   202 with a request id then (inventory/requests.ts). Values look as Leshan's API shows them (inventory/view.ts).
// - Inventory: a notification is one entry of Harvest Data under resourceType Device for each instance and moment, in the documented form;
//   a resource with instances has `values`, one without a model no `name` (inventory/notifications.ts). The documentation shows a value of
//   type time as text, "Apr 24, 2018 7:28:17 AM": here it is the number of seconds, as everywhere.
// - Inventory: the public API has no form for composite operations: here POST /v1/devices/{id}/composite/read|write|observe|unobserve, with
//   {"paths": [..]} or {"values": {path: value}}. And for models as OMA's registry has them: XML as such, told by its Content-Type.
// - Inventory: notifications go to Beam where the group's SoracomBeam has the entry `inventory://beam.soracom.io` (our own key: the
//   documentation shows the entry's fields, not its key), to Funnel and Funk where these are on. Beam's request has x-soracom-device-id,
//   -operator-id and -timestamp always; a signature is over the identity headers that are on, the device id and the timestamp, as the
//   documentation has it for LoRaWAN devices. Funk's context has resourceType Device. Nothing is tried twice; the messages of one
//   device to one service go one after the other (inventory/passing.ts).
// - Inventory: `objects` of a device is `{"3":{"id":3,"instances":{"0":{"id":0}}}}`: the definition says only that it is an object
//   (inventory/api.ts). An own object model is changed by POST, as the definition has it, and by PUT. What is read of a model can be sent
//   back: `scope` and other fields that a model does not have are passed over (inventory/models-api.ts).
// - Beam's TCP and UDP entries without `version` are 201509, as entries of before that key are; `eodBytes` (hexadecimal) and
//   `binaryFormatV1` are our own key names. The error text of 201509 ends with CRLF and has no end-of-data bytes besides;
//   `skipStatusCode` takes the status off errors too; with it an empty answer is no datagram, and over TCP nothing but
//   `eodBytes` that are configured. Refusals are worded `<status> Beam: <reason>` (beam/convert.ts).
// - Beam TCP to TCP: an unsigned first line has a timestamp too, as SORACOM's own test server is sent; no line at all when
//   no option is on; 30 seconds to connect, 30 minutes of silence (beam/relay.ts).
// - Unified Endpoint: `response.format` by the names that the platform's API shows, in any case; `response.success` and
//   `response.failure` ({statusCode, body, contentType}) are our own key names for Custom. The Unified format's outer
//   object goes over TCP and UDP, its body under the real status over HTTP. Beam's part of an HTTP message is the entry
//   of its HTTP entry point whose path the request has (unified/).
// - HTTP entry point: paths match exactly, as they are written (beam/route.ts).
// - Ports 18080 and 80 are one website entry, configured as http://beam.soracom.io:18080/ or http://beam.soracom.io/.
// - Device-sent headers x-soracom-* are dropped, also in the spellings that CGI gateways take for the same (beam/headers.ts).
// - `authorization: {"$credentialsId"}` is our own key name; the forms are Bearer and Basic (beam/headers.ts).
// - Request trailers are dropped; `Expect: 100-continue` is answered by the platform and not passed on.
// - An entry with addSignature but no key, or no identity to sign, refuses: nothing goes out unsigned.
// - Endorse: parameters are taken from the query of a GET and the body of a POST (JSON or a form), at path / only;
//   `redirect_url` is taken from the query of both and never signed; a parameter given twice counts once, the last one; without any there is no `requestParameters`.
// - Endorse answers at port 80 without TLS as well (endorse/index.ts).
// - Binary Parser: bit 7 of a `bool` and of an offset is the most significant; an index left out means the byte after the
//   last one read, for `bool` too; `little-endian` is for whole bytes only; several operations are done from left to
//   right; a value that the payload is too short for is left out; NaN and infinity become null. Names that collide with
//   fields of LoRaWAN and Sigfox are allowed: the documentation's own example has one, and no such device is here. A
//   payload that is not the predefined format's gives an object without values (binary-parser/).
// - The Binary Parser takes what the transport calls binary, whatever the service's content type says (message/payload.ts).
// - Metadata: minimizeResponseBody leaves out what is null (metadata/index.ts); no other form than JSON and plain text.
// - A tag name may hold dots: `subscriber.tags.a.b` is the tag "a.b" (metadata/selector.ts).
// - Management API: unknown fields of a body are passed over; unknown keys of a group's configuration are kept and shown as
//   they were written, as SORACOM does, and nothing comes of them. Both are named in the trace (`unknown`). A configuration
//   in a file is by hand: there an unknown key is a fault (config/fields.ts). Unknown parameters of a query are refused.
// - Empty values ("", 0, false, null, [], and objects of such) that a field cannot take mean "not set", in bodies, queries
//   and every namespace (config/fields.ts).
// - The API token is a JWT by HS256 with the operator's id (accounts/signer.ts). A file is read by a link that is good
//   without a token for FILES_LIMITS.linkSeconds (harvest-files/api.ts).
// - Secrets written into a group's configuration read back as "[redacted]" (api/redact.ts).
// - A SIM is registered with the secret that came with it; unknown, another operator's and wrong secret are all 404.
// - Funk: services are called `lambda`, `function-app` and `cloud-functions`; `endpoint` in the destination is our own
//   key (where Lambda's API is). Credentials are optional for the last two: api-token-credentials give `x-functions-key`
//   at Azure and a bearer token at Google. What Lambda returns is not unwrapped. Of a function's answer over HTTP its
//   status, Content-Type and body are passed on.
// - AWS: the account of the platform, the name and the length of its sessions (AWS_ROLE). The role is assumed at the STS of the
//   destination's region, also where `endpoint` leads elsewhere (outbound/aws-access.ts). Credentials of a role are kept
//   until five minutes before they end.
// - Funnel: `payloadsOnly` and `sendPayloadsAsBinary` are taken from the destination and from the namespace itself;
//   the latter sends the device's own bytes, and only with the former. `endpoint` in the destination is our own key. The
//   IMSI is the partition key of Kinesis. Destinations of other providers are HTTPS URLs that get a POST; credentials are
//   optional there (a token gives Bearer, user name and password Basic). A cloud's message is taken out of its error body.
// - Harvest Data: a custom timestamp that is missing or unreadable leaves a single entry with its header's or arrival
//   time, so that nothing is lost; in a batch it refuses the whole send. `customTimestamp.format` is one of
//   `iso-8601` (documented), `unix-seconds` and `unix-milliseconds`; `batchWrite` is written like `customTimestamp`.
//   Text stays text, with its media type (harvest/entries.ts).
// - Harvest Data over TCP and UDP without a content type: what is a JSON object or array is JSON, since devices' samples
//   graph what they send so; all else is binary. The other services take all of it for binary.
// - Harvest Data does not force `Connection: close` on a device that wants to keep its connection.
// - Harvest Data: entries of one millisecond stand side by side (harvest/store.ts). Retention counts from the arrival.
// - Harvest Files: without a role a SIM may do all with its operator's private files. `GET` of a path with / at its end
//   lists the directory, as the management API does (FileEntry:listFiles). A path with an empty, `.` or `..` segment, a
//   backslash, a control character, bytes that are no UTF-8 or a `%` that encodes nothing is 400 (harvest-files/path.ts).
// - Harvest Files: `:imsi` is put in after decoding. Several ranges, other units and malformed ranges give the whole file.
// - Harvest Files: `assumedRoleId` is documented; `roleId` means the same.
