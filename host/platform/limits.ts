// What a caller may consume: bytes, entries, connections, steps, and for how long. A limit of the platform's documentation says so;
// the others are decided here, each with its reason. What the documentation leaves open otherwise is in choices.ts.

import { MINUTE, SECOND, type Nanoseconds } from '../clock/clock.js';
import type { RateLimits } from './rate.js';

export interface MessageLimits {
  /** Bytes of one message over TCP; what is longer becomes several. */
  readonly maxBytes: number;
  /** A TCP connection without a message for so long is closed. */
  readonly idle: Nanoseconds;
  /** From the first byte of a frame of Binary Format v1 to its last. */
  readonly frame: Nanoseconds;
  /** Until the device has taken a reply. */
  readonly reply: Nanoseconds;
  /** From the end of what the platform sends to a reset, if the device does not close. */
  readonly linger: Nanoseconds;
  /** Datagrams of one SIM at one service that are not answered yet. Nothing else makes a sender of datagrams wait. */
  readonly datagrams: number;
}

export const MESSAGE_LIMITS: MessageLimits = {
  maxBytes: 65_536,
  idle: 30 * MINUTE,
  frame: 5 * MINUTE,
  reply: 15 * MINUTE,
  linger: 2 * MINUTE,
  datagrams: 256,
};

export interface HarvestLimits {
  /** Bytes of one send; with batch write, of each entry. */
  readonly entryBytes: number;
  readonly batchEntries: number;
  /** Days that the platform has run since. */
  readonly retentionDays: number;
  readonly quotas: HarvestQuotas;
}

/** What is kept at the same time; `bytes` of contents. */
export interface HarvestQuota {
  readonly entries: number;
  readonly bytes: number;
}

export interface HarvestQuotas {
  /** Of one SIM or device. */
  readonly resource: HarvestQuota;
  readonly operator: HarvestQuota;
  readonly all: HarvestQuota;
}

export const HARVEST_LIMITS: HarvestLimits = {
  // The limit of the 2020 documentation; the present one is not published.
  entryBytes: 1024,
  batchEntries: 100,
  retentionDays: 40,
  // One a second for 40 days is 3.5 million. The disk is that of one computer, and all of it is read at a start.
  quotas: {
    resource: { entries: 4_000_000, bytes: 1024 ** 3 },
    operator: { entries: 20_000_000, bytes: 4 * 1024 ** 3 },
    all: { entries: 50_000_000, bytes: 10 * 1024 ** 3 },
  },
};

/** Old entries are deleted so many at a time, and so often at most (milliseconds): some 5 ms of everybody's thread each time. */
export const PRUNE_STEP = { rows: 500, everyMs: 20 } as const;

export const FILES_LIMITS = {
  /** Bytes of a file, and of a device's upload. */
  fileBytes: 5 * 1024 ** 3,
  uploadBytes: 100 * 1024 ** 2,
  /** Of all files of an operator, and of all operators, with what is being uploaded: the disk is that of one computer. */
  operatorBytes: 20 * 1024 ** 3,
  allBytes: 50 * 1024 ** 3,
  pathBytes: 1024,
  levels: 16,
  /** Days that the platform has run since. */
  retentionDays: 731,
  contentType: 255,
  /** Entries of a directory that a device is shown. */
  page: 1000,
  /** For so long the link is good to which the management API sends who reads a file. */
  linkSeconds: 300,
} as const;

/**
 * What devices without a SIM send to Harvest Data over the management API. The documentation says that there is a limit a minute and
 * address, and no figure. A device that sends twice a second has what it needs, and so have five of them behind one address. A wrong
 * secret counts for the address alone: nobody uses up what a device may send.
 */
export const PUBLISH_LIMITS = {
  device: { caller: { burst: 120, perSecond: 2 }, callers: 10_000 },
  address: { caller: { burst: 600, perSecond: 10 }, callers: 10_000 },
} as const satisfies Record<string, RateLimits>;

/** WebSocket through Beam's website entry point. */
export const WEBSOCKET = {
  /** The limit of the documentation. */
  idle: 300 * SECOND,
  /** Open connections of one SIM: a device has one, a gateway of several programs a few. */
  perCaller: 16,
  /** Of all SIMs: two sockets and their buffers each, some 100 kB at the most. */
  total: 2048,
} as const;

export interface HttpLimits {
  /** Bytes of a device's request body. Bodies are taken whole before anything goes to the destination. */
  readonly maxRequestBody: number;
  /** Bytes of a destination's answer body. */
  readonly maxResponseBody: number;
  /** Requests of one connection that may wait behind the one being served. */
  readonly maxWaiting: number;
  /** Until the (next) request's header is complete; a connection that is slower is closed. */
  readonly requestHeader: Nanoseconds;
  /** Longest silence inside a request's body. */
  readonly requestBody: Nanoseconds;
  /** Until the device has taken the whole answer. */
  readonly response: Nanoseconds;
  /** From the end of what the platform sends to a reset, if the device does not close. */
  readonly linger: Nanoseconds;
  /** Whole exchange with the destination: connect, TLS, request, answer. */
  readonly upstream: Nanoseconds;
}

export const HTTP_LIMITS: HttpLimits = {
  maxRequestBody: 8 * 1024 * 1024,
  maxResponseBody: 8 * 1024 * 1024,
  maxWaiting: 16,
  requestHeader: 75 * SECOND,
  requestBody: 60 * SECOND,
  response: 15 * MINUTE,
  // A slow radio may need a minute for what the connection's send buffer still holds.
  linger: 2 * MINUTE,
  upstream: 30 * SECOND,
};

/**
 * Work of the thread that serves everybody, in units of some 3 us: a piece of a body is one of them, a request what `request` says.
 * The first portion of one-byte chunks is 85 units; if a connection hides them behind large ones, 700, some 2 ms.
 */
export const WORK = {
  /** Bytes that are read of a connection at a time: at first, and while they are light. */
  leastPortion: 512,
  portion: 4096,
  /** Portions of more units wait for a turn of the event loop. What devices send is below: two requests, chunks of 64 bytes. */
  light: 64,
  request: 32,
  /** Bytes of one connection, however light: then the others have their turn. A socket gives as many at a time, some 0.2 ms of work. */
  bytes: 64 * 1024,
  /** Of all connections in one turn: many that send at once are no heavier than a few. */
  bytesInTurn: 256 * 1024,
  /** Pieces of a body, beyond one for each `bytesPerPiece`: a device may write its text byte by byte, and a modem send small segments. */
  pieces: 65_536,
  bytesPerPiece: 64,
} as const;

/** Datagrams that are served in the turn of the event loop in which they come; each of the others waits for a turn. */
export const DATAGRAMS_PER_TURN = 4;

export interface HeldLimits {
  /** Bytes of bodies, requests' and answers', that are held for one SIM or one address. */
  readonly caller: number;
  /** For all of them together, without the floors. */
  readonly all: number;
  /** So many bytes a caller has in any case. */
  readonly floor: number;
}

/**
 * Bodies that are held whole until a destination or a device has taken them. A SIM may have three of the longest under way at
 * once, with their answers; ten such SIMs fill all. A message over TCP or UDP is below the floor: the others' keep going.
 */
export const HELD_LIMITS: HeldLimits = { caller: 50 * 1024 * 1024, all: 256 * 1024 * 1024, floor: 128 * 1024 };

/** The same for the management API, by the address that calls: its requests have 64 KiB, its pages some MiB. */
export const API_HELD_LIMITS: HeldLimits = { caller: 16 * 1024 * 1024, all: 128 * 1024 * 1024, floor: 128 * 1024 };

/**
 * Datagrams to the platform's services, and what of them is much work (`COST`). A SIM sends more in a second than its radio does in
 * small ones, and an image in blocks has its burst; one that floods takes a tenth of the thread that serves everybody, ten such SIMs
 * half of it. A datagram more is dropped; what costs more is refused with the protocol's own answer.
 */
export const DATAGRAM_LIMITS = {
  caller: { burst: 4096, perSecond: 500 },
  all: { burst: 20_000, perSecond: 2500 },
  // What a device of the field sends; 500 SIMs that flood have as much in this way as all of them otherwise.
  floor: { burst: 64, perSecond: 5 },
  // More than there are SIMs.
  callers: 100_000,
} as const satisfies RateLimits;

/**
 * The same for what devices say over DTLS, by the SIM in whose session the device's key was given: from whatever network it comes. A
 * thousand values in one message are an eighth of what a device may say at once, and it may say as many each second.
 */
export const DEVICE_LIMITS = DATAGRAM_LIMITS;

/**
 * Datagrams to the device management server from outside sessions, by address: before anything is known of who sends. Most are
 * handshakes that one cookie answers, a fourth of the work. A network behind one address has some dozen devices that talk at a time.
 * Addresses can be forged: what a forged one has in any case is that cookie.
 */
export const ADDRESS_LIMITS = {
  caller: { burst: 4096, perSecond: 1000 },
  all: { burst: 40_000, perSecond: 8000 },
  floor: { burst: 64, perSecond: 5 },
  callers: 10_000,
} as const satisfies RateLimits;

/** Work besides that of a datagram, in datagrams: one is some 0.2 ms of the thread that serves everybody. */
export const COST = {
  /** A value or an entry that is kept: 0.1 ms. */
  value: 0.5,
  /** Something that is written to the disk at once. */
  write: 5,
  /** A message to a customer's server or cloud, with TLS and a signature. */
  delivery: 20,
} as const;

/** Values and entries that are kept in one turn of the event loop: some 10 ms. */
export const PORTION = 100;

/** Bytes of datagrams that wait for a turn, of one address and of all: one more is dropped, as by a full receive buffer. */
export const DATAGRAM_HELD_LIMITS: HeldLimits = { caller: 256 * 1024, all: 16 * 1024 * 1024, floor: 4 * 1024 };

/**
 * Bytes of bodies that devices send Inventory in blocks: of one device, or one SIM that bootstraps, and of all. A list of objects has some
 * KiB; those who send no more than the floor get through while others fill all there is.
 */
export const BLOCK_LIMITS: HeldLimits = { caller: 128 * 1024, all: 32 * 1024 * 1024, floor: 2 * 1024 };

/**
 * Notifications of devices that wait for a service's destination, or are on their way: bytes of one device and service, and of all. One
 * has some 200 bytes, the longest has what a device may send in blocks. A device that says little gets through while others fill all.
 */
export const NOTIFICATION_LIMITS: HeldLimits = { caller: 1024 * 1024, all: 64 * 1024 * 1024, floor: 2 * 1024 };

/** Of them those for one destination: a slow one does not take the room of the others. */
export const DESTINATION_BYTES = 16 * 1024 * 1024;

export interface ConnectionLimits {
  /** Of one SIM or one address. */
  readonly caller: number;
  /** Of all of them. */
  readonly all: number;
  /** So many connections a caller has in any case. */
  readonly floor: number;
}

/**
 * TCP connections that are open at once; one more is reset. An idle one takes some 20 KiB. A modem has a dozen sockets, a gateway with
 * computers behind it some dozens of connections. A byte on each of a SIM's at once takes some 15 ms of everybody's thread.
 */
export const CONNECTION_LIMITS: ConnectionLimits = { caller: 256, all: 64_000, floor: 16 };

/** The same for the management API, by the address that calls: a company's programs may have one. */
export const API_CONNECTION_LIMITS: ConnectionLimits = { caller: 1024, all: 16_000, floor: 16 };

/** Devices, bootstraps, keys and requests of Inventory. */
export const INVENTORY_LIMITS = {
  /** Notifications of one device that wait for a service's destination: an hour's of one a minute. */
  waitingNotifications: 64,
  /**
   * Notifications that are on their way at once. To one destination (a service of a group), which answers a hundred a second so, if it takes
   * half a second; of one operator, and of all. The floor a destination has in any case, so that slow ones do not hold up the others.
   */
  notificationsUnderWay: { destination: 50, operator: 150, all: 1000, floor: 4 },
  /** Keys of a device that were given out and have not been used yet; the oldest makes room. */
  newKeys: 4,
  endpointBytes: 128,
  /** Of one message of a device: each is kept, and passed on if the device sends it by itself. */
  values: 1000,
  /** Limits of the documentation. */
  customObjects: 16,
  resourcesPerObject: 20,
  /** Of one device. */
  observations: 64,
  /** Of one composite operation. */
  compositePaths: 32,
  devicesPerOperator: 10_000,
  /** That the bootstraps of one SIM make: a gateway has some behind it, and a hundred SIMs cannot use up what their operator has. */
  devicesPerSim: 100,
  /** Open at the same time: of one SIM, whose further ones get 4.29, and of all, of which the one silent for longest makes room. */
  bootstrapsPerSim: 8,
  bootstraps: 10_000,
  /** Requests that wait for a device, and those of its requests that are kept to be asked about. */
  waitingRequests: 32,
  keptRequests: 64,
  imageBytes: 4 * 1024 * 1024,
} as const;

/** Limits of the management API. */
export const API_LIMITS = {
  /** Bytes of a JSON body. */
  bodyBytes: 64 * 1024,
  /** Arrays and objects inside each other in a JSON body. */
  depth: 32,
  /** Entries of a page: unless asked for, and at most. */
  page: 100,
  maxPage: 1000,
  /** The definition has 100 at most for subscribers, and 10 unless asked for of data and files. */
  subscribersPage: 100,
  dataPage: 10,
  tagName: 128,
  tagValue: 1024,
  tags: 50,
  description: 1024,
  /** Bytes of a role's or user's permission. */
  permission: 8 * 1024,
} as const;

/** Access decisions. A step is some 10 ns of the thread that serves everybody. */
export const DECISION = {
  /**
   * What one may take: all statements and conditions of a role, or of a user with all its roles, read and decided. Beyond it
   * the answer is no. That are 2 ms, and enough for 40 statements that each match `logs/:imsi/.*` with a path of 1,024 characters.
   */
  steps: 200_000,
  /** One of more is costly. A user with ten statements and some patterns is below. */
  light: 10_000,
  /** Callers whose decisions are costly have one part in so many of the time, all of them together. */
  share: 10,
  /** For so long a caller counts as one of them. */
  memory: SECOND,
  /** Of one caller, and of all, that wait for their turn: a third of a second, 20 s. */
  waiting: 16,
  allWaiting: 1024,
} as const;

/** Characters of a SAM user's password. */
export const PASSWORD_LENGTH = { min: 8, max: 128 } as const;

/** Bytes of a POST to Endorse: the parameters go into the token, and tokens travel in headers and URLs. */
export const ENDORSE_LIMITS = { maxRequestBody: 4096 } as const;

/** SORACOM Access Management, of one operator. */
export const SAM_LIMITS = {
  /** The documentation's. */
  users: 50,
  roles: 20,
  /** Of the root, and of each user: one for each program that signs in, and a second while it is replaced. */
  authKeys: 20,
  /**
   * Bytes of a user's permission and those of its roles together: what is read for a decision when nothing is kept. It
   * leaves a third of `DECISION.steps` to decide with.
   */
  userPermission: 16 * 1024,
  /** API tokens of the root, and of each user: one a minute for a day. The one that ends first makes room. */
  tokens: 2000,
} as const;

/** Permissions that are kept as read, of all operators together: 30 MB at the most. */
export const PERMISSION_CACHE = { characters: 1024 * 1024 } as const;

/** Signing in, and other work on passwords and AuthKeys. Each takes some 40 ms in its turn. */
export const SIGN_IN_LIMITS = {
  /** That wait for one name in one place: some programs that start at once. */
  name: 32,
  /** For one operator, one address or /64, one network of addresses: behind them the wait is 10 s. */
  place: 256,
  /** Of all: an attack from thousands of addresses leaves those who come from a new place a turn in minutes, if any. */
  all: 4096,
  /** Places from which an owner has signed in that are remembered: an office, a home, a few servers. */
  places: 8,
  /** Logins whose last right secret is known, as 32 bytes each: those used longest ago go. */
  proven: 10_000,
} as const;

/** What else an operator may have: the directory keeps all of it in memory, too. */
export const DIRECTORY_LIMITS = {
  /** Of 8 KB each, as documented. */
  groups: 1000,
  credentials: 500,
  /** Bytes of one entry: a certificate with its key and its chain. The list of all shows what is no secret in one answer. */
  credentialsBytes: 16 * 1024,
} as const;
