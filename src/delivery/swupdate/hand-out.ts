/** Steps of a SWUpdate plan on other hosts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fullDir, updateDir, versionDir } from '../../archive/layout.ts';
import { readFull, readUpdate, readVersion } from '../../archive/manifest.ts';
import { readPackageList } from '../../archive/package-lists.ts';
import { surveyArchive } from '../../archive/survey.ts';
import { manifestOf, type ArchiveEntry, type VersionManifest } from '../../core/archive.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { versionsOf, type WorkStep } from '../../core/step.ts';
import { packageVersion } from '../../io/package.ts';
import { readAesKey } from '../../swu/aes.ts';
import { checkSigning } from '../../swu/sign.ts';
import type { HandOut } from '../delivery.ts';
import { engineNamed, engines } from '../engines/index.ts';
import type { FleetPair } from '../snapshot.ts';
import { preparedFor, runPrepare } from './delta.ts';
import { FULL, recipeOf } from './recipe.ts';
import { threadsOf, withFull, withUpdate, withVersion } from './run.ts';
import type { SwupdateSnapshot } from './snapshot.ts';
import { trustDigest } from './trust.ts';
import { vouchedVersions } from './vouched.ts';

export const handOut: HandOut<SwupdateSnapshot> = {
  identity(step, { inputs: { plan }, archive, recipes, fullRecipe, trust }) {
    const images = (version: string) => imagesOf(manifestOf(archive.versions.get(version)));
    const { product, machine, image } = plan;
    const common = { kind: step.kind, product, machine, image, release: packageVersion() };
    switch (step.kind) {
      case 'build':
      case 'archive':
        return { ...common, kind: 'build', version: step.version };
      case 'full':
        return { ...common, version: step.version, recipe: fullRecipe, trust, images: images(step.version) };
      case 'delta': {
        const { from, to, engine } = step;
        // The plan's own delta build needs what its builds left in the build directory.
        if (engineNamed(engine).builds) return undefined;
        const { version: engineVersion } = engineNamed(engine);
        const recipe = recipes.get(engine);
        return { ...common, from, to, engine, engineVersion, recipe, trust, base: images(from), target: images(to) };
      }
    }
  },

  async surveyFor(inputs, steps, { env, signal }, reading) {
    const { plan } = inputs;
    const pairs = steps.flatMap((step): FleetPair[] => (step.kind === 'delta' ? [pairOf(step)] : []));
    const fulls = steps.flatMap((step) => (step.kind === 'full' ? [step.version] : []));
    const versions = [...new Set(steps.flatMap(versionsOf))];
    const archive = await surveyArchive(plan, { versions, pairs, fulls }, { ...reading, signal });
    const recipes = await Promise.all(engines.map(async ({ name }) => [name, await recipeOf(plan, name)] as const));
    return {
      inputs,
      archive: { ...archive, versions: await vouchedVersions(plan, archive.versions, env) },
      // What another host makes goes into no report.
      packages: new Map(),
      pairs,
      recipes: new Map(recipes),
      trust: await trustDigest(plan.signing, { env, planDir: plan.dir }),
      devices: undefined,
      fulls,
      fullRecipe: await recipeOf(plan, FULL),
      written: undefined,
    };
  },

  async unsignable({ signing, swu, dir: planDir }, { env, signal }) {
    try {
      if (signing !== undefined) await checkSigning(signing, { env, planDir, signal });
      if (swu.encrypt !== undefined) await readAesKey(swu.encrypt.key, { env, planDir });
      return undefined;
    } catch (error) {
      if (error instanceof ReleasePlanError && NO_KEY.has(error.code)) return error.message;
      throw error;
    }
  },

  prepare: (step, snapshot, host, progress, jobs) =>
    step.kind === 'delta' ? runPrepare(step, snapshot, host, progress, threadsOf(jobs)) : undefined,

  prepared: (step, snapshot) => (step.kind === 'delta' ? preparedFor(step, snapshot) : undefined),

  async taken(step, { inputs: { plan } }, signal) {
    switch (step.kind) {
      // Its images are in no archive yet.
      case 'build':
        return { change: (now) => now, message: '' };
      case 'archive': {
        const { version } = step;
        const dir = versionDir(plan, version);
        const whole = await settled(dir, signal, async () => await readVersion(dir, version, { signal }));
        const list = await readPackageList({ state: 'whole', ...whole });
        return { change: (now) => withVersion(now, version, whole, list), message: '' };
      }
      case 'full': {
        const dir = fullDir(plan, step.version);
        const whole = await settled(dir, signal, async () => await readFull(dir, step.version, { signal }));
        return { change: (now) => withFull(now, { ...whole, summary: '' }), message: '' };
      }
      case 'delta': {
        const { from, to } = step;
        const dir = updateDir(plan, from, to);
        const whole = await settled(dir, signal, async () => await readUpdate(dir, from, to, { signal }));
        return { change: (now) => withUpdate(now, { ...whole, summary: '' }), message: '' };
      }
    }
  },
};

/** What a host that is not meant to sign says. */
const NO_KEY: ReadonlySet<string> = new Set([
  'signing-key-missing',
  'signing-key-unreadable',
  'signing-failed',
  'encryption-key-missing',
]);

const pairOf = ({ from, to, engine }: Extract<WorkStep, { kind: 'delta' }>): FleetPair => ({
  from,
  to,
  engine,
  rule: 'another host',
  maxShare: 1,
});

/** What is told of the images of a version: equal where they are. */
const imagesOf = (manifest: VersionManifest | undefined): string[] =>
  (manifest?.files ?? []).filter(({ role }) => role === 'image').map(({ path, sha256 }) => `${path} ${sha256}`);

/** A network file system may show what another host wrote some seconds later. */
const SHOWN_AFTER_MS = 15_000;
const LOOK_EVERY_MS = 250;

async function settled<T>(
  dir: string,
  signal: AbortSignal,
  look: () => Promise<ArchiveEntry<T>>,
): Promise<{ manifest: T; dir: string }> {
  for (const since = performance.now(); ; await sleep(LOOK_EVERY_MS, undefined, { signal })) {
    const entry = await look();
    switch (entry.state) {
      case 'whole':
        return entry;
      case 'unreadable':
        throw new ReleasePlanError('archive-unreadable', entry.problems.join('; '));
      case 'absent':
      case 'damaged':
        if (performance.now() - since < SHOWN_AFTER_MS) continue;
        if (entry.state === 'damaged') throw new ReleasePlanError('archive-damaged', entry.problems.join('; '));
        throw new ReleasePlanError('archive-missing', `${dir} is not there, although a worker says that it made it`);
    }
  }
}
