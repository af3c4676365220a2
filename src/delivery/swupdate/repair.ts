/**
 * Makes again what is damaged, from what is whole: updates with their deltas
 * and packages, rdiff signatures, build-info.txt, and an image that an
 * archived delta gives back. What a version was archived as decides: a file
 * gets its name only with the sha256 of the manifest. What is made from nothing
 * (an image without a delta that leads to it, a collected file, a manifest) is
 * named and left as it is. What the disk does not give back (EIO) counts as
 * damaged here: whoever repairs asks for it.
 */
import { join } from 'node:path';
import { buildInfo } from '../../archive/build-info.ts';
import { deltaName } from '../../archive/layout.ts';
import { readVersion } from '../../archive/manifest.ts';
import type { ArchiveEntry, ArchiveState, ArchivedFile, VersionManifest } from '../../core/archive.ts';
import { ReleasePlanError, failureToTell } from '../../core/errors.ts';
import { PairMap, pairText, type Pair } from '../../core/pair.ts';
import type { EngineName } from '../../core/plan.ts';
import { publishFile, writeFileAtomic } from '../../io/atomic.ts';
import { digestBytes, digestFile } from '../../io/hash.ts';
import { compareVersions } from '../../plan/version.ts';
import { signature } from '../../rdiff/index.ts';
import { Meter } from '../../text/meter.ts';
import type { Delivery, Repair, RepairTask, Reproven } from '../delivery.ts';
import { engineNamed, engines } from '../engines/index.ts';
import type { Host } from '../host.ts';
import { runDelta, runFull } from './delta.ts';
import { prove } from './prove.ts';
import { requireVouched } from './vouched.ts';
import { withFull, withUpdate } from './run.ts';
import type { Snapshot } from '../snapshot.ts';
import type { SwupdateSnapshot } from './snapshot.ts';

/** What was proven of a SWUpdate plan. */
type Found = Reproven & { snapshot: SwupdateSnapshot };

/** What may be made again: damaged, or lost with the disk. What this process merely may not read is left as it is. */
type Repairable<T> = Exclude<ArchiveEntry<T>, { state: 'absent' } | { state: 'whole' }>;

const isRepairable = <T>(entry: ArchiveEntry<T> | undefined): entry is Repairable<T> =>
  entry?.state === 'damaged' || (entry?.state === 'unreadable' && entry.isLost);

/** Versions first, oldest first: an image that is repaired is the base of the next. See {@link Delivery.repairs}. */
export const repairs: Delivery<SwupdateSnapshot>['repairs'] = ({ snapshot, shown, shownFulls }, host, { deep }) => {
  const { versions, updates } = snapshot.archive;
  const damaged = [...versions].flatMap(([version, entry]) => (isRepairable(entry) ? [version] : []));
  const isBad = (pair: Pair): boolean =>
    isRepairable(updates.get(pair)) || (shown.get(pair) ?? []).some((row) => row.result === 'fail');
  return [
    ...damaged.sort(compareVersions).map((version) => versionTask(version, host)),
    ...updates
      .keys()
      .filter(isBad)
      .map((pair) => updateTask(pair, host, deep)),
    ...badFulls(snapshot, shownFulls).map((version) => fullTask(version, host, deep)),
  ];
};

const badFulls = ({ archive }: Snapshot, shown: Reproven['shownFulls']): string[] =>
  [...archive.fulls].flatMap(([version, entry]) =>
    isRepairable(entry) || (shown.get(version) ?? []).some((row) => row.result === 'fail') ? [version] : [],
  );

function fullTask(version: string, host: Host, deep: boolean): RepairTask {
  const subject = `full package ${version}`;
  return {
    title: `make ${subject} again`,
    async run(given, progress) {
      const found = given as Found;
      let made: SwupdateSnapshot | undefined;
      const done = await attempt(subject, host, async () => {
        const full = await runFull(version, found.snapshot, host, progress);
        made = withFull(found.snapshot, full);
        return full.summary;
      });
      if (made === undefined) return { ...found, repairs: [done] };
      const mine = new Map([...made.archive.fulls].filter(([one]) => one === version));
      const alone = { ...made, archive: { ...made.archive, updates: new PairMap<never>(), fulls: mine } };
      const again = await prove(alone, host, { deep, meter: new Meter(0, progress) });
      return {
        snapshot: made,
        shown: found.shown,
        shownFulls: new Map([...found.shownFulls, ...again.shownFulls]),
        unreadable: [...found.unreadable, ...again.unreadable],
        repairs: [done],
      };
    },
  };
}

function versionTask(version: string, host: Host): RepairTask {
  return {
    title: `repair ${version}`,
    async run(given, progress) {
      const found = given as Found;
      const { archive } = found.snapshot;
      const entry = archive.versions.get(version);
      if (!isRepairable(entry)) return { ...found, repairs: [] };
      const done = await repairVersion(entry, archive, host, progress);
      if (!done.some((one) => one.result === 'repaired')) return { ...found, repairs: done };
      const now = await readVersion(entry.dir, version, { signal: host.signal });
      const snapshot = {
        ...found.snapshot,
        archive: { ...archive, versions: new Map(archive.versions).set(version, now) },
      };
      return { ...found, snapshot, repairs: done };
    },
  };
}

async function repairVersion(
  { dir, problems, found }: Repairable<VersionManifest>,
  archive: ArchiveState,
  host: Host,
  progress: (message: string) => void,
): Promise<Repair[]> {
  if (found === undefined)
    return problems.map((what) => ({
      what,
      result: 'beyond-repair',
      detail: 'nothing else records what was archived; restore it from a backup',
    }));
  const done: Repair[] = [];
  // Images first: signatures are made from them.
  for (const file of found.files.toSorted((a, b) => Number(b.role === 'image') - Number(a.role === 'image'))) {
    const path = join(dir, file.path);
    progress(path);
    done.push(await attempt(path, host, async () => await remake(file, dir, found.manifest, archive, host)));
  }
  return done;
}

/** Makes one file of a version again. @returns from what, in words */
async function remake(
  file: ArchivedFile,
  dir: string,
  manifest: VersionManifest,
  archive: ArchiveState,
  host: Host,
): Promise<string> {
  const path = join(dir, file.path);
  switch (file.role) {
    case 'signature': {
      const image = manifest.files.find((one) => one.role === 'image' && one.partition === file.partition);
      if (image === undefined)
        throw new ReleasePlanError('archive-damaged', `${path} is not the signature of an archived image`);
      const { sha256 } = await digestFile(join(dir, image.path), host.signal);
      if (sha256 !== image.sha256) throw new ReleasePlanError('archive-damaged', `its image is damaged: ${image.path}`);
      await publishChecked(
        path,
        file,
        async (temporary) => void (await signature(join(dir, image.path), temporary, { signal: host.signal })),
      );
      return `made from ${image.path}`;
    }
    case 'build-info': {
      const text = buildInfo({ ...manifest, files: manifest.files.filter((one) => one.role !== 'build-info') });
      if (digestBytes(text).sha256 !== file.sha256)
        throw new ReleasePlanError(
          'archive-damaged',
          `${path} was written by another version of release-plan and would differ`,
        );
      await writeFileAtomic(path, text);
      return 'made from the manifest';
    }
    case 'image':
      return await imageFromDelta(path, file, manifest.version, archive, host);
    default:
      throw new ReleasePlanError('archive-damaged', 'it was collected from a build', {
        hint: 'Restore it from a backup.',
      });
  }
}

/** An image is the one thing that cannot be made anew, unless an archived delta leads to it from a whole base. */
async function imageFromDelta(
  path: string,
  file: ArchivedFile,
  version: string,
  { versions, updates }: ArchiveState,
  host: Host,
): Promise<string> {
  for (const update of updates.values()) {
    if (update.state !== 'whole' || update.manifest.to !== version) continue;
    const base = versions.get(update.manifest.from);
    const partition = update.manifest.partitions.find((one) => one.name === file.partition);
    if (base?.state !== 'whole' || partition?.delta === undefined || partition.target.sha256 !== file.sha256) continue;
    const [baseImage, delta] = [join(base.dir, partition.base.file), join(update.dir, deltaName(partition.name))];
    await publishChecked(
      path,
      file,
      async (temporary) =>
        await engineNamed(update.manifest.engine).apply(baseImage, delta, temporary, { signal: host.signal }),
    );
    return `reconstructed by the archived delta from ${update.manifest.from}`;
  }
  throw new ReleasePlanError(
    'archive-damaged',
    'it is an image, and no archived delta with an intact base leads to it',
    {
      hint: 'Restore it from a backup; devices may run it, and a new build may not give the same bytes.',
    },
  );
}

/** Gives a file its name only when it is what the manifest says. */
async function publishChecked(
  path: string,
  { sizeBytes, sha256 }: ArchivedFile,
  fill: (temporary: string) => Promise<void>,
): Promise<void> {
  await publishFile(path, async (temporary) => {
    await fill(temporary);
    const made = await digestFile(temporary);
    if (made.sha256 !== sha256 || made.sizeBytes !== sizeBytes)
      throw new ReleasePlanError(
        'archive-damaged',
        `made again, ${path} has sha256 ${made.sha256}, expected ${sha256}`,
      );
  });
}

function updateTask(pair: Pair, host: Host, deep: boolean): RepairTask {
  const subject = pairText(pair);
  return {
    title: `make ${subject} again`,
    async run(given, progress) {
      const found = given as Found;
      const { snapshot } = found;
      let made: SwupdateSnapshot | undefined;
      const done = await attempt(subject, host, async () => {
        const engine = engineOf(pair, snapshot);
        if (engineNamed(engine).builds)
          throw new ReleasePlanError(
            'archive-damaged',
            `its engine is ${engine}, whose builds \`release-plan apply\` runs`,
          );
        await requireVouched(snapshot, [pair.from, pair.to], host);
        const update = await runDelta({ ...pair, engine }, snapshot, host, { buildDelta: neverBuilds }, progress);
        made = withUpdate(snapshot, update);
        return update.summary;
      });
      if (made === undefined) return { ...found, repairs: [done] };
      const mine = new PairMap([...made.archive.updates].filter(([one]) => pairText(one) === subject));
      const alone = { ...made, archive: { ...made.archive, updates: mine, fulls: new Map<never, never>() } };
      const again = await prove(alone, host, { deep, meter: new Meter(0, progress) });
      return {
        snapshot: made,
        shown: new PairMap(found.shown.keys().map((one) => [one, found.shown.get(one) ?? []] as const)).set(
          pair,
          again.shown.get(pair) ?? [],
        ),
        shownFulls: found.shownFulls,
        unreadable: [...found.unreadable, ...again.unreadable],
        repairs: [done],
      };
    },
  };
}

const neverBuilds = async (): Promise<string> => {
  throw new Error('an engine that builds is refused before');
};

/** By the plan's rule, or as it was made. */
function engineOf(pair: Pair, { pairs, archive }: SwupdateSnapshot): EngineName {
  const entry = archive.updates.get(pair);
  const before = entry?.state === 'whole' ? entry.manifest : isRepairable(entry) ? entry.found?.manifest : undefined;
  const required = pairs.find(({ from, to }) => from === pair.from && to === pair.to);
  return required?.engine ?? before?.engine ?? engines[0].name;
}

/** Failures that a user can meet are what this is about; bugs and interruptions go on upwards. */
async function attempt(what: string, host: Host, body: () => Promise<string>): Promise<Repair> {
  try {
    return { what, result: 'repaired', detail: await body() };
  } catch (error) {
    const known = failureToTell(error, host.signal);
    return {
      what,
      result: 'beyond-repair',
      detail: known.hint === undefined ? known.message : `${known.message}. ${known.hint}`,
    };
  }
}
