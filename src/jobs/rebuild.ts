/** Builds an archived version again, from its lock, and compares what comes out. */
import { mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { LOCK, versionDir } from '../archive/layout.ts';
import { HEADERS_ALONE, readVersion } from '../archive/manifest.ts';
import { requireWhole } from '../archive/readable.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { ArchivedFile, VersionManifest } from '../core/archive.ts';
import type { KasSettings, Plan } from '../core/plan.ts';
import { writeFileAtomic } from '../io/atomic.ts';
import { filesystemOf } from '../io/filesystem.ts';
import { digestFile } from '../io/hash.ts';
import { withBuildDirectory } from '../kas/build-directory.ts';
import { buildVersion, type BuildRequest } from '../kas/build.ts';
import { chainOf } from '../kas/chain.ts';
import { deployDirOf } from '../kas/environment.ts';
import { differencesBetween, type FileDifference } from '../kas/image/differences.ts';
import { unpackImage } from '../kas/image/unpack.ts';
import { readLock, type BuildLock } from '../kas/lock.ts';
import { generatedFolder, writeOverride } from '../kas/override.ts';
import type { PendingBuild } from '../kas/pending.ts';
import {
  fetchLostCommits,
  layOutSources,
  rebuildPlaces,
  renderPins,
  type RebuildPlaces,
} from '../kas/rebuild-sources.ts';

/** What a rebuild is asked for. */
export interface RebuildOptions {
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  onProgress: (message: string) => void;
  /** Where to build; `.release-plan/rebuild/<version>` beside the plan otherwise. It must not exist. */
  into?: string;
  /** Leaves the folder there. One that shows differences stays in any case. */
  keep?: boolean;
  /** Takes shared state from SSTATE_DIR: faster, and says less. */
  useSharedState?: boolean;
}

/** One image, as archived and as it came out now. */
export interface RebuiltImage {
  partition: string;
  file: string;
  archivedSha256: string;
  rebuiltSha256: string;
  /** Files that differ; empty for equal images, and for those that differ around their files alone. */
  differences: FileDifference[];
  /** Whether the image could be opened. */
  isOpened: boolean;
}

/** What came out. */
export interface RebuildResult {
  version: string;
  /** Where it was built. */
  dir: string;
  images: RebuiltImage[];
  /** Tools of the host that are others than then: program -> [then, now]. */
  tools: Record<string, [then: string, now: string]>;
  isSame: boolean;
}

/**
 * Builds an archived version again and compares its images bit for bit. The
 * archive is only read.
 *
 * @throws ReleasePlanError `archive-missing`, `archive-damaged`, `lock-missing`, `commit-gone`, and as
 *   {@link buildVersion}
 */
export async function rebuildVersion(plan: Plan, version: string, options: RebuildOptions): Promise<RebuildResult> {
  const { manifest, lock, kas } = await requireLocked(plan, version, options.signal);
  const generated = await generatedFolder({ planDir: plan.dir, config: kas.config, workDir: kas.workDir });
  const dir = options.into ?? join(generated, 'rebuild', version);
  await makeNewFolder(dir);
  const places = rebuildPlaces(lock, plan.dir, join(dir, 'sources'));
  options.onProgress('lay out the sources');
  await layOutSources(lock, plan.dir, places, options.signal);
  const moved = movedSettings(kas, places);
  const env = environmentOf(options);
  const result = await withBuildDirectory(
    moved,
    { env, what: `rebuild ${version}`, signal: options.signal },
    async (directory) => {
      const request = await requestOf(plan, lock, moved, places, { ...options, env, logFile: join(dir, 'log') });
      const built = await withLostCommits(lock, places, () => buildVersion(directory, request));
      const deploy = deployDirOf(moved, env, { ...plainValues(plan), version });
      const images = await compareImages({ plan, manifest, deploy, dir, kas, moved }, options);
      return resultOf(version, dir, images, lock, built);
    },
  );
  if (result.isSame && options.keep !== true) await rm(dir, { recursive: true, force: true });
  return result;
}

interface Locked {
  manifest: VersionManifest;
  lock: BuildLock;
  kas: KasSettings;
}

async function requireLocked(plan: Plan, version: string, signal: AbortSignal): Promise<Locked> {
  const dir = versionDir(plan, version);
  if (plan.kas === undefined) throw new ReleasePlanError('archive-missing', `${plan.file} has no kas section`);
  const held = requireWhole(
    await readVersion(dir, version, { ...HEADERS_ALONE, signal }),
    () => new ReleasePlanError('archive-missing', `${version} is not in the archive: ${dir}`),
  );
  const file = held.manifest.files.find((one) => one.role === 'lock');
  if (file === undefined) throw new ReleasePlanError('lock-missing', `${version} was archived without ${LOCK}`);
  await requireDigest(dir, file);
  const lock = await readLock(join(dir, file.path));
  if (lock.problems.length > 0)
    throw new ReleasePlanError(
      'lock-missing',
      [`${version} was built of what no commit names:`, ...lock.problems.map((line) => `  ${line}`)].join('\n'),
    );
  return { manifest: held.manifest, lock, kas: plan.kas };
}

async function requireDigest(dir: string, { path, sha256 }: ArchivedFile): Promise<void> {
  const file = join(dir, path);
  if ((await digestFile(file)).sha256 !== sha256)
    throw new ReleasePlanError('archive-damaged', `${file} was altered since it was archived`);
}

async function makeNewFolder(dir: string): Promise<void> {
  await mkdir(join(dir, '..'), { recursive: true });
  try {
    await mkdir(dir);
  } catch (error) {
    throw new ReleasePlanError('rebuild-folder', `${dir} is there already, or cannot be made`, { cause: error });
  }
}

/** Pins are in the chain; nothing is fetched anew, and nothing dirty is built. */
const movedSettings = (kas: KasSettings, places: RebuildPlaces): KasSettings => ({
  ...kas,
  config: places.files,
  workDir: places.workDir,
  deploy: kas.deploy.startsWith(`${kas.workDir}/`)
    ? join(places.workDir, relative(kas.workDir, kas.deploy))
    : places.moved(kas.deploy),
  lock: 'write',
  update: false,
  forceCheckout: false,
  allowDirty: false,
  provenance: 'off',
});

/** Shared state would give back what the first build made, and a build directory of the caller's is not ours. */
function environmentOf({ env, useSharedState }: RebuildOptions): NodeJS.ProcessEnv {
  const { KAS_BUILD_DIR: _buildDir, SSTATE_DIR: sharedState, ...rest } = env;
  return useSharedState === true && sharedState !== undefined ? { ...rest, SSTATE_DIR: sharedState } : rest;
}

const plainValues = ({ machine, distro, image }: Plan): Record<'machine' | 'distro' | 'image', string> => ({
  machine,
  distro,
  image,
});

async function requestOf(
  plan: Plan,
  lock: BuildLock,
  kas: KasSettings,
  places: RebuildPlaces,
  { env, signal, onProgress, logFile }: RebuildOptions & { logFile: string },
): Promise<BuildRequest> {
  const { version } = lock;
  const place = { planDir: places.planDir, config: kas.config, workDir: kas.workDir };
  const override = await writeOverride(place, { id: kas.override, version });
  const pins = join(override, `../${version}-pins.yml`);
  await writeFileAtomic(pins, renderPins(lock));
  const chain = await chainOf({ config: kas.config, versionFiles: [pins], override, workDir: kas.workDir });
  const { machine, distro } = plan;
  return { kas, chain, env, logFile, signal, onProgress, version, machine, distro, planDir: places.planDir };
}

/** A commit to which no branch leads is not fetched by kas, and may still be there to be asked for. */
async function withLostCommits<T>(lock: BuildLock, places: RebuildPlaces, build: () => Promise<T>): Promise<T> {
  try {
    return await build();
  } catch (error) {
    const isCheckout = error instanceof ReleasePlanError && ['build-failed', 'layer-not-at-pin'].includes(error.code);
    if (!isCheckout || !(await fetchLostCommits(lock, places))) throw error;
    return await build();
  }
}

interface Comparison {
  plan: Plan;
  manifest: VersionManifest;
  deploy: string;
  dir: string;
  kas: KasSettings;
  moved: KasSettings;
}

async function compareImages(
  { plan, manifest, deploy, dir, kas, moved }: Comparison,
  { signal, onProgress }: RebuildOptions,
): Promise<RebuiltImage[]> {
  const images: RebuiltImage[] = [];
  for (const file of manifest.files.filter((one) => one.role === 'image')) {
    const partition = file.partition ?? file.path;
    const rebuilt = join(deploy, file.path);
    onProgress(`compare ${file.path}`);
    const { sha256 } = await digestFile(rebuilt, signal);
    const image = { partition, file: file.path, archivedSha256: file.sha256, rebuiltSha256: sha256 };
    const opened =
      sha256 === file.sha256
        ? { differences: [], isOpened: false }
        : await openBoth(join(versionDir(plan, manifest.version), file.path), rebuilt, join(dir, partition), {
            buildPaths: [kas.workDir, moved.workDir],
            signal,
          });
    images.push({ ...image, ...opened });
  }
  return images;
}

async function openBoth(
  before: string,
  after: string,
  folder: string,
  context: { buildPaths: string[]; signal: AbortSignal },
): Promise<{ differences: FileDifference[]; isOpened: boolean }> {
  const [left, right] = [join(folder, 'archived'), join(folder, 'rebuilt')];
  await mkdir(folder, { recursive: true });
  const isOpened =
    (await unpackImage(before, await filesystemOf(before), left, context.signal)) &&
    (await unpackImage(after, await filesystemOf(after), right, context.signal));
  return { isOpened, differences: isOpened ? await differencesBetween(left, right, context) : [] };
}

function resultOf(
  version: string,
  dir: string,
  images: RebuiltImage[],
  lock: BuildLock,
  { lock: now }: PendingBuild,
): RebuildResult {
  const names = Object.keys(lock.tools).filter((name) => lock.tools[name] !== now?.tools[name]);
  return {
    version,
    dir,
    images,
    tools: Object.fromEntries(names.map((name) => [name, [lock.tools[name] ?? '', now?.tools[name] ?? 'not there']])),
    isSame: images.every((one) => one.archivedSha256 === one.rebuiltSha256),
  };
}
