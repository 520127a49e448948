/** Stands in for AssemblyScript's abort, so that a device binary imports nothing but the board. */
export function abort(_message: string | null, _fileName: string | null, _line: u32, _column: u32): void {
  unreachable();
}
