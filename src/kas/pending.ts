import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../io/atomic.ts';
import { attributed } from '../io/attribute.ts';
import { ifPresent } from '../io/present.ts';
import { openSealedJson, sealJson } from '../text/json.ts';
import { BLOCK_BYTES } from '../io/space.ts';
import type { BuildConfiguration } from '../core/archive.ts';
import type { BuildDirectory } from './build-directory.ts';

/**
 * A build that was started and is not archived yet. Kept in the build
 * directory, so that a run killed in between can go on: the images since the
 * first start of this version are fresh, although the rerun builds nothing.
 */
export interface PendingBuild {
  version: string;
  /** When it was first started, by the clock of the build directory's file system. */
  startedAtNs: bigint;
  configuration: BuildConfiguration;
  /** kas ended with 0 and the configuration was still the same. */
  finished: boolean;
}

const fileOf = (directory: BuildDirectory): string => join(directory.notes, 'pending.json');

/** The pending build of a directory; undefined without one, or when the record is not whole. */
export async function readPending(directory: BuildDirectory): Promise<PendingBuild | undefined> {
  const opened = openSealedJson((await ifPresent(readFile(fileOf(directory), 'utf8'))) ?? '');
  if ('problem' in opened) return undefined;
  const { startedAtNs, ...rest } = opened.value as unknown as Omit<PendingBuild, 'startedAtNs'> & {
    startedAtNs: string;
  };
  return { ...rest, startedAtNs: BigInt(startedAtNs) };
}

/**
 * Records that a build starts. A pending build of the same version with the
 * same configuration goes on and keeps its first start: BitBake itself rebuilds
 * what layers changed meanwhile. Any other
 * is replaced, since its images are about to go.
 */
export async function startPending(
  directory: BuildDirectory,
  version: string,
  configuration: BuildConfiguration,
): Promise<PendingBuild> {
  const before = await readPending(directory);
  const goesOn =
    before !== undefined && before.version === version && before.configuration.digest === configuration.digest;
  const pending = {
    version,
    configuration,
    finished: false,
    startedAtNs: goesOn ? before.startedAtNs : await nowByFile(directory),
  };
  await write(directory, pending);
  return pending;
}

/** Records that the build has ended well. */
export async function finishPending(directory: BuildDirectory, pending: PendingBuild): Promise<PendingBuild> {
  const finished = { ...pending, finished: true };
  await write(directory, finished);
  return finished;
}

/** Forgets the pending build: call it when the version is archived. */
export async function clearPending(directory: BuildDirectory): Promise<void> {
  await rm(fileOf(directory), { force: true });
}

async function write(directory: BuildDirectory, { startedAtNs, ...rest }: PendingBuild): Promise<void> {
  await writeFileAtomic(fileOf(directory), sealJson({ ...rest, startedAtNs: String(startedAtNs) }));
}

/** The time as the file system stamps it: images are compared with it by their ctime. */
async function nowByFile(directory: BuildDirectory): Promise<bigint> {
  const marker = join(directory.notes, 'started');
  await attributed(marker, async () => await writeFile(marker, ''), BLOCK_BYTES);
  return (await stat(marker, { bigint: true })).ctimeNs;
}
