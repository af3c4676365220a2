/**
 * Which archive this is. A mount that is missing leaves an empty folder; a run
 * that took it for a new archive would build released versions anew, with other
 * bytes than devices run.
 */
import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ReleasePlanError, errnoOf } from '../core/errors.ts';
import { cleanDeadStaging, createFileAtomic, writeFileAtomic } from '../io/atomic.ts';
import { ifPresent, leavesOpen, namesIn } from '../io/present.ts';
import { isWritableFolder } from '../io/writable.ts';
import { readRegularText } from '../io/regular.ts';
import { parseJson } from '../text/parse-json.ts';
import { prettyJson } from '../text/pretty-json.ts';
import { planName, type PlanKey } from './layout.ts';

/** In the archive root. */
export const IDENTITY = '.release-plan-archive.json';

/** Beside the plan: which archive it had. */
const memoryOf = (plan: ArchivePlan): string => join(plan.dir, '.release-plan', `archive-${planName(plan)}.json`);

/** A plan, as far as its archive goes. */
export type ArchivePlan = PlanKey & { dir: string };

export interface ArchiveMode {
  /** Nobody is there who would notice: such a run never starts an archive. */
  isUnattended: boolean;
  /** The user says that there is to be a new one. */
  isNew: boolean;
}

/**
 * Makes sure that the archive is the one that the plan had, and starts one
 * where there is none and none is known.
 *
 * @returns its id
 * @throws ReleasePlanError `archive-lost` when it is not there, `archive-other` when it is another one
 */
export async function openArchive(plan: ArchivePlan, { isUnattended, isNew }: ArchiveMode): Promise<string> {
  const [found, known] = [await archiveIdHere(plan), await idIn(memoryOf(plan))];
  if (known !== undefined && !isNew) {
    if (found === undefined) throw lost(plan, `its archive ${known} was there before`);
    if (found !== known)
      throw new ReleasePlanError(
        'archive-other',
        `${plan.artifacts} is the archive ${found}; ${plan.file} had the archive ${known}`,
      );
    return found;
  }
  const id = found ?? (await startArchive(plan, isUnattended && !isNew));
  if (id !== known) await remember(plan, id);
  return id;
}

/** @throws ReleasePlanError `archive-lost` when the archive is no longer the one that it was when the run began */
export async function requireArchive(plan: ArchivePlan, id: string): Promise<void> {
  if ((await archiveIdHere(plan)) !== id) throw wentAway(plan, id);
}

/** Which archive a folder is; undefined for none. */
export const archiveIdHere = async ({ artifacts }: ArchivePlan): Promise<string | undefined> =>
  await idIn(join(artifacts, IDENTITY));

/**
 * Makes a folder that is no archive yet one with this id: a cache of an archive that is elsewhere.
 *
 * @throws ReleasePlanError `archive-other` when the plan had another one
 */
export async function adoptArchive(plan: ArchivePlan, id: string): Promise<void> {
  const known = await idIn(memoryOf(plan));
  if (known !== undefined && known !== id)
    throw new ReleasePlanError(
      'archive-other',
      `the store has the archive ${id}; ${plan.file} had the archive ${known}`,
    );
  await writeFileAtomic(join(plan.artifacts, IDENTITY), formatIdentity(id));
}

/** One that holds anything is older than identities, and gets one; a mount point without its disk is empty. */
async function startArchive(plan: ArchivePlan, isRefused: boolean): Promise<string> {
  if (isRefused && (await namesIn(plan.artifacts)).length === 0)
    throw lost(plan, 'there is no archive, and an unattended run starts none');
  const path = join(plan.artifacts, IDENTITY);
  const id = randomUUID();
  try {
    // Of two runs that start an archive at once, one names it.
    await createFileAtomic(path, formatIdentity(id));
    return id;
  } catch (error) {
    const others = errnoOf(error) === 'EEXIST' ? await idIn(path) : undefined;
    if (others === undefined) throw error;
    return others;
  }
}

export const wentAway = (plan: ArchivePlan, id: string): ReleasePlanError => lost(plan, `its archive ${id} went away`);

const lost = (plan: ArchivePlan, why: string): ReleasePlanError =>
  new ReleasePlanError('archive-lost', `${plan.artifacts}: ${why}`, {
    hint: 'Is a disk not mounted? Give --new-archive only to start an archive all the same.',
  });

async function idIn(path: string): Promise<string | undefined> {
  const text = await ifPresent(readRegularText(path));
  return text === undefined ? undefined : parseIdentity(text);
}

/** What the file with the identity of an archive holds, in its folder and in its store. */
export const formatIdentity = (id: string): string => prettyJson({ schema: 1, id });

/** The id in such a file; undefined when it is none. */
export function parseIdentity(text: string): string | undefined {
  const parsed = parseJson(text);
  const id = 'value' in parsed ? (parsed.value as { id?: unknown } | null)?.id : undefined;
  return typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id) ? id : undefined;
}

/** A plan in a folder that cannot be written to is not remembered: then only the archive itself knows. */
async function remember(plan: ArchivePlan, id: string): Promise<void> {
  // Asked first: mkdir says ENOENT of a folder that is immutable.
  if (!(await isWritableFolder(plan.dir, '.release-plan'))) return;
  try {
    const path = memoryOf(plan);
    await cleanDeadStaging(dirname(path));
    // As for overrides: a repository that became dirty by a build would not be the one that was tagged.
    const ignored = join(dirname(path), '.gitignore');
    if ((await ifPresent(stat(ignored))) === undefined) await writeFileAtomic(ignored, '*\n');
    await writeFileAtomic(path, prettyJson({ schema: 1, id, artifacts: plan.artifacts }));
  } catch (error) {
    if (!leavesOpen(error)) throw error;
  }
}
