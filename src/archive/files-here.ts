import { join } from 'node:path';
import { sizeOf } from '../io/hash.ts';

/** Whether files are in a folder, and not in a store alone. */
export async function areHere(dir: string, files: ReadonlyArray<{ path: string }>): Promise<boolean> {
  for (const { path } of files) if ((await sizeOf(join(dir, path))) === undefined) return false;
  return true;
}
