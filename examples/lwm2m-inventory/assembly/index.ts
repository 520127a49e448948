// A device that leaves the factory with nothing written into it: its SIM gets it a session, the session gets it keys from SORACOM
// Inventory's bootstrap server, and from then on it is managed over DTLS: read, written, observed, rebooted, given new firmware.

export * from "akari/app";
import { LogLevel, adc_read, clock_ms, entropy, restart, store_read, store_write } from "akari/board";
import { Accounts } from "akari/lwm2m/accounts";
import { Client } from "akari/lwm2m/client";
import { Format } from "akari/lwm2m/fields";
import { ForInventory } from "akari/lwm2m/parts";
import { Join, None, join } from "akari/lwm2m/join";
import { BoardFlash } from "akari/lwm2m/objects/board-flash";
import { Firmware, Pushed } from "akari/lwm2m/objects/firmware";
import { Bearer, Monitoring } from "akari/lwm2m/objects/monitoring";
import { PlainDevice, Wish } from "akari/lwm2m/objects/plain-device";
import { Bg95 } from "akari/modem/quectel/bg95";
import { Ccm8 } from "akari/net/dtls/suites";
import { place } from "akari/place";
import { Soracom } from "akari/soracom";
import { Every, sleepUntil } from "akari/time";
import { beginLog, endLog, logText } from "akari/util/log";
import { Text } from "akari/util/text";
import { Thermometer } from "./thermometer";

/** What object 3 shows, and what a firmware update is told apart by. */
const VERSION = "1.0.0";
const BOOTSTRAP = "coap://bootstrap.soracom.io";

const MODEM_PORT = 0;
const MODEM_BAUD = 115_200;
const SENSOR = 0;
const PERIOD_MS = 10_000;
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

/** `akari-` and 16 hexadecimal digits. */
const NAME_LEN = 22;
/** Random bytes of the name. */
const RANDOM_LEN = 8;

/** The endpoint's name: drawn at the first start, the same ever after. */
@unmanaged
class Name {
  @bytes(NAME_LEN) bytes: usize;
  @bytes(RANDOM_LEN) private random: usize;
  @part private text: Text;

  read(): void {
    if (store_read(NAME_KEY, this.bytes, NAME_LEN) == NAME_LEN) return;
    entropy(this.random, RANDOM_LEN);
    this.text.on(this.bytes, NAME_LEN).str("akari-").hex(this.random, RANDOM_LEN);
    store_write(NAME_KEY, this.bytes, NAME_LEN);
  }
}

const name = place<Name>();
const period = place<Every>();
const modem = place<Modem>();
const accounts = place<Accounts>();
/** The largest last: small addresses take fewer bytes of code. */
const client = place<Manager>();

let goodbyeAt: i64 = 0;

export function setup(): void {
  beginLog("lwm2m-inventory: started, version ").str(VERSION);
  endLog(LogLevel.Info);
  modem.begin(MODEM_PORT, MODEM_BAUD);
  name.read();
  device.begin("Akari", "lwm2m-inventory", VERSION, "thermometer");
  device.setSerial(name.bytes, NAME_LEN);
  monitoring.begin(Bearer.LteFdd, "soracom.io");
  flash.key = FIRMWARE_KEY;
  firmware.attach(flash, VERSION);
  accounts.open(ACCOUNTS_KEY, BOOTSTRAP);
  client.attach(modem, objects(), accounts, name.bytes, NAME_LEN, Format.Tlv);
  client.start(clock_ms());
}

/** All objects but Security, Server and Access Control, which are the client's. */
function objects(): App {
  return join(device, join(monitoring, join(firmware, join(thermometer, place<None>()))));
}

export function loop(): i32 {
  const now = clock_ms();
  modem.step(now);
  const unixMs = modem.unixMs(now);
  firmware.time = unixMs < 0 ? -1 : unixMs / 1_000;
  // A TMP36: 500 mV at 0 °C, and a millivolt is a tenth of a degree.
  if (period.isDue(now, PERIOD_MS)) thermometer.measured(adc_read(SENSOR) - 500);
  client.step(now);
  if (client.isRegistered) firmware.settle(now);
  obey(now);
  const next = goodbyeAt > 0 ? goodbyeAt : period.deadline;
  return sleepUntil(now, modem.deadline, client.deadline, next);
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
    if (device.wish == Wish.FactoryReset) store_write(ACCOUNTS_KEY, name.bytes, 0);
    beginLog("lwm2m-inventory: ")
      .str(device.wish == Wish.Reboot ? "reboot" : "factory reset")
      .str(" asked for");
    endLog(LogLevel.Info);
  }
  restart(1);
}
