/** How the rollouts of a plan stand: asked of a server, and kept for those who ask none. */
import { publishedFile, rolloutsFile } from '../archive/layout.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { DestinationSettings, Plan } from '../core/plan.ts';
import type { Host } from '../delivery/host.ts';
import { timestamp } from '../text/timestamp.ts';
import { hawkbitClient } from '../publish/hawkbit.ts';
import { seriesPrefix } from '../publish/package.ts';
import { readRecord } from '../publish/record.ts';
import { readProgress } from '../publish/rollout/progress.ts';
import { rolloutName } from '../publish/rollout/server-rollouts.ts';
import { keepStandings, standingOf } from '../publish/rollout/standing.ts';

/** What is known here of the rollouts of a destination. @throws ReleasePlanError `index-invalid` */
export const standingFacts = async (
  plan: Plan,
  { name }: DestinationSettings,
): Promise<Parameters<typeof standingOf>[1]> => ({
  destination: name,
  owner: plan,
  published: await readRecord(publishedFile(plan)),
  at: timestamp(),
});

/**
 * Asks a hawkBit server how the rollouts of some versions stand, and keeps it; the caller holds the archive. A user may
 * be allowed to publish packages and not to see rollouts: what the server does not tell is a warning.
 *
 * @throws ReleasePlanError `secret-*`, `index-invalid`
 */
export async function recordStandings(
  plan: Plan,
  settings: DestinationSettings,
  versions: ReadonlySet<string>,
  { env, signal, report }: Pick<Host, 'env' | 'signal' | 'report'>,
): Promise<void> {
  const client = await hawkbitClient(settings, { env, planDir: plan.dir, signal, report });
  const isWanted = (name: string): boolean => versions.has(rolloutName(name).version);
  const facts = await standingFacts(plan, settings);
  const told = await readProgress(client, seriesPrefix(plan), isWanted).catch((error: unknown) => {
    if (signal.aborted || !(error instanceof ReleasePlanError) || !error.code.startsWith('server-')) throw error;
    report({ type: 'warning', message: `how rollouts stand is not known: ${error.message}` });
    return [];
  });
  await keepStandings(
    rolloutsFile(plan),
    told.map((one) => standingOf(one, facts)),
  );
}
