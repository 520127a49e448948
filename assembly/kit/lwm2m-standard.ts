// The standard objects of a device, joined, over the kit's CoAP endpoint; with a flash and a store for firmware updates in which power can
// be made to fail at any write.

import { Status } from "../board/index";
import { CoapEvent } from "../net/coap/event";
import { Format } from "../lwm2m/fields";
import { Server, ServerResource } from "../lwm2m/account";
import { Everything } from "../lwm2m/parts";
import { Join, None, join } from "../lwm2m/join";
import { Objects } from "../lwm2m/objects";
import { Device } from "../lwm2m/objects/device";
import { AnyDelivery, Firmware } from "../lwm2m/objects/firmware";
import { FirmwarePull } from "../lwm2m/objects/firmware-pull";
import { Location } from "../lwm2m/objects/location";
import { Bearer, Monitoring } from "../lwm2m/objects/monitoring";
import { Statistics } from "../lwm2m/objects/statistics";
import { Observations } from "../lwm2m/observe";
import { clear, place } from "../place";
import { Ascii } from "../util/ascii";
import { bytesOf } from "./ascii";
import { endpoint } from "./coap";

const SLOT: i32 = 65_536;
const RECORD: i32 = 1_024;

/** Behind which write the power fails: before it takes effect, half way through, or after it. */
const enum Cut {
  Before,
  Within,
  After,
}

const slot = memory.data(SLOT);
const stored = memory.data(RECORD);
let storedLen = -1;
let filled = 0;
let committed = 0;
let capacity = SLOT;
let writes = 0;
let cutAt = -1;
let cut = Cut.Before;
let dead = false;
/** A flash that cannot go on in the middle after a restart. */
let forgetful = false;
let storeFails = false;


@unmanaged
class KitFlash {
  /** Whether the write takes effect; from the cut on none does. */
  private isDone(within: bool): bool {
    if (dead) return false;
    if (writes++ != cutAt) return true;
    dead = true;
    return cut == Cut.After || (within && cut == Cut.Within);
  }

  write(offset: i32, ptr: usize, len: i32): i32 {
    if (offset < 0 || offset > filled) return Status.Invalid;
    if (offset + len > capacity) return Status.NoSpace;
    const isDone = this.isDone(true);
    if (!isDone) return Status.Io;
    const isHalf = dead && cut == Cut.Within;
    if (offset == 0) filled = 0;
    memory.copy(slot + offset, ptr, isHalf ? len >> 1 : len);
    if (!isHalf) filled = max(filled, offset + len);
    return Status.Ok;
  }

  commit(len: i32): i32 {
    if (len > filled) return Status.Invalid;
    // What the board would find to be no module.
    if (load<u8>(slot) == 0xff) return Status.Malformed;
    if (!this.isDone(false)) return Status.Io;
    committed = len;
    filled = 0;
    return Status.Ok;
  }

  load(ptr: usize, max: i32): i32 {
    if (storedLen < 0) return Status.NotFound;
    memory.copy(ptr, stored, min(max, storedLen));
    return storedLen;
  }

  save(ptr: usize, len: i32): i32 {
    if (storeFails) return Status.NoSpace;
    if (!this.isDone(false)) return Status.Io;
    memory.copy(stored, ptr, len);
    storedLen = len;
    return Status.Ok;
  }
}

type Rest = Join<Location, Join<Statistics, None>>;
type App = Join<Device, Join<Monitoring, Join<Firmware<KitFlash, AnyDelivery>, Rest>>>;

const device = place<Device>();
const monitoring = place<Monitoring>();
const firmware = place<Firmware<KitFlash, AnyDelivery>>();
const location = place<Location>();
const statistics = place<Statistics>();
const pull = place<FirmwarePull<KitFlash, AnyDelivery>>();
const objects = place<Objects<App, Everything>>();
const observations = place<Observations<App, Everything>>();
const server = place<Server>();
const out = memory.data(2048);
/** The objects keep where it is, so that it must not be collected. */
let running = new ArrayBuffer(0);
let serial: Uint8Array = changetype<Uint8Array>(0);

/** Starts the device, whose image has that version: with an empty flash and store when `isNew`, else with what is in them. */
export function lwm2mStandardBegin(version: string, isNew: bool): void {
  if (isNew) {
    storedLen = -1;
    filled = 0;
    committed = 0;
    capacity = SLOT;
    forgetful = false;
    storeFails = false;
    writes = 0;
    cutAt = -1;
  }
  running = bytesOf(version);
  if (forgetful) filled = 0;
  dead = false;
  clear(device);
  clear(monitoring);
  clear(firmware);
  clear(location);
  clear(statistics);
  clear(objects);
  const own = changetype<Ascii>(changetype<usize>(running));
  device.begin("Akari", "kit", own, "sensor");
  monitoring.begin(Bearer.LteFdd, "soracom.io");
  location.begin();
  const flash = changetype<KitFlash>(out);
  firmware.attach(flash, own);
  pull.attach(firmware);
  const rest: Rest = join(location, join(statistics, place<None>()));
  const app: App = join(device, join(monitoring, join(firmware, rest)));
  objects.attach(app, Format.SenmlCbor, out, 2048);
  observations.attach(objects, server);
  server.put(ServerResource.Ssid, 1);
}

export function lwm2mStandardHandle(event: i32, now: f64): void {
  if (pull.took(<i64>now, <CoapEvent>event, endpoint)) return;
  if (event == CoapEvent.Request) observations.handle(<i64>now, endpoint);
  else if (event == CoapEvent.Block) objects.block(<i64>now, endpoint, 1);
  else if (!observations.settled(<CoapEvent>event, endpoint) && event == CoapEvent.ResponseBlock)
    endpoint.keep(<i64>now);
}

export function lwm2mStandardStep(now: f64): void {
  observations.step(<i64>now, endpoint);
}

export function lwm2mStandardDeadline(): f64 {
  return observations.deadline == i64.MAX_VALUE ? Infinity : <f64>observations.deadline;
}

/** In the order of host/kit/lwm2m-standard.ts. */
export function lwm2mStandardSet(what: i32, a: f64, b: f64): void {
  switch (what) {
    case 0:
      device.setPower(<i32>a, <i32>b);
      break;
    case 1:
      device.setBattery(<i32>a, <i32>b);
      break;
    case 2:
      device.setFreeMemory(<i32>a);
      break;
    case 3:
      device.setTime(<i64>a);
      firmware.time = <i64>a;
      break;
    case 4:
      device.raise(<i32>a);
      break;
    case 5:
      monitoring.setSignal(<i32>a);
      break;
    case 6:
      monitoring.setCell(<i64>a, <i32>b);
      break;
    case 7:
      monitoring.setNetwork(<i32>a, <i32>b);
      break;
    case 8:
      monitoring.setBearer(<i32>a);
      break;
    case 9:
      location.set(a, b, NaN, 12, NaN, 1_700_000_000);
      break;
    default:
      statistics.count(<i64>a, <i32>b, 0);
  }
}

/** The serial number, and the device's own address. */
export function lwm2mStandardName(text: Uint8Array, address: Uint8Array): void {
  serial = text;
  device.setSerial(serial.dataStart, serial.length);
  monitoring.setAddress(address.dataStart, address.length);
}

/** The wish of a server, which is taken: 0 none, 1 reboot, 2 factory reset. */
export function lwm2mStandardWish(): i32 {
  const wish = device.wish;
  device.wish = 0;
  return wish;
}

// --- Flash and power ---

/** Power fails at the `at`th write from now on, as `how` says; -1: not at all. */
export function lwm2mFlashCut(at: i32, how: i32): void {
  cutAt = at < 0 ? -1 : writes + at;
  cut = how;
}

/** What the board has: bytes of a slot, and whether it can go on in the middle after a restart. Whether the store takes nothing. */
export function lwm2mFlashLimits(bytes: i32, isForgetful: bool, isFull: bool): void {
  capacity = min(bytes, SLOT);
  forgetful = isForgetful;
  storeFails = isFull;
}

/** Writes so far, power has failed, bytes staged, bytes of the image committed. */
export function lwm2mFlashState(): Int32Array {
  const state = new Int32Array(4);
  state[0] = writes;
  state[1] = dead;
  state[2] = filled;
  state[3] = committed;
  return state;
}

/** The image that was committed. */
export function lwm2mFlashImage(): Uint8Array {
  const image = new Uint8Array(committed);
  memory.copy(image.dataStart, slot, committed);
  return image;
}

/** Overwrites the record, or takes it away (-1). */
export function lwm2mFlashRecord(bytes: Uint8Array, length: i32): void {
  storedLen = length;
  memory.copy(stored, bytes.dataStart, min(bytes.length, RECORD));
}

export function lwm2mFlashStored(): Uint8Array {
  const record = new Uint8Array(max(storedLen, 0));
  memory.copy(record.dataStart, stored, record.length);
  return record;
}

// --- Firmware ---

/** Update is to be applied. */
export function lwm2mFirmwareDue(): bool {
  return firmware.isDue;
}

/** True: the device restarts. */
export function lwm2mFirmwareApply(): bool {
  return firmware.apply();
}

/** A turn of the app is over. */
export function lwm2mFirmwareSettle(now: f64): void {
  firmware.settle(<i64>now);
}

/** State, result, bytes received. */
export function lwm2mFirmwareState(): Int32Array {
  const state = new Int32Array(3);
  state[0] = firmware.state;
  state[1] = firmware.result;
  state[2] = firmware.received;
  return state;
}

export function lwm2mPullDeadline(): f64 {
  return pull.deadline == i64.MAX_VALUE ? Infinity : <f64>pull.deadline;
}

/** The session is open: asks over the kit's endpoint. */
export function lwm2mPullBegin(now: f64): void {
  pull.begin(<i64>now, endpoint);
}

export function lwm2mPullLost(now: f64): void {
  pull.lost(<i64>now);
}

/** The session could not be opened; Status. */
export function lwm2mPullUnreachable(now: f64, status: i32): void {
  pull.unreachable(<i64>now, status);
}

export function lwm2mPullDone(): bool {
  return pull.isDone;
}
