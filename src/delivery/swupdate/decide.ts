import { manifestOf, problemsOf, type ArchiveState } from '../../core/archive.ts';
import type { EngineName, Plan } from '../../core/plan.ts';
import type { WorkStep } from '../../core/step.ts';
import type { RequiredPair } from '../../plan/pairs.ts';
import { outdatedImage } from './full.ts';

/** What the decision depends on beside the plan. */
export interface DecideInput {
  archive: ArchiveState;
  pairs: readonly RequiredPair[];
  /** Versions that a full package is made of. */
  fulls: readonly string[];
  /** Digest of what the plan says of full packages. */
  fullRecipe: string;
  /** Digest of what the plan says of packaging, by engine; see recipe.ts. */
  recipes: ReadonlyMap<EngineName, string>;
  /** The version of an engine here; see engines/engine.ts. */
  engineVersion(engine: EngineName): number;
  /** sha256 of the public key that devices trust, when it can be read here. */
  trust?: string | undefined;
}

/**
 * Decides what has to be done to make the plan true. Pure: plan and archive
 * in, steps out, in the order in which they are to be done; none when all is made.
 */
export function decideSteps(plan: Plan, input: DecideInput): WorkStep[] {
  return [...buildSteps(plan, input.archive), ...fullSteps(input), ...deltaSteps(input)];
}

function buildSteps(plan: Plan, archive: ArchiveState): WorkStep[] {
  return plan.versions.flatMap(({ version }): WorkStep[] => {
    // A version that is damaged or cannot be read is never built over: the report names it, and what can be done.
    if ((archive.versions.get(version)?.state ?? 'absent') !== 'absent') return [];
    return [
      { kind: 'build', version, why: 'not in the archive' },
      { kind: 'archive', version, why: 'the next build would remove its files' },
    ];
  });
}

/** Before the deltas, whose worth is measured by them. */
function fullSteps(input: DecideInput): WorkStep[] {
  return input.fulls.flatMap((version): WorkStep[] => {
    const reason = reasonToMakeFull(input, version);
    if (reason === undefined) return [];
    const blocked = problemsOf(input.archive.versions.get(version));
    return [{ kind: 'full', version, why: reason, ...(blocked.length === 0 ? {} : { blocked }) }];
  });
}

function reasonToMakeFull({ archive, fullRecipe, trust }: DecideInput, version: string): string | undefined {
  const entry = archive.fulls.get(version) ?? { state: 'absent' };
  switch (entry.state) {
    case 'absent':
      return 'devices without a delta take it; not in the archive';
    case 'unreadable':
      return undefined;
    case 'damaged':
      return `damaged: ${entry.problems.join('; ')}`;
    case 'whole':
      return (
        reasonToRepack(entry.manifest, fullRecipe, trust) ??
        outdatedImage(entry.manifest, manifestOf(archive.versions.get(version)))
      );
  }
}

/** Why a package has to be packed again, whatever it holds. */
function reasonToRepack(
  made: { recipe: string; trust?: string },
  recipe: string | undefined,
  trust: string | undefined,
): string | undefined {
  if (made.recipe !== recipe) return "the plan's partitions, packaging or signing changed since it was made";
  return trust !== undefined && made.trust !== trust
    ? 'the public key that devices trust is another than when it was made'
    : undefined;
}

function deltaSteps(input: DecideInput): WorkStep[] {
  return input.pairs.flatMap(({ from, to, engine, rule }): WorkStep[] => {
    const reason = reasonToMake(input, from, to, engine);
    if (reason === undefined) return [];
    const blocked = [from, to].flatMap((version) => problemsOf(input.archive.versions.get(version)));
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
function reasonToMake(input: DecideInput, from: string, to: string, engine: EngineName): string | undefined {
  const entry = input.archive.updates.get({ from, to }) ?? { state: 'absent' };
  if (entry.state === 'absent') return 'not in the archive';
  // Its bytes may well be whole: nothing is made in its place.
  if (entry.state === 'unreadable') return undefined;
  if (entry.state === 'damaged') return `damaged: ${entry.problems.join('; ')}`;
  const info = entry.manifest;
  const repack = reasonToRepack(info, input.recipes.get(engine), input.trust);
  const [made, now] = [info.engineVersion ?? 0, input.engineVersion(engine)];
  if (made < now) return `made by version ${made} of the engine ${engine}, now ${now}`;
  if (repack !== undefined) return repack;
  for (const one of info.partitions) {
    for (const [side, version] of [
      ['base', from],
      ['target', to],
    ] as const) {
      const archived = input.archive.versions.get(version);
      if (archived?.state !== 'whole') continue;
      const image = archived.manifest.files.find((file) => file.role === 'image' && file.partition === one.name);
      if (image?.sha256 !== one[side].sha256) return `made from a different image of ${version}`;
    }
  }
  return undefined;
}
