/** Whether a folder can be written to, asked before anything is made there. */
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../core/errors.ts';

/** Whether files can be made in the folder `name` of a folder, or it itself can be made. */
export async function isWritableFolder(folder: string, name: string): Promise<boolean> {
  for (const path of [join(folder, name), folder]) {
    const errno = await access(path, constants.W_OK).then(
      () => undefined,
      (error: unknown) => errnoOf(error) ?? 'unknown',
    );
    if (errno === undefined) return true;
    if (errno === 'EROFS' || errno === 'EACCES' || errno === 'EPERM') return false;
  }
  return true;
}
