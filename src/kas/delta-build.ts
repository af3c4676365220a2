import { basename } from 'node:path';
import { ReleasePlanError } from '../errors.ts';
import { kasRunOf, type KasJob } from './build.ts';
import { waitForBitbake, type BuildDirectory } from './build-directory.ts';
import { deployDirOf } from './environment.ts';
import { requireVersion } from './render.ts';
import { runKas } from './run-kas.ts';

export interface DeltaBuildRequest extends KasJob {
  from: string;
  to: string;
  machine: string;
  distro: string;
  image: string;
}

/**
 * Runs the plan's own delta build: `VERSION_FROM=a VERSION_TO=b kas build
 * <delta_config>`. The names reach the recipe when the kas file lists them
 * under `env:`.
 *
 * @returns the folder in which the results lie: `kas.deploy` with `{version}` as the target
 * @throws ReleasePlanError `version-invalid`, `build-dir-busy`, and as {@link runKas}
 */
export async function buildDelta(directory: BuildDirectory, request: DeltaBuildRequest): Promise<string> {
  const { kas, chain, env, from, to, machine, distro, image, signal } = request;
  const versions = { VERSION_FROM: requireVersion(from), VERSION_TO: requireVersion(to) };
  const waiting = signal === undefined ? {} : { signal };
  await waitForBitbake(directory, waiting);
  await runKas(kasRunOf(directory, request, argumentsOf(kas.command, chain.argument, versions, env), versions));
  await waitForBitbake(directory, waiting);
  return deployDirOf(kas, env, { machine, distro, image, version: to });
}

/** kas-container passes on the environment that it knows, and these two are not among it. */
function argumentsOf(command: string, chain: string, versions: Record<string, string>, env: NodeJS.ProcessEnv): string[] {
  if (basename(command) !== 'kas-container') return ['build', chain];
  if (env.KAS_BUILD_DIR !== undefined && env.KAS_BUILD_DIR !== '') {
    throw new ReleasePlanError('build-failed', 'kas-container mounts KAS_BUILD_DIR as /build, so a delta recipe that reads and writes beside it loses its results with the container', {
      hint: 'Unset KAS_BUILD_DIR for plans with engine: kas.',
    });
  }
  const forwarded = Object.entries(versions).map(([name, value]) => `-e ${name}=${value}`).join(' ');
  return ['--runtime-args', forwarded, 'build', chain];
}
