/** The guard of a promotion: asks for the deltas that the devices on a tag require. */
import { ReleasePlanError } from '../../core/errors.ts';
import type { FleetDeltas } from '../delivery.ts';
import type { Inputs } from '../inputs.ts';
import { blockersOf, promotionsOf, type Blocker, type TagChange } from './promotion.ts';
import { endInWords, requiredDeltas } from './required.ts';
import type { FleetView } from './view.ts';

/**
 * What keeps the changes from being made: for each tag that a version newly
 * gets, the deltas that are missing or unproven for the devices on that tag.
 * Tags that no device follows are free. With them what an operator should know of deltas that are there.
 */
export async function promotionBlockers(
  { registry, fleet, format, plan }: FleetView,
  changes: readonly TagChange[],
  deltas: FleetDeltas,
  inputs: Inputs,
  signal?: AbortSignal,
): Promise<{ blockers: Blocker[]; cautions: string[] }> {
  if (fleet === undefined) return { blockers: [], cautions: [] };
  const facts = await deltas.facts(inputs, signal);
  const blockers: Blocker[] = [];
  const cautions = new Set<string>();
  const promotions = promotionsOf(changes).filter((one) => one.format === format && fleet.tags.includes(one.tag));
  for (const { tag, version } of promotions) {
    const question = { format, to: version, from: [], tag, allowDowngrade: false };
    const required = requiredDeltas(registry, fleet, question, facts);
    const problems = await deltas.problems(plan, required.pairs, signal);
    const byPair = new Map(required.pairs.map((pair, at) => [pair, problems[at]]));
    blockers.push(...blockersOf(tag, required, (pair) => byPair.get(pair)));
    for (const caution of deltas.cautions(plan, required.pairs)) cautions.add(caution);
  }
  return { blockers, cautions: [...cautions] };
}

/** A blocker for people. */
export const blockerInWords = ({ tag, pair, problem }: Blocker): string =>
  `the delta ${endInWords(pair.from)} -> ${endInWords(pair.to)}, which ${pair.devices} ` +
  `${pair.devices === 1 ? 'device' : 'devices'} on ${tag} ${pair.devices === 1 ? 'requires' : 'require'}, ${problem}`;

/** @throws ReleasePlanError `promotion-blocked` naming every blocker */
export function refuseBlocked(blockers: readonly Blocker[]): void {
  if (blockers.length === 0) return;
  throw new ReleasePlanError('promotion-blocked', blockers.map(blockerInWords).join('; '));
}
