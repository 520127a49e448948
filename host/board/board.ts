import type { Clock, Timer } from '../clock/clock.js';
import { MS, US } from '../clock/clock.js';
import type { Random } from '../random.js';
import type { Trace } from '../trace/trace.js';
import { BOARD_ABI, BOARD_MODULE, LogLevel, RestartCause, Status } from './abi.js';
import { FirmwareFlash } from './firmware.js';
import type { AppExports } from './module.js';
import { ModuleError, loadModule } from './module.js';
import type { Sensors } from './sensors.js';
import type { Store } from './store.js';
import { PowerCut } from './store.js';
import type { UartDevice } from './uart.js';

/** Least time that one turn of an app takes, so that a loop() that asks to run "at once" cannot stop time. */
const TURN = 20 * US;
/** From restart to setup(): what a small chip's boot loader takes. */
const BOOT = 250 * MS;
/** Longest log line that is taken from an app, bytes. */
const LOG_LINE_MAX = 1024;

/** Things that are told to be missing; an app may ask for channels without end. */
const LACKING_MAX = 64;

const LEVELS = ['error', 'warn', 'info', 'debug'] as const;
const CAUSES = ['power', 'request', 'trap', 'watchdog'] as const;

/** Unwinds an app that asked for a restart. */
class RestartRequest extends Error {
  constructor(readonly restartCause: RestartCause) {
    super('restart');
  }
}

export interface BoardOptions {
  /** Name of the app, for traces and errors. */
  readonly name: string;
  readonly module: Uint8Array | WebAssembly.Module;
  readonly clock: Clock;
  readonly trace: Trace;
  /** Source of `entropy`. */
  readonly random: Random;
  readonly store: Store;
  /** Where images go that come by firmware update; without it the board has no such thing. */
  readonly flash?: FirmwareFlash;
  /** What is wired to UART port 0, 1, .. */
  readonly uarts?: readonly (UartDevice | undefined)[];
  readonly sensors?: Sensors;
  /** True: the board has a clock that is set. Default false, as after a battery change. */
  readonly knowsTime?: boolean;
}

/** Runs one app: answers its imports, and gives it a turn of `loop()` whenever it wants one or input has come. */
export class Board {
  readonly #options: BoardOptions;
  readonly #factory: WebAssembly.Module;
  /** The image that runs, where it came by firmware update. */
  #updated: { readonly bytes: Uint8Array; readonly module: WebAssembly.Module } | undefined;
  /** The app has not had its first turn yet. */
  #isFirst = false;
  #exports: AppExports | undefined;
  /** What the app has asked for and nothing is wired to. */
  readonly #lacking = new Set<string>();
  #cause: RestartCause = RestartCause.Power;
  #bootedAt = 0;
  #wake: Timer | undefined;
  #restarts = 0;

  /** Throws ModuleError for a binary that no board can run. */
  constructor(options: BoardOptions) {
    this.#options = options;
    this.#factory = loadModule(options.name, options.module);
  }

  /** The image to start: the newest that has run or may be tried. */
  #image(): WebAssembly.Module {
    const { flash, name } = this.#options;
    const bytes = flash?.boot();
    if (bytes === undefined) this.#updated = undefined;
    else if (this.#updated?.bytes !== bytes) this.#updated = { bytes, module: loadModule(name, bytes) };
    return this.#updated?.module ?? this.#factory;
  }

  /** The running instance; undefined while the board is off or starting. */
  get exports(): AppExports | undefined {
    return this.#exports;
  }

  /** How often the app was restarted by itself or by a trap since the last power-on. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Starts the app at once. */
  powerOn(): void {
    this.powerOff();
    this.#restarts = 0;
    this.#start(RestartCause.Power);
  }

  /** The instance and its memory are gone; the store stays. */
  powerOff(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
    this.#exports = undefined;
    for (const uart of this.#options.uarts ?? []) if (uart) uart.activity = undefined;
  }

  /** Calls into the running app (a direct APDU, say) under the same rules as its own turns. */
  call<T>(action: (exports: AppExports) => T): T | undefined {
    const exports = this.#exports;
    return exports && this.#guard(() => action(exports));
  }

  #start(cause: RestartCause): void {
    const { clock, name, trace, uarts } = this.#options;
    this.#cause = cause;
    this.#bootedAt = clock.now();
    const instance = new WebAssembly.Instance(this.#image(), { [BOARD_MODULE]: this.#imports() });
    const exports = instance.exports as unknown as AppExports;
    this.#exports = exports;
    this.#isFirst = true;
    const abi = exports.board_abi();
    if (abi > BOARD_ABI) {
      this.#exports = undefined;
      const wrong = `${name}: needs board ABI ${abi}, this board has ${BOARD_ABI}`;
      if (this.#updated === undefined) throw new ModuleError(wrong);
      // An update that cannot run here: the image before it is started.
      trace.emit({ type: 'board', event: 'trap', app: name, reason: wrong });
      this.#again(RestartCause.Trap);
      return;
    }
    for (const uart of uarts ?? []) if (uart) uart.activity = () => this.#wakeAt(clock.now());
    trace.emit({ type: 'board', event: 'start', app: name, cause: CAUSES[cause] });
    this.#guard(() => exports.setup());
    if (this.#exports === exports) this.#wakeAt(clock.now());
  }

  #wakeAt(time: number): void {
    if (this.#exports === undefined) return;
    if (this.#wake && this.#wake.time <= time) return;
    this.#wake?.cancel();
    this.#wake = this.#options.clock.at(time, () => this.#turn());
  }

  #turn(): void {
    this.#wake = undefined;
    const exports = this.#exports;
    if (exports === undefined) return;
    const wait = this.#guard(() => exports.loop());
    if (wait === undefined) return;
    if (this.#isFirst) this.#options.flash?.proven();
    this.#isFirst = false;
    if (wait < 0) return;
    this.#wakeAt(this.#options.clock.now() + Math.max(TURN, wait * MS));
  }

  /** Runs app code; a restart, a trap or a power cut inside ends this instance. */
  #guard<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      this.powerOff();
      if (error instanceof PowerCut) return undefined;
      const { name, trace } = this.#options;
      let cause: RestartCause = RestartCause.Trap;
      if (error instanceof RestartRequest) {
        cause = error.restartCause;
        trace.emit({ type: 'board', event: 'restart', app: name, cause: CAUSES[cause] });
      } else if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
        trace.emit({ type: 'board', event: 'trap', app: name, reason: error.message });
      } else {
        throw error; // a fault of the host's own
      }
      this.#again(cause);
      return undefined;
    }
  }

  #again(cause: RestartCause): void {
    this.#restarts++;
    this.#wake = this.#options.clock.after(BOOT, () => {
      this.#wake = undefined;
      this.#start(cause);
    });
  }

  /** The bytes ptr..ptr+len of the app's memory, or undefined when they are not all inside it. */
  /** Told once: an app may ask in every turn. */
  #lacks(what: string): Status {
    if (this.#lacking.size < LACKING_MAX && !this.#lacking.has(what)) {
      this.#lacking.add(what);
      const { name, trace } = this.#options;
      trace.emit({ type: 'board', event: 'no-sensor', app: name, reason: what });
    }
    return Status.Invalid;
  }

  #view(ptr: number, len: number): Uint8Array | undefined {
    const memory = this.#exports?.memory.buffer;
    const start = ptr >>> 0;
    if (memory === undefined || len < 0 || start + len > memory.byteLength) return undefined;
    return new Uint8Array(memory, start, len);
  }

  #imports(): Record<string, (...args: never[]) => number | bigint | undefined> {
    const { clock, flash, knowsTime, name, random, sensors, store, trace, uarts } = this.#options;
    const uart = (port: number): UartDevice | undefined => uarts?.[port];

    return {
      uart_open: (port: number, baud: number, format: number) =>
        uart(port)?.open(baud, format) ? Status.Ok : Status.Invalid,
      uart_read: (port: number, ptr: number, max: number) => {
        const into = this.#view(ptr, max);
        const device = uart(port);
        if (!into || !device) return Status.Invalid;
        const bytes = device.read(max);
        into.set(bytes);
        return bytes.length;
      },
      uart_write: (port: number, ptr: number, len: number) => {
        const from = this.#view(ptr, len);
        return from ? (uart(port)?.write(from.slice()) ?? Status.Invalid) : Status.Invalid;
      },
      uart_events: (port: number) => uart(port)?.takeEvents() ?? Status.Invalid,

      clock_ms: () => BigInt(Math.floor((clock.now() - this.#bootedAt) / MS)),
      clock_unix_ms: () => (knowsTime ? BigInt(clock.unixMs()) : -1n),
      entropy: (ptr: number, len: number) => {
        const into = this.#view(ptr, len);
        if (!into) return Status.Invalid;
        into.set(random.bytes(len));
        return Status.Ok;
      },

      store_read: (key: number, ptr: number, max: number) => {
        const into = this.#view(ptr, max);
        if (!into) return Status.Invalid;
        const value = store.read(key);
        if (!value) return Status.NotFound;
        into.set(value.subarray(0, max));
        return value.length;
      },
      store_write: (key: number, ptr: number, len: number) => {
        const from = this.#view(ptr, len);
        return from ? store.write(key, from.slice()) : Status.Invalid;
      },

      // This board's only way out is its modem.
      net_open: () => Status.Unsupported,
      net_state: () => Status.Unsupported,
      net_send: () => Status.Unsupported,
      net_recv: () => Status.Unsupported,
      net_close: () => Status.Unsupported,

      gpio_write: (pin: number, level: number) =>
        sensors?.writePin?.(pin, level === 0 ? 0 : 1) ? Status.Ok : this.#lacks(`GPIO pin ${pin} (output)`),
      gpio_read: (pin: number) => sensors?.readPin?.(pin) ?? this.#lacks(`GPIO pin ${pin} (input)`),
      adc_read: (channel: number) => {
        const millivolts = sensors?.analog?.(channel);
        if (millivolts === undefined) return this.#lacks(`analogue channel ${channel}`);
        return Math.max(0, Math.round(millivolts));
      },
      i2c_transfer: (bus: number, address: number, wPtr: number, wLen: number, rPtr: number, rMax: number) => {
        const written = this.#view(wPtr, wLen);
        const into = this.#view(rPtr, rMax);
        if (!written || !into) return Status.Invalid;
        const bytes = sensors?.i2c?.(bus, address, written.slice(), rMax);
        if (!bytes) {
          this.#lacks(`I2C device 0x${address.toString(16).padStart(2, '0')} on bus ${bus}`);
          return Status.Io;
        }
        into.set(bytes.subarray(0, rMax));
        return Math.min(bytes.length, rMax);
      },

      firmware_write: (offset: number, ptr: number, len: number) => {
        const from = this.#view(ptr, len);
        if (!flash) return Status.Unsupported;
        return from ? flash.write(offset, from.slice()) : Status.Invalid;
      },
      firmware_commit: (len: number) => {
        if (!flash) return Status.Unsupported;
        const status = flash.commit(len);
        if (status === Status.Ok) trace.emit({ type: 'board', event: 'image', app: name, bytes: len });
        return status;
      },

      restart: (cause: number): undefined => {
        throw new RestartRequest(cause === RestartCause.Watchdog ? RestartCause.Watchdog : RestartCause.Request);
      },
      restart_cause: () => this.#cause,
      log: (level: number, ptr: number, len: number): undefined => {
        const text = this.#view(ptr, Math.min(len, LOG_LINE_MAX));
        if (!text) return;
        trace.emit({
          type: 'log',
          level: LEVELS[level] ?? LEVELS[LogLevel.Debug],
          text: Buffer.from(text).toString('utf8'),
        });
      },
    };
  }
}
