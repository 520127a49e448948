// What the probe must answer, letter by letter, whatever runs it.

export interface Probe {
  /** Sends a command, takes an answer of so many bytes. */
  ask(command: Uint8Array, length: number): Promise<Buffer>;
  /** Sends a command that starts the app again; resolves when it has started. */
  restart(command: Uint8Array): Promise<void>;
  /** Power off and on; the store stays. */
  powerCycle(): Promise<void>;
}

/** Analogue channel 0 gives 715 mV; pin 4 reads 1; pin 5 can be written; nothing else is there. The clock is set. */
export const MILLIVOLTS = 715;
export const PIN_IN = 4;
export const PIN_OUT = 5;

const i32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};

export interface Step {
  readonly name: string;
  /** "off" is a power cycle; else the command's letter and argument bytes. */
  readonly send: 'off' | readonly (string | number)[];
  readonly restarts?: true;
  /** Only for boards that have pins. */
  readonly pins?: true;
  /** The answer; or its length and what must hold of it. */
  readonly answer?: Buffer;
  readonly length?: number;
  readonly holds?: (answer: Buffer) => boolean;
}

/** In order: later steps stand on earlier ones. */
export const CONFORMANCE: readonly Step[] = [
  { name: 'starts by power', send: ['B'], answer: i32(0) },
  { name: 'does not know a letter', send: ['!'], answer: Buffer.from('?') },
  { name: 'refuses every pointer that leaves memory', send: ['P'], answer: i32(-2) },
  { name: 'finds no value', send: ['s', 7], answer: Buffer.concat([i32(-3), i32(0)]) },
  { name: 'stores a value', send: ['S', 7, 'abcd'], answer: i32(0) },
  { name: 'reads it', send: ['s', 7], answer: Buffer.concat([i32(4), Buffer.from('abcd')]) },
  { name: 'replaces it', send: ['S', 7, 'efgh'], answer: i32(0) },
  { name: 'keeps keys apart', send: ['s', 8], answer: Buffer.concat([i32(-3), i32(0)]) },
  { name: 'reads a voltage', send: ['A', 0], answer: i32(MILLIVOLTS) },
  { name: 'has no other channel', send: ['A', 1], answer: i32(-2) },
  { name: 'has no channel 255', send: ['A', 255], answer: i32(-2) },
  { name: 'reads a pin', pins: true, send: ['g', PIN_IN], answer: i32(1) },
  { name: 'cannot read an output', send: ['g', PIN_OUT], answer: i32(-2) },
  { name: 'writes a pin', pins: true, send: ['G', PIN_OUT, 1], answer: i32(0) },
  { name: 'cannot write another', send: ['G', 6, 1], answer: i32(-2) },
  { name: 'gets no acknowledge on I2C', send: ['I', 0x48, 0x0f], answer: Buffer.concat([i32(-5), Buffer.alloc(2)]) },
  { name: 'has no second UART', send: ['U', 0x00, 0xc2, 0x01, 0x00], answer: i32(-2) },
  {
    name: 'tells both times',
    send: ['C'],
    length: 16,
    holds: (answer) => answer.readBigInt64LE(0) < 60_000n && answer.readBigInt64LE(8) > 1_700_000_000_000n,
  },
  { name: 'gives entropy', send: ['E'], length: 8, holds: (answer) => !answer.equals(Buffer.alloc(8)) },
  { name: 'runs again when it asked to', send: ['W'], answer: Buffer.from('w') },
  { name: 'asks for a restart', send: ['R'], restarts: true },
  { name: 'starts by request', send: ['B'], answer: i32(1) },
  { name: 'traps', send: ['T'], restarts: true },
  { name: 'starts by a trap', send: ['B'], answer: i32(2) },
  { name: 'has its store after that', send: ['s', 7], answer: Buffer.concat([i32(4), Buffer.from('efgh')]) },
  { name: 'is cut off', send: 'off' },
  { name: 'starts by power again', send: ['B'], answer: i32(0) },
  { name: 'has its store after that too', send: ['s', 7], answer: Buffer.concat([i32(4), Buffer.from('efgh')]) },
];

export const bytesOf = (send: readonly (string | number)[]): Uint8Array =>
  new Uint8Array(Buffer.concat(send.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part)))));

/** Takes one step; says what differs, or undefined when nothing does. */
export async function take(probe: Probe, step: Step): Promise<string | undefined> {
  if (step.send === 'off') {
    await probe.powerCycle();
    return undefined;
  }
  if (step.restarts) {
    await probe.restart(bytesOf(step.send));
    return undefined;
  }
  const answer = await probe.ask(bytesOf(step.send), step.answer?.length ?? step.length ?? 0);
  const fine = step.answer ? answer.equals(step.answer) : step.holds?.(answer);
  return fine ? undefined : `${answer.toString('hex')} in place of ${step.answer?.toString('hex') ?? 'something else'}`;
}
