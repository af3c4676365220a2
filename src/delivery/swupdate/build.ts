import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { archiveVersion } from '../../archive/collect.ts';
import { versionDir } from '../../archive/layout.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { STAGING_PREFIX, cleanStaging } from '../../io/atomic.ts';
import { formatBytes } from '../../text/bytes.ts';
import { ifPresent } from '../../io/present.ts';
import { packageVersion } from '../../io/package.ts';
import { notesOf, withBuildDirectory, type BuildDirectory } from '../../kas/build-directory.ts';
import { buildVersion } from '../../kas/build.ts';
import { chainOf } from '../../kas/chain.ts';
import { buildDelta } from '../../kas/delta-build.ts';
import { deployDirOf } from '../../kas/environment.ts';
import { generatedFolder, overrideFolder, writeOverride, type OverridePlace } from '../../kas/override.ts';
import { clearPending, readPending } from '../../kas/pending.ts';
import { objectionToEarlier, rememberProven } from '../../kas/proven.ts';
import { proveBuild } from '../../kas/prove.ts';
import type { KasSettings, Plan, PlannedVersion } from '../../core/plan.ts';
import { signature } from '../../rdiff/index.ts';
import type { VersionManifest } from '../../core/archive.ts';
import type { Host } from '../host.ts';

/** What the steps that run kas share. */
export interface BuildSession {
  plan: Plan;
  kas: KasSettings;
  directory: BuildDirectory;
  host: Host;
}

/**
 * Runs `body` with the plan's build directory locked, from the first build to
 * the last archived file: the next build removes what the one before left.
 */
export async function withBuilds<T>(
  plan: Plan,
  host: Host,
  waitMs: number,
  body: (builds: BuildSession) => Promise<T>,
): Promise<T> {
  const kas = requireKas(plan);
  const options = { env: host.env, what: `apply ${plan.file}`, waitMs, signal: host.signal };
  return await withBuildDirectory(kas, options, async (directory) => {
    const generated = await generatedFolder(overridePlaceOf(plan, kas));
    for (const folder of [directory.notes, generated, overrideFolder(generated)]) await cleanStaging(folder);
    return await body({ plan, kas, directory, host });
  });
}

/**
 * Removes what a run that was killed left in the plan's build directory, for a
 * run that builds nothing. When somebody builds there, they have done so.
 */
export async function cleanBuilds(plan: Plan, host: Host): Promise<void> {
  if (plan.kas === undefined) return;
  const entries = (await ifPresent(readdir(notesOf(plan.kas, host.env)))) ?? [];
  if (!entries.some((name) => name.startsWith(STAGING_PREFIX))) return;
  try {
    await withBuilds(plan, host, 0, async () => undefined);
  } catch (error) {
    if (!(error instanceof ReleasePlanError && error.code === 'build-dir-busy')) throw error;
  }
}

function requireKas(plan: Plan): KasSettings {
  if (plan.kas !== undefined) return plan.kas;
  throw new ReleasePlanError(
    'archive-missing',
    `${plan.file} has versions that are not in the archive, and no kas section to build them with`,
  );
}

/** Where generated files go. */
const overridePlaceOf = (plan: Plan, { config, workDir }: KasSettings): OverridePlace => ({
  planDir: plan.dir,
  config,
  workDir,
});

/** Builds one version. @returns what was done, in words */
export async function runBuild(
  version: string,
  { plan, kas, directory, host }: BuildSession,
  progress: (message: string) => void,
): Promise<string> {
  const place = overridePlaceOf(plan, kas);
  const override = await writeOverride(place, { buildinfo: kas.buildinfo, version });
  const chain = await chainOf({
    config: kas.config,
    versionFiles: plannedVersion(plan, version).kas,
    override,
    workDir: kas.workDir,
  });
  const logFile = join(await generatedFolder(place), 'logs', `${version}.log`);
  const { machine, distro, dir: planDir } = plan;
  await buildVersion(directory, {
    kas,
    chain,
    version,
    machine,
    distro,
    planDir,
    logFile,
    env: host.env,
    signal: host.signal,
    onProgress: progress,
  });
  return `log ${logFile}`;
}

const plannedVersion = (plan: Plan, version: string): PlannedVersion =>
  plan.versions.find((one) => one.version === version) ?? { version, tags: [], kas: [] };

/**
 * Archives a version that kas has built, once the build is proven.
 *
 * @returns what was archived, also in words
 * @throws ReleasePlanError `archive-missing` when this version was not built
 *   last, and as {@link proveBuild} and {@link archiveVersion}
 */
export async function runArchive(
  version: string,
  { plan, kas, directory, host }: BuildSession,
  progress: (message: string) => void,
): Promise<{ manifest: VersionManifest; dir: string; message: string }> {
  const { signal } = host;
  const pending = await readPending(directory);
  if (pending?.version !== version || !pending.finished) {
    throw new ReleasePlanError(
      'archive-missing',
      `the last build in ${directory.path} is not one of ${version} that ended well`,
    );
  }
  const { machine, distro, image, product } = plan;
  const deploy = deployDirOf(kas, host.env, { machine, distro, image, version });
  progress('prove the build');
  const proof = await proveBuild({
    deploy,
    machine,
    distro,
    image,
    version,
    signal,
    partitions: plan.partitions,
    startedAtNs: pending.startedAtNs,
    objectionToEarlier: async (path, sha256) =>
      await objectionToEarlier(directory, { path, sha256, key: plan, pending, workDir: kas.workDir }),
    scratchDir: directory.notes,
  });
  const manifest = await archiveVersion({
    key: plan,
    product,
    distro,
    version,
    deploy,
    proof,
    signal,
    partitions: plan.partitions,
    collect: plan.collect,
    configuration: pending.configuration,
    tools: { 'release-plan': packageVersion() },
    makeSignature: async (from, out) => void (await signature(from, out, { signal })),
    onFile: (path, sizeBytes) => progress(`${path}, ${formatBytes(sizeBytes)}`),
  });
  const images = manifest.files
    .filter((one) => one.role === 'image')
    .map(({ path, sha256 }) => ({ path: join(deploy, path), sha256 }));
  await rememberProven(directory, pending, plan, images);
  await clearPending(directory);
  const bytes = manifest.files.reduce((sum, one) => sum + one.sizeBytes, 0);
  const shown = proof.filter((one) => one.check === 'build-version').map((one) => one.detail);
  return {
    manifest,
    dir: versionDir(plan, version),
    message: `${manifest.files.length} files, ${formatBytes(bytes)}; ${shown.join('; ')}`,
  };
}

/** Runs the plan's own delta build. @returns the folder with its results */
export async function buildDeltaWithKas(
  from: string,
  to: string,
  { plan, kas, directory, host }: BuildSession,
  progress: (message: string) => void,
): Promise<string> {
  if (kas.deltaConfig.length === 0)
    throw new ReleasePlanError('pair-inconsistent', `${plan.file}: engine kas needs kas.delta_config`);
  const chain = await chainOf({ config: kas.deltaConfig, workDir: kas.workDir });
  const logFile = join(await generatedFolder(overridePlaceOf(plan, kas)), 'logs', `${from}-to-${to}.log`);
  const { machine, distro, image } = plan;
  return await buildDelta(directory, {
    kas,
    chain,
    from,
    to,
    machine,
    distro,
    image,
    logFile,
    env: host.env,
    signal: host.signal,
    onProgress: progress,
  });
}
