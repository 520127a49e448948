// Board probe: an app that lets a person, or a test, touch every import of the board ABI over UART 0.
//
// One letter a command, its argument bytes behind it; each answers. It brings up a new board port, and the same tests
// drive it on the host's board and on the C runtime, so that both mean the same by the ABI.
//
//   A c     adc_read(c)                   -> i32        R       restart(Request)          -> nothing, restarts
//   C       clock_ms, clock_unix_ms       -> 2 x i64    S k b.. store_write(k, 4 bytes)   -> i32
//   E       entropy(8)                    -> 8 bytes    s k     store_read(k), 4 bytes    -> i32, 4 bytes
//   G p l   gpio_write(p, l)              -> i32        T       trap                      -> nothing, restarts
//   g p     gpio_read(p)                  -> i32        U b.    uart_open(1, baud u32, 0) -> i32
//   I a r   i2c_transfer(0, a, "r" | read 2) -> i32, 2 bytes    W   asks to run again in 1000 ms -> "w" then
//   P       bad pointers to every import that takes one, worst status first -> i32
//   B       restart_cause                 -> i32
// Numbers are little-endian. Unknown letters answer "?".

export * from "../app";
import {
  LogLevel,
  RestartCause,
  UartFormat,
  adc_read,
  clock_ms,
  clock_unix_ms,
  entropy,
  firmware_write,
  gpio_read,
  gpio_write,
  i2c_transfer,
  log,
  net_open,
  net_recv,
  net_send,
  restart,
  restart_cause,
  store_read,
  store_write,
  uart_events,
  uart_open,
  uart_read,
  uart_write,
} from "../board/index";

const INPUT = memory.data(16, 8);
const OUTPUT = memory.data(16, 8);
const HELLO = memory.data<u8>([0x70, 0x72, 0x6f, 0x62, 0x65]); // "probe"
const HELLO_BYTES = 5;
const BAUD = 115_200;

/** Bytes of the command so far, in INPUT. */
let taken: i32 = 0;
/** A "W" was given: say "w" at the next turn that no input caused. */
let waiting: bool = false;
/** Time at which "w" is due. */
let due: i64 = 0;

/** How many bytes follow a letter. */
function argumentBytes(letter: u8): i32 {
  switch (letter) {
    case 0x41: // A
    case 0x67: // g
    case 0x73: // s
      return 1;
    case 0x47: // G
    case 0x49: // I
      return 2;
    case 0x55: // U
      return 4;
    case 0x53: // S
      return 5;
    default:
      return 0;
  }
}

function answer(length: i32): void {
  uart_write(0, OUTPUT, length);
}

function answerNumber(value: i32): void {
  store<i32>(OUTPUT, value);
  answer(4);
}

/** Hands every import a range that leaves memory; the largest result shows whether any of them took it. */
function badPointers(): i32 {
  const end = memory.size() << 16;
  let worst = uart_read(0, end - 1, 2);
  worst = max(worst, uart_read(0, end, i32.MAX_VALUE));
  worst = max(worst, uart_write(0, end - 1, 2));
  worst = max(worst, uart_write(0, 0, -1));
  worst = max(worst, entropy(0xffff_ffff, 2));
  worst = max(worst, store_read(1, end - 1, 2));
  worst = max(worst, store_write(1, end - 1, 2));
  worst = max(worst, i2c_transfer(0, 0x10, end, 1, OUTPUT, 1));
  worst = max(worst, i2c_transfer(0, 0x10, OUTPUT, 1, end, 1));
  worst = max(worst, net_open(0, end, 1, 80));
  worst = max(worst, net_send(0, end, 1));
  worst = max(worst, net_recv(0, end, 1));
  worst = max(worst, firmware_write(0, end, 1));
  return worst;
}

function run(letter: u8): void {
  const first: i32 = load<u8>(INPUT, 1);
  const second: i32 = load<u8>(INPUT, 2);
  switch (letter) {
    case 0x41:
      answerNumber(adc_read(first));
      break;
    case 0x42:
      answerNumber(restart_cause());
      break;
    case 0x43:
      store<i64>(OUTPUT, clock_ms());
      store<i64>(OUTPUT, clock_unix_ms(), 8);
      answer(16);
      break;
    case 0x45:
      entropy(OUTPUT, 8);
      answer(8);
      break;
    case 0x47:
      answerNumber(gpio_write(first, second));
      break;
    case 0x67:
      answerNumber(gpio_read(first));
      break;
    case 0x49:
      store<u16>(OUTPUT, 0, 4);
      store<i32>(OUTPUT, i2c_transfer(0, first, INPUT + 2, 1, OUTPUT + 4, 2));
      answer(6);
      break;
    case 0x50:
      answerNumber(badPointers());
      break;
    case 0x52:
      restart(RestartCause.Request);
      break;
    case 0x53:
      answerNumber(store_write(first, INPUT + 2, 4));
      break;
    case 0x73:
      store<i32>(OUTPUT, 0, 4);
      store<i32>(OUTPUT, store_read(first, OUTPUT + 4, 4));
      answer(8);
      break;
    case 0x54:
      unreachable();
      break;
    case 0x55:
      answerNumber(uart_open(1, load<i32>(INPUT, 1), UartFormat.N81));
      break;
    case 0x57:
      waiting = true;
      due = clock_ms() + 1000;
      break;
    default:
      store<u8>(OUTPUT, 0x3f); // "?"
      answer(1);
  }
}

export function setup(): void {
  uart_open(0, BAUD, UartFormat.N81);
  log(LogLevel.Info, HELLO, HELLO_BYTES);
}

export function loop(): i32 {
  uart_events(0);
  while (uart_read(0, INPUT + taken, 1) == 1) {
    taken++;
    const letter = load<u8>(INPUT);
    if (taken > argumentBytes(letter)) {
      taken = 0;
      run(letter);
    }
  }
  if (!waiting) return -1;
  const left = due - clock_ms();
  if (left > 0) return <i32>left;
  waiting = false;
  store<u8>(OUTPUT, 0x77); // "w"
  answer(1);
  return -1;
}
