import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withBuildDirectory, type BuildDirectory } from '../../src/kas/build-directory.ts';
import { buildVersion, type BuildRequest } from '../../src/kas/build.ts';
import { chainOf, type Chain } from '../../src/kas/chain.ts';
import { writeOverride } from '../../src/kas/override.ts';
import type { PendingBuild } from '../../src/kas/pending.ts';
import { proveBuild } from '../../src/kas/prove.ts';
import type { Proof } from '../../src/core/archive.ts';
import type { KasSettings, Partition } from '../../src/core/plan.ts';
import { scratch } from '../support/scratch.ts';
import { sourceLines } from '../support/sources.ts';

export const MACHINE = 'tolomeo-qemux86-64';
export const DISTRO = 'tolomeo-prod';
export const IMAGE = 'image-prod';
export const EXAMPLE = fileURLToPath(new URL('../../examples/tolomeo', import.meta.url));

export const ROOTFS: Partition = {
  name: 'rootfs',
  file: 'image-prod-{machine}.squashfs',
  readOnly: true,
  target: { slots: { a: '/dev/vda2', b: '/dev/vda3' } },
  versionFile: '/etc/buildinfo',
  delta: 'rdiff',
  type: 'block',
  update: 'if-changed',
};

/** A copy of the example that builds images of a few MiB. */
export interface Project {
  dir: string;
  kas: KasSettings;
  deploy: string;
  logFile: string;
}

/**
 * @param localConf lines for local.conf, e.g. the stand-in's switches
 * @param headerId the local_conf_header id that they stand under
 */
export function project(name: string, localConf: readonly string[] = [], headerId = 'test'): Project {
  const dir = scratch(`kas-${name}`);
  for (const folder of ['kas', 'layers']) cpSync(join(EXAMPLE, folder), join(dir, folder), { recursive: true });
  // In a repository: outside of any, kas looks for a Mercurial one too, a quarter of a second each time.
  execFileSync('git', ['init', '--quiet', dir]);
  // A test of full images needs more programs than the copy has, and compares nothing between builds.
  const isFull = localConf.some((line) => line.startsWith('STAND_IN_ROOTFS_MIB'));
  const common = isFull ? [] : ['STAND_IN_ROOTFS_MIB = "4"', ...sourceLines()];
  const lines = [...common, ...localConf].map((line) => `    ${line}\n`).join('');
  writeFileSync(join(dir, 'kas/test.yml'), `header:\n  version: 1\nlocal_conf_header:\n  ${headerId}: |\n${lines}`);
  const kas: KasSettings = {
    config: [join(dir, 'kas', `${MACHINE}_${DISTRO}_${IMAGE}.yml`), join(dir, 'kas/test.yml')],
    override: 'zz-release-plan',
    command: process.env.RELEASE_PLAN_KAS ?? 'kas',
    workDir: dir,
    deploy: join(dir, 'build/tmp/deploy/images/{machine}'),
    deltaConfig: [join(dir, 'kas', `${MACHINE}_imgen-update-delta.yml`)],
    pass: [],
    stallTimeoutMs: 60_000,
    lock: 'write',
    update: false,
    forceCheckout: false,
    allowDirty: false,
    provenance: 'off',
  };
  return { dir, kas, deploy: join(dir, 'build/tmp/deploy/images', MACHINE), logFile: join(dir, 'log') };
}

export async function chainFor({ dir, kas }: Project, version: string): Promise<Chain> {
  const override = await writeOverride({ planDir: dir, config: kas.config }, { id: kas.override, version });
  return await chainOf({ config: kas.config, override, workDir: dir });
}

export const locked = <T>(
  { kas }: Project,
  body: (directory: BuildDirectory) => Promise<T>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<T> => withBuildDirectory(kas, { env, what: 'test' }, body);

/** Builds a version with real kas. */
export async function build(
  of: Project,
  directory: BuildDirectory,
  version: string,
  more: Partial<BuildRequest> = {},
): Promise<PendingBuild> {
  const { kas, dir, logFile } = of;
  const chain = more.chain ?? (await chainFor(of, version));
  return await buildVersion(directory, {
    kas,
    chain,
    env: process.env,
    logFile,
    version,
    machine: MACHINE,
    distro: DISTRO,
    planDir: dir,
    ...more,
  });
}

/** The proof of a build, for the project's one partition. */
export async function prove(
  of: Project,
  directory: BuildDirectory,
  version: string,
  startedAtNs: bigint,
): Promise<Proof[]> {
  return await proveBuild({
    deploy: of.deploy,
    partitions: [ROOTFS],
    machine: MACHINE,
    distro: DISTRO,
    image: IMAGE,
    version,
    startedAtNs,
    scratchDir: directory.notes,
  });
}

/** Processes that work in a folder or name it in their arguments. */
export function processesIn(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return words.includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) ? [`${pid} ${words}`] : [];
      } catch {
        return [];
      }
    });
}
