/** The job was understood and failed: exit code 1, one line on stderr. */
export class JobError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JobError';
  }
}

/** The command line, or a file that it names, is wrong: exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Where a command reports: text for people, or one JSON event a line (`--json`), the last one of type `result`. */
export class Output {
  constructor(
    readonly json: boolean,
    readonly write: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
  ) {}

  /** A line for people; silent under --json. */
  text(line: string): void {
    if (!this.json) this.write(line);
  }

  /** An event for programs; silent without --json. */
  event(event: { readonly type: string } & Record<string, unknown>): void {
    if (this.json) this.write(JSON.stringify(event));
  }

  /** The last event. */
  result(ok: boolean, fields: Record<string, unknown> = {}): void {
    this.event({ type: 'result', ok, ...fields });
  }
}
