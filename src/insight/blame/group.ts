import { dirname } from 'node:path';
import type { Blame, FileRow } from './blame.ts';

/** What files can be taken together by. */
export const GROUPINGS = ['file', 'directory', 'package', 'cause'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** Files of one directory, package or cause; or one file. */
export interface BlameGroup {
  name: string;
  bytes: number;
  literalBytes: number;
  files: number;
}

/** What stands for the files that no package lists. */
export const NO_PACKAGE = '(no package)';

/**
 * The files of a blame by what they have in common, largest first; with metadata and commands they sum to the total.
 */
export function groupFiles({ files }: Blame, by: Grouping): BlameGroup[] {
  const groups = new Map<string, BlameGroup>();
  for (const file of files) {
    const name = nameOf(file, by);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { name, bytes: file.bytes, literalBytes: file.literalBytes, files: 1 });
    else {
      group.bytes += file.bytes;
      group.literalBytes += file.literalBytes;
      group.files += 1;
    }
  }
  return [...groups.values()].sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}

function nameOf(file: FileRow, by: Grouping): string {
  switch (by) {
    case 'file':
      return file.path;
    case 'directory':
      return dirname(file.path);
    case 'package':
      return file.package ?? NO_PACKAGE;
    case 'cause':
      return file.cause;
  }
}
