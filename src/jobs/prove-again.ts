import { DELTA_INFO } from '../archive/layout.ts';
import { HEADERS_ALONE, identityOf, readUpdate, readVersion } from '../archive/manifest.ts';
import { reopenPackage, reproveDeltas, type Reproof } from '../delivery/swupdate/reprove.ts';
import type { UpdateSide } from '../delivery/swupdate/update.ts';
import { pairKey, type DeltaInfo, type Held, type VersionManifest } from '../core/archive.ts';
import type { CheckRow } from '../report/consistency.ts';
import type { Meter } from '../text/meter.ts';
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
 * What is not whole has its failing row already. Needs no lock: what another
 * run exchanges meanwhile is shown anew.
 *
 * @returns what could not be read, a line each
 */
export async function proveAgain(
  situation: Situation,
  shown: ShownRows,
  host: StepHost,
  options: ProveOptions,
): Promise<string[]> {
  const unreadable: string[] = [];
  for (const subject of situation.updates.keys()) {
    host.signal.throwIfAborted();
    const found = await proveSettled(subject, situation, host, options);
    if (found === undefined) continue;
    shown.set(
      subject,
      found.map(({ isUnreadable: _isUnreadable, ...one }) => ({ ...one, subject })),
    );
    unreadable.push(...found.filter((one) => one.isUnreadable).map((one) => `${subject}: ${one.detail}`));
  }
  return unreadable;
}

/** @returns undefined when it is not whole, or no longer there */
async function proveSettled(
  subject: string,
  situation: Situation,
  host: StepHost,
  options: ProveOptions,
): Promise<Reproof[] | undefined> {
  for (;;) {
    const update = situation.updates.get(subject);
    if (update?.state !== 'whole') return undefined;
    const before = await identityOf(update.dir, DELTA_INFO);
    const found = await proveOne(subject, update, situation, host, options);
    const isGood = found.every((one) => one.result !== 'fail' && one.isUnreadable === undefined);
    if (isGood || !(await hasMoved(subject, update, before, situation, host.signal))) return found;
  }
}

/**
 * Whether another run changed something that a proof was made of; the situation then says how it stands now.
 *
 * @param before {@link identityOf} the update's folder before it was opened
 */
async function hasMoved(
  subject: string,
  { dir, manifest }: Held<DeltaInfo> & { state: 'whole' },
  before: string,
  situation: Situation,
  signal: AbortSignal,
): Promise<boolean> {
  const now = await readUpdate(dir, manifest.from, manifest.to, { signal });
  let moved = (await identityOf(dir, DELTA_INFO)) !== before;
  if (moved) situation.updates.set(subject, now);
  for (const version of [manifest.from, manifest.to]) {
    const side = situation.versions.get(version);
    if (side?.state !== 'whole' || (await readVersion(side.dir, version, HEADERS_ALONE)).state !== 'absent') continue;
    situation.versions.set(version, { state: 'absent' });
    moved = true;
  }
  return moved;
}

/** How many bytes {@link proveAgain} goes through: packages, and the images that each delta gives. */
export function bytesToProve({ updates }: Situation, deep: boolean): number {
  const infos = [...updates.values()].flatMap((one) => (one.state === 'whole' ? [one.manifest] : []));
  return infos.reduce((sum, info) => sum + info.swu.sizeBytes + (deep ? imageBytes(info) : 0), 0);
}

const imageBytes = (info: DeltaInfo): number =>
  info.partitions.reduce((sum, one) => sum + (one.delta === undefined ? 0 : 2 * one.target.sizeBytes), 0);

async function proveOne(
  subject: string,
  update: Held<DeltaInfo> & { state: 'whole' },
  situation: Situation,
  host: StepHost,
  { deep, meter }: ProveOptions,
): Promise<Reproof[]> {
  const { env, signal } = host;
  const common = { update, env, signal, progress: (message: string) => meter.at(`${subject}: ${message}`) };
  const deltas = deep ? await deltasOf(update, situation, { ...common, onBytes: (bytes) => meter.add(bytes) }) : [];
  const swu = await reopenPackage({
    ...common,
    plan: isTrusted(subject, update.manifest, situation) ? situation.plan : { dir: situation.plan.dir },
  });
  meter.add(update.manifest.swu.sizeBytes);
  return [...deltas, swu];
}

type Rest = Omit<Parameters<typeof reproveDeltas>[0], 'base' | 'target'>;

async function deltasOf(
  { manifest }: { manifest: DeltaInfo },
  { versions }: Situation,
  rest: Rest,
): Promise<Reproof[]> {
  const [base, target] = [sideOf(versions.get(manifest.from)), sideOf(versions.get(manifest.to))];
  if (base !== undefined && target !== undefined) return await reproveDeltas({ ...rest, base, target });
  return [
    {
      check: 'delta',
      result: 'not-checked',
      detail:
        `${base === undefined ? manifest.from : manifest.to} is not intact in the archive, so the delta cannot be ` +
        'applied; its bytes have not changed since it was proven',
    },
  ];
}

const sideOf = (held: Held<VersionManifest> | undefined): UpdateSide | undefined =>
  held?.state === 'whole' ? held : undefined;

/**
 * Whether a package has to satisfy the key that the plan names today. One that
 * nothing requires any more may be signed by a key of its time: held against
 * today's it would fail for no fault of the archive.
 */
function isTrusted(subject: string, info: DeltaInfo, { pairs, trust }: Situation): boolean {
  return (
    pairs.some(({ from, to }) => pairKey(from, to) === subject) || info.trust === undefined || info.trust === trust
  );
}
