/** Reads what is kept of destinations beside the archive. */
import { ReleasePlanError } from '../core/errors.ts';
import { readSealedDocument } from '../io/documents/read.ts';
import { ifPresent } from '../io/present.ts';

/**
 * A record of destinations; undefined where there is none yet.
 *
 * @param T what the schema of that name describes
 * @param hint how it is made anew
 * @throws ReleasePlanError `index-invalid` when it was altered or has another form, `file-*`
 */
export async function readDestinationRecord<T>(
  name: 'published' | 'rollouts',
  path: string,
  hint: string,
): Promise<T | undefined> {
  const opened = await ifPresent(readSealedDocument<T>(name, path));
  if (opened === undefined) return undefined;
  if ('problem' in opened) throw new ReleasePlanError('index-invalid', `${path} ${opened.problem}`, { hint });
  return opened.value;
}
