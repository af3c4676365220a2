import { join } from 'node:path';
import { DELTA_INFO } from '../../archive/layout.ts';
import { HEADERS_ALONE, identityOf, readUpdate, readVersion } from '../../archive/manifest.ts';
import type { ArchiveEntry, DeltaInfo, FullInfo, VersionManifest } from '../../core/archive.ts';
import { PairMap, pairText, type Pair } from '../../core/pair.ts';
import type { CheckRow } from '../../core/report.ts';
import { digestOf } from '../../text/json.ts';
import type { Delivery, ProveOptions } from '../delivery.ts';
import type { Host } from '../host.ts';
import { reopenPackage, reproveDeltas, type Reproof } from './reprove.ts';
import type { SwupdateSnapshot } from './snapshot.ts';
import type { UpdateSide } from './update.ts';

type WholeUpdate = ArchiveEntry<DeltaInfo> & { state: 'whole' };

/**
 * Shows again, for every whole update, what was shown when it was made: its
 * .swu opens and its signature holds; with `deep` its deltas give the target.
 * What is not whole has its failing row already. Needs no lock: what another
 * run exchanges meanwhile is shown anew. See {@link Delivery.prove}.
 */
export const prove: Delivery<SwupdateSnapshot>['prove'] = async (snapshot, host, options) => {
  let now = snapshot;
  const shown = new PairMap<CheckRow[]>();
  const unreadable: string[] = [];
  for (const pair of snapshot.archive.updates.keys()) {
    host.signal.throwIfAborted();
    const { snapshot: after, found } = await proveSettled(pair, now, host, options);
    now = after;
    if (found === undefined) continue;
    const subject = pairText(pair);
    shown.set(
      pair,
      found.map(({ isUnreadable: _isUnreadable, isMissing: _isMissing, ...one }) => ({ ...one, subject })),
    );
    unreadable.push(...found.filter((one) => one.isUnreadable).map((one) => `${subject}: ${one.detail}`));
  }
  const shownFulls = new Map<string, CheckRow[]>();
  for (const [version, entry] of now.archive.fulls) {
    host.signal.throwIfAborted();
    if (entry.state !== 'whole') continue;
    const { isUnreadable, ...row } = await proveFull(entry, now, host, options);
    shownFulls.set(version, [{ ...row, subject: version }]);
    if (isUnreadable) unreadable.push(`full package ${version}: ${row.detail}`);
  }
  return { snapshot: now, shown, shownFulls, unreadable };
};

/** An update may be exchanged during each proof of it, but nobody does nothing else. */
const MAX_ATTEMPTS = 50;
/** A full package opens, and its signature holds. */
async function proveFull(
  full: ArchiveEntry<FullInfo> & { state: 'whole' },
  { inputs: { plan }, trust, fulls }: SwupdateSnapshot,
  { env, signal }: Host,
  { meter }: ProveOptions,
): Promise<Reproof> {
  const { version, swu, trust: madeFor } = full.manifest;
  // As of an update: one that nothing asks for any more may be signed by a key of its time.
  const isTrusted = fulls.includes(version) || madeFor === undefined || madeFor === trust;
  const found = await reopenPackage({
    plan: isTrusted ? plan : { dir: plan.dir, swu: plan.swu },
    swu: { path: join(full.dir, swu.file), version },
    env,
    signal,
    progress: (message) => meter.at(`${version}: ${message}`),
  });
  meter.add(swu.sizeBytes);
  return found;
}

/** @returns `found` is undefined when the update is not whole, or no longer there */
async function proveSettled(
  pair: Pair,
  snapshot: SwupdateSnapshot,
  host: Host,
  options: ProveOptions,
): Promise<{ snapshot: SwupdateSnapshot; found?: Reproof[] }> {
  let now = snapshot;
  for (let attempt = 1; ; attempt += 1) {
    const update = now.archive.updates.get(pair);
    if (update?.state !== 'whole') return { snapshot: now };
    const before = await identityOf(update.dir, DELTA_INFO);
    const found = await proveOne(pair, update, now, host, options);
    const isGood = found.every((one) => one.result !== 'fail' && one.isUnreadable === undefined);
    if (isGood) return { snapshot: now, found };
    const isGone = found.some((one) => one.isMissing === true);
    const after = await movedOn(pair, update, { before, isGone }, now, host.signal);
    if (after === undefined || attempt === MAX_ATTEMPTS) return { snapshot: now, found };
    now = after;
  }
}

/**
 * The snapshot as it stands now, where another run changed something that a proof was made of.
 *
 * @param proof `before`: {@link identityOf} the update's folder before it was opened; `isGone`: a file of it was
 *   missing
 * @returns undefined when nothing changed
 */
async function movedOn(
  pair: Pair,
  { dir, manifest }: WholeUpdate,
  proof: { before: string; isGone: boolean },
  snapshot: SwupdateSnapshot,
  signal: AbortSignal,
): Promise<SwupdateSnapshot | undefined> {
  const entry = await readUpdate(dir, manifest.from, manifest.to, { signal });
  // Its folder may have changed after it was surveyed and before the proof began: then only its manifest tells. And a
  // file that was missing and is there again was looked for while a folder had made way for the next one.
  const isOther = entry.state === 'whole' && (proof.isGone || digestOf(entry.manifest) !== digestOf(manifest));
  // One that was gone when it was to be opened has no identity to compare.
  let hasMoved = entry.state === 'absent' || isOther || (await identityOf(dir, DELTA_INFO)) !== proof.before;
  const updates = hasMoved ? new PairMap(snapshot.archive.updates).set(pair, entry) : snapshot.archive.updates;
  const versions = new Map(snapshot.archive.versions);
  for (const version of [manifest.from, manifest.to]) {
    const side = versions.get(version);
    if (side?.state !== 'whole' || (await readVersion(side.dir, version, HEADERS_ALONE)).state !== 'absent') continue;
    versions.set(version, { state: 'absent' });
    hasMoved = true;
  }
  return hasMoved ? { ...snapshot, archive: { ...snapshot.archive, versions, updates } } : undefined;
}

/** Packages, and the images that each delta gives. See {@link Delivery.bytesToProve}. */
export const bytesToProve: Delivery<SwupdateSnapshot>['bytesToProve'] = ({ archive }, deep) => {
  const infos = archive.updates.values().flatMap((one) => (one.state === 'whole' ? [one.manifest] : []));
  const fulls = [...archive.fulls.values()].flatMap((one) =>
    one.state === 'whole' ? [one.manifest.swu.sizeBytes] : [],
  );
  return (
    fulls.reduce((sum, bytes) => sum + bytes, 0) +
    infos.reduce((sum, info) => sum + info.swu.sizeBytes + (deep ? imageBytes(info) : 0), 0)
  );
};

const imageBytes = (info: DeltaInfo): number =>
  info.partitions.reduce((sum, one) => sum + (one.delta === undefined ? 0 : 2 * one.target.sizeBytes), 0);

async function proveOne(
  pair: Pair,
  update: WholeUpdate,
  snapshot: SwupdateSnapshot,
  host: Host,
  { deep, meter }: ProveOptions,
): Promise<Reproof[]> {
  const { env, signal } = host;
  const { plan } = snapshot.inputs;
  const common = { update, env, signal, progress: (message: string) => meter.at(`${pairText(pair)}: ${message}`) };
  const deltas = deep ? await deltasOf(update, snapshot, { ...common, onBytes: (bytes) => meter.add(bytes) }) : [];
  const swu = await reopenPackage({
    env,
    signal,
    progress: common.progress,
    swu: { path: join(update.dir, update.manifest.swu.file), version: update.manifest.to },
    plan: isTrusted(pair, update.manifest, snapshot) ? plan : { dir: plan.dir, swu: plan.swu },
  });
  meter.add(update.manifest.swu.sizeBytes);
  return [...deltas, swu];
}

type Rest = Omit<Parameters<typeof reproveDeltas>[0], 'base' | 'target'>;

async function deltasOf(
  { manifest }: { manifest: DeltaInfo },
  { archive: { versions } }: SwupdateSnapshot,
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

const sideOf = (entry: ArchiveEntry<VersionManifest> | undefined): UpdateSide | undefined =>
  entry?.state === 'whole' ? entry : undefined;

/**
 * Whether a package has to satisfy the key that the plan names today. One that
 * nothing requires any more may be signed by a key of its time: held against
 * today's it would fail for no fault of the archive.
 */
function isTrusted(pair: Pair, info: DeltaInfo, { pairs, trust }: SwupdateSnapshot): boolean {
  return (
    pairs.some(({ from, to }) => from === pair.from && to === pair.to) ||
    info.trust === undefined ||
    info.trust === trust
  );
}
