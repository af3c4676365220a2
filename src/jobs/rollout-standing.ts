/** How the rollouts of a plan stand: asked of a server, and kept for those who ask none. */
import { publishedFile, rolloutsFile } from '../archive/layout.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import type { Host } from '../delivery/host.ts';
import type { Destination } from '../publish/destination.ts';
import { readRecord } from '../publish/record.ts';
import { rolloutName } from '../publish/rollout/server-rollouts.ts';
import { keepStandings, standingOf, type StandingFacts } from '../publish/rollout/standing.ts';
import { timestamp } from '../text/timestamp.ts';

/** What is known here of the rollouts of a destination. @throws ReleasePlanError `index-invalid` */
export const standingFacts = async (plan: Plan, destination: string): Promise<StandingFacts> => ({
  destination,
  owner: plan,
  published: await readRecord(publishedFile(plan)),
  at: timestamp(),
});

/**
 * Asks a destination how the rollouts of some versions stand, and keeps it; the caller holds the archive. A user may
 * be allowed to publish packages and not to see rollouts: what the server does not tell is a warning.
 *
 * @throws ReleasePlanError `index-invalid`
 */
export async function recordStandings(
  plan: Plan,
  destination: Pick<Destination, 'name' | 'rollouts'>,
  versions: ReadonlySet<string>,
  { signal, report }: Pick<Host, 'signal' | 'report'>,
): Promise<void> {
  if (destination.rollouts === undefined) return;
  const facts = await standingFacts(plan, destination.name);
  const isWanted = (name: string): boolean => versions.has(rolloutName(name).version);
  const told = await destination.rollouts(plan, isWanted).catch((error: unknown) => {
    if (signal.aborted || !(error instanceof ReleasePlanError) || !error.code.startsWith('server-')) throw error;
    report({ type: 'warning', message: `how rollouts stand is not known: ${error.message}` });
    return [];
  });
  await keepStandings(
    rolloutsFile(plan),
    told.map((one) => standingOf(one, facts)),
  );
}
