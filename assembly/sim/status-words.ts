/** SW1 SW2: every answer this card ends a command with. ISO 7816-4 5.1.3, TS 102 221 10.2, TS 31.102 7.3. */
export const enum SW {
  Ok = 0x9000,
  /** Low byte: bytes that GET RESPONSE will fetch, 00 for 256. T=0 only. */
  BytesWaiting = 0x6100,
  /** Low byte: bytes of the proactive command to FETCH. */
  CommandPending = 0x9100,
  /** SEARCH RECORD: no record has the pattern. */
  NotMatched = 0x6282,
  /** SELECT: done, of a file that is deactivated. */
  SelectedDeactivated = 0x6283,
  /** Low byte: tries left. */
  TriesLeft = 0x63c0,
  /** The store failed or holds nonsense. */
  MemoryProblem = 0x6581,
  WrongLength = 0x6700,
  ChannelUnsupported = 0x6881,
  SecureMessagingUnsupported = 0x6882,
  AgainstFileStructure = 0x6981,
  SecurityNotSatisfied = 0x6982,
  PinBlocked = 0x6983,
  /** The file is deactivated. */
  Deactivated = 0x6984,
  ConditionsNotSatisfied = 0x6985,
  NoEfSelected = 0x6986,
  WrongData = 0x6a80,
  FunctionUnsupported = 0x6a81,
  FileNotFound = 0x6a82,
  RecordNotFound = 0x6a83,
  WrongParameters = 0x6a86,
  ReferenceNotFound = 0x6a88,
  WrongOffset = 0x6b00,
  /** Low byte: the right Le, 00 for 256. */
  WrongLe = 0x6c00,
  UnknownIns = 0x6d00,
  UnknownCla = 0x6e00,
  /** INCREASE: the sum is more than a record holds. */
  MaximumReached = 0x9850,
  /** AUTHENTICATE: MAC is not the network's. */
  MacWrong = 0x9862,
  /** AUTHENTICATE: this card has no such security context. */
  ContextUnsupported = 0x9864,

  // To a 2G terminal. TS 51.011 9.4.
  /** Low byte: bytes that GET RESPONSE will fetch. */
  GsmBytesWaiting = 0x9f00,
  GsmProblem = 0x6f00,
  GsmMemoryProblem = 0x9240,
  GsmNoEfSelected = 0x9400,
  GsmOutOfRange = 0x9402,
  GsmNotFound = 0x9404,
  GsmInconsistent = 0x9408,
  ChvNone = 0x9802,
  /** Not verified; or verified wrong, and tries are left. */
  ChvWrong = 0x9804,
  /** The CHV is switched on, or off, and should not be. */
  ChvContradiction = 0x9808,
  GsmInvalidated = 0x9810,
  ChvBlocked = 0x9840,
}
