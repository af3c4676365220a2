import type { Pair, ReadonlyPairMap } from '../core/pair.ts';
import type { RetentionSettings } from '../core/plan.ts';

/** What the archive holds, and what is known of who needs it. */
export interface RetentionFacts {
  versions: readonly string[];
  pairs: readonly Pair[];
  /**
   * Versions that stay whatever the rule says, and why: the plan names them, devices run them, deltas start from them.
   */
  needed: ReadonlyMap<string, string>;
  /** Deltas that some rule requires. */
  requiredPairs: ReadonlyPairMap<true>;
  /** Versions that have a tag in the registry. */
  tagged: ReadonlySet<string>;
  /** Order of versions: negative when `a` is older. */
  compareVersions(a: string, b: string): number;
}

/** One version or one update, and what becomes of it. */
export interface Verdict {
  /** `from` is there for an update. */
  of: { from?: string; to: string };
  verdict: 'keep' | 'remove';
  why: string;
}

/**
 * What of an archive is to go by the plan's retention rule, and why the rest
 * stays. Pure. Without a rule everything stays.
 */
export function decideRetention(rule: RetentionSettings | undefined, facts: RetentionFacts): Verdict[] {
  const newest = new Set(facts.versions.toSorted(facts.compareVersions).slice(-(rule?.keepLast ?? 0)));
  const versions = facts.versions.map((version): Verdict => {
    const why = reasonToKeep(version, rule, facts, newest);
    return {
      of: { to: version },
      verdict: why === undefined ? 'remove' : 'keep',
      why: why ?? `older than the last ${rule?.keepLast ?? 0}`,
    };
  });
  const gone = new Set(versions.filter((one) => one.verdict === 'remove').map((one) => one.of.to));
  // An update into a version goes with its folder.
  const updates = facts.pairs.filter(({ to }) => !gone.has(to)).map((pair) => judgeUpdate(pair, rule, facts, gone));
  return [...versions, ...updates];
}

function reasonToKeep(
  version: string,
  rule: RetentionSettings | undefined,
  facts: RetentionFacts,
  newest: ReadonlySet<string>,
): string | undefined {
  const why = facts.needed.get(version);
  if (why !== undefined) return why;
  if (rule === undefined) return 'the plan has no retention rule';
  if (newest.has(version)) return `one of the last ${rule.keepLast}`;
  if (rule.keepTagged && facts.tagged.has(version)) return 'it has a tag in the registry';
  return undefined;
}

function judgeUpdate(
  pair: Pair,
  rule: RetentionSettings | undefined,
  facts: RetentionFacts,
  gone: ReadonlySet<string>,
): Verdict {
  const keep = (why: string): Verdict => ({ of: pair, verdict: 'keep', why });
  if (rule === undefined) return keep('the plan has no retention rule');
  if (facts.requiredPairs.has(pair)) return keep('required');
  if (gone.has(pair.from)) return { of: pair, verdict: 'remove', why: `its base ${pair.from} goes` };
  return rule.keepUnrequiredDeltas
    ? keep(`${pair.from} is kept, and so are its deltas`)
    : { of: pair, verdict: 'remove', why: 'nothing requires it' };
}
