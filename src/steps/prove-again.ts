import { reopenPackage, reproveDeltas, type Reproof } from '../delta/reprove.ts';
import type { UpdateSide } from '../delta/update.ts';
import { pairKey, type DeltaInfo, type Held, type VersionManifest } from '../model.ts';
import type { CheckRow } from '../report/consistency.ts';
import type { Meter } from './meter.ts';
import type { Situation, StepHost } from './session.ts';

/** What was shown of updates, by pair. */
export type ShownRows = Map<string, CheckRow[]>;

export interface ProveOptions {
  /** Apply the deltas too. */
  deep: boolean;
  meter: Meter;
}

/**
 * Shows again, for every whole update, what was shown when it was made: its
 * .swu opens and its signature holds; with `deep` its deltas give the target.
 * What is not whole has its failing row already.
 */
export async function proveAgain(situation: Situation, shown: ShownRows, host: StepHost, options: ProveOptions): Promise<void> {
  for (const [subject, update] of situation.updates) {
    host.signal.throwIfAborted();
    if (update.state === 'whole') shown.set(subject, (await proveOne(subject, update, situation, host, options)).map((one) => ({ ...one, subject })));
  }
}

/** How many bytes {@link proveAgain} goes through: packages, and the images that each delta gives. */
export function bytesToProve({ updates }: Situation, deep: boolean): number {
  const infos = [...updates.values()].flatMap((one) => (one.state === 'whole' ? [one.manifest] : []));
  return infos.reduce((sum, info) => sum + info.swu.sizeBytes + (deep ? imageBytes(info) : 0), 0);
}

const imageBytes = (info: DeltaInfo): number => info.partitions.reduce((sum, one) => sum + (one.delta === undefined ? 0 : 2 * one.target.sizeBytes), 0);

async function proveOne(subject: string, update: Held<DeltaInfo> & { state: 'whole' }, situation: Situation, host: StepHost, { deep, meter }: ProveOptions): Promise<Reproof[]> {
  const { env, signal } = host;
  const common = { update, env, signal, progress: (message: string) => meter.at(`${subject}: ${message}`) };
  const deltas = deep ? await deltasOf(update, situation, { ...common, onBytes: (bytes) => meter.add(bytes) }) : [];
  const swu = await reopenPackage({ ...common, plan: isTrusted(subject, update.manifest, situation) ? situation.plan : { dir: situation.plan.dir } });
  meter.add(update.manifest.swu.sizeBytes);
  return [...deltas, swu];
}

type Rest = Omit<Parameters<typeof reproveDeltas>[0], 'base' | 'target'>;

async function deltasOf({ manifest }: { manifest: DeltaInfo }, { versions }: Situation, rest: Rest): Promise<Reproof[]> {
  const [base, target] = [sideOf(versions.get(manifest.from)), sideOf(versions.get(manifest.to))];
  if (base !== undefined && target !== undefined) return await reproveDeltas({ ...rest, base, target });
  return [{ check: 'delta', result: 'not-checked', detail: `${base === undefined ? manifest.from : manifest.to} is not whole in the archive, so the delta cannot be applied; its bytes are those that were proven` }];
}

const sideOf = (held: Held<VersionManifest> | undefined): UpdateSide | undefined => (held?.state === 'whole' ? held : undefined);

/**
 * Whether a package has to satisfy the key that the plan names today. One that
 * nothing requires any more may be signed by a key of its time: held against
 * today's it would fail for no fault of the archive.
 */
function isTrusted(subject: string, info: DeltaInfo, { pairs, trust }: Situation): boolean {
  return pairs.some(({ from, to }) => pairKey(from, to) === subject) || info.trust === undefined || info.trust === trust;
}
