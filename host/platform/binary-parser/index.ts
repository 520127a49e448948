// Binary Parser: makes a JSON object of a device's bytes, by a format that the operator writes (format.ts) or names
// (predefined.ts). evaluate.ts reads the bytes. message/payload.ts decides which payloads come here.

import { valueOf } from './evaluate.js';
import { compileFormat, FormatError, MARK } from './format.js';
import { PREDEFINED, UNKNOWN_BYTES } from './predefined.js';

export { FormatError } from './format.js';

/** A format, ready for payloads. */
export class BinaryParser {
  readonly #values: (payload: Buffer) => readonly (readonly [name: string, json: string])[];

  /** Throws FormatError; its message is for the operator. */
  constructor(readonly format: string) {
    const name = format.trim();
    if (name.startsWith('@')) {
      const predefined = PREDEFINED.get(name);
      if (predefined === undefined) {
        const known = [...PREDEFINED.keys()].join(', ');
        const why = UNKNOWN_BYTES.has(name) ? 'is not emulated' : 'is not a predefined format';
        throw new FormatError(0, 0, `"${name}" ${why}: ${known} are, and so are custom formats`);
      }
      this.#values = (payload) => predefined(payload) ?? [];
      return;
    }
    const items = compileFormat(format);
    this.#values = (payload) =>
      items.flatMap((item) => {
        const value = valueOf(item, payload);
        return value === undefined ? [] : [[item.name, value] as const];
      });
  }

  /** The object as JSON text, `"binaryParserEnabled":true` in it. What the payload is too short for is left out. */
  parse(payload: Buffer): string {
    const members = [...this.#values(payload), [MARK, 'true'] as const];
    return `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
  }
}
