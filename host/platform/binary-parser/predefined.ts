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

export const PREDEFINED: ReadonlyMap<string, Predefined> = new Map([['@button', button]]);

/** Names that the platform has, and whose bytes are not public enough to be emulated. */
export const UNKNOWN_BYTES: ReadonlySet<string> = new Set(['@soracom.button', '@sensit', '@sensit.v3', '@unashield']);
