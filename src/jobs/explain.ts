/** Which files the deltas of a plan are made of: found out once for each delta, and remembered beside the report. */
import { join } from 'node:path';
import { areHere } from '../archive/files-here.ts';
import { explainedFindings } from '../archive/findings.ts';
import { manifestOf, type DeltaPartitionInfo } from '../core/archive.ts';
import { ReleasePlanError, errnoOf, messageOf } from '../core/errors.ts';
import { pairText } from '../core/pair.ts';
import type { ConsistencyReport, SizeRow } from '../core/report.ts';
import type { ExplainedDelta } from '../core/run-record.ts';
import type { Host } from '../delivery/host.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import { blameDelta } from '../insight/blame/blame.ts';

/** Updates that are explained: those for which most is sent. A delta of 1.3 GB takes ten seconds. */
const MOST_EXPLAINED = 10;

/** Files that are named of each delta. */
const FILES_NAMED = 10;

/** A delta in the archive. */
interface StoredDelta {
  from: string;
  to: string;
  partition: string;
  sha256: string;
  path: string;
  base: string;
  target: string;
}

/** What is known of a plan's deltas. */
export async function explainedDeltas(snapshot: Snapshot, report: ConsistencyReport): Promise<ExplainedDelta[]> {
  const found: ExplainedDelta[] = [];
  for (const { from, to, partition, sha256 } of storedDeltas(snapshot, report)) {
    const known = await explainedFindings.read(snapshot.inputs.plan, sha256);
    // Equal bytes may be the delta of several pairs.
    if (known !== undefined) found.push({ ...known, from, to, partition });
  }
  return found;
}

/**
 * Explains the deltas of which nothing is known yet, and forgets those that are no more. What cannot be explained (an
 * image of another kind, a program that is missing) spoils no run.
 *
 * @throws a system error, AbortError
 */
export async function explainDeltas(
  snapshot: Snapshot,
  report: ConsistencyReport,
  host: Pick<Host, 'report' | 'signal'>,
  progress: (message: string) => void,
): Promise<void> {
  const { plan } = snapshot.inputs;
  const stored = storedDeltas(snapshot, report);
  for (const one of stored) {
    host.signal.throwIfAborted();
    if ((await explainedFindings.read(plan, one.sha256)) !== undefined || !(await isHere(one))) continue;
    progress(`which files the delta of ${one.partition} is made of, ${pairText(one)}`);
    const explained = await explain(one, host);
    if (explained !== undefined) await explainedFindings.write(plan, explained);
  }
  await explainedFindings.forget(plan, new Set(stored.map(({ sha256 }) => sha256)));
}

const isHere = async ({ path, base, target }: StoredDelta): Promise<boolean> => await areHere(path, base, target);

async function explain(
  { from, to, partition, sha256, path, base, target }: StoredDelta,
  { signal, report }: Pick<Host, 'report' | 'signal'>,
): Promise<ExplainedDelta | undefined> {
  try {
    const { filesystem, totalBytes, files, metadataBytes, commandBytes } = await blameDelta(base, target, path, {
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
  } catch (error) {
    // What reading a disk fails with is for the user; what an image is like is not.
    if (signal.aborted || errnoOf(error) !== undefined) throw error;
    const expected = error instanceof ReleasePlanError && EXPECTED.has(error.code);
    if (!expected)
      report({ type: 'warning', message: `${pairText({ from, to })}: the delta is unexplained: ${messageOf(error)}` });
    return undefined;
  }
}

/** Images that nothing is known of, and programs that are not needed for a release. */
const EXPECTED: ReadonlySet<string> = new Set(['image-unsupported', 'tool-missing']);

/** The updates for which most is sent. */
export function mostSent({ sizes }: ConsistencyReport): SizeRow[] {
  const sent = ({ sendBytes, devices = 1 }: SizeRow): number => sendBytes * devices;
  return sizes.toSorted((a, b) => sent(b) - sent(a)).slice(0, MOST_EXPLAINED);
}

/** Their deltas. */
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
  return [
    {
      from,
      to,
      partition: name,
      sha256: file.sha256,
      path: join(dir, file.file),
      base: join(baseDir, base.file),
      target: join(targetDir, target.file),
    },
  ];
}
