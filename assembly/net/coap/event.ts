/** What a call of an endpoint's `receive` or `step` has brought. */
export const enum CoapEvent {
  None = 0,
  /** A request, whole: `message`, `body`. To be answered. */
  Request = 1,
  /** A block of a request that is not the last: `message`, `body` at `offset`. Answered by `keep`, `take` or `respond`. */
  Block = 2,
  /** Our request has ended. `result` Ok: `message`, with its code, and `body` are the response. Else why there is none. */
  Response = 3,
  /** A block of a response that is not the last: `message`, `body` at `offset`. Goes on after `keep` or `take`; `cancel` ends it. */
  ResponseBlock = 4,
  /** What we observe has a new state, as with Response. The observation has ended if the code is not 2.xx. */
  Notification = 5,
  /** The peer has acknowledged a notification or a late response (`token`), or answered a ping. */
  Delivered = 6,
  /** The same was refused by RST (`result` Refused) or never answered (Timeout). An observation with that token has ended. */
  Undelivered = 7,
}
