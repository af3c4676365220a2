import { readFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { digestOf } from '../text/json.ts';
import { run } from '../io/process.ts';
import type { BuildConfiguration } from '../core/archive.ts';
import type { KasSettings } from '../core/plan.ts';
import { effectOn, parseConf, type Statement } from './bitbake-conf.ts';
import { gitRootOf, type Chain } from './chain.ts';
import { containerFor, containerMounts } from './container.ts';
import { passedEnvironment } from './passed-env.ts';
import { confPaths, layersOf, settingsOf, type ConfFiles } from './settings.ts';

/** What local.conf has to say for a version. */
export interface PlannedSettings {
  version: string;
  machine: string;
  distro: string;
  /** The local_conf_header id that release-plan writes. */
  buildinfo: string;
}

/** Reads what kas wrote into a build directory. */
export async function readConf(kas: KasSettings, buildDir: string): Promise<ConfFiles> {
  const paths = confPaths(buildDir);
  const isContained = containerFor(kas.command, {}) !== undefined;
  const base = dirname(kas.config[0] ?? kas.workDir);
  return {
    localConf: await readFile(paths.localConf, 'utf8'),
    bblayersConf: await readFile(paths.bblayersConf, 'utf8'),
    topDir: isContained ? '/build' : buildDir,
    workDir: kas.workDir,
    mounts: isContained
      ? containerMounts({ workDir: kas.workDir, buildDir, repository: (await gitRootOf(base)) ?? base })
      : [],
  };
}

/**
 * Holds that local.conf, as kas wrote it, builds the planned version for the
 * planned machine and distro. Run before the hours of building, after `kas
 * checkout`. Layers and distro files can still change BUILD_VERSION; what the
 * image says in the end is checked by kas/prove.ts.
 *
 * @param file path of local.conf, for messages
 * @throws ReleasePlanError `kas-order`, `kas-version-overridden`, `kas-settings-differ`
 */
export function requirePlanned(localConf: string, planned: PlannedSettings, file: string): void {
  const statements = parseConf(localConf);
  const { version, machine, distro } = planned;
  const { value, by, changedBy } = effectOn('BUILD_VERSION', statements, [machine, distro]);
  if (value !== version) throw otherVersion(value, by, planned, file);
  const changed = changedBy[0];
  if (changed !== undefined) {
    throw new ReleasePlanError(
      'kas-version-overridden',
      `${locationOf(file, changed)} changes the planned BUILD_VERSION ${version}: ${changed.text}`,
    );
  }
  requireSetting('MACHINE', machine, statements, file);
  requireSetting('DISTRO', distro, statements, file);
}

function requireSetting(
  name: 'MACHINE' | 'DISTRO',
  expected: string,
  statements: readonly Statement[],
  file: string,
): void {
  const { value, by, changedBy } = effectOn(name, statements);
  const beaten = changedBy[0] ?? (value === expected ? undefined : by);
  if (beaten === undefined && value !== undefined) return;
  throw new ReleasePlanError(
    'kas-settings-differ',
    `the plan says ${name} ${expected}, the kas files say otherwise: ${saidBy(name, beaten, file)}`,
  );
}

function saidBy(name: string, statement: Statement | undefined, file: string): string {
  if (statement === undefined) return `${file} does not set it`;
  // kas itself writes `MACHINE ??=` at the end, from the top-level key.
  if (statement.assignment?.operator === '??=') return `${name.toLowerCase()}: ${statement.assignment.value}`;
  return `${locationOf(file, statement)}: ${statement.text}`;
}

function otherVersion(
  value: string | undefined,
  by: Statement | undefined,
  { version, buildinfo }: PlannedSettings,
  file: string,
): ReleasePlanError {
  if (by === undefined)
    return new ReleasePlanError(
      'kas-order',
      `${file} does not set BUILD_VERSION, ${version} was planned under ${buildinfo}`,
    );
  const message = `${locationOf(file, by)} sets BUILD_VERSION to ${JSON.stringify(value)}, planned is ${version}`;
  return by.header === buildinfo
    ? new ReleasePlanError('kas-order', message)
    : new ReleasePlanError('kas-version-overridden', message, {
        hint: `Remove it from local_conf_header ${by.header ?? ''}, or name that id as kas.buildinfo in the plan.`,
      });
}

const locationOf = (file: string, { line, header }: Statement): string =>
  `${file}:${line}${header === undefined ? '' : ` (local_conf_header ${JSON.stringify(header)})`}`;

/** What a configuration is recorded with, beside the files that kas wrote. */
export interface ConfigurationContext {
  chain: Chain;
  /** Manifests name the chain relative to it. */
  planDir: string;
  /** The caller's environment. */
  env: NodeJS.ProcessEnv;
  /** First line of `kas --version`. */
  kas: string;
}

/** The record of a configuration for the manifest. */
export async function describeConfiguration(
  files: ConfFiles,
  { chain, planDir, env, kas }: ConfigurationContext,
): Promise<BuildConfiguration> {
  const settings = settingsOf(files, await passedEnvironment(chain.files, env));
  return {
    digest: digestOf(settings),
    settings,
    layers: await commitsOf(layersOf(files), files.workDir),
    chain: chain.files.map((file) => relative(planDir, file)),
    kas,
  };
}

/** Repository (relative to the work dir) -> commit, with `-dirty` where tracked files were changed. */
async function commitsOf(layers: readonly string[], workDir: string): Promise<Record<string, string>> {
  const commits = new Map<string, string>();
  for (const layer of layers) {
    const git = async (...args: string[]): Promise<string | undefined> => {
      // 128: no repository, no commit yet, or no such folder.
      const { exitCode, stdout } = await run('git', ['-C', layer, ...args], { okCodes: [0, 128] });
      return exitCode === 0 ? stdout : undefined;
    };
    const top = await git('rev-parse', '--show-toplevel');
    const name = top === undefined ? undefined : relative(workDir, top) || '.';
    const commit = name === undefined || commits.has(name) ? undefined : await git('rev-parse', 'HEAD');
    if (name === undefined || commit === undefined) continue;
    const changed = await git('status', '--porcelain', '--untracked-files=no');
    commits.set(name, changed === '' ? commit : `${commit}-dirty`);
  }
  return Object.fromEntries([...commits].sort(([a], [b]) => (a < b ? -1 : 1)));
}
