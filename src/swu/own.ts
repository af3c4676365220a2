/** Scripts and files of the plan's own, as members of a package. */
import { basename } from 'node:path';
import { digestFile } from '../io/hash.ts';
import type { OwnFile, OwnScript, SwuSettings } from '../core/plan.ts';
import type { MemberSource } from './cpio.ts';
import type { OwnMember } from './description.ts';

export interface OwnMembers {
  members: MemberSource[];
  scripts: Array<OwnMember<OwnScript>>;
  files: Array<OwnMember<OwnFile>>;
}

/**
 * Reads what the plan adds to each package. Members are called as the files
 * are; a name that is there twice is refused when the package is packed.
 *
 * @throws a system error when a file cannot be read
 */
export async function ownMembers(swu: SwuSettings, signal: AbortSignal | undefined): Promise<OwnMembers> {
  const described = async <T extends { file: string }>({ file, ...rest }: T) => ({
    ...rest,
    filename: basename(file),
    ...(await digestFile(file, signal)),
  });
  const files = [...new Set([...swu.scripts, ...swu.files].map((one) => one.file))];
  return {
    members: files.map((path) => ({ name: basename(path), path })),
    scripts: await Promise.all(swu.scripts.map(described)),
    files: await Promise.all(swu.files.map(described)),
  };
}
