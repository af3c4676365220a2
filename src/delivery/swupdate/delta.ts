import type { ArchiveEntry, VersionManifest } from '../../core/archive.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { pairText } from '../../core/pair.ts';
import type { WorkStep } from '../../core/step.ts';
import { checkPair } from '../../report/pair.ts';
import { checkSlots } from '../../report/version.ts';
import type { EngineHost } from '../engines/engine.ts';
import type { Host } from '../host.ts';
import { requireSigned } from './vouched.ts';
import { makeFull, type MadeFull } from './full.ts';
import type { SwupdateSnapshot } from './snapshot.ts';
import { makeUpdate, type MadeUpdate, type UpdateSide } from './update.ts';

export type DeltaStep = Extract<WorkStep, { kind: 'delta' }>;

/**
 * Makes the update of one version pair, once both versions are known to fit.
 *
 * @throws ReleasePlanError `archive-missing`, `archive-damaged`, `archive-unreadable`, `pair-inconsistent`
 *   or what {@link makeUpdate} throws
 */
export async function runDelta(
  step: Pick<DeltaStep, 'from' | 'to' | 'engine'>,
  { inputs: { plan }, archive, recipes, trust }: SwupdateSnapshot,
  host: Host,
  engineHost: EngineHost,
  progress: (message: string) => void,
  threads?: number,
): Promise<MadeUpdate> {
  const base = sideOf(archive.versions.get(step.from), step.from);
  const target = sideOf(archive.versions.get(step.to), step.to);
  requireFit(base.manifest, target.manifest);
  for (const side of [base, target]) await requireSigned(plan, side, host);
  return await makeUpdate({
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
  });
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
  });
}

function sideOf(entry: ArchiveEntry<VersionManifest> | undefined, version: string): UpdateSide {
  switch (entry?.state) {
    case 'whole':
      return entry;
    case 'unreadable':
      throw new ReleasePlanError('archive-unreadable', entry.problems.join('; '));
    case 'damaged':
      throw new ReleasePlanError('archive-damaged', entry.problems.join('; '));
    case 'absent':
    case undefined:
      throw new ReleasePlanError('archive-missing', `version ${version} is not in the archive`);
  }
}

function requireFit(base: VersionManifest, target: VersionManifest): void {
  const failed = [...checkPair(base, target), ...checkSlots(target)].filter((row) => row.result === 'fail');
  if (failed.length === 0) return;
  throw new ReleasePlanError(
    'pair-inconsistent',
    `${pairText({ from: base.version, to: target.version })}: ` +
      failed.map((row) => `${row.check}: ${row.detail}`).join('; '),
  );
}
