import { messageOf } from '../../errors.ts';
import type { EngineName } from '../../model.ts';
import { defaultEngine, sourcesOf } from '../complete.ts';
import { quote, type Finding, type Pointer } from '../finding.ts';
import { selectSources } from '../sources.ts';
import { numbered, present, type DeltaSource, type PlanSource } from '../source.ts';
import { suggestion } from '../suggest.ts';
import { isVersion, parseRange } from '../version.ts';

interface Candidate {
  version: string;
  tags: string[];
  kas: string[];
}

/** Tags and ranges mean something, select something, and no pair is wanted twice. */
export function selectionsFindVersions(plan: PlanSource): Finding[] {
  const candidates = present(plan.versions).flatMap((one): Candidate[] =>
    (one.version !== undefined && isVersion(one.version) ? [{ version: one.version, tags: present(one.tags), kas: [] }] : []));
  const wanted = new Map<string, { rule: number; engine: EngineName }>();
  return numbered(plan.deltas).flatMap(([index, delta]) => {
    const at = ['deltas', index, 'from'];
    const broken = [...badRange(delta, at), ...unknownTag(plan, delta, at, candidates)];
    if (broken.length > 0) return broken;
    const { to } = delta;
    if (to === undefined || !isVersion(to) || delta.from === undefined) return [];
    const sources = selectSources({ to, from: withoutNonVersions(delta) }, { versions: candidates });
    if (sources.length === 0) return plan.versions === undefined ? [] : nothingSelected(delta, at, to);
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
    return [{ code: 'delta-range-invalid', at: [...at, 'range'], message: `${quote(delta.from.range)} is no range of versions (${messageOf(error).slice(0, 100)})`, hint: 'For example ">=0.1.0 <0.2.0", "^1.2" or "1.x || 3.x".' }];
  }
}

function unknownTag(plan: PlanSource, delta: DeltaSource, at: Pointer, candidates: readonly Candidate[]): Finding[] {
  // An OSTree product's tags stand in its targets.json.
  if (plan.versions === undefined || 'ostree' in plan || delta.from === undefined || Array.isArray(delta.from)) return [];
  const { tag } = delta.from;
  const known = [...new Set(candidates.flatMap((one) => one.tags))];
  if (tag === undefined || known.includes(tag)) return [];
  return [{ code: 'version-tag-unknown', at: [...at, 'tag'], message: `no version of the plan has the tag ${quote(tag)}`, hint: suggestion(tag, known, 'tags') }];
}

function nothingSelected(delta: DeltaSource, at: Pointer, to: string): Finding[] {
  if (Array.isArray(delta.from)) return [];
  return [{ code: 'delta-empty', severity: 'warning', at, message: `this selects no version older than ${quote(to)}: no delta is made`, hint: 'Correct the selection, or remove the rule.' }];
}

/** Notes the pairs of a rule in `wanted`; finds those that an earlier rule wants. */
function repeatedPairs(wanted: Map<string, { rule: number; engine: EngineName }>, rule: number, { to, sources, engine }: { to: string; sources: string[]; engine: EngineName }): Finding[] {
  return sources.flatMap((from): Finding[] => {
    const key = `${from} ${to}`;
    const earlier = wanted.get(key);
    if (earlier === undefined) {
      wanted.set(key, { rule, engine });
      return [];
    }
    const at = ['deltas', rule, 'from'];
    const message = `the delta from ${quote(from)} to ${quote(to)} is wanted by deltas[${earlier.rule}] already`;
    if (earlier.engine === engine) return [{ code: 'delta-duplicate', severity: 'warning', at, message, hint: 'It is made once; remove it from one of the two.' }];
    return [{ code: 'delta-duplicate', at, message: `${message}, with the engine ${earlier.engine} instead of ${engine}`, hint: 'The archive has one place for it: choose one engine.' }];
  });
}
