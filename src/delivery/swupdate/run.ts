import { availableParallelism } from 'node:os';
import { readPackageList } from '../../archive/package-lists.ts';
import { PairMap } from '../../core/pair.ts';
import type { WorkStep } from '../../core/step.ts';
import { readAesKey } from '../../swu/aes.ts';
import { checkSigning } from '../../swu/sign.ts';
import type { Delivery, Made, RunRequest } from '../delivery.ts';
import { engineNamed } from '../engines/index.ts';
import type { EngineHost } from '../engines/engine.ts';
import { buildDeltaWithKas, cleanBuilds, runArchive, runBuild, withBuilds, type BuildSession } from './build.ts';
import { runDelta, runFull } from './delta.ts';
import type { MadeFull } from './full.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { registryOf } from '../inputs.ts';
import { swupdateTargetName } from './target.ts';
import { requireVouched } from './vouched.ts';
import type { SwupdateSnapshot } from './snapshot.ts';
import type { MadeUpdate, UpdateSide } from './update.ts';

/** Checks keys, holds the build directory where steps need it, and runs `body`; see {@link Delivery.run}. */
export const run: Delivery<SwupdateSnapshot>['run'] = async (snapshot, request, body) => {
  const { host, steps, waitMs } = request;
  const { plan } = snapshot.inputs;
  if (request.isChecked !== true) await checkBeforehand(snapshot, request);
  if (!steps.some(runsKas)) {
    await cleanBuilds(plan, host);
    return await body({ run: (step, now, progress) => runStep(step, now, request, undefined, progress) });
  }
  return await withBuilds(plan, host, waitMs, async (builds) => {
    return await body({ run: (step, now, progress) => runStep(step, now, request, builds, progress) });
  });
};

/**
 * A build of the same sources need not give the bytes that devices run: what was archived once is restored, not made.
 *
 * @throws ReleasePlanError `archive-lost`
 */
function refuseRebuilding({ inputs }: SwupdateSnapshot, steps: RunRequest['steps']): void {
  const { plan } = inputs;
  const builds = steps.flatMap((step) => (step.kind === 'build' ? [step.version] : []));
  if (builds.length === 0) return;
  const registry = registryOf(inputs);
  const known = new Set(registry.targets.map((one) => one.name));
  const again = builds.filter((version) => known.has(swupdateTargetName(plan, version)));
  if (again.length === 0) return;
  throw new ReleasePlanError(
    'archive-lost',
    `${registry.file} knows ${again.join(', ')} as archived, and ${plan.artifacts} does not have ` +
      `${again.length === 1 ? 'it' : 'them'}`,
  );
}

/** What would make a step fail at its very end is found before hours of building: keys and certificates. */
async function checkBeforehand(snapshot: SwupdateSnapshot, { steps, elsewhere = [], host }: RunRequest): Promise<void> {
  const { plan } = snapshot.inputs;
  const all = [...steps, ...elsewhere];
  if (host.startsArchive !== true) refuseRebuilding(snapshot, all);
  await requireVouched(
    snapshot,
    new Set(
      all.flatMap((step) =>
        step.kind === 'delta' ? [step.from, step.to] : step.kind === 'full' ? [step.version] : [],
      ),
    ),
    host,
  );
  if (plan.swu.encrypt !== undefined && all.some(({ kind }) => kind === 'delta' || kind === 'full'))
    await readAesKey(plan.swu.encrypt.key, { env: host.env, planDir: plan.dir });
  if (
    plan.signing === undefined ||
    !steps.some((step) => step.kind === 'delta' || step.kind === 'full' || step.kind === 'archive')
  )
    return;
  const warnings = await checkSigning(plan.signing, { env: host.env, planDir: plan.dir, signal: host.signal });
  for (const { message } of warnings) host.report({ type: 'warning', message });
}

/** Whether a step builds, or reads what a build left. */
export function runsKas(step: WorkStep): boolean {
  switch (step.kind) {
    case 'build':
    case 'archive':
      return true;
    case 'full':
      return false;
    case 'delta':
      return engineNamed(step.engine).builds;
  }
}

async function runStep(
  step: WorkStep,
  snapshot: SwupdateSnapshot,
  { host, jobs }: RunRequest,
  builds: BuildSession | undefined,
  progress: (message: string) => void,
): Promise<Made<SwupdateSnapshot>> {
  switch (step.kind) {
    case 'build':
      return { change: (now) => now, message: await runBuild(step.version, requireBuilds(builds), progress) };
    case 'archive': {
      const { manifest, dir, message } = await runArchive(step.version, requireBuilds(builds), progress);
      const list = await readPackageList({ state: 'whole', manifest, dir });
      const { version } = step;
      return { change: (now) => withVersion(now, version, { manifest, dir }, list), message };
    }
    case 'full': {
      const made = await runFull(step.version, snapshot, host, progress);
      return { change: (now) => withFull(now, made), message: made.summary };
    }
    case 'delta': {
      const engineHost: EngineHost = {
        buildDelta: async (from, to) => await buildDeltaWithKas(from, to, requireBuilds(builds), progress),
      };
      const made = await runDelta(step, snapshot, host, engineHost, progress, threadsOf(jobs));
      return { change: (now) => withUpdate(now, made), message: made.summary };
    }
  }
}

/**
 * Threads of one step when so many run at once; what the engine takes by itself for one alone. The first of them is
 * this process's own, which all steps share.
 */
export const threadsOf = (jobs: number): number | undefined =>
  jobs <= 1 ? undefined : 1 + Math.max(1, Math.floor(availableParallelism() / jobs));

/** The snapshot with a version that was just archived. */
export function withVersion(
  snapshot: SwupdateSnapshot,
  version: string,
  { manifest, dir }: UpdateSide,
  list: Awaited<ReturnType<typeof readPackageList>>,
): SwupdateSnapshot {
  const versions = new Map(snapshot.archive.versions).set(version, { state: 'whole', manifest, dir });
  const packages = list === undefined ? snapshot.packages : new Map(snapshot.packages).set(version, list);
  return { ...snapshot, packages, archive: { ...snapshot.archive, versions } };
}

/** The snapshot with an update that was just made. */
export function withUpdate(snapshot: SwupdateSnapshot, { manifest, dir }: MadeUpdate): SwupdateSnapshot {
  const updates = new PairMap(snapshot.archive.updates).set(manifest, { state: 'whole', manifest, dir });
  return { ...snapshot, archive: { ...snapshot.archive, updates } };
}

/** The snapshot with a full package that was just made. */
export function withFull(snapshot: SwupdateSnapshot, { manifest, dir }: MadeFull): SwupdateSnapshot {
  const fulls = new Map(snapshot.archive.fulls).set(manifest.version, { state: 'whole', manifest, dir });
  return { ...snapshot, archive: { ...snapshot.archive, fulls } };
}

function requireBuilds(builds: BuildSession | undefined): BuildSession {
  if (builds === undefined) throw new Error('the build directory is held while steps run kas');
  return builds;
}
