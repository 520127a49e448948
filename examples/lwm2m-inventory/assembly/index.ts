// A device that leaves the factory with nothing written into it: its SIM gets it a session, the session gets it keys from SORACOM
// Inventory's bootstrap server, and from then on it is managed over DTLS: read, written, observed, rebooted, given new firmware.

import {
  BOARD_ABI,
  LogLevel,
  adc_read,
  clock_ms,
  entropy,
  restart,
  store_read,
  store_write,
  uart_open,
} from "akari/assembly/board/index";
import { Accounts } from "akari/assembly/lwm2m/accounts";
import { Client } from "akari/assembly/lwm2m/client";
import { Format } from "akari/assembly/lwm2m/fields";
import { ForInventory } from "akari/assembly/lwm2m/parts";
import { Join, None, join } from "akari/assembly/lwm2m/join";
import { BoardFlash } from "akari/assembly/lwm2m/objects/board-flash";
import { Firmware, Pushed } from "akari/assembly/lwm2m/objects/firmware";
import { Bearer, Monitoring } from "akari/assembly/lwm2m/objects/monitoring";
import { PlainDevice, Wish } from "akari/assembly/lwm2m/objects/plain-device";
import { Bg95 } from "akari/assembly/modem/quectel/bg95";
import { serve } from "akari/assembly/modem/serial";
import { place } from "akari/assembly/place";
import { Soracom } from "akari/assembly/soracom/access-point";
import { Ccm8 } from "akari/assembly/net/dtls/suites";
import { beginLog, endLog, logText } from "akari/assembly/util/log";
import { Text } from "akari/assembly/util/text";
import { until } from "akari/assembly/util/wait";
import { Thermometer } from "./thermometer";

/** What object 3 shows, and what a firmware update is told apart by. */
const VERSION = "1.0.0";
const BOOTSTRAP = "coap://bootstrap.soracom.io";

const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
const SENSOR = 0;
const PERIOD_MS: i64 = 10_000;
/** Until an answer has left the modem. */
const GOODBYE_MS: i64 = 3_000;

// Keys of the store.
const ACCOUNTS_KEY = 1;
const NAME_KEY = 2;
const FIRMWARE_KEY = 3;

type Update = Firmware<BoardFlash, Pushed>;
type App = Join<PlainDevice, Join<Monitoring, Join<Update, Join<Thermometer, None>>>>;
type Modem = Bg95<Soracom>;
type Manager = Client<App, Modem, Ccm8, ForInventory>;

const device = place<PlainDevice>();
const monitoring = place<Monitoring>();
const firmware = place<Update>();
const flash = place<BoardFlash>();
const thermometer = place<Thermometer>();

/** The endpoint's name: drawn at the first start, the same ever after. */
const NAME_LEN = 22;
const name = memory.data(NAME_LEN);
const text = place<Text>();
const random = memory.data(8, 8);
const modem = place<Modem>();
const accounts = place<Accounts>();
/** A variable: in a constant its address would stand, longer, wherever the client is spoken of. What is small lies before what is big, too. */
let client = changetype<Manager>(0);

let due: i64 = 0;
let goodbyeAt: i64 = 0;

export function board_abi(): i32 {
  return BOARD_ABI;
}

export function setup(): void {
  client = place<Manager>();
  beginLog("lwm2m-inventory: started, version ").str(VERSION);
  endLog(LogLevel.Info);
  uart_open(MODEM_PORT, MODEM_BAUD, 0);
  entropy(random, 8);
  modem.begin(load<u32>(random));
  readName();
  device.begin("Akari", "lwm2m-inventory", VERSION, "thermometer");
  device.setSerial(name, NAME_LEN);
  monitoring.begin(Bearer.LteFdd, "soracom.io");
  flash.key = FIRMWARE_KEY;
  firmware.attach(flash, VERSION);
  accounts.open(ACCOUNTS_KEY, BOOTSTRAP);
  client.attach(modem, objects(), accounts, name, NAME_LEN, Format.Tlv);
  client.start(clock_ms());
}

/** All objects but Security, Server and Access Control, which are the client's. */
function objects(): App {
  return join(device, join(monitoring, join(firmware, join(thermometer, place<None>()))));
}

function readName(): void {
  if (store_read(NAME_KEY, name, NAME_LEN) == NAME_LEN) return;
  text.on(name, NAME_LEN).str("akari-").hex64(load<u64>(random));
  store_write(NAME_KEY, name, NAME_LEN);
}

export function loop(): i32 {
  const now = clock_ms();
  const line = serve(modem, MODEM_PORT, now);
  const unixMs = modem.unixMs(now);
  firmware.time = unixMs < 0 ? -1 : unixMs / 1_000;
  if (now >= due) {
    due = now - (now % PERIOD_MS) + PERIOD_MS;
    // A TMP36: 500 mV at 0 °C, and a millivolt is a tenth of a degree.
    thermometer.measured(adc_read(SENSOR) - 500);
  }
  client.step(now);
  if (client.isRegistered) firmware.settle(now);
  obey(now);
  const soonest = min(client.deadline, goodbyeAt > 0 ? goodbyeAt : due);
  return until(now, line, modem.deadline, soonest);
}

/** What a server has asked for, once its answer is on the way. */
function obey(now: i64): void {
  if (device.wish == Wish.None && !firmware.isDue) return;
  if (goodbyeAt == 0) {
    if (client.isFlushed) goodbyeAt = now + GOODBYE_MS;
    return;
  }
  if (now < goodbyeAt) return;
  goodbyeAt = 0;
  if (device.wish == Wish.None) {
    if (!firmware.apply()) return;
    logText(LogLevel.Info, "lwm2m-inventory: restart with new firmware");
  } else {
    // Nothing written into it, as at the factory: the name stays what it is.
    if (device.wish == Wish.FactoryReset) store_write(ACCOUNTS_KEY, name, 0);
    beginLog("lwm2m-inventory: ")
      .str(device.wish == Wish.Reboot ? "reboot" : "factory reset")
      .str(" asked for");
    endLog(LogLevel.Info);
  }
  restart(1);
}
