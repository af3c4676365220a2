import { isAbsolute, join, relative, resolve } from 'node:path';
import { digestOf } from '../text/json.ts';
import { parseConf, type Statement } from './bitbake-conf.ts';

/** The two files that kas writes for BitBake, and what their paths are relative to. */
export interface ConfFiles {
  localConf: string;
  bblayersConf: string;
  /** What ${TOPDIR} was for kas: the build directory, or where a container has it. */
  topDir: string;
  workDir: string;
  /** Folders of a container as [inside, outside]; none when kas runs on this machine. */
  mounts: ReadonlyArray<readonly [inside: string, outside: string]>;
}

/**
 * Variables that say where and how fast a build runs, not what it makes: two
 * machines of one team differ in them and still build the same product.
 */
const NOT_CONFIGURATION: ReadonlySet<string> = new Set([
  'BUILD_VERSION',
  'DL_DIR',
  'SSTATE_DIR',
  'SSTATE_MIRRORS',
  'TMPDIR',
  'PREMIRRORS',
  'MIRRORS',
  'SOURCE_MIRROR_URL',
  'BB_NUMBER_THREADS',
  'BB_NUMBER_PARSE_THREADS',
  'PARALLEL_MAKE',
  'BB_PRESSURE_MAX_CPU',
  'BB_PRESSURE_MAX_IO',
  'BB_PRESSURE_MAX_MEMORY',
  'BB_DISKMON_DIRS',
  'BB_HASHSERVE',
  'BB_HASHSERVE_UPSTREAM',
  'BB_SERVER_TIMEOUT',
  'BB_GENERATE_MIRROR_TARBALLS',
]);

/**
 * What kas told BitBake, one digest per variable and one per layer: digests,
 * because values may be secret and manifests are published. BUILD_VERSION,
 * comments and {@link NOT_CONFIGURATION} are left out, so that two versions of
 * one product agree.
 *
 * @param passed environment variables that kas hands to BitBake, see kas/passed-env.ts
 */
export function settingsOf(files: ConfFiles, passed: ReadonlyMap<string, string> = new Map()): Record<string, string> {
  const said = new Map<string, string[]>();
  for (const [name, value] of passed) if (!NOT_CONFIGURATION.has(name)) said.set(`env ${name}`, [value]);
  for (const statement of [...parseConf(files.bblayersConf), ...parseConf(files.localConf)]) {
    const { assignment } = statement;
    if (assignment?.variable === 'BBLAYERS' || (assignment !== undefined && NOT_CONFIGURATION.has(assignment.variable)))
      continue;
    const name = nameOf(statement);
    said.set(name, [
      ...(said.get(name) ?? []),
      assignment === undefined ? statement.text : `${assignment.operator} ${assignment.value}`,
    ]);
  }
  for (const layer of layersOf(files)) said.set(`layer ${relative(files.workDir, layer)}`, ['']);
  return Object.fromEntries(
    [...said].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, words]) => [name, digestOf(words)]),
  );
}

function nameOf({ assignment, text }: Statement): string {
  if (assignment === undefined) return text;
  return `${assignment.variable}${assignment.overrides}${assignment.flag === undefined ? '' : `[${assignment.flag}]`}`;
}

/** The layer folders of bblayers.conf, absolute, as this machine has them. */
export function layersOf({ bblayersConf, topDir, mounts }: ConfFiles): string[] {
  const values = parseConf(bblayersConf).flatMap(({ assignment }) =>
    assignment?.variable === 'BBLAYERS' ? [assignment.value] : [],
  );
  const layers = values
    .join(' ')
    .split(/\s+/)
    .filter((one) => one !== '');
  return layers.map((one) => outsideOf(resolve(topDir, one.replace(/^\$\{TOPDIR\}/, topDir)), mounts));
}

/** A path of a container as this machine has it. */
export function outsideOf(path: string, mounts: ConfFiles['mounts']): string {
  for (const [inside, real] of mounts) {
    const rest = relative(inside, path);
    if (!rest.startsWith('..') && !isAbsolute(rest)) return join(real, rest);
  }
  return path;
}

/** Where kas writes the two files. */
export const confPaths = (buildDir: string): { localConf: string; bblayersConf: string } => {
  const conf = join(buildDir, 'conf');
  return { localConf: join(conf, 'local.conf'), bblayersConf: join(conf, 'bblayers.conf') };
};
