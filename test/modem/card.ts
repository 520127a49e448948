// A card for the modem's tests: a little UICC of its own, at the T=0 interface (61xx, 6Cxx), with PIN1, two channels
// and scripted answers to AUTHENTICATE. No code is shared with the modem or the emulated SIM.

import type { CardReader } from '../../host/sim/reader.js';
import { CardError } from '../../host/sim/reader.js';
import type { Clock } from '../../host/clock/clock.js';
import { MS } from '../../host/clock/clock.js';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));

export const AID = 'a0000000871002ffffffff8907090000';
// From the logs of real cards.
const MF_FCP = '622d8202782183023f00a509800171830400018d088a01058c04261a0000c60f90017083010183018183010a83010b';
export const IMSI = '440103123456789';
export const ICCID = '8981100000123456784';

interface File {
  readonly path: string;
  readonly records?: string[];
  data: string;
}

const transparent = (path: string, data: string): File => ({ path, data });
const linear = (path: string, ...records: string[]): File => ({ path, records, data: records.join('') });

const tlv = (tag: string, value: string): string => tag + (value.length / 2).toString(16).padStart(2, '0') + value;

const dirRecord = `61194f10${AID}50055553696d31`.padEnd(76, 'f');

/** Every file but these is 6A82. */
const FILES = (): File[] => [
  linear('2f00', dirRecord, 'ff'.repeat(38)),
  transparent('2fe2', '981801000021436587f4'),
  transparent('2f05', '656e'),
  transparent('7fff6f07', '084904011332547698'),
  transparent('7fff6fad', '00000002'),
  transparent('7fff6f38', '0008000c2100000000001000000000'),
  transparent('7fff6f78', '0200'),
  transparent('7fff6f7e', 'ffffffffffffff0000ff01'),
  transparent('7fff6fe3', `${'ff'.repeat(12)}ffffff000001`),
  transparent('7fff6f7b', 'ff'.repeat(12)),
  transparent('7fff6f09', `07${'ff'.repeat(32)}`),
  transparent('7fff6f46', `00${Buffer.from('Akari').toString('hex')}`.padEnd(34, 'f')),
];

export class TestCard implements CardReader {
  present = true;
  mute = false;
  pin = '1234';
  puk = '12345678';
  pinOn = false;
  pinTries = 3;
  pukTries = 10;
  verified = false;
  /** Answer data and status to the next AUTHENTICATE. */
  authenticate: (rand: Uint8Array, autn: Uint8Array) => string = () =>
    `db08${'11'.repeat(8)}10${'22'.repeat(16)}10${'33'.repeat(16)}9000`;
  readonly log: string[] = [];
  files = FILES();
  #application = false;
  #directory = '3f00';
  #file: File | undefined;
  #waiting = '';
  #powered = false;
  #usim = true;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    readonly clock: Clock,
    readonly perCommand = 5 * MS,
  ) {}

  async powerOn(): Promise<Uint8Array> {
    await this.clock.sleep(10 * MS);
    if (!this.present) throw new CardError('no-card', 'empty');
    if (this.mute) throw new CardError('mute', 'no ATR');
    this.#powered = true;
    this.#application = false;
    this.#directory = '3f00';
    this.#file = undefined;
    this.verified = false;
    return hex('3b9f96801f878031e073fe211b674a4c753034054ba9');
  }

  powerOff(): void {
    this.#powered = false;
  }

  reset(): Promise<Uint8Array> {
    return this.powerOn();
  }

  transmit(command: Uint8Array): Promise<Uint8Array> {
    const bytes = Buffer.from(command).toString('hex');
    const turn = this.#queue.then(async () => {
      await this.clock.sleep(this.perCommand);
      if (!this.present || !this.#powered) throw new CardError('no-card', 'gone');
      this.log.push(bytes);
      return hex(this.#answer(bytes));
    });
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  removeUsim(): void {
    this.#usim = false;
  }

  #answer(command: string): string {
    const ins = command.slice(2, 4);
    const p1 = command.slice(4, 6);
    const p3 = parseInt(command.slice(8, 10), 16);
    const data = command.slice(10);
    if (ins === 'c0') return this.#getResponse(p3);
    this.#waiting = '';
    switch (ins) {
      case 'a4':
        return this.#select(p1, data);
      case 'b0':
        return this.#readBinary(parseInt(command.slice(4, 8), 16), p3);
      case 'b2':
        return this.#part(this.#file?.records?.[parseInt(p1, 16) - 1], p3, '6a83');
      case 'd6': {
        if (!this.#file) return '6986';
        const at = parseInt(command.slice(4, 8), 16) * 2;
        this.#file.data = this.#file.data.slice(0, at) + data + this.#file.data.slice(at + data.length);
        return '9000';
      }
      case 'f2':
        return command.slice(6, 8) === '0c' ? '9000' : this.#part(this.#fcp(), p3, '6985');
      case '10':
        return '9000';
      case '20':
      case '24':
      case '26':
      case '28':
      case '2c':
        return this.#pinCommand(ins, p3, data);
      case '70':
        return p1 === '00' ? '019000' : '9000';
      case '88': {
        if (!this.#application) return '6985';
        const answer = this.authenticate(hex(data.slice(2, 34)), hex(data.slice(36)));
        if (answer.length === 4) return answer;
        return this.#give(answer.slice(0, -4));
      }
      default:
        return '6d00';
    }
  }

  #give(data: string): string {
    this.#waiting = data;
    return `61${(data.length / 2).toString(16).padStart(2, '0')}`;
  }

  #getResponse(length: number): string {
    const waiting = this.#waiting.length / 2;
    if (waiting === 0) return '6985';
    if (length > waiting) return `6c${waiting.toString(16).padStart(2, '0')}`;
    const data = this.#waiting;
    this.#waiting = '';
    return `${data.slice(0, length * 2)}9000`;
  }

  #part(data: string | undefined, length: number, missing: string): string {
    if (data === undefined) return missing;
    const have = data.length / 2;
    return length === have ? `${data}9000` : `6c${have.toString(16).padStart(2, '0')}`;
  }

  #readBinary(offset: number, length: number): string {
    if (!this.#file) return '6986';
    if (this.#file.path.startsWith('7fff') && this.pinOn && !this.verified && this.#file.path !== '7fff6fad')
      return '6982';
    const left = this.#file.data.length / 2 - offset;
    if (left <= 0) return '6b00';
    if (length === 0 || length > left) return `6c${left.toString(16).padStart(2, '0')}`;
    return `${this.#file.data.slice(offset * 2, (offset + length) * 2)}9000`;
  }

  #select(p1: string, data: string): string {
    if (p1 === '04') {
      if (!this.#usim || !AID.startsWith(data) || data.length < 10) return '6a82';
      this.#application = true;
      this.#directory = '7fff';
      this.#file = undefined;
      return this.#give(this.#fcp());
    }
    if (data === '3f00') {
      this.#directory = '3f00';
      this.#file = undefined;
      return this.#give(this.#fcp());
    }
    const path = p1 === '08' ? data : this.#directory === '7fff' && data.startsWith('6f') ? `7fff${data}` : data;
    const file = this.files.find((one) => one.path === path);
    if (!file || (path.startsWith('7fff') && !this.#application)) return '6a82';
    this.#file = file;
    return this.#give(this.#fcp());
  }

  #fcp(): string {
    const file = this.#file;
    if (!file) {
      if (this.#directory === '3f00') return MF_FCP;
      const pins = tlv('90', this.pinOn ? '80' : '00') + tlv('83', '01') + tlv('83', '81');
      return tlv('62', tlv('82', '7821') + tlv('84', AID) + tlv('8a', '05') + tlv('c6', pins));
    }
    const size = tlv('80', (file.data.length / 2).toString(16).padStart(4, '0'));
    const fid = tlv('83', file.path.slice(-4));
    if (!file.records) return tlv('62', tlv('82', '4121') + fid + size);
    const length = ((file.records[0] ?? '').length / 2).toString(16).padStart(4, '0');
    return tlv('62', tlv('82', `4221${length}${file.records.length.toString(16).padStart(2, '0')}`) + fid + size);
  }

  #pinCommand(ins: string, length: number, data: string): string {
    const ascii = (from: number): string =>
      Buffer.from(data.slice(from, from + 16).replace(/(ff)+$/, ''), 'hex').toString();
    const left = (tries: number): string => (tries === 0 ? '6983' : `63c${tries.toString(16)}`);
    if (ins === '2c') {
      if (length === 0) return `63c${this.pukTries.toString(16)}`;
      if (this.pukTries === 0) return '6983';
      if (ascii(0) !== this.puk) {
        this.pukTries--;
        return `63c${this.pukTries.toString(16)}`;
      }
      this.pukTries = 10;
      this.pinTries = 3;
      this.pin = ascii(16);
      this.verified = true;
      this.pinOn = true;
      return '9000';
    }
    if (length === 0) return left(this.pinTries);
    if (ins === '20' && !this.pinOn) return '6985';
    if (this.pinTries === 0) return '6983';
    if (ascii(0) !== this.pin) {
      this.pinTries--;
      return `63c${this.pinTries.toString(16)}`;
    }
    this.pinTries = 3;
    this.verified = true;
    if (ins === '24') this.pin = ascii(16);
    if (ins === '26') this.pinOn = false;
    if (ins === '28') this.pinOn = true;
    return '9000';
  }
}
