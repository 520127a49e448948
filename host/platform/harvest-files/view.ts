// Files as the API shows them (FileEntry).

import type { FileRecord, Listed } from './store.js';

export interface FileEntry {
  readonly filename: string;
  readonly filePath: string;
  readonly directory: string;
  readonly isDirectory: boolean;
  readonly contentLength?: number;
  readonly contentType?: string;
  readonly etag?: string;
  readonly createdTime?: number;
  readonly lastModifiedTime?: number;
}

export const entryOf = (listed: Listed): FileEntry =>
  'file' in listed ? fileEntry(listed.file) : { ...named(listed.directory.slice(0, -1)), isDirectory: true };

export const fileEntry = (file: FileRecord): FileEntry => ({
  ...named(file.path),
  isDirectory: false,
  contentLength: file.length,
  contentType: file.contentType,
  etag: file.etag.slice(1, -1),
  createdTime: file.createdMs,
  lastModifiedTime: file.modifiedMs,
});

function named(path: string): Pick<FileEntry, 'filename' | 'filePath' | 'directory'> {
  const slash = path.lastIndexOf('/');
  return { filename: path.slice(slash + 1), filePath: path, directory: path.slice(0, slash + 1) };
}
