import { takeInventory, updatePlace, type Inventory } from '../archive/inventory.ts';
import { HEADERS_ALONE } from '../archive/manifest.ts';
import { surveyArchive } from '../archive/survey.ts';
import type { Task } from '../events.ts';
import type { ArchiveState, Plan } from '../model.ts';
import { isVersion } from '../plan/version.ts';
import type { CheckRow, ConsistencyReport } from '../report/consistency.ts';
import { assess } from './assess.ts';
import { Meter } from './meter.ts';
import { bytesToProve, proveAgain, type ShownRows } from './prove-again.ts';
import { reportOver } from './report.ts';
import type { Situation, StepHost } from './session.ts';

/** What was looked at, and what was found. */
export interface Verification {
  situation: Situation;
  /** By pair: what was shown just now, in place of what records say. */
  shown: ShownRows;
  report: ConsistencyReport;
}

/**
 * Looks at everything that is archived of the product, whether the plan
 * names it or not, and believes no record: every byte against its manifest and
 * every .swu against the public key; with `deep` every delta by applying it.
 * Writes nothing and takes no lock.
 */
export async function verify(plan: Plan, host: StepHost, { deep }: { deep: boolean }): Promise<Verification> {
  const beyond = await archivedSubjects(plan, host);
  const found: { situation?: Situation } = {};
  await host.drive([readTask(plan, beyond, host, (situation) => (found.situation = situation))]);
  const { situation } = found;
  if (situation === undefined) throw new Error('the first task has run');
  const shown: ShownRows = new Map();
  await host.drive([proofTask(situation, shown, host, deep)]);
  return { situation, shown, report: reportOfVerification(situation, shown) };
}

/** Everything in the archive that is named as a version or an update; other folders are told of. */
export async function archivedSubjects(plan: Plan, host: Pick<StepHost, 'report'>): Promise<Inventory> {
  const { versions, pairs } = await takeInventory(plan);
  const isUpdate = ({ from, to }: Inventory['pairs'][0]): boolean => isVersion(from) && isVersion(to);
  const strangers = [...versions.filter((name) => !isVersion(name)), ...pairs.filter((pair) => isVersion(pair.to) && !isUpdate(pair)).map(updatePlace)];
  if (strangers.length > 0) host.report({ type: 'warning', message: `in the archive, and not looked at, since their names are no versions: ${strangers.join(', ')}` });
  return { versions: versions.filter((name) => isVersion(name)), pairs: pairs.filter(isUpdate) };
}

/** The report over everything that was looked at; what was shown just now stands for what was recorded. */
export function reportOfVerification(situation: Situation, shown: ShownRows): ConsistencyReport {
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
  return [...updates.keys()].filter((key) => !required.has(key)).map((key) => {
    const [from = '', to = ''] = key.split(' -> ');
    return { from, to };
  });
}

function readTask(plan: Plan, beyond: Inventory, host: StepHost, done: (situation: Situation) => void): Task {
  return {
    title: 'archive against its manifests',
    async run(progress) {
      const meter = new Meter(bytesOf(await surveyArchive(plan, beyond, HEADERS_ALONE)), progress);
      const situation = await assess(plan, host.env, { signal: host.signal, onFile: (path) => meter.at(path), onBytes: (bytes) => meter.add(bytes) }, beyond);
      done(situation);
      const damaged = [...situation.versions.values(), ...situation.updates.values()].flatMap((held) => (held.state === 'damaged' ? held.problems : []));
      return damaged.length === 0 ? { state: 'done', message: meter.summary() } : { state: 'failed', message: damaged.join('\n') };
    },
  };
}

/** The bytes that are named by manifests which can be read. */
export function bytesOf({ versions, updates }: ArchiveState): number {
  const held = [...versions.values(), ...updates.values()];
  return held.flatMap((one) => (one.state === 'whole' ? one.manifest.files : [])).reduce((sum, file) => sum + file.sizeBytes, 0);
}

function proofTask(situation: Situation, shown: ShownRows, host: StepHost, deep: boolean): Task {
  return {
    title: deep ? 'deltas applied to their bases, packages against the key' : 'packages against the key',
    async run(progress) {
      const meter = new Meter(bytesToProve(situation, deep), progress);
      await proveAgain(situation, shown, host, { deep, meter });
      const rows = [...shown.values()].flat();
      const failed = rows.filter((row) => row.result === 'fail');
      return failed.length === 0
        ? { state: 'done', message: `${rows.length} proofs hold; ${meter.summary()}` }
        : { state: 'failed', message: failed.map((row) => `${row.subject}: ${row.detail}`).join('\n') };
    },
  };
}
