import { join } from 'node:path';
import { buildInfo } from '../archive/build-info.ts';
import { readVersion } from '../archive/manifest.ts';
import { deltaName } from '../archive/layout.ts';
import { ReleasePlanError, asUserError } from '../core/errors.ts';
import type { Task } from '../core/events.ts';
import { publishFile, writeFileAtomic } from '../io/atomic.ts';
import { digestBytes, digestFile } from '../io/hash.ts';
import { pairKey, type ArchivedFile, type Held, type VersionManifest } from '../core/archive.ts';
import type { EngineName, Plan } from '../core/plan.ts';
import { compareVersions } from '../plan/version.ts';
import { applyDelta, signature } from '../rdiff/index.ts';
import { withArchive } from './apply.ts';
import { runDelta } from '../delivery/swupdate/delta.ts';
import { Meter } from '../text/meter.ts';
import { proveAgain } from './prove-again.ts';
import { unreadableOf } from '../archive/readable.ts';
import type { Situation, StepHost } from './session.ts';
import { verificationOf, verify, type Verification } from './verify.ts';

/** What became of one damaged thing. */
export interface Repair {
  /** A file of a version, by its path; or an update, as a pair. */
  what: string;
  result: 'repaired' | 'beyond-repair';
  detail: string;
}

export interface RepairResult extends Verification {
  repairs: Repair[];
}

/** What may be made again: damaged, or lost with the disk. What this process merely may not read is left as it is. */
type Repairable<T> = Exclude<Held<T>, { state: 'absent' } | { state: 'whole' }>;

const isRepairable = <T>(held: Held<T> | undefined): held is Repairable<T> =>
  held?.state === 'damaged' || (held?.state === 'unreadable' && held.isLost);

/**
 * Verifies, and makes again what can be made again from what is whole:
 * updates with their deltas and packages, rdiff signatures, build-info.txt,
 * and an image that an archived delta gives back. What a version was archived
 * as decides: a file gets its name only with the sha256 of the manifest.
 * What is made from nothing (an image without a delta that leads to it, a
 * collected file, a manifest) is named and left as it is. What the disk does
 * not give back (EIO) counts as damaged here: whoever repairs asks for it.
 *
 * @throws ReleasePlanError `locked`, `interrupted`
 */
export async function verifyAndRepair(
  plan: Plan,
  host: StepHost,
  options: { deep: boolean; waitMs: number },
): Promise<RepairResult> {
  return await withArchive(plan, host, options, `verify --repair ${plan.file}`, async () => {
    const { situation, shown, unreadable: before } = await verify(plan, host, options);
    // What a proof could not read stays; how versions and updates stand is asked again at the end.
    const said = new Set(unreadableOf(situation));
    const unreadable = before.filter((line) => !said.has(line));
    const repairs: Repair[] = [];
    await host.drive([
      ...versionTasks(situation, repairs, host),
      ...updateTasks({ situation, shown, unreadable }, repairs, host, options.deep),
    ]);
    return { ...verificationOf(situation, shown, unreadable), repairs };
  });
}

/** Oldest first: an image that is repaired is the base of the next. */
function versionTasks(situation: Situation, repairs: Repair[], host: StepHost): Task[] {
  const damaged = [...situation.versions].flatMap(([version, held]) =>
    isRepairable(held) ? [[version, held] as const] : [],
  );
  return damaged
    .sort(([a], [b]) => compareVersions(a, b))
    .map(([version, held]): Task => ({
      title: `repair ${version}`,
      async run(progress) {
        const done = await repairVersion(held, situation, host, progress);
        repairs.push(...done);
        if (done.some((one) => one.result === 'repaired'))
          situation.versions.set(version, await readVersion(held.dir, version, { signal: host.signal }));
        return outcomeOf(done);
      },
    }));
}

async function repairVersion(
  { dir, problems, found }: Repairable<VersionManifest>,
  situation: Situation,
  host: StepHost,
  progress: (message: string) => void,
): Promise<Repair[]> {
  if (found === undefined)
    return problems.map((what) => ({
      what,
      result: 'beyond-repair',
      detail: 'nothing else records what was archived; restore it from a backup',
    }));
  const repairs: Repair[] = [];
  // Images first: signatures are made from them.
  for (const file of found.files.toSorted((a, b) => Number(b.role === 'image') - Number(a.role === 'image'))) {
    const path = join(dir, file.path);
    progress(path);
    repairs.push(await attempt(path, host, async () => await remake(file, dir, found.manifest, situation, host)));
  }
  return repairs;
}

/** Makes one file of a version again. @returns from what, in words */
async function remake(
  file: ArchivedFile,
  dir: string,
  manifest: VersionManifest,
  situation: Situation,
  host: StepHost,
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
      return await imageFromDelta(path, file, manifest.version, situation, host);
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
  { versions, updates }: Situation,
  host: StepHost,
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
      async (temporary) => void (await applyDelta(baseImage, delta, temporary, { signal: host.signal })),
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

function updateTasks(
  { situation, shown, unreadable }: Omit<Verification, 'report'>,
  repairs: Repair[],
  host: StepHost,
  deep: boolean,
): Task[] {
  const isBad = (subject: string): boolean =>
    isRepairable(situation.updates.get(subject)) || (shown.get(subject) ?? []).some((row) => row.result === 'fail');
  return [...situation.updates.keys()].filter(isBad).map((subject): Task => ({
    title: `make ${subject} again`,
    async run(progress) {
      const done = await attempt(subject, host, async () => await remakeUpdate(subject, situation, host, progress));
      repairs.push(done);
      if (done.result === 'repaired') {
        const updates = new Map([...situation.updates].filter(([key]) => key === subject));
        unreadable.push(
          ...(await proveAgain({ ...situation, updates }, shown, host, { deep, meter: new Meter(0, progress) })),
        );
      }
      return outcomeOf([done]);
    },
  }));
}

async function remakeUpdate(
  subject: string,
  situation: Situation,
  host: StepHost,
  progress: (message: string) => void,
): Promise<string> {
  const [from = '', to = ''] = subject.split(' -> ');
  const engine = engineOf(subject, situation);
  if (engine === 'kas')
    throw new ReleasePlanError('archive-damaged', 'its engine is kas; run `release-plan apply` to build it');
  return await runDelta({ kind: 'delta', from, to, engine, why: 'damaged' }, situation, host, undefined, progress);
}

/** By the plan's rule, or as it was made. */
function engineOf(subject: string, { pairs, updates }: Situation): EngineName {
  const held = updates.get(subject);
  const before = held?.state === 'whole' ? held.manifest : isRepairable(held) ? held.found?.manifest : undefined;
  return pairs.find(({ from, to }) => pairKey(from, to) === subject)?.engine ?? before?.engine ?? 'rdiff';
}

/** Failures that a user can meet are what this is about; bugs and interruptions go on upwards. */
async function attempt(what: string, host: StepHost, body: () => Promise<string>): Promise<Repair> {
  try {
    return { what, result: 'repaired', detail: await body() };
  } catch (error) {
    const known = asUserError(error);
    if (host.signal.aborted || known === undefined) throw error;
    return {
      what,
      result: 'beyond-repair',
      detail: known.hint === undefined ? known.message : `${known.message}. ${known.hint}`,
    };
  }
}

function outcomeOf(repairs: readonly Repair[]): { state: 'done' | 'failed'; message: string } {
  const beyond = repairs.filter((one) => one.result === 'beyond-repair');
  return beyond.length === 0
    ? { state: 'done', message: repairs.map((one) => one.detail).join('; ') }
    : { state: 'failed', message: beyond.map((one) => `${one.what}: ${one.detail}`).join('\n') };
}
