import { dirname, relative } from 'node:path';
import { ReleasePlanError, errnoOf, messageOf } from '../core/errors.ts';
import { leavesOpen } from '../io/present.ts';
import { run } from '../io/process.ts';
import type { BuildConfiguration } from '../core/archive.ts';
import type { KasSettings } from '../core/plan.ts';
import { waitForBitbake, type BuildDirectory } from './build-directory.ts';
import type { Chain } from './chain.ts';
import { containerFor, containerOptions } from './container.ts';
import { describeConfiguration, readConf, requirePlanned, type PlannedSettings } from './configuration.ts';
import { kasEnvironment } from './environment.ts';
import { headerPlaces } from './header-places.ts';
import { requireKnownHeader } from './header-version.ts';
import { makeLock, requireLockable, type BuildLock } from './lock.ts';
import { finishPending, startPending, type PendingBuild } from './pending.ts';
import {
  inspectRepositories,
  movedBetween,
  problemsOf,
  requirePinned,
  type BuildInputs,
  type RepositoryState,
} from './pins.ts';
import { PROBE, ProbeLines, type KasRepository } from './repositories.ts';
import { runKas, type KasRun } from './run-kas.ts';
import { confPaths, layersOf, type ConfFiles } from './settings.ts';

/** What every run of kas in a build directory is given. */
export interface KasJob {
  kas: KasSettings;
  chain: Chain;
  /** The caller's environment; what would change the result is taken out. */
  env: NodeJS.ProcessEnv;
  /** Everything kas prints goes to its end. */
  logFile: string;
  heartbeatMs?: number;
  signal?: AbortSignal;
  onProgress?: (message: string) => void;
  onLine?: (line: string) => void;
}

export interface BuildRequest extends KasJob {
  version: string;
  machine: string;
  distro: string;
  /** The plan's folder: manifests name the chain relative to it. */
  planDir: string;
}

/**
 * Builds one version with kas. That kas exits 0 proves nothing: configuration
 * and repositories are checked before (that takes seconds, the build hours)
 * and compared after; the images are for {@link proveBuild} to judge.
 *
 * @param directory held by {@link withBuildDirectory} until the images are archived
 * @returns the build as recorded; `clearPending` when it is archived
 * @throws ReleasePlanError `kas-too-old`, `kas-order`, `kas-version-overridden`, `kas-settings-differ`,
 *   `layer-not-at-pin`, `lock-incomplete`, `kas-configuration-changed`, `build-dir-busy`, and as {@link runKas}
 */
export async function buildVersion(directory: BuildDirectory, request: BuildRequest): Promise<PendingBuild> {
  const { kas, chain, version, signal } = request;
  const waiting = signal === undefined ? {} : { signal };
  const kasLine = await kasVersion(kas, request.env);
  await requireKnownHeader(chain.files, kasLine);
  await waitForBitbake(directory, waiting);
  const before = await prepareBuild(directory, request, kasLine);
  const pending = await startPending(directory, { version, ...before.record });
  const built = await runKas(kasRunOf(directory, request, ['build', ...provenanceOptions(kas), chain.argument]));
  await waitForBitbake(directory, waiting);
  await requireUnchanged(directory, request, before);
  const warnings = [...new Set([...before.record.warnings, ...built])];
  return await finishPending(directory, { ...pending, warnings });
}

const provenanceOptions = ({ provenance }: KasSettings): string[] =>
  provenance === 'off' ? [] : ['--provenance', `mode=${provenance}`];

/** A run of kas for a job, its environment cleaned. @param added variables for recipes */
export function kasRunOf(
  directory: BuildDirectory,
  job: KasJob,
  args: string[],
  added: Record<string, string> = {},
): KasRun {
  const { kas, logFile, heartbeatMs, signal, onProgress, onLine } = job;
  const container = containerFor(kas.command, job.env);
  return {
    command: kas.command,
    args: container === undefined ? args : [...containerOptions(container, added), ...args],
    ...(container === undefined ? {} : { container }),
    workDir: kas.workDir,
    buildDir: directory.path,
    env: kasEnvironment(kas, job.env, added),
    logFile,
    stallTimeoutMs: kas.stallTimeoutMs,
    ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(onLine === undefined ? {} : { onLine }),
  };
}

/** What was found before a build. */
interface Prepared {
  conf: ConfFiles;
  repositories: readonly KasRepository[];
  states: readonly RepositoryState[];
  record: { configuration: BuildConfiguration; lock: BuildLock; dirty?: string[]; warnings: string[] };
}

/** Checks out, has kas write local.conf, and looks at both. */
async function prepareBuild(directory: BuildDirectory, request: BuildRequest, kasLine: string): Promise<Prepared> {
  const { kas, chain, version, planDir } = request;
  const probe = new ProbeLines();
  const options = [...(kas.update ? ['--update'] : []), ...(kas.forceCheckout ? ['--force-checkout'] : [])];
  const run = kasRunOf(directory, request, ['for-all-repos', ...options, chain.argument, PROBE]);
  const warnings = await runKas({
    ...run,
    onLine: (line) => {
      probe.add(line);
      run.onLine?.(line);
    },
  });
  const conf = await readConf(kas, directory.path);
  const configuration = await checkConfiguration(directory, request, conf, kasLine);
  const { repositories, tools } = probe.resolve(conf);
  const states = await inspectRepositories(repositories, inputsOf(directory, request, conf));
  if (!kas.allowDirty) requirePinned(states, kas.workDir, `${version} was not built, kas would not build what it says`);
  const problems = problemsOf(states, kas.workDir);
  const files = chain.files.filter((file) => file !== chain.override);
  const lock = await makeLock(states, { version, planDir, workDir: kas.workDir, files, problems, kas: kasLine, tools });
  if (kas.lock === 'required') requireLockable(states, lock);
  const dirty = problems.length === 0 ? {} : { dirty: problems };
  return { conf, repositories, states, record: { configuration, lock, warnings, ...dirty } };
}

function inputsOf(directory: BuildDirectory, { chain }: BuildRequest, conf: ConfFiles): BuildInputs {
  const written = [directory.path, ...(chain.override === undefined ? [] : [dirname(dirname(chain.override))])];
  return { layers: layersOf(conf), files: chain.files, written };
}

async function checkConfiguration(
  directory: BuildDirectory,
  request: BuildRequest,
  files: ConfFiles,
  kasLine: string,
): Promise<BuildConfiguration> {
  const { kas, chain, machine, distro, planDir, env } = request;
  const planned: PlannedSettings = { version: request.version, machine, distro, override: kas.override };
  const localConf = relative(kas.workDir, confPaths(directory.path).localConf);
  requirePlanned(files.localConf, planned, localConf, await headerPlaces(chain.files, kas.workDir));
  return await describeConfiguration(files, { chain, planDir, env, kas: kasLine });
}

/**
 * Somebody's kas meanwhile rewrote local.conf, or checked out something else, and BitBake may have read either.
 */
async function requireUnchanged(directory: BuildDirectory, request: BuildRequest, before: Prepared): Promise<void> {
  const { kas, version, signal } = request;
  const changed = (what: string, cause?: unknown): ReleasePlanError =>
    new ReleasePlanError(
      'kas-configuration-changed',
      `while ${version} was being built in ${directory.path}, ${what}`,
      {
        cause,
      },
    );
  let after: BuildConfiguration;
  try {
    const { kas: kasLine } = before.record.configuration;
    after = await checkConfiguration(directory, request, await readConf(kas, directory.path), kasLine);
  } catch (error) {
    // What cannot be read has not changed, as far as anybody knows.
    if (signal?.aborted || (errnoOf(error) !== undefined && leavesOpen(error))) throw error;
    throw changed(messageOf(error), error);
  }
  if (after.digest !== before.record.configuration.digest) throw changed('its configuration changed');
  const states = await inspectRepositories(before.repositories, inputsOf(directory, request, before.conf));
  const moved = movedBetween(before.states, states, kas.workDir);
  if (moved.length > 0) throw new ReleasePlanError('layer-not-at-pin', `${version} was built, but ${moved.join('; ')}`);
  if (!kas.allowDirty) requirePinned(states, kas.workDir, `${version} was built, but not of what the kas files say`);
}

/** The first line of `kas --version`: `kas 3.1 (configuration format version 12, ...)`. */
export async function kasVersion(kas: KasSettings, env: NodeJS.ProcessEnv): Promise<string> {
  // kas-container of some releases knows no --version and prints its usage instead.
  const { stdout } = await run(kas.command, ['--version'], {
    cwd: kas.workDir,
    env: kasEnvironment(kas, env),
    okCodes: [0, 1, 2],
  });
  const line = stdout.split('\n', 1)[0] ?? '';
  return /\d/.test(line) ? line : `${kas.command}, version unknown`;
}
