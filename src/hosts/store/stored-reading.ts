/** Reading an archive's folder whose files may be in its store alone. Asks no server. */
import { HEADERS_ALONE, type ReadOptions } from '../../archive/manifest.ts';
import { elsewhereFor } from '../../archive/store-seen.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import { entryHere, subjectsHere } from './here.ts';
import { subjectText } from './names.ts';

/** For reading a folder by what the store had when it was last looked at. */
export const storedReading = async (plan: Plan): Promise<Pick<ReadOptions, 'isElsewhere'>> =>
  plan.store === undefined ? {} : { isElsewhere: await elsewhereFor(plan) };

/** Subjects that a message names. */
const MOST_NAMED = 5;

/**
 * For what reads every file: refuses a folder that lacks some which the store has, where they would count as lost.
 *
 * @throws ReleasePlanError `archive-in-store`
 */
export async function requireFilesHere(plan: Plan): Promise<void> {
  const { isElsewhere } = await storedReading(plan);
  if (isElsewhere === undefined) return;
  const lacking: string[] = [];
  for (const subject of await subjectsHere(plan)) {
    if ((await entryHere(plan, subject, HEADERS_ALONE)).state !== 'damaged') continue;
    // Nothing else is wrong with it than that files are missing which the store has.
    const isStored = (await entryHere(plan, subject, { ...HEADERS_ALONE, isElsewhere })).state === 'whole';
    if (isStored) lacking.push(subjectText(subject));
  }
  if (lacking.length === 0) return;
  const more = lacking.length > MOST_NAMED ? ` and ${lacking.length - MOST_NAMED} more` : '';
  throw new ReleasePlanError(
    'archive-in-store',
    `files of ${lacking.slice(0, MOST_NAMED).join(', ')}${more} are in the store alone`,
  );
}
