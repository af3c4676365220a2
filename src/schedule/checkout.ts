import { isAbsolute, relative, sep } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import type { NightlyRun } from './schedule.ts';

/**
 * The plan's path in its repository, for a run in a CI's checkout.
 *
 * Runners clean a checkout before each job (`git clean -ffdx`): an archive in
 * it, which may be the only copy of what devices run, would be gone with it.
 *
 * @throws ReleasePlanError `schedule-ci`
 */
export function planInCheckout({ repository, kept, planFile }: NightlyRun): string {
  if (repository === undefined)
    throw new ReleasePlanError('schedule-ci', `${planFile} is in no git repository that a CI could check out`);
  for (const [key, path] of Object.entries(kept)) {
    if (!isInside(path, repository.root)) continue;
    throw new ReleasePlanError(
      'schedule-ci',
      `${key} of the plan is ${path}, in the repository itself: a runner cleans its checkout before each job, and ` +
        'the archive with it',
      {
        hint: `Write an absolute path outside of the checkout into the plan, such as \`${key}: /srv/release-plan\`.`,
      },
    );
  }
  return repository.planPath;
}

function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
