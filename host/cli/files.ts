import { readFileSync } from 'node:fs';
import { parseJson } from '../json-text.js';
import { JobError, UsageError } from './output.js';

/** What the operating system says of a name that was given wrongly. What else it says, it says of a disk or a process. */
const WRONG_NAME: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there, or the folder that it is to be in is not',
  ENOTDIR: 'there is a file where a folder is needed',
  EEXIST: 'there is something of this name already',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'nothing can be written there',
  ELOOP: 'a link leads back to itself',
  ENAMETOOLONG: 'the name is too long',
  EINVAL: 'this is no name of a file',
  ENXIO: 'it is no plain file',
};

/** An error of the file system for a file that a person named: UsageError, or JobError when the name is not at fault. Undefined for other errors. */
export function fileFault(
  what: string,
  error: unknown,
  could: 'be read' | 'be written' | 'be used' = 'be used',
): UsageError | JobError | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string' || !('syscall' in error)) {
    return undefined;
  }
  const { code } = error;
  const words = WRONG_NAME[code];
  if (words === undefined) return new JobError(`${what} cannot ${could} (${code})`);
  const said = code === 'ENOENT' && could === 'be read' ? 'there is no such file' : words;
  return new UsageError(`${what} cannot ${could} (${code}): ${said}`);
}

/** The JSON of a file that a person named, `-` for standard input. Throws UsageError or JobError, which never quote what it holds. */
export function readJson(what: string, file: string): unknown {
  const parsed = parseJson(readText(what, file));
  if (parsed.fault !== undefined) throw new UsageError(`${what} ${parsed.fault}`);
  return parsed.json;
}

/** The text of a file that a person named, `-` for standard input. Throws UsageError or JobError. */
export function readText(what: string, file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw fileFault(what, error, 'be read') ?? error;
  }
}
