/** What changed between the versions of a plan's pairs. */
import { join } from 'node:path';
import { changedFindings } from '../archive/findings.ts';
import { ReleasePlanError, messageOf } from '../core/errors.ts';
import type { ChangedPair } from '../core/findings.ts';
import { pairText, type Pair } from '../core/pair.ts';
import type { ConsistencyReport } from '../core/report.ts';
import type { Host } from '../delivery/host.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import type { ArchivedVersion } from '../insight/changes/archived.ts';
import { changesBetween, type ChangesOptions } from '../insight/changes/changes.ts';
import { changedPair } from '../insight/changes/in-short.ts';
import { digestBytes } from '../io/hash.ts';
import { findOut, mostSent, whatIsKnown, type Finder, type Subject } from './find-out.ts';

/** A pair whose versions are both whole; its digest is of both manifests. */
interface ArchivedPair extends Subject, Pair {
  base: ArchivedVersion;
  target: ArchivedVersion;
}

/** What is known of the updates for which most is sent. */
export async function changedPairs(snapshot: Snapshot, report: ConsistencyReport): Promise<ChangedPair[]> {
  return (await whatIsKnown(finderOf(snapshot, report), snapshot.inputs.plan)).map(({ found }) => found);
}

/**
 * Compares the versions of which nothing is known yet, and forgets what is known of other pairs.
 *
 * @throws a system error, AbortError
 */
export const describeChanges = async (
  snapshot: Snapshot,
  report: ConsistencyReport,
  host: Pick<Host, 'report' | 'signal'>,
  progress: (message: string) => void,
): Promise<void> => await findOut(finderOf(snapshot, report), snapshot.inputs.plan, host, progress);

function finderOf(snapshot: Snapshot, report: ConsistencyReport): Finder<ArchivedPair, ChangedPair> {
  const workDir = snapshot.inputs.plan.kas?.workDir;
  return {
    findings: changedFindings,
    subjects: archivedPairs(snapshot, report),
    progressOf: (pair) => `what changed, ${pairText(pair)}`,
    find: async (pair, signal) => await compare(pair, { signal, ...(workDir === undefined ? {} : { workDir }) }),
    // A program that was missing may be there now.
    isPartial: ({ filesUnknown }) => filesUnknown !== undefined,
    warningOf: (pair, error) => `${pairText(pair)}: what changed is not known: ${messageOf(error)}`,
  };
}

/** Without a program that unpacks the images, by what the builds left. */
async function compare({ base, target, sha256 }: ArchivedPair, options: ChangesOptions): Promise<ChangedPair> {
  try {
    return changedPair(await changesBetween(base, target, options), sha256);
  } catch (error) {
    if (!(error instanceof ReleasePlanError) || error.code !== 'tool-missing') throw error;
    const found = await changesBetween(base, target, { ...options, recordsAlone: true });
    return changedPair(found, sha256, messageOf(error));
  }
}

function archivedPairs({ archive }: Snapshot, report: ConsistencyReport): ArchivedPair[] {
  return mostSent(report).flatMap(({ from, to }) => {
    const [base, target] = [archive.versions.get(from), archive.versions.get(to)];
    if (base?.state !== 'whole' || target?.state !== 'whole') return [];
    const { sha256 } = digestBytes(JSON.stringify([base.manifest, target.manifest]));
    const files = [base, target].flatMap(({ dir, manifest }) => manifest.files.map(({ path }) => join(dir, path)));
    return [{ from, to, base, target, sha256, files }];
  });
}
