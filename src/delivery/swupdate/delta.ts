import { requireWhole } from '../../archive/readable.ts';
import type { ArchiveEntry, VersionManifest } from '../../core/archive.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { pairText } from '../../core/pair.ts';
import type { WorkStep } from '../../core/step.ts';
import { checkPair } from '../../report/pair.ts';
import { checkSlots } from '../../report/version.ts';
import type { Prepared } from '../delivery.ts';
import type { DeltaInput, EngineHost } from '../engines/engine.ts';
import { engineNamed } from '../engines/index.ts';
import type { Host } from '../host.ts';
import { requireSigned } from './vouched.ts';
import { makeFull, type MadeFull } from './full.ts';
import type { SwupdateSnapshot } from './snapshot.ts';
import { dropPrepared, prepareDeltas, preparedOf, takePrepared } from './prepared.ts';
import { makeUpdate, type MadeUpdate, type UpdateRequest, type UpdateSide } from './update.ts';

export type DeltaStep = Extract<WorkStep, { kind: 'delta' }>;

/**
 * Makes the update of one version pair, once both versions are known to fit.
 *
 * @throws ReleasePlanError `archive-missing`, `archive-damaged`, `archive-unreadable`, `pair-inconsistent`
 *   or what {@link makeUpdate} throws
 */
export async function runDelta(
  step: DeltaPair,
  snapshot: SwupdateSnapshot,
  host: Host,
  engineHost: EngineHost,
  progress: (message: string) => void,
  threads?: number,
): Promise<MadeUpdate> {
  const request = await requestOf(step, snapshot, host, engineHost, progress, threads);
  const takeDeltas = async (staging: string, inputs: readonly DeltaInput[]): Promise<boolean> =>
    await takePrepared(staging, request, inputs);
  try {
    const made = await makeUpdate(engineNamed(step.engine).builds ? request : { ...request, takeDeltas });
    await dropPrepared(request);
    return made;
  } catch (error) {
    // A delta that another host left and that gives something else is no good the next time either.
    if (error instanceof ReleasePlanError && error.code.startsWith('delta-')) await dropPrepared(request);
    throw error;
  }
}

/** A host that a delta needs nothing of: an engine that builds is for the host with the build directory. */
const NO_BUILDS: EngineHost = {
  buildDelta: async () => {
    throw new Error('deltas that kas builds are made where the plan is applied');
  },
};

/**
 * Makes the deltas of one version pair, for another host to pack and sign.
 *
 * @returns what was made, in words
 * @throws ReleasePlanError as {@link runDelta}
 */
export async function runPrepare(
  step: DeltaPair,
  snapshot: SwupdateSnapshot,
  host: Host,
  progress: (message: string) => void,
  threads?: number,
): Promise<string> {
  return await prepareDeltas(await requestOf(step, snapshot, host, NO_BUILDS, progress, threads));
}

/**
 * Where {@link runPrepare} leaves the deltas of a version pair.
 *
 * @throws ReleasePlanError `archive-missing`, `archive-damaged`, `archive-unreadable`
 */
export function preparedFor({ from, to, engine }: DeltaPair, { inputs, archive }: SwupdateSnapshot): Prepared {
  const [base, target] = [sideOf(archive.versions.get(from), from), sideOf(archive.versions.get(to), to)];
  return preparedOf({ plan: inputs.plan, base, target, engine });
}

type DeltaPair = Pick<DeltaStep, 'from' | 'to' | 'engine'>;

async function requestOf(
  step: DeltaPair,
  { inputs: { plan }, archive, recipes, trust }: SwupdateSnapshot,
  host: Host,
  engineHost: EngineHost,
  progress: (message: string) => void,
  threads: number | undefined,
): Promise<UpdateRequest> {
  const base = sideOf(archive.versions.get(step.from), step.from);
  const target = sideOf(archive.versions.get(step.to), step.to);
  requireFit(base.manifest, target.manifest);
  for (const side of [base, target]) await requireSigned(plan, side, host);
  return {
    plan,
    base,
    target,
    engine: step.engine,
    recipe: recipes.get(step.engine) ?? '',
    ...(trust === undefined ? {} : { trust }),
    host: engineHost,
    ...(threads === undefined ? {} : { threads }),
    env: host.env,
    signal: host.signal,
    progress,
    warn: (message) => host.report({ type: 'warning', message }),
    idle: host.idle,
  };
}

/**
 * Makes the full package of a version.
 *
 * @throws ReleasePlanError `archive-missing`, `archive-damaged`, `archive-unreadable`, `pair-inconsistent`
 *   or what {@link makeFull} throws
 */
export async function runFull(
  version: string,
  { inputs: { plan }, archive, fullRecipe, trust }: SwupdateSnapshot,
  host: Host,
  progress: (message: string) => void,
): Promise<MadeFull> {
  const side = sideOf(archive.versions.get(version), version);
  const failed = checkSlots(side.manifest).filter((row) => row.result === 'fail');
  if (failed.length > 0)
    throw new ReleasePlanError('pair-inconsistent', failed.map((row) => `${row.check}: ${row.detail}`).join('; '));
  await requireSigned(plan, side, host);
  return await makeFull({
    plan,
    version: side,
    recipe: fullRecipe,
    ...(trust === undefined ? {} : { trust }),
    env: host.env,
    signal: host.signal,
    progress,
    warn: (message) => host.report({ type: 'warning', message }),
    idle: host.idle,
  });
}

const sideOf = (entry: ArchiveEntry<VersionManifest> | undefined, version: string): UpdateSide =>
  requireWhole(entry, () => new ReleasePlanError('archive-missing', `version ${version} is not in the archive`));

function requireFit(base: VersionManifest, target: VersionManifest): void {
  const failed = [...checkPair(base, target), ...checkSlots(target)].filter((row) => row.result === 'fail');
  if (failed.length === 0) return;
  throw new ReleasePlanError(
    'pair-inconsistent',
    `${pairText({ from: base.version, to: target.version })}: ` +
      failed.map((row) => `${row.check}: ${row.detail}`).join('; '),
  );
}
