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
  await runKas(kasRunOf(directory, request, ['build', chain.argument], versions));
  await waitForBitbake(directory, waiting);
  return deployDirOf(kas, env, { machine, distro, image, version: to });
}
