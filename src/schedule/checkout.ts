import { isAbsolute, relative, sep } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import type { NightlyRun, ScheduledPlan } from './schedule.ts';

/**
 * The plans' paths in their repository, for a run in a CI's checkout.
 *
 * Runners clean a checkout before each job (`git clean -ffdx`): an archive in
 * it, which may be the only copy of what devices run, would be gone with it.
 *
 * @throws ReleasePlanError `schedule-ci`
 */
export function plansInCheckout({ repository, plans }: NightlyRun): string[] {
  return plans.map((plan) => planInCheckout(plan, repository));
}

function planInCheckout({ file, pathInRepository, kept }: ScheduledPlan, repository: string | undefined): string {
  if (repository === undefined || pathInRepository === undefined)
    throw new ReleasePlanError('schedule-ci', `${file} is not in a git repository, so CI cannot check it out`);
  for (const [key, path] of Object.entries(kept)) {
    if (!isInside(path, repository)) continue;
    throw new ReleasePlanError(
      'schedule-ci',
      `${key} in the plan is ${path}, inside the repository; a runner cleans its checkout before each job, and would ` +
        'delete it',
      {
        hint: `Set it to an absolute path outside of the checkout, such as \`${key}: /srv/release-plan\`.`,
      },
    );
  }
  return pathInRepository;
}

function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
