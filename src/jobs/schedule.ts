import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ReleasePlanError, errnoOf } from '../core/errors.ts';
import { writeFileAtomic } from '../io/atomic.ts';
import { run } from '../io/process.ts';
import type { Plan } from '../core/plan.ts';
import { deliveryOf } from '../delivery/index.ts';
import type { NightlyRun, ScheduleFile, TimeOfDay } from '../schedule/schedule.ts';
import { secretVariables } from '../swu/keys.ts';

/** What the plan itself does not say of its nightly run. */
export interface NightlyFacts {
  at: TimeOfDay;
  /** The account that builds. */
  user: string;
  /** What starts release-plan on this host, as arguments. */
  program: readonly string[];
}

/** The nightly run of a plan, as a scheduler needs to know it. */
export async function nightlyRunOf(plan: Plan, facts: NightlyFacts): Promise<NightlyRun> {
  const repository = await gitRepositoryOf(plan);
  return {
    product: plan.product,
    planFile: plan.file,
    ...facts,
    ...(repository === undefined ? {} : { repository }),
    kept: deliveryOf(plan).kept(plan),
    secrets: secretVariables(plan),
  };
}

/** The git repository of a plan: what a CI would check out; undefined outside of any. */
async function gitRepositoryOf(plan: Plan): Promise<NightlyRun['repository']> {
  const found = await run('git', ['rev-parse', '--show-cdup', '--show-prefix'], { cwd: plan.dir, okCodes: [0, 128] });
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
      throw new ReleasePlanError('schedule-exists', `${path} exists already, with another content`);
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
