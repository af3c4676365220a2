/** The guard of a promotion: looks at the deltas that the devices on a tag require. */
import { ReleasePlanError } from '../../core/errors.ts';
import { blockersOf, promotionsOf, type Blocker, type TagChange } from './promotion.ts';
import { endInWords, requiredDeltas, type RequiredPair } from './required.ts';
import { basisFacts } from './facts.ts';
import type { FleetSituation } from './open.ts';
import { ostreeProblems } from '../ostree/deltas.ts';
import { swupdateProblems } from '../swupdate/problems.ts';

/**
 * What keeps the changes from being made: for each tag that a version newly
 * gets, the deltas that are missing or unproven for the devices on that tag.
 * Tags that no device follows are free.
 */
export async function promotionBlockers(
  situation: FleetSituation,
  changes: readonly TagChange[],
  signal?: AbortSignal,
): Promise<Blocker[]> {
  const { registry, fleet, format, plan } = situation;
  if (fleet === undefined) return [];
  const facts = await basisFacts(situation, signal);
  const blockers: Blocker[] = [];
  for (const { tag, version } of promotionsOf(changes).filter(
    (one) => one.format === format && fleet.tags.includes(one.tag),
  )) {
    const required = requiredDeltas(
      registry,
      fleet,
      { format, to: version, from: [], tag, allowDowngrade: false },
      facts,
    );
    const problems = await problemsOf(plan, required.pairs, signal);
    const byPair = new Map(required.pairs.map((pair, at) => [pair, problems[at]]));
    blockers.push(...blockersOf(tag, required, (pair) => byPair.get(pair)));
  }
  return blockers;
}

/** What keeps devices from using each delta, in the order of the pairs. */
export const problemsOf = async (
  plan: FleetSituation['plan'],
  pairs: readonly RequiredPair[],
  signal?: AbortSignal,
): Promise<Array<string | undefined>> =>
  plan.ostree === undefined ? await swupdateProblems(plan, pairs, signal) : await ostreeProblems(plan, pairs, signal);

/** A blocker for people. */
export const blockerInWords = ({ tag, pair, problem }: Blocker): string =>
  `the delta ${endInWords(pair.from)} -> ${endInWords(pair.to)}, which ${pair.devices} ` +
  `${pair.devices === 1 ? 'device' : 'devices'} on ${tag} ${pair.devices === 1 ? 'requires' : 'require'}, ${problem}`;

/** @throws ReleasePlanError `promotion-blocked` naming every blocker */
export function refuseBlocked(blockers: readonly Blocker[]): void {
  if (blockers.length === 0) return;
  throw new ReleasePlanError('promotion-blocked', blockers.map(blockerInWords).join('; '));
}
