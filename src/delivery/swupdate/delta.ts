import { ReleasePlanError } from '../../core/errors.ts';
import { makeUpdate, type UpdateSide } from './update.ts';
import { checkPair } from '../../report/pair.ts';
import { checkSlots } from '../../report/version.ts';
import { pairKey, type VersionManifest } from '../../core/archive.ts';
import type { Step } from '../../core/plan.ts';
import { buildDeltaWithKas, type Workshop } from './build.ts';
import type { Situation, StepHost } from '../../jobs/session.ts';
import { runStaticDelta } from '../ostree/run.ts';

type DeltaStep = Extract<Step, { kind: 'delta' }>;

/**
 * Makes the update of one version pair, once both versions are known to fit.
 *
 * @returns what was made, in words
 * @throws ReleasePlanError `archive-missing`, `archive-damaged`, `archive-unreadable`, `pair-inconsistent`
 *   or what delta/update.ts throws
 */
export async function runDelta(
  step: DeltaStep,
  situation: Situation,
  host: StepHost,
  workshop: Workshop | undefined,
  progress: (message: string) => void,
): Promise<string> {
  if (situation.ostree !== undefined) return await runStaticDelta(step, situation.ostree, host, progress);
  const base = sideOf(situation, step.from);
  const target = sideOf(situation, step.to);
  requireFit(base.manifest, target.manifest);
  const { plan, recipes, trust } = situation;
  const info = await makeUpdate({
    plan,
    base,
    target,
    engine: step.engine,
    recipe: recipes[step.engine],
    ...(trust === undefined ? {} : { trust }),
    host: { buildDelta: async (from, to) => await buildDeltaWithKas(from, to, requireWorkshop(workshop), progress) },
    env: host.env,
    signal: host.signal,
    progress,
    warn: (message) => host.report({ type: 'warning', message }),
  });
  situation.updates.set(pairKey(step.from, step.to), { state: 'whole', manifest: info.manifest, dir: info.dir });
  return info.summary;
}

function sideOf(situation: Situation, version: string): UpdateSide {
  const held = situation.versions.get(version);
  if (held?.state === 'whole') return { manifest: held.manifest, dir: held.dir };
  if (held?.state === 'unreadable') throw new ReleasePlanError('archive-unreadable', held.problems.join('; '));
  if (held?.state === 'damaged') throw new ReleasePlanError('archive-damaged', held.problems.join('; '));
  throw new ReleasePlanError('archive-missing', `version ${version} is not in the archive`);
}

function requireFit(base: VersionManifest, target: VersionManifest): void {
  const failed = [...checkPair(base, target), ...checkSlots(target)].filter((row) => row.result === 'fail');
  if (failed.length === 0) return;
  throw new ReleasePlanError(
    'pair-inconsistent',
    `${pairKey(base.version, target.version)}: ${failed.map((row) => `${row.check}: ${row.detail}`).join('; ')}`,
  );
}

function requireWorkshop(workshop: Workshop | undefined): Workshop {
  if (workshop === undefined) throw new Error('a plan with kas steps runs in a workshop');
  return workshop;
}
