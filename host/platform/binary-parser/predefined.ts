// Formats that are chosen by name, for devices that the platform knows.

/** Reads a payload; the values as JSON text. Undefined: the payload is not this device's. */
export type Predefined = (payload: Buffer) => readonly (readonly [name: string, json: string])[] | undefined;

const CLICK_TYPES = ['SINGLE', 'DOUBLE', 'LONG'];

/**
 * SORACOM LTE-M Button Plus and for Enterprise: 0x4d, click type 1 to 3, battery level 0 to 3 (quarters, less one), sum
 * of the three. What comes out is the button's documentation ("data format"); the bytes are what senders written by its
 * users send.
 */
function button(payload: Buffer): ReturnType<Predefined> {
  const [mark = 0, click = 0, battery = 0, sum] = payload;
  const name = CLICK_TYPES[click - 1];
  if (payload.length !== 4 || mark !== 0x4d || name === undefined || battery > 3) return undefined;
  if (sum !== ((mark + click + battery) & 0xff)) return undefined;
  return [
    ['clickType', String(click)],
    ['clickTypeName', JSON.stringify(name)],
    ['batteryLevel', String((battery + 1) / 4)],
  ];
}

/**
 * Sens'it V2, four bytes (Sens'it, "payload structure"): battery's highest bit, type (2 bits), time frame (2), mode (3); in mode 1
 * four bits of temperature, four of battery; reed switch, six bits of temperature; humidity. The names of the values are those
 * that the platform's announcement of the format shows, for mode 1; of other modes their common head is given.
 */
function sensit(payload: Buffer): ReturnType<Predefined> {
  if (payload.length !== 4 && payload.length !== 12) return undefined;
  const [head = 0, second = 0, third = 0, fourth = 0] = payload;
  const mode = head & 7;
  const number = (name: string, value: number) => [name, String(Math.round(value * 100) / 100)] as const;
  const fahrenheit = (celsius: number): number => (celsius * 9) / 5 + 32;
  const [timeframe, type] = [(head >> 3) & 3, (head >> 5) & 3];
  const battery = (((head >> 7) << 4) | (second & 15)) / 20 + 2.7;
  const common = [
    number('mode', mode),
    number('timeframe', timeframe),
    number('type', type),
    number('battery', battery),
  ];
  if (mode !== 1) return common;
  const low = ((second >> 4) * 64 - 200) / 8;
  const exact = ((second >> 4) * 64 + (third & 63) - 200) / 8;
  return [
    ...common,
    ['modeText', JSON.stringify('Temperature + Humidity')],
    number('tempCLowPrecision', low),
    number('tempFLowPrecision', fahrenheit(low)),
    number('tempC', exact),
    number('tempF', fahrenheit(exact)),
    number('reedSwitchState', (third >> 6) & 1),
    number('humidity', fourth / 2),
  ];
}

const UNASHIELD_ALPHABET = '\0abcdefghijklmnopqrstuvwxyz01234';

/**
 * Sigfox Shield for Arduino, as the library unabiz-arduino sends it: up to three fields of four bytes, little-endian: a name of up
 * to three letters in five bits each, and ten times the value, without a sign.
 */
function unashield(payload: Buffer): ReturnType<Predefined> {
  if (payload.length === 0 || payload.length > 12 || payload.length % 4 !== 0) return undefined;
  const values = new Map<string, string>();
  for (let at = 0; at < payload.length; at += 4) {
    const letters = payload.readUInt16LE(at);
    const name = [10, 5, 0].map((shift) => UNASHIELD_ALPHABET.charAt((letters >> shift) & 31)).join('');
    const plain = name.replaceAll('\0', '');
    if (plain !== '') values.set(plain, String(payload.readUInt16LE(at + 2) / 10));
  }
  return [...values];
}

export const PREDEFINED: ReadonlyMap<string, Predefined> = new Map([
  ['@button', button],
  ['@sensit', sensit],
  ['@unashield', unashield],
]);

/** Names that the platform has, and whose bytes are not public enough to be emulated. */
export const UNKNOWN_BYTES: ReadonlySet<string> = new Set(['@soracom.button', '@sensit.v3']);
