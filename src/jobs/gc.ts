import { join } from 'node:path';
import { updatePlace } from '../archive/inventory.ts';
import { MANIFEST, productDir } from '../archive/layout.ts';
import { HEADERS_ALONE } from '../archive/manifest.ts';
import { decideRetention, type Verdict } from '../archive/retention.ts';
import { surveyArchive } from '../archive/survey.ts';
import { expiredBatches, listTrash, moveToTrash, removeBatches, type TrashBatch } from '../archive/trash.ts';
import { ReleasePlanError } from '../core/errors.ts';
import { sizeOf as fileSize } from '../io/hash.ts';
import { pairKey, type ArchiveState } from '../core/archive.ts';
import type { Plan } from '../core/plan.ts';
import { compareVersions } from '../plan/version.ts';
import { withArchive } from './apply.ts';
import { needOf, type Need } from '../delivery/swupdate/needed.ts';
import { requireReadable } from '../archive/readable.ts';
import type { StepHost } from './session.ts';
import { archivedSubjects } from './verify.ts';

/** A verdict, and what it is about in bytes. */
export interface SizedVerdict extends Verdict {
  /** A version or a pair, in words. */
  subject: string;
  /** Of a version: with its updates. */
  sizeBytes: number;
}

export interface GcResult {
  verdicts: SizedVerdict[];
  /** Where what was removed lies now; absent when nothing was. */
  trash?: string;
  /** Batches of the trash that have waited for long enough; removed unless it was a dry run. */
  expired: TrashBatch[];
}

/** Days that the trash is kept where the plan has no retention any more. */
const DEFAULT_TRASH_MS = 30 * 86_400_000;

/**
 * Moves into the trash what the plan's retention rule does not keep, and
 * empties what has lain there for long enough. A version that a device runs
 * stays, whatever the rule says.
 *
 * @throws ReleasePlanError `gc-undecided`, before anything is touched, when it
 *   cannot be told who needs what; `archive-unreadable`; `usage` for an OSTree plan; `locked`
 */
export async function gc(
  plan: Plan,
  host: StepHost,
  options: { dryRun: boolean; waitMs: number; now: Date },
): Promise<GcResult> {
  if (plan.ostree !== undefined)
    throw new ReleasePlanError('usage', `${plan.file} is an OSTree plan; its archive is the repository`, {
      hint: 'Delete deltas with `release-plan targets static-deltas --prune`, and commits with `ostree prune`.',
    });
  if (options.dryRun) return await decide(plan, host, options.now);
  return await withArchive(plan, host, options, `gc ${plan.file}`, async () => {
    const decided = await decide(plan, host, options.now);
    const doomed = decided.verdicts.filter((one) => one.verdict === 'remove');
    const trash = doomed.length === 0 ? undefined : await moveToTrash(plan, doomed.map(placeOf), options.now);
    await removeBatches(plan, decided.expired);
    return { ...decided, ...(trash === undefined ? {} : { trash }) };
  });
}

const placeOf = ({ of: { from, to } }: Verdict): string => (from === undefined ? to : updatePlace({ from, to }));

async function decide(plan: Plan, host: StepHost, now: Date): Promise<GcResult> {
  const subjects = await archivedSubjects(plan, host);
  const state = await surveyArchive(plan, subjects, HEADERS_ALONE);
  requireReadable(state);
  const need = await needOf(plan, state, host.signal);
  const verdicts = decideRetention(plan.retention, { ...subjects, ...need, compareVersions });
  return {
    verdicts: verdicts.map((one) => ({
      ...one,
      subject: one.of.from === undefined ? one.of.to : pairKey(one.of.from, one.of.to),
      sizeBytes: sizeOf(one, state),
    })),
    expired: await expiredTrash(plan, need, host, now),
  };
}

/**
 * What may be emptied from the trash: not a version that a device runs again,
 * which is told of.
 */
export async function expiredTrash(
  plan: Plan,
  { running }: Pick<Need, 'running'>,
  host: Pick<StepHost, 'report'>,
  now: Date,
): Promise<TrashBatch[]> {
  const expired = expiredBatches(await listTrash(plan), {
    nowMs: now.getTime(),
    trashMs: plan.retention?.trashMs ?? DEFAULT_TRASH_MS,
  });
  const free: TrashBatch[] = [];
  for (const batch of expired) {
    const back = await versionsIn(batch.dir, running);
    if (back.length === 0) free.push(batch);
    else
      host.report({
        type: 'warning',
        message:
          `devices run ${back.join(', ')}, which is in the trash and stays there; to restore it: ` +
          `${back.map((one) => `mv ${join(batch.dir, one)} ${productDir(plan)}/`).join('; ')}`,
      });
  }
  return free;
}

/** Those of some versions that lie in a batch of the trash; a folder that holds updates alone is none. */
async function versionsIn(dir: string, running: Need['running']): Promise<string[]> {
  const found: string[] = [];
  for (const version of running?.keys() ?? [])
    if ((await fileSize(join(dir, version, MANIFEST))) !== undefined) found.push(version);
  return found;
}

function sizeOf({ of: { from, to } }: Verdict, { versions, updates }: ArchiveState): number {
  const held =
    from === undefined
      ? [versions.get(to), ...[...updates].filter(([key]) => key.endsWith(` -> ${to}`)).map(([, one]) => one)]
      : [updates.get(pairKey(from, to))];
  return held
    .flatMap((one) => (one?.state === 'whole' ? one.manifest.files : []))
    .reduce((sum, file) => sum + file.sizeBytes, 0);
}
