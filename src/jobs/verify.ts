import { join } from 'node:path';
import { MANIFEST, lockFile } from '../archive/layout.ts';
import { HEADERS_ALONE } from '../archive/manifest.ts';
import { unreadableOf } from '../archive/readable.ts';
import { surveyArchive } from '../archive/survey.ts';
import type { Inventory } from '../archive/inventory.ts';
import { bytesOf, problemsOf, type ArchiveState } from '../core/archive.ts';
import type { Task } from '../core/events.ts';
import { PairMap, pairSet } from '../core/pair.ts';
import type { Plan } from '../core/plan.ts';
import type { CheckRow, ConsistencyReport } from '../core/report.ts';
import type { Reproven } from '../delivery/delivery.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { readInputs, type Inputs } from '../delivery/inputs.ts';
import type { Snapshot } from '../delivery/snapshot.ts';
import { requireFilesHere } from '../hosts/store/stored-reading.ts';
import { isHeld } from '../io/lock.ts';
import { Meter } from '../text/meter.ts';
import { archivedSubjects } from './archived.ts';
import { reportOf, scopeOf } from './report.ts';

/** What was verified, and what was found. */
export interface Verification extends Reproven {
  report: ConsistencyReport;
  /** What could not be read, a line each; then the report is not the last word. */
  unreadable: string[];
}

/**
 * Reads everything that is archived of the product, whether the plan names it
 * or not, and believes no record: every byte against its manifest and every
 * .swu against the public key; with `deep` every delta by applying it.
 * Writes nothing and takes no lock: what another run exchanges or moves away
 * meanwhile is read again. What cannot be read does not end it.
 */
export async function verify(plan: Plan, host: Host, { deep }: { deep: boolean }): Promise<Verification> {
  return verificationOf(await reprove(plan, host, { deep }));
}

/** What {@link verify} finds, before it is put into words. */
export async function reprove(
  plan: Plan,
  host: Host,
  { deep, acceptUnvouched = false }: { deep: boolean; acceptUnvouched?: boolean },
): Promise<Reproven> {
  await requireFilesHere(plan);
  const inputs = await readInputs(plan, host);
  const beside = await archivedSubjects(plan, host);
  const read: { snapshot?: Snapshot } = {};
  await host.drive([readTask(inputs, { beside, acceptUnvouched }, host, (snapshot) => (read.snapshot = snapshot))]);
  const { snapshot } = read;
  if (snapshot === undefined) throw new Error('the first task has run');
  const proven: { found?: Reproven } = {};
  await host.drive([proofTask(snapshot, host, deep, (found) => (proven.found = found))]);
  const { found } = proven;
  if (found === undefined) throw new Error('the second task has run');
  return { ...found, snapshot: withoutMoved(found.snapshot) };
}

/** What was found, in the form of a report. */
export function verificationOf({ snapshot, shown, shownFulls, unreadable }: Reproven): Verification {
  return {
    snapshot,
    shown,
    shownFulls,
    report: reportOfProofs(snapshot, [...shown.values(), ...shownFulls.values()].flat()),
    unreadable: [...unreadableOf(snapshot.archive), ...unreadable],
  };
}

/** What a gc took away meanwhile was not needed: no rule refers to it, and nothing is said of it. */
function withoutMoved(snapshot: Snapshot): Snapshot {
  const { versions, pairs } = scopeOf(snapshot);
  const required = pairSet(pairs);
  const referred = new Set([...versions, ...pairs.flatMap(({ from, to }) => [from, to])]);
  const { archive } = snapshot;
  return {
    ...snapshot,
    archive: {
      versions: new Map(
        [...archive.versions].filter(([version, entry]) => entry.state !== 'absent' || referred.has(version)),
      ),
      updates: new PairMap(
        [...archive.updates].filter(([pair, entry]) => entry.state !== 'absent' || required.has(pair)),
      ),
      fulls: new Map(
        [...archive.fulls].filter(([version, entry]) => entry.state !== 'absent' || referred.has(version)),
      ),
    },
  };
}

/**
 * A build that stored its own files is archived where they are, the manifest last: while a run holds the archive, one
 * that has none is not archived yet.
 */
async function withoutAdoptions(snapshot: Snapshot): Promise<Snapshot> {
  const versions = new Map(snapshot.archive.versions);
  for (const [version, entry] of versions) {
    if (entry.state !== 'damaged' || entry.problems.join() !== `${join(entry.dir, MANIFEST)} is missing`) continue;
    if (await isHeld(lockFile(snapshot.inputs.plan))) versions.set(version, { state: 'absent' });
  }
  return { ...snapshot, archive: { ...snapshot.archive, versions } };
}

/** The report over everything that was verified; what was shown just now stands for what was recorded. */
function reportOfProofs(snapshot: Snapshot, proofs: readonly CheckRow[]): ConsistencyReport {
  const { versions, updates } = snapshot.archive;
  const plan = scopeOf(snapshot);
  const required = pairSet(plan.pairs);
  const scope = {
    versions: versions.size === 0 ? plan.versions : [...versions.keys()],
    pairs: [...plan.pairs, ...updates.keys().filter((pair) => !required.has(pair))],
  };
  const report = reportOf(snapshot, undefined, scope);
  const isReplaced = ({ check, subject }: CheckRow): boolean =>
    proofs.some((one) => one.check === check && one.subject === subject);
  const checks: CheckRow[] = report.checks.flatMap((row) =>
    isReplaced(row) ? proofs.filter((one) => one.check === row.check && one.subject === row.subject) : [row],
  );
  return { ...report, checks, consistent: checks.every((row) => row.result !== 'fail') };
}

function readTask(
  inputs: Inputs,
  scope: { beside: Inventory; acceptUnvouched: boolean },
  host: Host,
  done: (snapshot: Snapshot) => void,
): Task {
  return {
    title: 'verify the archive',
    async run(progress) {
      const meter = new Meter(archivedBytes(await surveyArchive(inputs.plan, scope.beside, HEADERS_ALONE)), progress);
      const reading = { onFile: (path: string) => meter.at(path), onBytes: (bytes: number) => meter.add(bytes) };
      const survey = await deliveryOf(inputs.plan).survey(inputs, host, { reading, ...scope });
      const snapshot = await withoutAdoptions(withoutMoved(survey));
      done(snapshot);
      const { versions, updates, fulls } = snapshot.archive;
      const damaged = [...versions.values(), ...updates.values(), ...fulls.values()].flatMap(problemsOf);
      return damaged.length === 0
        ? { state: 'done', message: meter.summary() }
        : { state: 'failed', message: damaged.join('\n') };
    },
  };
}

/** The bytes that are named by manifests which can be read. */
const archivedBytes = ({ versions, updates, fulls }: ArchiveState): number =>
  [...versions.values(), ...updates.values(), ...fulls.values()].reduce((sum, entry) => sum + bytesOf(entry), 0);

function proofTask(snapshot: Snapshot, host: Host, deep: boolean, done: (found: Reproven) => void): Task {
  const delivery = deliveryOf(snapshot.inputs.plan);
  return {
    title: deep ? 'prove deltas and verify packages' : 'verify packages',
    async run(progress) {
      const meter = new Meter(delivery.bytesToProve(snapshot, deep), progress);
      const found = await delivery.prove(snapshot, host, { deep, meter });
      done(found);
      const rows = [...found.shown.values(), ...found.shownFulls.values()].flat();
      const failed = [
        ...rows.filter((row) => row.result === 'fail').map((row) => `${row.subject}: ${row.detail}`),
        ...found.unreadable,
      ];
      return failed.length === 0
        ? { state: 'done', message: `${rows.length} checks pass; ${meter.summary()}` }
        : { state: 'failed', message: failed.join('\n') };
    },
  };
}
