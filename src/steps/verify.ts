import { pairKey, type Plan } from '../model.ts';
import { reproveUpdate } from '../delta/reprove.ts';
import type { Task } from '../events.ts';
import { formatBytes } from '../io/bytes.ts';
import type { CheckRow, ConsistencyReport } from '../report/consistency.ts';
import { assess } from './assess.ts';
import { reportOf } from './report.ts';
import type { Situation, StepHost } from './session.ts';

/**
 * Shows everything again, believing no record: every archived byte against
 * its manifest, every delta by applying it, every .swu by opening it. Writes nothing.
 */
export async function verify(plan: Plan, host: StepHost): Promise<ConsistencyReport> {
  const situation: { now?: Situation } = {};
  const shown = new Map<string, CheckRow[]>();
  await host.drive([{
    title: 'archive against its manifests',
    async run(progress) {
      let bytes = 0;
      situation.now = await assess(plan, host.env, {
        signal: host.signal,
        onFile: (path, sizeBytes) => {
          bytes += sizeBytes;
          progress(path);
        },
      });
      return { state: 'done', message: `${formatBytes(bytes)} read` };
    },
  }]);
  if (situation.now === undefined) throw new Error('the first task has run');
  await host.drive(updateTasks(situation.now, host, shown));
  const report = reportOf(situation.now);
  // The rows that a record answered give way to what was shown just now.
  const checks = report.checks.flatMap((row): CheckRow[] => (isShownAgain(row) && shown.has(row.subject) ? takeOnce(shown, row) : [row]));
  return { ...report, checks, consistent: checks.every((row) => row.result !== 'fail') };
}

const isShownAgain = (row: CheckRow): boolean => row.check === 'delta' || row.check === 'swu';

const takeOnce = (shown: ReadonlyMap<string, CheckRow[]>, { subject, check }: CheckRow): CheckRow[] => (shown.get(subject) ?? []).filter((row) => row.check === check);

function updateTasks(situation: Situation, host: StepHost, shown: Map<string, CheckRow[]>): Task[] {
  return situation.pairs.flatMap(({ from, to }): Task[] => {
    const subject = pairKey(from, to);
    const [base, target, update] = [situation.versions.get(from), situation.versions.get(to), situation.updates.get(subject)];
    // What is not whole has its failing row already.
    if (base?.state !== 'whole' || target?.state !== 'whole' || update?.state !== 'whole') return [];
    return [{
      title: `delta ${subject}`,
      async run(progress) {
        const found = await reproveUpdate({ plan: situation.plan, base, target, update, env: host.env, signal: host.signal, progress });
        const rows = found.map((one): CheckRow => ({ ...one, subject }));
        shown.set(subject, rows);
        const failed = rows.filter((row) => row.result === 'fail');
        return failed.length === 0 ? { state: 'done', message: `${rows.length} proofs hold` } : { state: 'failed', message: failed.map((row) => row.detail).join('; ') };
      },
    }];
  });
}
