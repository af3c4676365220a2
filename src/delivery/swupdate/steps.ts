import { pairKey, problemsOf, type ArchiveState } from '../../core/archive.ts';
import type { EngineName, Plan, Step } from '../../core/plan.ts';
import type { RequiredPair } from '../../plan/pairs.ts';

/** What resolve cannot know from the plan alone. */
export interface ResolveInput {
  state: ArchiveState;
  pairs: readonly RequiredPair[];
  /** Digest of what the plan says of packaging, by engine; see delta/recipe.ts. */
  recipes: Readonly<Record<EngineName, string>>;
  /** The version of each engine here; see delta/registry.ts. */
  engineVersions: Readonly<Record<EngineName, number>>;
  /** sha256 of the public key that devices trust, when it can be read here. */
  trust?: string;
  /** Whether the report on disk is the one that would be written now. */
  reportIsCurrent: boolean;
}

/**
 * Decides what has to be done to make the plan true. Pure: plan and state in,
 * steps out, in the order in which they are to be done; none when all is true.
 */
export function resolve(plan: Plan, input: ResolveInput): Step[] {
  const steps: Step[] = [...buildSteps(plan, input.state), ...deltaSteps(input)];
  if (steps.length > 0) return [...steps, { kind: 'report', why: 'the steps above change it' }];
  return input.reportIsCurrent ? [] : [{ kind: 'report', why: 'the report on disk is missing or out of date' }];
}

function buildSteps(plan: Plan, state: ArchiveState): Step[] {
  return plan.versions.flatMap(({ version }): Step[] => {
    // A version that is damaged or cannot be read is never built over: the report names it, and what can be done.
    if ((state.versions.get(version)?.state ?? 'absent') !== 'absent') return [];
    return [
      { kind: 'build', version, why: 'not in the archive' },
      { kind: 'archive', version, why: 'the next build would remove its files' },
    ];
  });
}

function deltaSteps(input: ResolveInput): Step[] {
  return input.pairs.flatMap(({ from, to, engine, rule }): Step[] => {
    const reason = reasonToMake(input, from, to, engine);
    if (reason === undefined) return [];
    const blocked = [from, to].flatMap((version) => problemsOf(input.state.versions.get(version)));
    return [
      {
        kind: 'delta',
        from,
        to,
        engine,
        why: `required by ${rule}; ${reason}`,
        ...(blocked.length === 0 ? {} : { blocked }),
      },
    ];
  });
}

/** Why an update has to be made, or undefined when the one in the archive will do. */
function reasonToMake(input: ResolveInput, from: string, to: string, engine: EngineName): string | undefined {
  const held = input.state.updates.get(pairKey(from, to)) ?? { state: 'absent' };
  if (held.state === 'absent') return 'not in the archive';
  // Its bytes may well be whole: nothing is made in its place.
  if (held.state === 'unreadable') return undefined;
  if (held.state === 'damaged') return `damaged: ${held.problems.join('; ')}`;
  const info = held.manifest;
  if (info.recipe !== input.recipes[engine]) return 'partitions, packaging or signing changed since it was made';
  const [made, now] = [info.engineVersion ?? 0, input.engineVersions[engine]];
  if (made < now) return `made by version ${made} of the engine ${engine}, now ${now}`;
  if (input.trust !== undefined && info.trust !== input.trust)
    return 'the public key that devices trust changed since it was made';
  for (const one of info.partitions) {
    for (const [side, version] of [
      ['base', from],
      ['target', to],
    ] as const) {
      const archived = input.state.versions.get(version);
      if (archived?.state !== 'whole') continue;
      const image = archived.manifest.files.find((file) => file.role === 'image' && file.partition === one.name);
      if (image?.sha256 !== one[side].sha256) return `made from a different image of ${version}`;
    }
  }
  return undefined;
}
