// What may be chosen of DTLS before `begin`. An app that leaves a choice at its default carries no code for the others: the optimizer
// finds that nothing ever sets the variable that goes with it.

let choseTimes = false;
let choseSecrecy = false;
let choseFragment = false;
let choseCid = false;

/** First time-out of a flight; it doubles (RFC 6347 4.2.4.1). */
const FIRST_TIMEOUT_MS = 1000;
/** For ClientHello until ServerHelloDone, and once more for flight 5: 100 s in all at most. */
const PATIENCE_MS = 50_000;


@unmanaged
export class DtlsChoices {
  private timeoutChosen: i32;
  private patienceChosen: i32;
  private fragmentChosen: i32;
  private cidLen: i32;
  private cid: usize;
  private isStrict: bool;
  private hasNoCid: bool;

  /** First time-out in ms, 1000 when 0; 9000 suits slow links (RFC 7925 11). */
  get firstTimeout(): i32 {
    return choseTimes && this.timeoutChosen ? this.timeoutChosen : FIRST_TIMEOUT_MS;
  }

  set firstTimeout(ms: i32) {
    choseTimes = true;
    this.timeoutChosen = ms;
  }

  /** Milliseconds for either part of the handshake, 50,000 when 0. */
  get patience(): i32 {
    return choseTimes && this.patienceChosen ? this.patienceChosen : PATIENCE_MS;
  }

  set patience(ms: i32) {
    choseTimes = true;
    this.patienceChosen = ms;
  }

  /** Refuses servers without extended master secret. */
  get needsExtendedMasterSecret(): bool {
    return choseSecrecy && this.isStrict;
  }

  set needsExtendedMasterSecret(yes: bool) {
    choseSecrecy = true;
    this.isStrict = yes;
  }

  /** Asks for records of at most 512 (1), 1024 (2), 2048 (3), 4096 (4) bytes of content, RFC 6066 4; 0 for none. */
  get maxFragment(): i32 {
    return choseFragment ? this.fragmentChosen : 0;
  }

  set maxFragment(code: i32) {
    choseFragment = true;
    this.fragmentChosen = code;
  }

  /** Offers no connection ID. */
  get withoutCid(): bool {
    return choseCid && this.hasNoCid;
  }

  set withoutCid(yes: bool) {
    choseCid = true;
    this.hasNoCid = yes;
  }

  /** Connection ID this side asks for, at most 8 bytes, which stay with the caller; none when 0: the server need not find us. */
  get ownCidLen(): i32 {
    return choseCid ? this.cidLen : 0;
  }

  set ownCidLen(len: i32) {
    choseCid = true;
    this.cidLen = len;
  }

  get ownCid(): usize {
    return choseCid ? this.cid : 0;
  }

  set ownCid(ptr: usize) {
    choseCid = true;
    this.cid = ptr;
  }
}
