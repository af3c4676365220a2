/** What changed between the versions of a plan's pairs: found out once for each pair, and remembered for the page. */
import { join } from 'node:path';
import { areHere } from '../archive/files-here.ts';
import { changedFindings } from '../archive/findings.ts';
import { ReleasePlanError, errnoOf, messageOf } from '../core/errors.ts';
import { pairText, type Pair } from '../core/pair.ts';
import type { ConsistencyReport } from '../core/report.ts';
import type { ChangedPair } from '../core/run-record.ts';
import type { Host } from '../delivery/host.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import type { ArchivedVersion } from '../insight/changes/archived.ts';
import { changesBetween, type ChangesOptions } from '../insight/changes/changes.ts';
import { changedPair } from '../insight/changes/in-short.ts';
import { digestBytes } from '../io/hash.ts';
import { mostSent } from './explain.ts';

/** A pair whose versions are both whole. */
interface ArchivedPair extends Pair {
  base: ArchivedVersion;
  target: ArchivedVersion;
  /** Of both manifests. */
  sha256: string;
}

/** What is known of the updates for which most is sent. */
export async function changedPairs(snapshot: Snapshot, report: ConsistencyReport): Promise<ChangedPair[]> {
  const found: ChangedPair[] = [];
  for (const { sha256 } of archivedPairs(snapshot, report)) {
    const known = await changedFindings.read(snapshot.inputs.plan, sha256);
    if (known !== undefined) found.push(known);
  }
  return found;
}

/**
 * Compares the versions of which nothing is known yet, and forgets what is known of other pairs. What cannot be
 * compared spoils no run.
 *
 * @throws a system error, AbortError
 */
export async function describeChanges(
  snapshot: Snapshot,
  report: ConsistencyReport,
  host: Pick<Host, 'report' | 'signal'>,
  progress: (message: string) => void,
): Promise<void> {
  const { plan } = snapshot.inputs;
  const pairs = archivedPairs(snapshot, report);
  for (const pair of pairs) {
    host.signal.throwIfAborted();
    const known = await changedFindings.read(plan, pair.sha256);
    // A program that was missing may be there now.
    if (known !== undefined && known.filesUnknown === undefined) continue;
    if (!(await isHere(pair.base)) || !(await isHere(pair.target))) continue;
    progress(`what changed, ${pairText(pair)}`);
    const found = await describe(pair, plan.kas?.workDir, host);
    if (found !== undefined) await changedFindings.write(plan, found);
  }
  await changedFindings.forget(plan, new Set(pairs.map(({ sha256 }) => sha256)));
}

const isHere = async ({ dir, manifest }: ArchivedVersion): Promise<boolean> =>
  await areHere(...manifest.files.map(({ path }) => join(dir, path)));

async function describe(
  pair: ArchivedPair,
  workDir: string | undefined,
  { signal, report }: Pick<Host, 'report' | 'signal'>,
): Promise<ChangedPair | undefined> {
  try {
    return await compare(pair, { signal, ...(workDir === undefined ? {} : { workDir }) });
  } catch (error) {
    // What reading a disk fails with is for the user; what an image or a record is like is not.
    if (signal.aborted || errnoOf(error) !== undefined) throw error;
    report({ type: 'warning', message: `${pairText(pair)}: what changed is not known: ${messageOf(error)}` });
    return undefined;
  }
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
    return [{ from, to, base, target, sha256 }];
  });
}
