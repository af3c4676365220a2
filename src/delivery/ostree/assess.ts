/** How an OSTree plan stands, in the step runner's terms. */
import type { Plan } from '../../core/plan.ts';
import { readReport } from '../../jobs/report.ts';
import type { Situation } from '../../jobs/session.ts';
import { surveyOstree } from './survey.ts';

/** The situation of an OSTree plan, its steps not decided yet. Changes nothing. */
export async function ostreeSituation(plan: Plan, signal?: AbortSignal): Promise<Situation> {
  return {
    plan,
    // Versions are commits in the repository; nothing of them is in the archive.
    versions: new Map(),
    updates: new Map(),
    pairs: [],
    recipes: { rdiff: '', kas: '', ostree: '' },
    trust: undefined,
    steps: [],
    written: await readReport(plan),
    ostree: await surveyOstree(plan, signal),
  };
}
