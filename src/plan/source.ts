import type {
  EngineName,
  KasSettings,
  NotifySettings,
  OwnScript,
  Partition,
  SigningMethod,
  SwuSettings,
  UpdatePolicy,
} from '../core/plan.ts';
import type { PartitionType } from '../core/partition-type.ts';

/** Anything may be missing or was refused by the schema: rules judge what is left. */
type Loose<T> = { [K in keyof T]?: T[K] | undefined };

/**
 * The plan file's content, each value as the schema demands. A key that is
 * there with undefined had a value that the schema refused, and was told.
 *
 * @see schemas/release-plan.schema.json for what each key means
 */
export type PlanSource = Loose<{
  schema: 1;
  product: string;
  machine: string;
  distro: string;
  image: string;
  kas: KasSource;
  artifacts: string | ArtifactsSource;
  collect: Array<string | undefined>;
  partitions: Array<PartitionSource | undefined>;
  swu: SwuSource;
  versions: Array<VersionSource | undefined>;
  fleet:
    | string
    | Loose<{
        file: string;
        command: string;
        ignore: Array<string | undefined>;
        hawkbit: FleetServerSource;
        goosebit: FleetServerSource;
      }>;
  publish: Array<DestinationSource | undefined>;
  deltas: Array<DeltaSource | undefined>;
  signing: SigningSource;
  ostree: OstreeSource;
  targets: string | Loose<{ file: string; sign: string }>;
  command_timeout: string;
  notify: Loose<NotifySettings>;
  verify_days: number;
  prove: Loose<{ install: boolean }>;
  retention: RetentionSource;
}>;

/** The archive with its store. */
export type ArtifactsSource = Loose<{
  path: string;
  store: string;
  endpoint: string;
  region: string;
  path_style: boolean;
  credentials_file: string;
  ca: string;
}>;

/** The folder of the archive, as written. */
export const archivePathOf = ({ artifacts }: PlanSource): string | undefined =>
  typeof artifacts === 'string' ? artifacts : artifacts?.path;

/** One file, or several. */
export type FilesSource = string | Array<string | undefined>;

export type KasSource = Loose<{
  config: FilesSource;
  override: string;
  buildinfo: string;
  command: string;
  deploy: string;
  delta_config: FilesSource;
  work_dir: string;
  pass: Array<string | undefined>;
  stall_timeout: string;
  lock: KasSettings['lock'];
  update: boolean;
  force_checkout: boolean;
  allow_dirty: boolean;
  provenance: KasSettings['provenance'];
}>;

export type PartitionSource = Loose<{
  name: string;
  file: string;
  read_only: boolean;
  slots: Loose<{ a: string; b: string }>;
  device: string;
  base: string;
  slot_size: string | number;
  version_file: string;
  delta: Partition['delta'];
  type: PartitionType;
  update: UpdatePolicy;
}>;

export type SwuSource = Loose<{
  hardware: Array<string | undefined>;
  boards: Array<string | undefined>;
  selections: Loose<{ set: string; modes: Array<string | undefined> }>;
  compress: SwuSettings['compress'];
  guard: SwuSettings['guard'];
  readback: boolean;
  installed_directly: boolean;
  padding: boolean;
  bootenv: Record<string, string | undefined>;
  template: string;
  vars: Record<string, string | undefined>;
  scripts: Array<Loose<{ file: string; type: OwnScript['type']; data: string }> | undefined>;
  files: Array<Loose<{ file: string; path: string; device: string; filesystem: string }> | undefined>;
  encrypt: Loose<{ key: string; description: boolean }>;
  full: boolean;
}>;

export type VersionSource = Loose<{
  version: string;
  tags: Array<string | undefined>;
  kas: FilesSource;
}>;

export type FromSource =
  Array<string | undefined> | Loose<{ tag: string; previous: number; range: string; cover: string; max: number }>;

export type DeltaSource = Loose<{ to: string; from: FromSource; engine: EngineName; max_share: string }>;

export type SignerSource = Loose<{
  key: string;
  cert: string;
  passphrase_env: string;
  passphrase_file: string;
}>;

export type SigningSource = SignerSource &
  Loose<{
    method: SigningMethod;
    signers: Array<SignerSource | undefined>;
    command: Array<string | undefined>;
    public: string;
    former: Array<string | undefined>;
  }>;

export type OstreeSource = Loose<{
  repo: string;
  branch: string;
  gpg_key: string;
  gpg_homedir: string;
  jobs: number;
  generator: 'own' | 'ostree';
  xz: number;
  workers: number;
  memory: string | number;
}>;

export type RetentionSource = Loose<{
  keep_last: number;
  keep_tagged: boolean;
  keep_unrequired_deltas: boolean;
  keep_runs: number;
  trash: string;
}>;

/** `fleet.hawkbit`, and `fleet.goosebit`, which has no attributes. */
export type FleetServerSource = Loose<{
  url: string;
  user: string;
  password_env: string;
  password_file: string;
  ca: string;
  version_attribute: string;
  tag_attribute: string;
  hardware_attribute: string;
  tag: string;
  time_limit: string;
}>;

/** The keys of its kind are read by the kind. */
export type DestinationSource = Loose<{ name: string; kind: string; auto: boolean }> & Record<string, unknown>;

/** A list without what was left out. */
export function present<T>(list: ReadonlyArray<T | undefined> | undefined): T[] {
  return (list ?? []).filter((one): one is T => one !== undefined);
}

/** What is left of a list, each with its place in it. */
export function numbered<T>(list: ReadonlyArray<T | undefined> | undefined): Array<[index: number, item: T]> {
  const found: Array<[number, T]> = [];
  // A plan has a list for each version: flatMap would make an array for each item, and one more.
  for (const [index, item] of (list ?? []).entries()) if (item !== undefined) found.push([index, item]);
  return found;
}

/** The files of a key that takes one or a list, each with its pointer below `at`. */
export function filesOf(
  files: FilesSource | undefined,
  at: ReadonlyArray<string | number>,
): Array<{ file: string; at: ReadonlyArray<string | number> }> {
  if (typeof files === 'string') return [{ file: files, at }];
  return numbered(files).map(([index, file]) => ({ file, at: [...at, index] }));
}
