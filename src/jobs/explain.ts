/** Which files the deltas of a plan are made of. */
import { join } from 'node:path';
import { explainedFindings } from '../archive/findings.ts';
import { manifestOf, type DeltaPartitionInfo } from '../core/archive.ts';
import { ReleasePlanError, messageOf } from '../core/errors.ts';
import type { ExplainedDelta } from '../core/findings.ts';
import { pairText, type Pair } from '../core/pair.ts';
import type { ConsistencyReport } from '../core/report.ts';
import type { Host } from '../delivery/host.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import { blameDelta } from '../insight/blame/blame.ts';
import { findOut, mostSent, whatIsKnown, type Finder, type Subject } from './find-out.ts';

/** Files that are named of each delta. */
const FILES_NAMED = 10;

/** A delta in the archive. */
interface StoredDelta extends Subject, Pair {
  partition: string;
  files: [base: string, target: string, delta: string];
}

/** What is known of a plan's deltas. */
export async function explainedDeltas(snapshot: Snapshot, report: ConsistencyReport): Promise<ExplainedDelta[]> {
  const known = await whatIsKnown(finderOf(snapshot, report), snapshot.inputs.plan);
  // Equal bytes may be the delta of several pairs.
  return known.map(({ subject: { from, to, partition }, found }) => ({ ...found, from, to, partition }));
}

/**
 * Explains the deltas of which nothing is known yet, and forgets those that are no more.
 *
 * @throws a system error, AbortError
 */
export const explainDeltas = async (
  snapshot: Snapshot,
  report: ConsistencyReport,
  host: Pick<Host, 'report' | 'signal'>,
  progress: (message: string) => void,
): Promise<void> => await findOut(finderOf(snapshot, report), snapshot.inputs.plan, host, progress);

const finderOf = (snapshot: Snapshot, report: ConsistencyReport): Finder<StoredDelta, ExplainedDelta> => ({
  findings: explainedFindings,
  subjects: storedDeltas(snapshot, report),
  progressOf: (one) => `which files the delta of ${one.partition} is made of, ${pairText(one)}`,
  find: explain,
  isPartial: () => false,
  warningOf: (one, error) =>
    error instanceof ReleasePlanError && EXPECTED.has(error.code)
      ? undefined
      : `${pairText(one)}: the delta is unexplained: ${messageOf(error)}`,
});

/** Images that nothing is known of, and programs that are not needed for a release. */
const EXPECTED: ReadonlySet<string> = new Set(['image-unsupported', 'tool-missing']);

async function explain(
  { from, to, partition, sha256, files: [base, target, delta] }: StoredDelta,
  signal: AbortSignal,
): Promise<ExplainedDelta> {
  const { filesystem, totalBytes, files, metadataBytes, commandBytes } = await blameDelta(base, target, delta, {
    signal,
  });
  return {
    schema: 1,
    from,
    to,
    partition,
    sha256,
    filesystem,
    totalBytes,
    files: files.slice(0, FILES_NAMED).map(({ path, bytes, cause, package: owner }) => ({
      path,
      bytes,
      cause,
      package: owner,
    })),
    otherFilesBytes: files.slice(FILES_NAMED).reduce((sum, { bytes }) => sum + bytes, 0),
    metadataBytes,
    commandBytes,
  };
}

function storedDeltas({ archive }: Snapshot, report: ConsistencyReport): StoredDelta[] {
  return mostSent(report).flatMap(({ from, to }) => {
    const update = archive.updates.get({ from, to });
    const [base, target] = [archive.versions.get(from), archive.versions.get(to)];
    if (update?.state !== 'whole' || base?.state !== 'whole' || target?.state !== 'whole') return [];
    return (manifestOf(update)?.partitions ?? []).flatMap((one) =>
      deltaOf(one, [update.dir, base.dir, target.dir], from, to),
    );
  });
}

function deltaOf(
  { name, travels, delta, deltaCompressed, base, target }: DeltaPartitionInfo,
  [dir, baseDir, targetDir]: readonly [string, string, string],
  from: string,
  to: string,
): StoredDelta[] {
  const file = deltaCompressed ?? delta;
  if (file === undefined || (travels ?? 'delta') !== 'delta') return [];
  const files: StoredDelta['files'] = [join(baseDir, base.file), join(targetDir, target.file), join(dir, file.file)];
  return [{ from, to, partition: name, sha256: file.sha256, files }];
}
