import { surveyArchive } from '../archive/survey.ts';
import type { ReadOptions } from '../archive/manifest.ts';
import { recipeOf } from '../delta/recipe.ts';
import { ENGINE_VERSIONS } from '../delta/registry.ts';
import { trustDigest } from '../delta/trust.ts';
import { requiredPairs, type RequiredPair } from '../plan/pairs.ts';
import { resolve } from '../plan/resolve.ts';
import type { Plan } from '../model.ts';
import { sameReport } from '../report/consistency.ts';
import { readReport, reportOf } from './report.ts';
import type { Situation } from './session.ts';

/**
 * Finds out how things stand: reads the archive, works out which deltas are
 * required, and decides the steps. Changes nothing.
 */
export async function assess(plan: Plan, env: NodeJS.ProcessEnv, options: ReadOptions = {}): Promise<Situation> {
  const pairs = requiredPairs(plan);
  const state = await surveyArchive(plan, { versions: versionsOf(plan, pairs), pairs }, options);
  const recipes = { rdiff: await recipeOf(plan, 'rdiff'), kas: await recipeOf(plan, 'kas'), ostree: '' };
  const situation: Situation = {
    plan,
    versions: new Map(state.versions),
    updates: new Map(state.updates),
    pairs,
    recipes,
    trust: await trustDigest(plan.signing, { env, planDir: plan.dir }),
    steps: [],
    written: await readReport(plan),
  };
  const reportIsCurrent = situation.written !== undefined && sameReport(situation.written, reportOf(situation));
  situation.steps = resolve(plan, { state, pairs, recipes, engineVersions: ENGINE_VERSIONS, reportIsCurrent, ...(situation.trust === undefined ? {} : { trust: situation.trust }) });
  return situation;
}

/** The plan's versions, and any base that only the fleet knows of. */
function versionsOf(plan: Plan, pairs: readonly RequiredPair[]): string[] {
  return [...new Set([...plan.versions.map((one) => one.version), ...pairs.flatMap(({ from, to }) => [from, to])])];
}
