// The app that the tests of the LwM2M client run: objects 3 and 33000 with a few values, over the board's own sockets.

/** AssemblyScript. Store key 1 holds the accounts. `object`: its own object, whose resource `number` is one; the next is a text. */
export const appWith = (object: number, number: number): string => `
  import { LogLevel, Status, clock_ms } from "./assembly/board/index";
  import { Accounts } from "./assembly/lwm2m/accounts";
  import { Client } from "./assembly/lwm2m/client";
  import { Format } from "./assembly/lwm2m/fields";
  import { Path } from "./assembly/lwm2m/path";
  import { Access, Of } from "./assembly/lwm2m/table";
  import { Value } from "./assembly/lwm2m/value";
  import { Everything } from "./assembly/lwm2m/parts";
  import { Ccm8Gcm } from "./assembly/net/dtls/suites";
  import { place } from "./assembly/place";
  import { BoardNet } from "./assembly/net/transport";

  const OBJECT = ${object};
  const NUMBER = ${number};
  const DEVICE = memory.data<i32>([3, 0x0100, 1, 3, 0 | Of.String | Access.R, 4 | Access.EM, 16 | Of.String | Access.RM]);
  const SENSOR = memory.data<i32>([OBJECT, 0x0100, 4, 2, NUMBER | Of.Integer | Access.RWM, (NUMBER + 1) | Of.String | Access.RW]);

  const values = memory.data(16 * 4, 8);
  let present: u32 = 0;
  let isNews: bool = false;

  @unmanaged
  class App {
    table(index: i32): usize { return index == 0 ? DEVICE : index == 1 ? SENSOR : 0; }
    nextInstance(object: i32, after: i32): i32 {
      if (object == 3) return after < 0 ? 0 : -1;
      for (let i = after + 1; i < 4; i++) if (present & (1 << i)) return i;
      return -1;
    }
    nextItem(object: i32, instance: i32, resource: i32, after: i32): i32 { return -1; }
    has(object: i32, instance: i32, resource: i32): bool { return object == 3 ? resource != 4 : resource == NUMBER; }
    read(object: i32, instance: i32, resource: i32, item: i32, value: Value): void {
      if (object == 3) value.setText("U");
      else value.setInteger(load<i32>(values + (instance << 2)));
    }
    check(object: i32, instance: i32, resource: i32, item: i32, value: Value): i32 {
      if (object == OBJECT && instance > 3) return Status.Invalid;
      return resource == NUMBER && value.int > 1000 ? Status.Invalid : Status.Ok;
    }
    write(object: i32, instance: i32, resource: i32, item: i32, value: Value): i32 {
      if (object == OBJECT && resource == NUMBER) store<i32>(values + (instance << 2), <i32>value.int);
      return Status.Ok;
    }
    unset(object: i32, instance: i32, resource: i32): void {}
    create(object: i32, instance: i32): i32 {
      if (object != OBJECT || instance > 3) return Status.NoSpace;
      present |= 1 << instance;
      store<i32>(values + (instance << 2), 0);
      return Status.Ok;
    }
    remove(object: i32, instance: i32): i32 { present &= ~(1 << instance); return Status.Ok; }
    execute(object: i32, instance: i32, resource: i32, ptr: usize, len: i32): i32 { return Status.Ok; }
    changed(path: Path): void {}
    news(path: Path): bool {
      if (!isNews) return false;
      isNews = false;
      path.set(OBJECT, 3, NUMBER, -1);
      return true;
    }
  }

  const net = changetype<BoardNet>(memory.data(8));
  const app = changetype<App>(memory.data(8));
  const accounts = place<Accounts>();
  const client = place<Client<App, BoardNet, Ccm8Gcm, Everything>>();
  const name = memory.data(120);

  export function board_abi(): i32 { return 1; }
  /** Where the endpoint's name is to be written before setup. */
  export function name_at(): usize { return name; }
  export function configure(nameLen: i32, preferred: i32, pack: bool, factory: bool): i32 {
    accounts.open(1, factory ? "coap://bootstrap.example" : null);
    const status = client.attach(net, app, accounts, name, nameLen, <Format>preferred);
    client.bootstrap.usesPack = pack;
    return status;
  }
  export function setup(): void { client.start(clock_ms()); }
  export function loop(): i64 {
    client.step(clock_ms());
    return client.deadline;
  }
  export function state(): i32 { return client.state; }
  export function registered(): bool { return client.isRegistered; }
  export function trial(): bool { return accounts.isTrial; }
  export function value(i: i32): i32 { return present & (1 << i) ? load<i32>(values + (i << 2)) : -1; }
  export function measure(value: i32): void { store<i32>(values + 12, value); isNews = true; }
  export function grow(): void { present |= 8; client.objectsChanged(); }
`;

export const APP = appWith(33000, 0);
