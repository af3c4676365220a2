import { dirname, relative } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { digestOf } from '../text/json.ts';
import { readRegularText } from '../io/regular.ts';
import type { BuildConfiguration } from '../core/archive.ts';
import type { KasSettings } from '../core/plan.ts';
import { effectOn, parseConf, type Statement } from './bitbake-conf.ts';
import { gitRootOf, type Chain } from './chain.ts';
import { containerFor, containerMounts } from './container.ts';
import { changesIn, headOf } from './git.ts';
import { passedEnvironment } from './passed-env.ts';
import { namedHead } from './pins.ts';
import { confPaths, layersOf, settingsOf, type ConfFiles } from './settings.ts';

/** What local.conf has to say for a version. */
export interface PlannedSettings {
  version: string;
  machine: string;
  distro: string;
  /** The local_conf_header id that release-plan writes. */
  override: string;
}

/** Reads what kas wrote into a build directory. */
export async function readConf(kas: KasSettings, buildDir: string): Promise<ConfFiles> {
  const paths = confPaths(buildDir);
  const isContained = containerFor(kas.command, {}) !== undefined;
  const base = dirname(kas.config[0] ?? kas.workDir);
  return {
    localConf: await readRegularText(paths.localConf),
    bblayersConf: await readRegularText(paths.bblayersConf),
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
 * @param places where the kas files have each block, see {@link headerPlaces}
 * @throws ReleasePlanError `kas-order`, `kas-version-overridden`, `kas-settings-differ`
 */
export function requirePlanned(
  localConf: string,
  planned: PlannedSettings,
  file: string,
  places: ReadonlyMap<string, readonly string[]> = new Map(),
): void {
  const locationOf = (statement: Statement): string => placed(file, statement, places);
  const statements = parseConf(localConf);
  const { version, machine, distro } = planned;
  const { value, by, changedBy } = effectOn('BUILD_VERSION', statements, [machine, distro]);
  if (value !== version)
    throw otherVersion(value, by, planned, {
      locationOf,
      file,
      hasBlock: statements.some((one) => one.header === planned.override),
    });
  const changed = changedBy[0];
  if (changed !== undefined) {
    throw new ReleasePlanError(
      'kas-version-overridden',
      `${locationOf(changed)} changes the planned BUILD_VERSION ${version}: ${changed.text}`,
    );
  }
  requireSetting('MACHINE', machine, statements, { file, locationOf });
  requireSetting('DISTRO', distro, statements, { file, locationOf });
}

/** How messages name local.conf and places in it. */
interface ConfNames {
  file: string;
  locationOf: (statement: Statement) => string;
}

function requireSetting(
  name: 'MACHINE' | 'DISTRO',
  expected: string,
  statements: readonly Statement[],
  conf: ConfNames,
): void {
  const { value, by, changedBy } = effectOn(name, statements);
  const beaten = changedBy[0] ?? (value === expected ? undefined : by);
  if (beaten === undefined && value !== undefined) return;
  throw new ReleasePlanError(
    'kas-settings-differ',
    `the plan sets ${name} to ${expected}, but the kas files differ: ${saidBy(name, beaten, conf)}`,
  );
}

function saidBy(name: string, statement: Statement | undefined, { file, locationOf }: ConfNames): string {
  if (statement === undefined) return `${file} does not set it`;
  // kas itself writes `MACHINE ??=` at the end, from the top-level key.
  if (statement.assignment?.operator === '??=') return `${name.toLowerCase()}: ${statement.assignment.value}`;
  return `${locationOf(statement)}: ${statement.text}`;
}

function otherVersion(
  value: string | undefined,
  by: Statement | undefined,
  { version, override }: PlannedSettings,
  { file, locationOf, hasBlock }: ConfNames & { hasBlock: boolean },
): ReleasePlanError {
  if (by === undefined)
    return new ReleasePlanError(
      'kas-order',
      `${file} does not set BUILD_VERSION; expected ${version} under ${override}`,
    );
  const message = `${locationOf(by)} sets BUILD_VERSION to ${JSON.stringify(value)}, not the planned ${version}`;
  return by.header === override || !hasBlock
    ? new ReleasePlanError('kas-order', message)
    : new ReleasePlanError('kas-version-overridden', message, {
        hint: `Remove it from local_conf_header ${by.header ?? ''}, or give kas.override an id that sorts after it.`,
      });
}

/** local.conf:12 (local_conf_header "x", kas/product.yml:20), as far as it is known. */
function placed(file: string, { line, header }: Statement, places: ReadonlyMap<string, readonly string[]>): string {
  if (header === undefined) return `${file}:${line}`;
  const origin = [`local_conf_header ${JSON.stringify(header)}`, ...(places.get(header) ?? [])];
  return `${file}:${line} (${origin.join(', ')})`;
}

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

/**
 * Repository (relative to the work dir) -> commit as {@link namedHead} has it, with `-dirty` where tracked files were
 * changed.
 */
async function commitsOf(layers: readonly string[], workDir: string): Promise<Record<string, string>> {
  const commits = new Map<string, string>();
  for (const layer of layers) {
    const head = await headOf(layer);
    const name = head === undefined ? undefined : relative(workDir, head.top) || '.';
    if (head === undefined || name === undefined || commits.has(name)) continue;
    const changed = (await changesIn(head.top)).some((one) => one.kind === 'tracked');
    commits.set(name, `${namedHead(head)}${changed ? '-dirty' : ''}`);
  }
  return Object.fromEntries([...commits].sort(([a], [b]) => (a < b ? -1 : 1)));
}
