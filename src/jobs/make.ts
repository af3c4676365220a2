import { openArchive } from '../archive/identity.ts';
import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { failureToTell, ReleasePlanError } from '../core/errors.ts';
import type { Task, TaskOutcome } from '../core/events.ts';
import type { Plan } from '../core/plan.ts';
import { titleOf, type WorkStep } from '../core/step.ts';
import type { Host } from '../delivery/host.ts';
import { makeOwn, type OwnSteps } from '../hosts/own-steps.ts';
import { joinStore, StoreSession } from '../hosts/store/session.ts';
import { requireHandOut } from './pipeline.ts';

/** What became of the steps of a job. */
export interface MadeSteps {
  outcomes: Array<{ title: string; outcome: TaskOutcome; error?: ReleasePlanError }>;
  exitCode: ExitCode;
}

/**
 * Makes some steps of a plan beside whoever else makes others; one that fails
 * keeps no other from being made.
 *
 * @param groups steps that belong together: a build, and archiving it
 * @throws ReleasePlanError `archive-lost`, `archive-other`, `interrupted`
 */
export async function makeSteps(plan: Plan, groups: readonly WorkStep[][], host: Host): Promise<MadeSteps> {
  const handOut = requireHandOut(plan);
  for (const step of groups.flat())
    if (step.kind === 'build' && !plan.versions.some(({ version }) => version === step.version))
      throw new ReleasePlanError('usage', `${plan.file} has no version ${step.version} to build`);
  const joined = await joinStore(plan, host);
  await openArchive(plan, { isUnattended: true, isNew: false });
  const store = joined === undefined ? undefined : new StoreSession(plan, joined, host);
  const unsignable = await handOut.unsignable(plan, host);
  const own: OwnSteps = { plan, handOut, signs: unsignable === undefined, jobs: 1, store };
  const made: MadeSteps['outcomes'] = [];
  await host.drive(
    groups.flatMap((steps): Task[] => {
      const [first] = steps;
      if (first === undefined) return [];
      const title = titleOf(first);
      return [
        {
          title,
          async run(progress) {
            host.signal.throwIfAborted();
            const one = await attempt(steps, title, own, unsignable, host, progress);
            made.push(one);
            return one.outcome;
          },
        },
      ];
    }),
  );
  return { outcomes: made, exitCode: made.find(({ error }) => error !== undefined)?.error?.exitCode ?? EXIT.ok };
}

async function attempt(
  steps: readonly WorkStep[],
  title: string,
  own: OwnSteps,
  unsignable: string | undefined,
  host: Host,
  progress: (message: string) => void,
): Promise<MadeSteps['outcomes'][number]> {
  // A full package is nothing but packed and signed, and an archived version is vouched for.
  // A delta alone has no name in a store.
  if (unsignable !== undefined && (own.store !== undefined || steps.some(({ kind }) => kind !== 'delta')))
    return { title, outcome: { state: 'skipped', message: `left to the host with the key: ${unsignable}` } };
  try {
    const { message } = await makeOwn(steps, own, host, progress);
    return { title, outcome: { state: 'done', message } };
  } catch (error) {
    const known = failureToTell(error, host.signal);
    return { title, outcome: { state: 'failed', message: known.inWords }, error: known };
  }
}
