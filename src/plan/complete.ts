import { isAbsolute, join, resolve } from 'node:path';
import type {
  DeltaRule,
  DeltaSources,
  DestinationSettings,
  EngineName,
  FleetServer,
  KasSettings,
  Partition,
  Plan,
  PlannedVersion,
  RetentionSettings,
  Signer,
  SigningSettings,
  StoreSettings,
  StaticDeltaGenerator,
  SwuSettings,
} from '../core/plan.ts';
import {
  archivePathOf,
  filesOf,
  present,
  type ArtifactsSource,
  type DeltaSource,
  type DestinationSource,
  type FilesSource,
  type FleetServerSource,
  type KasSource,
  type PartitionSource,
  type PlanSource,
  type RetentionSource,
  type SignerSource,
  type SigningSource,
  type SwuSource,
  type VersionSource,
} from './source.ts';
import { parseDurationMs, parseShare, parseSizeBytes } from '../text/units.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const COMMAND_TIMEOUT_MS = 600_000;
/** A delta that saves less than 30 % costs more (a base that must be right, time to make) than it gives. */
const DEFAULT_MAX_SHARE = 0.7;

/** Removes keys without a value, as exactOptionalPropertyTypes wants it. */
type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };
function defined<T extends object>(value: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Partial<Defined<T>>;
}

/**
 * The plan with its defaults, absolute paths, bytes and milliseconds.
 *
 * @param source free of errors: what the schema requires is there
 * @param file absolute path of the plan file
 */
export function completePlan(source: PlanSource, file: string, dir: string): Plan {
  return {
    file,
    dir,
    product: source.product ?? '',
    machine: source.machine ?? '',
    distro: source.distro ?? '',
    image: source.image ?? '',
    artifacts: resolve(dir, archivePathOf(source) ?? 'artifacts'),
    collect: present(source.collect),
    partitions: present(source.partitions).map(partitionOf),
    swu: swuOf(source.swu, source.machine ?? '', dir),
    versions: present(source.versions).map((one) => versionOf(one, dir)),
    deltas: present(source.deltas).map((one) => deltaOf(one, defaultEngine(source))),
    publish: present(source.publish).map(destinationOf),
    commandTimeoutMs: parseDurationMs(source.command_timeout ?? '') ?? COMMAND_TIMEOUT_MS,
    verifyDays: source.verify_days ?? 30,
    prove: { install: source.prove?.install ?? true },
    ...defined({
      store: storeOf(source.artifacts, dir),
      kas: source.kas && kasOf(source.kas, dir),
      signing: source.signing && signingOf(source.signing),
      fleet: fleetOf(source.fleet, dir),
      ostree: source.ostree && ostreeOf(source.ostree, dir),
      targets: targetsOf(source.targets, dir),
      notify: source.notify && { command: source.notify.command ?? '', on: source.notify.on ?? 'change' },
      retention: source.retention && retentionOf(source.retention),
    }),
  };
}

/** The engine of a delta that names none. */
export const defaultEngine = (source: PlanSource): EngineName => (source.ostree === undefined ? 'rdiff' : 'ostree');

const absolute = (files: FilesSource | undefined, dir: string): string[] =>
  filesOf(files, []).map(({ file }) => resolve(dir, file));

/** `s3://bucket/prefix`, or `file:///folder`; the schema knows no other. */
function storeOf(artifacts: string | ArtifactsSource | undefined, dir: string): StoreSettings | undefined {
  if (artifacts === undefined || typeof artifacts === 'string' || artifacts.store === undefined) return undefined;
  const { store, endpoint, region, path_style: pathStyle, credentials_file: credentials, ca } = artifacts;
  const [, folder] = /^file:\/\/(\/.*?)\/*$/.exec(store) ?? [];
  if (folder !== undefined) return { kind: 'folder', path: folder };
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/?(.*?)\/*$/.exec(store) ?? [];
  return {
    kind: 's3',
    bucket,
    prefix,
    ...defined({
      endpoint,
      region,
      pathStyle,
      caFile: ca === undefined ? undefined : resolve(dir, ca),
      credentialsFile: credentials === undefined ? undefined : resolve(dir, credentials),
    }),
  };
}

function kasOf(kas: KasSource, dir: string): KasSettings {
  const workDir = resolve(dir, kas.work_dir ?? '.');
  const command = kas.command ?? 'kas';
  return {
    config: absolute(kas.config, dir),
    override: kas.override ?? 'zz-release-plan',
    // A name is looked up in PATH; only a path is relative to the plan.
    command: command.includes('/') ? resolve(dir, command) : command,
    workDir,
    deploy: kas.deploy === undefined ? join(workDir, 'build/tmp/deploy/images/{machine}') : resolve(dir, kas.deploy),
    deltaConfig: absolute(kas.delta_config, dir),
    pass: present(kas.pass),
    stallTimeoutMs: parseDurationMs(kas.stall_timeout ?? '') ?? HOUR_MS,
    lock: kas.lock ?? 'write',
    update: kas.update ?? false,
    forceCheckout: kas.force_checkout ?? false,
    allowDirty: kas.allow_dirty ?? false,
    provenance: kas.provenance ?? 'off',
    ...defined({ buildinfo: kas.buildinfo }),
  };
}

function partitionOf(partition: PartitionSource): Partition {
  const { slots, device = '', base } = partition;
  return {
    name: partition.name ?? '',
    file: partition.file ?? '',
    readOnly: partition.read_only ?? false,
    target: slots === undefined ? { device, ...defined({ base }) } : { slots: { a: slots.a ?? '', b: slots.b ?? '' } },
    delta: partition.delta ?? 'none',
    type: partition.type ?? 'block',
    // What is written on the device cannot be told to be unchanged; in the other slot anything may stand.
    update: partition.update ?? (partition.read_only !== true && slots === undefined ? 'always' : 'if-changed'),
    ...defined({
      slotSizeBytes: partition.slot_size === undefined ? undefined : parseSizeBytes(partition.slot_size),
      versionFile: partition.version_file,
    }),
  };
}

function swuOf(swu: SwuSource = {}, machine: string, dir: string): SwuSettings {
  const [a = 'main', b = 'alt'] = present(swu.selections?.modes);
  const boards = present(swu.boards);
  return {
    hardware: present(swu.hardware),
    boards: boards.length === 0 ? [machine] : boards,
    selections: { set: swu.selections?.set ?? 'stable', modes: [a, b] },
    compress: swu.compress ?? 'gzip',
    guard: swu.guard ?? 'shell',
    readback: swu.readback ?? true,
    allowsInstalledDirectly: swu.installed_directly ?? false,
    padding: swu.padding ?? true,
    bootenv: textsOf(swu.bootenv),
    vars: textsOf(swu.vars),
    scripts: present(swu.scripts).map(({ file = '', type = 'shellscript', data }) => ({
      file: resolve(dir, file),
      type,
      ...defined({ data }),
    })),
    files: present(swu.files).map(({ file = '', path = '', device, filesystem }) => ({
      file: resolve(dir, file),
      path,
      ...defined({ device, filesystem }),
    })),
    full: swu.full ?? true,
    ...defined({
      template: swu.template === undefined ? undefined : resolve(dir, swu.template),
      encrypt: swu.encrypt && { key: swu.encrypt.key ?? '', description: swu.encrypt.description ?? false },
    }),
  };
}

/** The texts of a map; what the schema refused is left out. */
const textsOf = (map: Record<string, string | undefined> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(map).filter((one): one is [string, string] => one[1] !== undefined));

function versionOf(version: VersionSource, dir: string): PlannedVersion {
  return { version: version.version ?? '', tags: present(version.tags), kas: absolute(version.kas, dir) };
}

function deltaOf(delta: DeltaSource, engine: EngineName): DeltaRule {
  return {
    to: delta.to ?? '',
    from: sourcesOf(delta.from),
    engine: delta.engine ?? engine,
    maxShare: parseShare(delta.max_share ?? '') ?? DEFAULT_MAX_SHARE,
  };
}

/** Which versions a delta's `from` selects, as the model writes it. */
export function sourcesOf(from: DeltaSource['from']): DeltaSources {
  if (from === undefined || Array.isArray(from)) return { kind: 'list', versions: present(from) };
  if (from.cover !== undefined)
    return { kind: 'cover', share: parseShare(from.cover) ?? 1, ...defined({ max: from.max, tag: from.tag }) };
  if (from.tag !== undefined) return { kind: 'tag', tag: from.tag };
  if (from.previous !== undefined) return { kind: 'previous', count: from.previous };
  return from.range === undefined ? { kind: 'list', versions: [] } : { kind: 'range', range: from.range };
}

function signingOf(signing: SigningSource): SigningSettings {
  const method = signing.method ?? 'cms';
  const common = { method, ...defined({ public: signing.public, former: signing.former && present(signing.former) }) };
  if (signing.command !== undefined) return { ...common, command: present(signing.command) };
  const [first, ...others] = signing.signers === undefined ? [signing] : present(signing.signers);
  return {
    ...common,
    ...signerOf(first ?? {}),
    ...(others.length === 0 ? {} : { others: others.map(signerOf) }),
  };
}

const signerOf = ({ key = '', cert, passphrase_env: env, passphrase_file: file }: SignerSource): Signer => ({
  key,
  ...defined({ cert, passphraseEnv: env, passphraseFile: file }),
});

function fleetOf(fleet: PlanSource['fleet'], dir: string): Plan['fleet'] {
  if (fleet === undefined) return undefined;
  if (typeof fleet === 'string') return { file: resolve(dir, fleet) };
  const ignore = fleet.ignore === undefined ? {} : { ignore: present(fleet.ignore) };
  if (fleet.hawkbit !== undefined) return { server: serverOf('hawkbit', fleet.hawkbit, dir), ...ignore };
  if (fleet.goosebit !== undefined) return { server: serverOf('goosebit', fleet.goosebit, dir), ...ignore };
  return {
    ...(fleet.file === undefined ? { command: fleet.command ?? '' } : { file: resolve(dir, fleet.file) }),
    ...ignore,
  };
}

function serverOf(kind: FleetServer['kind'], source: FleetServerSource, dir: string): FleetServer {
  const { password_env: env, password_file: file, ca } = source;
  return {
    kind,
    url: source.url ?? '',
    user: source.user ?? '',
    attributes: {
      version: source.version_attribute ?? 'version',
      ...defined({ tag: source.tag_attribute, hardware: source.hardware_attribute }),
    },
    tag: source.tag ?? 'default',
    timeLimitMs: parseDurationMs(source.time_limit ?? '') ?? HOUR_MS,
    ...defined({
      password: env === undefined ? (file === undefined ? undefined : { file: resolve(dir, file) }) : { env },
      caFile: ca === undefined ? undefined : resolve(dir, ca),
    }),
  };
}

function destinationOf({ name = '', kind = '', auto = false, ...options }: DestinationSource): DestinationSettings {
  return { name, kind, auto, options };
}

function ostreeOf(ostree: NonNullable<PlanSource['ostree']>, dir: string): NonNullable<Plan['ostree']> {
  return {
    repo: resolve(dir, ostree.repo ?? ''),
    branch: ostree.branch ?? '',
    generator: generatorOf(ostree),
    ...defined({
      gpgKey: ostree.gpg_key,
      gpgHomedir:
        ostree.gpg_homedir === undefined || isAbsolute(ostree.gpg_homedir)
          ? ostree.gpg_homedir
          : resolve(dir, ostree.gpg_homedir),
      jobs: ostree.jobs,
    }),
  };
}

/** xz's own default: what level 2 saves in time, downloads pay for. */
const DEFAULT_XZ = 6;

function generatorOf(ostree: NonNullable<PlanSource['ostree']>): StaticDeltaGenerator {
  if (ostree.generator === 'ostree') return { kind: 'program' };
  const memoryBytes = ostree.memory === undefined ? undefined : parseSizeBytes(ostree.memory);
  return { kind: 'own', xz: ostree.xz ?? DEFAULT_XZ, ...defined({ workers: ostree.workers, memoryBytes }) };
}

const retentionOf = (retention: RetentionSource): RetentionSettings => ({
  keepLast: retention.keep_last ?? 1,
  keepTagged: retention.keep_tagged ?? true,
  keepUnrequiredDeltas: retention.keep_unrequired_deltas ?? true,
  trashMs: parseDurationMs(retention.trash ?? '') ?? 30 * DAY_MS,
  keepRuns: retention.keep_runs ?? 90,
});

function targetsOf(targets: PlanSource['targets'], dir: string): Plan['targets'] {
  if (targets === undefined) return undefined;
  if (typeof targets === 'string') return { file: resolve(dir, targets) };
  return { file: resolve(dir, targets.file ?? ''), ...defined({ sign: targets.sign }) };
}
