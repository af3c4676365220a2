/** What the plan's rules and the fleet's tags require, all together: what must not be pruned. */
import {
  requiredDeltas,
  type BasisFacts,
  type DeltaQuestion,
  type RequiredDeltas,
  type RequiredPair,
} from './required.ts';
import { coverRequired } from './cover.ts';
import { targetsOf } from '../../fleet/running.ts';
import type { DeltaRule } from '../../core/plan.ts';
import { sourceSelector } from '../../plan/sources.ts';
import type { FleetView } from './view.ts';

/**
 * One rule of the plan as a question to the fleet. A tag means the devices on
 * it; where the plan names no fleet, the Targets that have the tag.
 */
export function questionOf(rule: DeltaRule, { registry, format, fleet }: FleetView): DeltaQuestion {
  const question = { format, to: rule.to, from: [] as string[], allowDowngrade: false };
  // A tag that no device follows yet requires nothing.
  const tag = tagOf(rule);
  if (tag !== undefined && fleet !== undefined) return fleet.tags.includes(tag) ? { ...question, tag } : question;
  if (rule.from.kind === 'cover' && fleet !== undefined) return { ...question, isOfEveryone: true };
  const known = targetsOf(registry, format);
  const sources = sourceSelector(known)(rule);
  // What a list names and the registry lacks is told by the report, version by version.
  return { ...question, from: sources.filter((version) => known.some((target) => target.version === version)) };
}

/** The tag whose devices a rule is about. */
export const tagOf = ({ from }: DeltaRule): string | undefined =>
  from.kind === 'tag' || from.kind === 'cover' ? from.tag : undefined;

/** Whether the devices decide what a rule selects. */
export const asksFleet = ({ from }: DeltaRule): boolean => from.kind === 'tag' || from.kind === 'cover';

/** The answer to one rule of the plan. */
export function answerRule(rule: DeltaRule, view: FleetView, facts: BasisFacts): RequiredDeltas {
  const answer = requiredDeltas(view.registry, view.fleet, questionOf(rule, view), facts);
  return rule.from.kind === 'cover' && view.fleet !== undefined ? coverRequired(answer, rule.from) : answer;
}

/** What a rule's devices are called in the report. */
export const devicesOf = (rule: DeltaRule): string => tagOf(rule) ?? 'all devices';

/** Every pair that a rule of the plan requires, or a tag of the fleet by the Targets that have it now. */
export function retainedPairs(view: FleetView, facts: BasisFacts): RequiredPair[] {
  const { registry, fleet, format, plan } = view;
  const known = targetsOf(registry, format);
  const ofRules = plan.deltas
    .filter((rule) => known.some((target) => target.version === rule.to))
    .flatMap((rule) => answerRule(rule, view, facts).pairs);
  const ofTags = (fleet?.tags ?? []).flatMap((tag) =>
    known
      .filter((target) => target.tags.includes(tag))
      .flatMap(
        (target) =>
          requiredDeltas(registry, fleet, { format, to: target.version, from: [], tag, allowDowngrade: false }, facts)
            .pairs,
      ),
  );
  return [...ofRules, ...ofTags];
}
