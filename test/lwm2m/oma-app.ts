// The app of the OMA enabler tests: the client with Device, Connectivity Monitoring, Location, Connectivity Statistics, and Portfolio (16),
// which a server creates and deletes.

/** AssemblyScript. Store key 1 holds the accounts. */
export const OMA_APP = `
  import { Status, clock_ms, clock_unix_ms } from "./assembly/board/index";
  import { Accounts } from "./assembly/lwm2m/accounts";
  import { Client } from "./assembly/lwm2m/client";
  import { Format } from "./assembly/lwm2m/fields";
  import { Everything } from "./assembly/lwm2m/parts";
  import { Join, None, join } from "./assembly/lwm2m/join";
  import { Device } from "./assembly/lwm2m/objects/device";
  import { Location } from "./assembly/lwm2m/objects/location";
  import { Bearer, Monitoring } from "./assembly/lwm2m/objects/monitoring";
  import { Statistics } from "./assembly/lwm2m/objects/statistics";
  import { Path } from "./assembly/lwm2m/path";
  import { Access, Of } from "./assembly/lwm2m/table";
  import { Value } from "./assembly/lwm2m/value";
  import { Ccm8Gcm } from "./assembly/net/dtls/suites";
  import { place } from "./assembly/place";
  import { BoardNet } from "./assembly/net/transport";

  const TABLE = memory.data<i32>([16, 0x0100, 4, 1, 0 | Of.String | Access.RWsM]);
  const TEXT_MAX = 32;
  const texts = memory.data(16 * (TEXT_MAX + 4), 4);
  let present: u32 = 0;

  @unmanaged
  class Portfolio {
    private text(instance: i32, item: i32): usize { return texts + (instance * 4 + item) * (TEXT_MAX + 4); }
    table(): usize { return TABLE; }
    nextInstance(after: i32): i32 {
      for (let i = after + 1; i < 4; i++) if (present & (1 << i)) return i;
      return -1;
    }
    nextItem(instance: i32, resource: i32, after: i32): i32 {
      for (let i = after + 1; i < 4; i++) if (load<i32>(this.text(instance, i)) >= 0) return i;
      return -1;
    }
    has(instance: i32, resource: i32): bool { return this.nextItem(instance, resource, -1) >= 0; }
    read(instance: i32, resource: i32, item: i32, value: Value): void {
      const at = this.text(instance, item);
      value.setString(at + 4, load<i32>(at));
    }
    check(instance: i32, resource: i32, item: i32, value: Value): i32 {
      return item > 3 || value.len > TEXT_MAX ? Status.TooLong : Status.Ok;
    }
    write(instance: i32, resource: i32, item: i32, value: Value): i32 {
      const at = this.text(instance, item);
      store<i32>(at, value.len);
      memory.copy(at + 4, value.ptr, value.len);
      return Status.Ok;
    }
    unset(instance: i32, resource: i32): void { for (let i = 0; i < 4; i++) store<i32>(this.text(instance, i), -1); }
    create(instance: i32): i32 {
      if (instance > 3) return Status.NoSpace;
      present |= 1 << instance;
      this.unset(instance, 0);
      return Status.Ok;
    }
    remove(instance: i32): i32 { present &= ~(1 << instance); return Status.Ok; }
  }

  type Third = Join<Statistics, Join<Portfolio, None>>;
  type Second = Join<Location, Third>;
  type App = Join<Device, Join<Monitoring, Second>>;

  const net = changetype<BoardNet>(memory.data(8));
  const device = place<Device>();
  const monitoring = place<Monitoring>();
  const location = place<Location>();
  const statistics = place<Statistics>();
  const accounts = place<Accounts>();
  const client = place<Client<App, BoardNet, Ccm8Gcm, Everything>>();
  const name = memory.data(120);
  const serial = memory.data<u8>([0x73, 0x31]);
  const address = memory.data<u8>([0x31, 0x30, 0x2e, 0x30, 0x2e, 0x30, 0x2e, 0x31]);
  const body = memory.data(256);
  const path = changetype<Path>(memory.data(offsetof<Path>(), 4));
  let rebooted = 0;
  let turns = 0;

  export function board_abi(): i32 { return 1; }
  export function name_at(): usize { return name; }
  export function configure(nameLen: i32, preferred: i32, pack: bool, factory: bool): i32 {
    accounts.open(1, factory ? "coap://bootstrap.example" : null);
    device.begin("Akari", "model 1", "1.0.0", "sensor");
    device.setSerial(serial, 2);
    device.setPower(1, 3700);
    device.setBattery(80, 0);
    monitoring.begin(Bearer.LteFdd, "soracom.io");
    monitoring.setSignal(-91);
    monitoring.setCell(0x1234567, 4660);
    monitoring.setNetwork(440, 10);
    monitoring.setAddress(address, 8);
    location.begin();
    location.set(43.5723, 153.2176, 140, 100, 3, 1367491215);
    const last: Join<Portfolio, None> = join(changetype<Portfolio>(texts), place<None>());
    const third: Third = join(statistics, last);
    const second: Second = join(location, third);
    const app: App = join(device, join(monitoring, second));
    return client.attach(net, app, accounts, name, nameLen, <Format>preferred);
  }
  export function setup(): void { client.start(clock_ms()); }
  export function loop(): i64 {
    const now = clock_ms();
    device.setTime(clock_unix_ms() / 1000);
    statistics.count(now, 0, 0);
    client.step(now);
    if (device.wish != 0) {
      rebooted = device.wish;
      device.wish = 0;
    }
    return client.deadline;
  }
  export function state(): i32 { return client.state; }
  export function registered(): bool { return client.isRegistered; }
  export function trial(): bool { return accounts.isTrial; }
  /** 0: what a server has wished; 1 and on: things that happen to the device. */
  export function value(i: i32): i32 {
    if (i == 1) device.setPower(1, 3600 + ++turns);
    if (i == 2) statistics.count(clock_ms(), 3000, 2000);
    if (i == 3) monitoring.setSignal(-80 - ++turns);
    if (i == 4) return tell();
    if (i == 5) location.set(43.5723 + <f64>(++turns), 153.2176, 140, 100, 3, 1367491215 + turns);
    return rebooted;
  }
  /** Sends lifetime and error codes by itself; Status. */
  function tell(): i32 {
    const objects = client.objects;
    objects.beginPaths(Format.SenmlJson, body, 256);
    objects.addPath(path.set(1, 1, 1, -1));
    objects.addPath(path.set(3, 0, 11, 0));
    objects.endPaths();
    return client.send(clock_ms(), 0, Format.SenmlJson, body, objects.answerLen);
  }
  export function grow(): void {}
`;
