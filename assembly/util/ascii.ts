// Text in static data: what a literal becomes wherever the SDK takes text.

/**
 * ASCII characters, and a zero byte behind the last. A string literal, or a constant that is one, is an `Ascii` wherever one is expected:
 * `akari build` writes it as bytes, each text once (host/build/literals.ts), and refuses a character that is not ASCII.
 */
@unmanaged
export class Ascii {
  get ptr(): usize {
    return changetype<usize>(this);
  }

  get length(): i32 {
    const ptr = changetype<usize>(this);
    let end = ptr;
    while (load<u8>(end)) end++;
    return <i32>(end - ptr);
  }

  /** The character at `index`, which is at most `length`: there it is 0. */
  charCodeAt(index: i32): u32 {
    return load<u8>(changetype<usize>(this) + index);
  }
}
