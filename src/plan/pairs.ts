import type { DeltaRule, DeltaSources, EngineName, Plan } from '../core/plan.ts';
import { sourceSelector } from './sources.ts';

/** A delta that the plan requires, and which rule wants it. */
export interface RequiredPair {
  from: string;
  to: string;
  engine: EngineName;
  /** The rule in words: `tag promoted`, `previous 3`, ... */
  rule: string;
  /** See {@link DeltaRule.maxShare}. */
  maxShare: number;
}

/**
 * Every delta that the plan's rules require, each once: the first rule that
 * wants a pair decides its engine. Pure.
 */
export function requiredPairs(plan: Plan): RequiredPair[] {
  const found = new Map<string, RequiredPair>();
  const sourcesOf = sourceSelector(plan.versions);
  for (const rule of plan.deltas) {
    for (const from of sourcesOf(rule)) {
      const key = JSON.stringify([from, rule.to]);
      if (!found.has(key)) found.set(key, pairOf(rule, from));
    }
  }
  return [...found.values()];
}

const pairOf = ({ to, engine, from: sources, maxShare }: DeltaRule, from: string): RequiredPair => ({
  from,
  to,
  engine,
  rule: ruleInWords(sources),
  maxShare,
});

/** What a rule selects, for messages: `tag promoted`, `previous 3`, ... */
export function ruleInWords(from: DeltaSources): string {
  switch (from.kind) {
    case 'list':
      return 'the plan';
    case 'tag':
      return `tag ${from.tag}`;
    case 'previous':
      return `previous ${from.count}`;
    case 'range':
      return `range ${from.range}`;
    case 'cover':
      return `cover ${Number((100 * from.share).toFixed(3))}%${from.tag === undefined ? '' : ` of tag ${from.tag}`}`;
  }
}
