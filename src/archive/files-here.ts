import { sizeOf } from '../io/hash.ts';

/** Whether archived files are in the archive's folder, and not in its store alone. */
export async function areHere(...paths: string[]): Promise<boolean> {
  for (const path of paths) if ((await sizeOf(path)) === undefined) return false;
  return true;
}
