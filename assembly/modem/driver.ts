// What every modem driver is to the rest of the SDK.
//
// A driver is an @unmanaged class, placed in static memory and started by `begin`. It does no I/O: serial.ts moves its
// bytes, time comes with each `step`. It brings the modem up and keeps it up without being asked, and carries sockets
// as a `Net` (net/transport.ts). Generic code takes the driver's class as a type parameter, so that nothing is carried
// that an app does not use. Its members:
//
//   begin(seed: u32): void                    once; seed for the spread of waits
//   feed(ptr: usize, len: i32): void          bytes from the UART
//   outPtr, outLen, sent(n: i32)              bytes for the UART
//   step(now: i64): void                      after every feed, and when `deadline` has come
//   deadline: i64                             milliseconds; 0 at once, i64.MAX_VALUE only on input
//   state: ModemState, cause: i32             where it is; +CME, EMM or socket error code of the last failure, or 0
//   unixMs(now: i64): i64                     network time, -1 while unknown
//   ready, open, status, write, read, close, report of `Net`
//
// Its first type parameter is the access point, which is the app's: a class with `apn`, and `user` and `password` where the access point
// asks for them, all `Ascii` (soracom/access-point.ts is one). A maker's drivers have a folder, here as in host/modem: what the AT client
// has to know of that maker's modems (at.ts), the commands for contexts, sockets and clock, and a file for each module.

import { Ascii } from "../util/ascii";

/** Where a modem is on its way to the network. Each driver says what leaves a state and after how long. */
export const enum ModemState {
  /** `begin` was not called. */
  Off,
  /** Looks for a modem that answers. */
  Probe,
  Settings,
  /** Waits for the SIM. */
  Sim,
  /** Waits for the network. */
  Registration,
  /** The way to an active context (IP address): one that is there is closed, ours configured and activated. */
  Deactivate,
  Configure,
  Activate,
  Time,
  Online,
  /** Restarts the modem. */
  Reset,
  /** Waits before the next attempt. */
  Pause,
}

/** One line for people, for the log. */
export function modemStateText(state: ModemState): Ascii {
  switch (state) {
    case ModemState.Probe:
      return "modem: looking for it";
    case ModemState.Settings:
      return "modem: answers";
    case ModemState.Sim:
      return "modem: waiting for the SIM";
    case ModemState.Registration:
      return "modem: SIM ready, waiting for the network";
    case ModemState.Deactivate:
      return "modem: registered";
    case ModemState.Activate:
      return "modem: activating the context";
    case ModemState.Online:
      return "modem: online";
    case ModemState.Reset:
      return "modem: restarting it";
    default:
      return "";
  }
}

/** CME error of a slot without a card, TS 27.007 9.2. */
const CME_NO_SIM = 10;

/** One line for people: what failed when a driver went from `state` into Pause, with the code that it has. */
export function modemFaultText(state: ModemState, cause: i32): Ascii {
  switch (state) {
    case ModemState.Probe:
      return "modem: does not answer";
    case ModemState.Sim:
      return cause == CME_NO_SIM ? "modem: no SIM inserted" : "modem: SIM not usable";
    case ModemState.Registration:
      return "modem: no network";
    case ModemState.Configure:
    case ModemState.Activate:
      return "modem: no context";
    default:
      return "modem: command failed";
  }
}
