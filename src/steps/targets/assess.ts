/** How an OSTree plan stands, in the step runner's terms. */
import type { Plan } from '../../model/plan.ts';
import { readReport } from '../report.ts';
import type { Situation } from '../session.ts';
import { surveyOstree } from './situation.ts';

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
