// From characters to command lines: V.250 5.2. What comes before `AT` is skipped, control characters other than the
// line terminator (S3) and the line editing character (S5) are ignored.

/** Longest command line, characters after `AT`: room for +CSIM with 522 hexadecimal digits and for QISENDEX with 1024. */
export const LINE_LIMIT = 1200;

export type LineEvent =
  | { readonly kind: 'line'; readonly body: string }
  /** `A/`: the last line again (V.250 5.2.4). */
  | { readonly kind: 'repeat' }
  | { readonly kind: 'too-long' };

export interface LineCharacters {
  /** S3, command line termination. */
  readonly terminator: number;
  /** S5, command line editing. */
  readonly editing: number;
}

type State = 'start' | 'a' | 'body';

export class LineReader {
  #state: State = 'start';
  #body = '';
  #tooLong = false;

  reset(): void {
    this.#state = 'start';
    this.#body = '';
    this.#tooLong = false;
  }

  /** Takes one character; says when it completed a line. */
  push(byte: number, characters: LineCharacters): LineEvent | undefined {
    if (byte === characters.terminator) return this.#end();
    if (byte === characters.editing) {
      this.#erase();
      return undefined;
    }
    if (byte < 0x20 || byte === 0x7f) return undefined;
    const letter = byte & 0xdf;
    switch (this.#state) {
      case 'start':
        if (letter === 0x41) this.#state = 'a';
        return undefined;
      case 'a':
        if (letter === 0x54) this.#state = 'body';
        else if (byte === 0x2f) {
          this.reset();
          return { kind: 'repeat' };
        } else if (letter !== 0x41) this.#state = 'start';
        return undefined;
      case 'body':
        if (this.#body.length < LINE_LIMIT) this.#body += String.fromCharCode(byte);
        else this.#tooLong = true;
        return undefined;
    }
  }

  #end(): LineEvent | undefined {
    const event: LineEvent | undefined =
      this.#state !== 'body' ? undefined : this.#tooLong ? { kind: 'too-long' } : { kind: 'line', body: this.#body };
    this.reset();
    return event;
  }

  #erase(): void {
    if (this.#state === 'a') this.#state = 'start';
    else if (this.#state === 'body') {
      if (this.#body === '') this.#state = 'a';
      else this.#body = this.#body.slice(0, -1);
    }
  }
}
