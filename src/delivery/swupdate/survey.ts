import { readPackageLists } from '../../archive/package-lists.ts';
import { surveyArchive } from '../../archive/survey.ts';
import { pairSet } from '../../core/pair.ts';
import type { Plan } from '../../core/plan.ts';
import { readReport } from '../../archive/report-file.ts';
import type { Delivery } from '../delivery.ts';
import { engines } from '../engines/index.ts';
import type { FleetPair } from '../snapshot.ts';
import { requiredUpdates } from './fleet-pairs.ts';
import { fullsOf } from './full.ts';
import { FULL, recipeOf } from './recipe.ts';
import type { SwupdateSnapshot } from './snapshot.ts';
import { vouchedVersions } from './vouched.ts';
import { trustDigest } from './trust.ts';

/** Reads the archive and works out which updates are required; see {@link Delivery.survey}. */
export const survey: Delivery<SwupdateSnapshot>['survey'] = async (inputs, { env, signal }, options = {}) => {
  const { plan } = inputs;
  const { reading = {}, beside = { versions: [], pairs: [], fulls: [] }, acceptUnvouched = false } = options;
  const { pairs, devices } = await requiredUpdates(inputs);
  const fulls = fullsOf(plan);
  const required = pairSet(pairs);
  const archive = await surveyArchive(
    plan,
    {
      versions: [...new Set([...referredVersions(plan, pairs), ...beside.versions])],
      pairs: [...pairs, ...beside.pairs.filter((pair) => !required.has(pair))],
      fulls: [...new Set([...fulls, ...beside.fulls])],
    },
    { ...reading, signal },
  );
  const versions = acceptUnvouched ? archive.versions : await vouchedVersions(plan, archive.versions, env);
  const recipes = await Promise.all(engines.map(async ({ name }) => [name, await recipeOf(plan, name)] as const));
  return {
    inputs,
    archive: { ...archive, versions },
    packages: await readPackageLists({ ...archive, versions }, [...pairs, ...beside.pairs]),
    pairs,
    recipes: new Map(recipes),
    trust: await trustDigest(plan.signing, { env, planDir: plan.dir }),
    devices,
    fulls,
    fullRecipe: await recipeOf(plan, FULL),
    written: await readReport(plan),
  };
};

/** The versions that the plan names or its updates are made of: also a base that only the fleet knows of. */
export const referredVersions = (plan: Plan, pairs: readonly FleetPair[]): string[] => [
  ...new Set([...plan.versions.map((one) => one.version), ...pairs.flatMap(({ from, to }) => [from, to])]),
];
