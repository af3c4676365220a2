import { join } from 'node:path';
import { takeInventory, updatePlace, type Inventory } from '../archive/inventory.ts';
import { MANIFEST, lockFile } from '../archive/layout.ts';
import { HEADERS_ALONE } from '../archive/manifest.ts';
import { surveyArchive } from '../archive/survey.ts';
import type { Task } from '../core/events.ts';
import { isHeld } from '../io/lock.ts';
import { pairKey, problemsOf, type ArchiveState } from '../core/archive.ts';
import type { Plan } from '../core/plan.ts';
import { isVersion } from '../plan/version.ts';
import type { CheckRow, ConsistencyReport } from '../report/consistency.ts';
import { assess } from '../delivery/swupdate/survey.ts';
import { Meter } from '../text/meter.ts';
import { bytesToProve, proveAgain, type ShownRows } from './prove-again.ts';
import { reportOver } from './report.ts';
import { unreadableOf } from '../archive/readable.ts';
import { referredNames, type Situation, type StepHost } from './session.ts';

/** What was looked at, and what was found. */
export interface Verification {
  situation: Situation;
  /** By pair: what was shown just now, in place of what records say. */
  shown: ShownRows;
  report: ConsistencyReport;
  /** What could not be read, a line each; then the report is not the last word. */
  unreadable: string[];
}

/**
 * Looks at everything that is archived of the product, whether the plan
 * names it or not, and believes no record: every byte against its manifest and
 * every .swu against the public key; with `deep` every delta by applying it.
 * Writes nothing and takes no lock: what another run exchanges or moves away
 * meanwhile is looked at again. What cannot be read does not end it.
 */
export async function verify(plan: Plan, host: StepHost, { deep }: { deep: boolean }): Promise<Verification> {
  const beyond = await archivedSubjects(plan, host);
  const found: { situation?: Situation } = {};
  await host.drive([readTask(plan, beyond, host, (situation) => (found.situation = situation))]);
  const { situation } = found;
  if (situation === undefined) throw new Error('the first task has run');
  const shown: ShownRows = new Map();
  const unreadable: string[] = [];
  await host.drive([proofTask(situation, shown, host, { deep, unreadable })]);
  forgetMoved(situation);
  return verificationOf(situation, shown, unreadable);
}

/** What was found, as it stands now. @param unreadable beside what the situation says */
export const verificationOf = (
  situation: Situation,
  shown: ShownRows,
  unreadable: readonly string[],
): Verification => ({
  situation,
  shown,
  report: reportOfVerification(situation, shown),
  unreadable: [...unreadableOf(situation), ...unreadable],
});

/** What a gc took away meanwhile was not needed: no rule refers to it, and nothing is said of it. */
function forgetMoved(situation: Situation): void {
  const required = new Set(situation.pairs.map(({ from, to }) => pairKey(from, to)));
  const named = referredNames(situation);
  for (const [version, held] of situation.versions)
    if (held.state === 'absent' && !named.has(version)) situation.versions.delete(version);
  for (const [subject, held] of situation.updates)
    if (held.state === 'absent' && !required.has(subject)) situation.updates.delete(subject);
}

/**
 * A build that stored its own files is archived where they lie, the manifest last: while a run holds the archive, one
 * that has none is not archived yet.
 */
async function forgetAdoptions({ plan, versions }: Situation): Promise<void> {
  for (const [version, held] of versions) {
    if (held.state !== 'damaged' || held.problems.join() !== `${join(held.dir, MANIFEST)} is missing`) continue;
    if (await isHeld(lockFile(plan))) versions.set(version, { state: 'absent' });
  }
}

/** Everything in the archive that is named as a version or an update; other folders are told of. */
export async function archivedSubjects(plan: Plan, host: Pick<StepHost, 'report'>): Promise<Inventory> {
  const { versions, pairs } = await takeInventory(plan);
  const isUpdate = ({ from, to }: Inventory['pairs'][0]): boolean => isVersion(from) && isVersion(to);
  const strangers = [
    ...versions.filter((name) => !isVersion(name)),
    ...pairs.filter((pair) => isVersion(pair.to) && !isUpdate(pair)).map(updatePlace),
  ];
  if (strangers.length > 0)
    host.report({
      type: 'warning',
      message: `skipped in the archive, because the names are not versions: ${strangers.join(', ')}`,
    });
  return { versions: versions.filter((name) => isVersion(name)), pairs: pairs.filter(isUpdate) };
}

/** The report over everything that was looked at; what was shown just now stands for what was recorded. */
function reportOfVerification(situation: Situation, shown: ShownRows): ConsistencyReport {
  const scope = {
    versions: [...situation.versions.keys()],
    pairs: [...situation.pairs, ...pairsNotRequired(situation)],
  };
  const report = reportOver(situation, scope);
  const checks = report.checks.flatMap((row): CheckRow[] => {
    const rows = shown.get(row.subject)?.filter((one) => one.check === row.check) ?? [];
    return rows.length > 0 ? rows : [row];
  });
  return { ...report, checks, consistent: checks.every((row) => row.result !== 'fail') };
}

/** Updates that were looked at although no rule of the plan requires them. */
export function pairsNotRequired({ updates, pairs }: Situation): Array<{ from: string; to: string }> {
  const required = new Set(pairs.map(({ from, to }) => `${from} -> ${to}`));
  return [...updates.keys()]
    .filter((key) => !required.has(key))
    .map((key) => {
      const [from = '', to = ''] = key.split(' -> ');
      return { from, to };
    });
}

function readTask(plan: Plan, beyond: Inventory, host: StepHost, done: (situation: Situation) => void): Task {
  return {
    title: 'verify the archive',
    async run(progress) {
      const meter = new Meter(bytesOf(await surveyArchive(plan, beyond, HEADERS_ALONE)), progress);
      const situation = await assess(
        plan,
        host.env,
        { signal: host.signal, onFile: (path) => meter.at(path), onBytes: (bytes) => meter.add(bytes) },
        beyond,
      );
      forgetMoved(situation);
      await forgetAdoptions(situation);
      done(situation);
      const damaged = [...situation.versions.values(), ...situation.updates.values()].flatMap(problemsOf);
      return damaged.length === 0
        ? { state: 'done', message: meter.summary() }
        : { state: 'failed', message: damaged.join('\n') };
    },
  };
}

/** The bytes that are named by manifests which can be read. */
export function bytesOf({ versions, updates }: ArchiveState): number {
  const held = [...versions.values(), ...updates.values()];
  return held
    .flatMap((one) => (one.state === 'whole' ? one.manifest.files : []))
    .reduce((sum, file) => sum + file.sizeBytes, 0);
}

function proofTask(
  situation: Situation,
  shown: ShownRows,
  host: StepHost,
  { deep, unreadable }: { deep: boolean; unreadable: string[] },
): Task {
  return {
    title: deep ? 'prove deltas and verify packages' : 'verify packages',
    async run(progress) {
      const meter = new Meter(bytesToProve(situation, deep), progress);
      unreadable.push(...(await proveAgain(situation, shown, host, { deep, meter })));
      const rows = [...shown.values()].flat();
      const failed = [
        ...rows.filter((row) => row.result === 'fail').map((row) => `${row.subject}: ${row.detail}`),
        ...unreadable,
      ];
      return failed.length === 0
        ? { state: 'done', message: `${rows.length} checks pass; ${meter.summary()}` }
        : { state: 'failed', message: failed.join('\n') };
    },
  };
}
