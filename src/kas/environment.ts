import { isAbsolute, join, relative, resolve } from 'node:path';
import { expandPlaceholders } from '../text/placeholders.ts';
import type { KasSettings } from '../core/plan.ts';

/**
 * What a shell may hold that changes *what* is built. Each overrides the plan's
 * kas files without a word, so none reaches kas. What says *where* or *how*
 * (KAS_BUILD_DIR, KAS_REPO_REF_DIR, KAS_PREMIRRORS, KAS_CONTAINER_IMAGE, DL_DIR,
 * SSTATE_DIR, proxies, credentials) is kept.
 */
const CHANGES_THE_RESULT = [
  'KAS_MACHINE',
  'KAS_DISTRO',
  'KAS_TARGET',
  'KAS_TASK',
  'VERSION_FROM',
  'VERSION_TO',
] as const;

/** The environment for kas: the caller's without what would change the result, and with the plan's work dir. */
export function kasEnvironment(
  kas: KasSettings,
  env: NodeJS.ProcessEnv,
  added: Record<string, string> = {},
): NodeJS.ProcessEnv {
  const clean = { ...env };
  for (const name of CHANGES_THE_RESULT) delete clean[name];
  const buildDir = env.KAS_BUILD_DIR;
  return {
    ...clean,
    KAS_WORK_DIR: kas.workDir,
    ...(buildDir === undefined || buildDir === '' ? {} : { KAS_BUILD_DIR: buildDirOf(kas, env) }),
    ...added,
  };
}

/** The build directory: KAS_BUILD_DIR (relative to the work dir) or `build` in the work dir. */
export function buildDirOf(kas: KasSettings, env: NodeJS.ProcessEnv): string {
  const asked = env.KAS_BUILD_DIR;
  return asked === undefined || asked === '' ? join(kas.workDir, 'build') : resolve(kas.workDir, asked);
}

/**
 * Where a build leaves its images, placeholders expanded. A `deploy` within the
 * usual build directory moves along with KAS_BUILD_DIR.
 *
 * @param values machine, distro, image and version
 */
export function deployDirOf(kas: KasSettings, env: NodeJS.ProcessEnv, values: Record<string, string>): string {
  const deploy = expandPlaceholders(kas.deploy, values);
  const within = relative(join(kas.workDir, 'build'), deploy);
  return within.startsWith('..') || isAbsolute(within) ? deploy : join(buildDirOf(kas, env), within);
}
