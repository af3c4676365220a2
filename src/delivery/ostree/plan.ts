import { ReleasePlanError } from '../../core/errors.ts';
import type { OstreeSettings, Plan } from '../../core/plan.ts';

/** The OSTree settings of a plan. @throws ReleasePlanError `usage` for a plan without */
export function ostreeOf(plan: Plan): OstreeSettings {
  if (plan.ostree !== undefined) return plan.ostree;
  throw new ReleasePlanError('usage', `${plan.file} is no OSTree plan`, { hint: 'Set `ostree: {repo, branch}`.' });
}
