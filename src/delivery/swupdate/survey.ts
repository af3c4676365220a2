import type { Inventory } from '../../archive/inventory.ts';
import { surveyArchive } from '../../archive/survey.ts';
import type { ReadOptions } from '../../archive/manifest.ts';
import { recipeOf } from './recipe.ts';
import { ENGINE_VERSIONS } from '../engines/index.ts';
import { trustDigest } from './trust.ts';
import type { RequiredPair } from '../../plan/pairs.ts';
import { resolve } from './steps.ts';
import { pairKey } from '../../core/archive.ts';
import type { Plan } from '../../core/plan.ts';
import { sameReport } from '../../report/consistency.ts';
import { readReport, reportOf } from '../../jobs/report.ts';
import type { Situation } from '../../jobs/session.ts';
import { ostreeSituation } from '../ostree/assess.ts';
import { pairsOfPlan } from './fleet-pairs.ts';
import { ostreeSteps } from '../ostree/survey.ts';

/** What to look at beside what the plan refers to. */
export type Beyond = Inventory;

/** Nothing but the plan. */
const PLAN_ALONE: Beyond = { versions: [], pairs: [] };

/**
 * Finds out how things stand: reads the archive, works out which deltas are
 * required, and decides the steps. Changes nothing.
 *
 * @param beyond versions and updates that are read too; they decide no step
 */
export async function assess(
  plan: Plan,
  env: NodeJS.ProcessEnv,
  options: ReadOptions = {},
  beyond: Beyond = PLAN_ALONE,
): Promise<Situation> {
  if (plan.ostree !== undefined) {
    const situation = await ostreeSituation(plan, options.signal);
    decideSteps(situation);
    return situation;
  }
  const { pairs, rows } = await pairsOfPlan(plan, options.signal);
  const request = {
    versions: [...new Set([...versionsOf(plan, pairs), ...beyond.versions])],
    pairs: [...pairs, ...pairsBeyond(pairs, beyond)],
  };
  const state = await surveyArchive(plan, request, options);
  const recipes = { rdiff: await recipeOf(plan, 'rdiff'), kas: await recipeOf(plan, 'kas'), ostree: '' };
  const situation: Situation = {
    plan,
    versions: new Map(state.versions),
    updates: new Map(state.updates),
    pairs,
    recipes,
    trust: await trustDigest(plan.signing, { env, planDir: plan.dir }),
    steps: [],
    devices: rows,
    written: await readReport(plan),
  };
  decideSteps(situation);
  return situation;
}

/** Decides the steps anew, after more became known of the archive. */
export function decideSteps(situation: Situation): void {
  const { plan, pairs, recipes, trust, versions, updates } = situation;
  const reportIsCurrent = situation.written !== undefined && sameReport(situation.written, reportOf(situation));
  if (situation.ostree !== undefined) {
    situation.steps = ostreeSteps(situation.ostree, reportIsCurrent);
    return;
  }
  situation.steps = resolve(plan, {
    state: { versions, updates },
    pairs,
    recipes,
    engineVersions: ENGINE_VERSIONS,
    reportIsCurrent,
    ...(trust === undefined ? {} : { trust }),
  });
}

/** The plan's versions, and any base that only the fleet knows of. */
function versionsOf(plan: Plan, pairs: readonly RequiredPair[]): string[] {
  return [...new Set([...plan.versions.map((one) => one.version), ...pairs.flatMap(({ from, to }) => [from, to])])];
}

/** The pairs that no rule requires. */
function pairsBeyond(required: readonly RequiredPair[], { pairs }: Beyond): Beyond['pairs'] {
  const keys = new Set(required.map(({ from, to }) => pairKey(from, to)));
  return pairs.filter(({ from, to }) => !keys.has(pairKey(from, to)));
}
