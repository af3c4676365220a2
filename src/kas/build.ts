import { relative } from 'node:path';
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
import { finishPending, startPending, type PendingBuild } from './pending.ts';
import { runKas, type KasRun } from './run-kas.ts';
import { confPaths } from './settings.ts';

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
 * Builds one version with kas. That kas exits 0 proves nothing: the
 * configuration is checked before (`kas checkout` takes seconds, the build
 * hours) and compared after; the images are for {@link proveBuild} to judge.
 *
 * @param directory held by {@link withBuildDirectory} until the images are archived
 * @returns the build as recorded; `clearPending` when it is archived
 * @throws ReleasePlanError `kas-order`, `kas-version-overridden`, `kas-settings-differ`,
 *   `kas-configuration-changed`, `build-dir-busy`, and as {@link runKas}
 */
export async function buildVersion(directory: BuildDirectory, request: BuildRequest): Promise<PendingBuild> {
  const waiting = request.signal === undefined ? {} : { signal: request.signal };
  await waitForBitbake(directory, waiting);
  await runKas(kasRunOf(directory, request, ['checkout', request.chain.argument]));
  const configuration = await checkConfiguration(directory, request, await kasVersion(request.kas, request.env));
  const pending = await startPending(directory, request.version, configuration);
  await runKas(kasRunOf(directory, request, ['build', request.chain.argument]));
  await waitForBitbake(directory, waiting);
  await requireUnchanged(directory, request, configuration);
  return await finishPending(directory, pending);
}

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

async function checkConfiguration(
  directory: BuildDirectory,
  request: BuildRequest,
  kasVersion: string,
): Promise<BuildConfiguration> {
  const { kas, chain, machine, distro, planDir, env } = request;
  const files = await readConf(kas, directory.path);
  const planned: PlannedSettings = { version: request.version, machine, distro, buildinfo: kas.buildinfo };
  requirePlanned(files.localConf, planned, relative(kas.workDir, confPaths(directory.path).localConf));
  return await describeConfiguration(files, { chain, planDir, env, kas: kasVersion });
}

/** Somebody's `kas checkout` or `kas build` meanwhile rewrote local.conf, and BitBake may have read either. */
async function requireUnchanged(
  directory: BuildDirectory,
  request: BuildRequest,
  before: BuildConfiguration,
): Promise<void> {
  const changed = (what: string, cause?: unknown): ReleasePlanError =>
    new ReleasePlanError(
      'kas-configuration-changed',
      `while ${request.version} was being built in ${directory.path}, ${what}`,
      { cause },
    );
  let after: BuildConfiguration;
  try {
    after = await checkConfiguration(directory, request, before.kas);
  } catch (error) {
    // What cannot be read has not changed, as far as anybody knows.
    if (request.signal?.aborted || (errnoOf(error) !== undefined && leavesOpen(error))) throw error;
    throw changed(messageOf(error), error);
  }
  if (after.digest !== before.digest) throw changed('its configuration changed');
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
