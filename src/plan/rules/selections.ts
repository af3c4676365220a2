import { messageOf } from '../../core/errors.ts';
import type { EngineName } from '../../core/plan.ts';
import { defaultEngine, sourcesOf } from '../complete.ts';
import { quote, type Finding, type Pointer } from '../finding.ts';
import { sourceSelector, type Candidate } from '../sources.ts';
import { numbered, present, type DeltaSource, type PlanSource } from '../source.ts';
import { suggestion } from '../../text/suggest.ts';
import { compareVersions, isVersion, parseRange } from '../version.ts';

/** Tags and ranges mean something, select something, and no pair is wanted twice. */
export function selectionsFindVersions(plan: PlanSource): Finding[] {
  const candidates = present(plan.versions)
    .flatMap((one): Candidate[] =>
      one.version !== undefined && isVersion(one.version) ? [{ version: one.version, tags: present(one.tags) }] : [],
    )
    .sort((a, b) => compareVersions(a.version, b.version));
  const select = sourceSelector(candidates);
  const tags = [...new Set(candidates.flatMap((one) => one.tags))];
  const isComplete =
    plan.versions?.every((one) => one?.version !== undefined && !('tags' in one && one.tags === undefined)) === true;
  const wanted = new Map<string, { rule: number; engine: EngineName }>();
  return numbered(plan.deltas).flatMap(([index, delta]) => {
    const at = ['deltas', index, 'from'];
    const broken = [...badRange(delta, at), ...(isComplete ? unknownTag(plan, delta, at, tags) : [])];
    if (broken.length > 0) return broken;
    const { to } = delta;
    if (to === undefined || !isVersion(to) || delta.from === undefined) return [];
    const sources = select({ to, from: withoutNonVersions(delta) });
    if (sources.length === 0) return isComplete ? nothingSelected(plan, delta, at, to) : [];
    return repeatedPairs(wanted, index, { to, sources, engine: delta.engine ?? defaultEngine(plan) });
  });
}

function withoutNonVersions(delta: DeltaSource): ReturnType<typeof sourcesOf> {
  return sourcesOf(Array.isArray(delta.from) ? present(delta.from).filter(isVersion) : delta.from);
}

function badRange(delta: DeltaSource, at: Pointer): Finding[] {
  if (delta.from === undefined || Array.isArray(delta.from) || delta.from.range === undefined) return [];
  try {
    parseRange(delta.from.range);
    return [];
  } catch (error) {
    return [
      {
        code: 'delta-range-invalid',
        at: [...at, 'range'],
        message: `${quote(delta.from.range)} is not a valid version range (${messageOf(error).slice(0, 100)})`,
        hint: 'Examples: ">=0.1.0 <0.2.0", "^1.2", "1.x || 3.x".',
      },
    ];
  }
}

function unknownTag(plan: PlanSource, delta: DeltaSource, at: Pointer, known: readonly string[]): Finding[] {
  if (devicesDecide(plan) || delta.from === undefined || Array.isArray(delta.from)) return [];
  const { tag } = delta.from;
  if (tag === undefined || known.includes(tag)) return [];
  return [
    {
      code: 'version-tag-unknown',
      at: [...at, 'tag'],
      message: `no version in the plan has the tag ${quote(tag)}`,
      hint: suggestion(tag, known, 'tags'),
    },
  ];
}

function nothingSelected(plan: PlanSource, delta: DeltaSource, at: Pointer, to: string): Finding[] {
  if (delta.from === undefined || Array.isArray(delta.from) || (devicesDecide(plan) && 'tag' in delta.from)) return [];
  return [
    {
      code: 'delta-empty',
      severity: 'warning',
      at,
      message: `no version older than ${quote(to)} is selected, so no delta is made`,
      hint: 'Fix the selection, or remove the rule.',
    },
  ];
}

/**
 * Where the plan names a fleet, a tag means the devices that follow it; an OSTree product's tags stand in its
 * targets.json.
 */
const devicesDecide = (plan: PlanSource): boolean => 'ostree' in plan || 'fleet' in plan;

/** Notes the pairs of a rule in `wanted`; tells those that earlier rules want, once for each way of differing. */
function repeatedPairs(
  wanted: Map<string, { rule: number; engine: EngineName }>,
  rule: number,
  { to, sources, engine }: { to: string; sources: string[]; engine: EngineName },
): Finding[] {
  const same: string[] = [];
  const other: Array<[from: string, engine: EngineName]> = [];
  for (const from of sources) {
    const earlier = wanted.get(`${from} ${to}`);
    if (earlier === undefined) wanted.set(`${from} ${to}`, { rule, engine });
    else if (earlier.engine === engine) same.push(from);
    else other.push([from, earlier.engine]);
  }
  const at = ['deltas', rule, 'from'];
  const inWords = (list: readonly string[]): string =>
    `${quote(list[0])}${list.length > 1 ? ` (and ${list.length - 1} more)` : ''} to ${quote(to)}`;
  const findings: Finding[] = [];
  if (same.length > 0)
    findings.push({
      code: 'delta-duplicate',
      severity: 'warning',
      at,
      message: `an earlier rule already selects the delta from ${inWords(same)}`,
      hint: 'Remove it from one of the rules.',
    });
  if (other.length > 0)
    findings.push({
      code: 'delta-duplicate',
      at,
      message:
        `an earlier rule makes the delta from ${inWords(other.map(([from]) => from))} with the engine ` +
        `${other[0]?.[1]}, this one with ${engine}`,
      hint: 'The archive stores one delta per pair of versions; choose one engine.',
    });
  return findings;
}
