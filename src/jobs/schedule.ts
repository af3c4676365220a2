import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ReleasePlanError, errnoOf } from '../core/errors.ts';
import { reportFile } from '../archive/layout.ts';
import { writeFileAtomic } from '../io/atomic.ts';
import { git } from '../io/git.ts';
import { reportFormats } from '../report/registry.ts';
import type { Plan } from '../core/plan.ts';
import { deliveryOf } from '../delivery/index.ts';
import { runName } from '../schedule/names.ts';
import type { NightlyRun, ScheduleFile, ScheduledPlan, TimeOfDay } from '../schedule/schedule.ts';
import { secretVariables } from '../plan/secrets.ts';

/** What the plans themselves do not say of its nightly run. */
export interface NightlyFacts {
  /** What the run is called; by its plan unless given. */
  name?: string;
  at: TimeOfDay;
  /** The account that builds. */
  user: string;
  /** What starts release-plan on this host, as arguments. */
  program: readonly string[];
}

/**
 * The nightly run of some plans, as a scheduler needs to know it.
 *
 * @throws ReleasePlanError `usage` when several plans are given no name, or are of several repositories
 */
export async function nightlyRunOf(plans: readonly Plan[], facts: NightlyFacts): Promise<NightlyRun> {
  const { name, ...rest } = facts;
  const [first] = plans;
  if (first === undefined || (plans.length > 1 && name === undefined))
    throw new ReleasePlanError('usage', 'several plans require a name for their run', { hint: 'Pass it with --name.' });
  const repositories = await Promise.all(plans.map(gitRepositoryOf));
  const roots = new Set(repositories.map((one) => one?.root));
  const [root] = roots;
  return {
    name: name ?? runName(first),
    plans: plans.map((plan, at) => scheduledPlan(plan, repositories[at]?.planPath)),
    ...rest,
    ...(roots.size > 1 || root === undefined ? {} : { repository: root }),
    secrets: [...new Set(plans.flatMap((plan) => secretVariables(plan)))],
  };
}

const scheduledPlan = (plan: Plan, pathInRepository: string | undefined): ScheduledPlan => ({
  file: plan.file,
  ...(pathInRepository === undefined ? {} : { pathInRepository }),
  kept: deliveryOf(plan).kept(plan),
  reports: reportFormats.map(({ extension }) => reportFile(plan, extension)),
});

/** The git repository of a plan: what a CI would check out; undefined outside of any. */
async function gitRepositoryOf(plan: Plan): Promise<{ root: string; planPath: string } | undefined> {
  const found = await git(['rev-parse', '--show-cdup', '--show-prefix'], { cwd: plan.dir, okCodes: [0, 128] });
  if (found.exitCode !== 0) return undefined;
  // Relative to the folder as the plan knows it: git itself would answer through links.
  const [up = '', prefix = ''] = found.stdout.split('\n');
  return { root: resolve(plan.dir, up), planPath: join(prefix, basename(plan.file)) };
}

/**
 * Writes a schedule's files; none of them when one would replace what somebody wrote.
 *
 * @returns each path, and whether it was there already with this very content
 * @throws ReleasePlanError `schedule-exists`
 */
export async function writeSchedule(
  folder: string,
  files: readonly ScheduleFile[],
  options: { replace: boolean },
): Promise<Array<{ path: string; isNew: boolean }>> {
  const written: Array<{ path: string; isNew: boolean; content: string }> = [];
  for (const { name, content } of files) {
    const path = join(folder, name);
    const there = await contentOf(path);
    if (there !== undefined && there !== content && !options.replace)
      throw new ReleasePlanError('schedule-exists', `${path} already exists with different content`);
    written.push({ path, content, isNew: there !== content });
  }
  for (const { path, content, isNew } of written) {
    if (isNew) await writeFileAtomic(path, content);
  }
  return written.map(({ path, isNew }) => ({ path, isNew }));
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
