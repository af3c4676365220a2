/** The plan as plain data, and the steps that it leads to: what the domain folders hand to one another. Types only. */

import type { PartitionType } from './partition-type.ts';

/** A checked plan. Paths are absolute unless a comment says otherwise; defaults are filled in. */
export interface Plan {
  /** The plan file. */
  file: string;
  /** Its folder: what relative paths in the plan are relative to. */
  dir: string;
  product: string;
  machine: string;
  distro: string;
  image: string;
  kas?: KasSettings;
  /** Archive root; a cache where there is a store. */
  artifacts: string;
  /** Where the archive is at home when it is no folder. */
  store?: StoreSettings;
  /** Glob patterns within the deploy folder: what else to keep of a build. Placeholders unexpanded. */
  collect: string[];
  partitions: Partition[];
  swu: SwuSettings;
  /** In the order of the plan file. */
  versions: PlannedVersion[];
  deltas: DeltaRule[];
  signing?: SigningSettings;
  fleet?: FleetSource;
  /** Where proven packages go. */
  publish: DestinationSettings[];
  ostree?: OstreeSettings;
  targets?: TargetsSettings;
  /** How long a command of the plan's (fleet, targets.sign) may take. */
  commandTimeoutMs: number;
  notify?: NotifySettings;
  /** The nightly run reads every byte of the archive at least once within so many days. */
  verifyDays: number;
  /** What is tried with every package before it counts as made. */
  prove: { install: boolean };
  /** What `gc` may remove; nothing without it. */
  retention?: RetentionSettings;
}

/** An object store with an archive. */
export type StoreSettings =
  /** A folder in the layout of a store. */
  | { kind: 'folder'; path: string }
  | {
      kind: 's3';
      bucket: string;
      /** Names joined by slashes; empty for the bucket itself. */
      prefix: string;
      endpoint?: string;
      region?: string;
      pathStyle?: boolean;
      /** Absolute path of a PEM file. */
      caFile?: string;
      /** Absolute path of a file in the form of ~/.aws/credentials. */
      credentialsFile?: string;
    };

/** What is kept of the archive beside what the plan names, what devices run and what required deltas start from. */
export interface RetentionSettings {
  /** The newest versions that are kept. */
  keepLast: number;
  /** Keep versions that have a tag in the registry. */
  keepTagged: boolean;
  /** Keep deltas that no rule requires, between versions that are kept. */
  keepUnrequiredDeltas: boolean;
  /** How long what was removed waits in the trash. */
  trashMs: number;
  /** Records of runs that are kept, see archive/run-records.ts. */
  keepRuns: number;
}

export interface KasSettings {
  /** The base chain, absolute paths, at least one. */
  config: string[];
  /** The local_conf_header id of our own block, which sets BUILD_VERSION; the last of all in alphabetical order. */
  override: string;
  /** The local_conf_header id of the product's block that sets BUILD_VERSION for builds by hand; left alone. */
  buildinfo?: string;
  /** Whether each version is archived with a lock of all repositories; `required` builds only what is pinned. */
  lock: 'off' | 'write' | 'required';
  /** Branches are fetched anew before a build: kas --update. */
  update: boolean;
  /** Changes in fetched repositories are thrown away before a build: kas --force-checkout. */
  forceCheckout: boolean;
  /** Builds what no commit names, too; such versions are archived and never promoted. */
  allowDirty: boolean;
  /** The SLSA provenance that kas 4.8 and later write is archived. */
  provenance: 'off' | 'min' | 'max';
  /** `kas`, `kas-container`, or a path. */
  command: string;
  /** Where kas runs; repositories and build/ lie here unless KAS_BUILD_DIR says otherwise. */
  workDir: string;
  /** Absolute; `{version}` and its kind are not expanded yet. */
  deploy: string;
  /** The chain for `engine: kas`, absolute paths. */
  deltaConfig: string[];
  /** Variables that kas gets although the plan names them as secret. */
  pass: string[];
  /** A build that prints nothing and uses no processor time for so long is stopped. */
  stallTimeoutMs: number;
}

/** What a package does with a partition: write it, write it where it changed, leave it alone. */
export type UpdatePolicy = 'always' | 'if-changed' | 'never';

export interface Partition {
  name: string;
  /** File name within the deploy folder; placeholders unexpanded. */
  file: string;
  readOnly: boolean;
  type: PartitionType;
  /** Two places for A/B, or one: paths, but for ubivol names of volumes. */
  target: { slots: { a: string; b: string } } | { device: string; base?: string };
  slotSizeBytes?: number;
  /** Absolute path inside the image of a file that holds BUILD_VERSION. */
  versionFile?: string;
  /** Format of its deltas, or `none`: the whole image travels. The schema lists the formats. */
  delta: string;
  update: UpdatePolicy;
}

/** A script of the plan's own that a package carries. */
export interface OwnScript {
  /** Absolute. */
  file: string;
  type: 'shellscript' | 'preinstall' | 'postinstall' | 'lua';
  /** Handed to the script. */
  data?: string;
}

/** A file of the plan's own that a package installs. */
export interface OwnFile {
  /** Absolute. */
  file: string;
  /** Where it goes on the device. */
  path: string;
  /** Device and file system to mount for it; the running system otherwise. */
  device?: string;
  filesystem?: string;
}

export interface SwuSettings {
  /** hardware-compatibility. */
  hardware: string[];
  /** Boards that take the package; the machine alone, unless the plan says otherwise. */
  boards: string[];
  /** What `-e` chooses between the slots: the first mode writes slot a, the second b. */
  selections: { set: string; modes: [a: string, b: string] };
  compress: 'gzip' | 'zstd' | 'none';
  guard: 'shell' | 'lua' | 'none';
  /** Whether targets are read back after they are written. */
  readback: boolean;
  /** Whether a template of the user's own may write payloads while they are received. */
  allowsInstalledDirectly: boolean;
  /** Whether small packages are padded for SWUpdate before 2024.12. */
  padding: boolean;
  bootenv: Record<string, string>;
  /** The user's own sw-description template; the built-in one otherwise. */
  template?: string;
  /** For the user's own template. */
  vars: Record<string, string>;
  scripts: OwnScript[];
  files: OwnFile[];
  encrypt?: EncryptSettings;
  /** Whether a full package is made of every version that a rule targets. */
  full: boolean;
}

export interface EncryptSettings {
  /** As written: a path relative to the plan's folder, or `${NAME}` of the environment. */
  key: string;
  /** Also sw-description itself (CONFIG_ENCRYPTED_SW_DESCRIPTION). */
  description: boolean;
}

export interface PlannedVersion {
  version: string;
  tags: string[];
  /** More kas files for this version's chain, absolute. */
  kas: string[];
}

/** Which versions a delta starts from. */
export type DeltaSources =
  | { kind: 'list'; versions: string[] }
  | { kind: 'tag'; tag: string }
  /** The n versions next below the target. */
  | { kind: 'previous'; count: number }
  /** A semver range over the plan's versions. */
  | { kind: 'range'; range: string }
  /** What a share (0 to 1) of the devices runs, on one tag or on all, with at most so many deltas. */
  | { kind: 'cover'; share: number; max?: number; tag?: string };

/** Name of what makes deltas; the schema lists them. */
export type EngineName = string;

export interface DeltaRule {
  to: string;
  from: DeltaSources;
  engine: EngineName;
  /** A delta above this share of the full package is not offered; 0 to 1. */
  maxShare: number;
}

/** A private key, with what belongs to it. */
export interface Signer {
  /** As written: a path relative to the plan's folder, a pkcs11: URI, or `${NAME}` of the environment. */
  key: string;
  /** Certificate for cms; as written. */
  cert?: string;
  /** What the device trusts; as written. */
  public?: string;
  /** Certificates or public keys of former years, as written: they vouch for what was archived then. */
  former?: string[];
  /** Name of the environment variable with the key's passphrase. */
  passphraseEnv?: string;
  /** File with the key's passphrase; as written. */
  passphraseFile?: string;
}

export type SigningMethod = 'rsa' | 'rsa-pss' | 'cms';

/** openssl signs here, with a key that it is pointed at. */
export interface KeySigning extends Signer {
  method: SigningMethod;
  /** More signers of the same CMS signature, each with its certificate. */
  others?: Signer[];
  /** What the device trusts; as written. */
  public?: string;
  /** Certificates or public keys of former years, as written: they vouch for what was archived then. */
  former?: string[];
}

/** A command signs, which knows where the key is. */
export interface CommandSigning {
  method: SigningMethod;
  /** Program and arguments; `{in}` and `{out}` stand for the file and its signature. */
  command: string[];
  /** What the device trusts; as written. */
  public?: string;
  /** Certificates or public keys of former years, as written: they vouch for what was archived then. */
  former?: string[];
}

export type SigningSettings = KeySigning | CommandSigning;

/** Who runs what: a file, a command whose stdout is one, or a server. */
export type FleetSource = ({ file: string } | { command: string } | { server: FleetServer }) & {
  /** Uuids or names of devices that are passed over. */
  ignore?: string[];
};

/** Where a secret is; never the secret itself. */
export type SecretSource = { env: string } | { file: string };

/** A server that knows which device runs what. */
export interface FleetServer {
  kind: 'hawkbit' | 'goosebit';
  url: string;
  user: string;
  /** Where its password is; undefined for none. */
  password?: SecretSource;
  /** Absolute path of a PEM file. */
  caFile?: string;
  /** hawkBit's attributes, as devices send them by `identify`. */
  attributes: FleetAttributes;
  /** What every device follows for which the server names no tag. */
  tag: string;
  /** The whole fleet is read within so long. */
  timeLimitMs: number;
}

/** Names of the attributes in which devices say what they are. */
export interface FleetAttributes {
  version: string;
  tag?: string;
  hardware?: string;
}

/** A destination: its own keys are checked by the schema, and read by its kind (publish/kinds.ts). */
export interface DestinationSettings {
  name: string;
  kind: string;
  /** Published by `apply` and by the night too. */
  auto: boolean;
  /** The keys of its kind, as written. */
  options: Readonly<Record<string, unknown>>;
}

export interface OstreeSettings {
  /** Absolute path of the repository that devices pull from. */
  repo: string;
  branch: string;
  /** Id of the gpg key that signs the summary. */
  gpgKey?: string;
  /** Absolute path of the gpg keyring's folder; gpg's own otherwise. */
  gpgHomedir?: string;
  /** Static deltas that are proven at once, or made at once by ostree; as many as memory and cores allow otherwise. */
  jobs?: number;
  generator: StaticDeltaGenerator;
}

/** Who makes static deltas. */
export type StaticDeltaGenerator =
  /** `ostree static-delta generate`. */
  | { kind: 'program' }
  | {
      kind: 'own';
      /** xz's preset, 2 to 9, from which on it searches longer. */
      xz: number;
      /** Threads that match; as many as processors and memory allow otherwise. */
      workers?: number;
      /** What all of them may take; what is free on the machine otherwise. */
      memoryBytes?: number;
    };

export interface TargetsSettings {
  file: string;
  /** Command run after a rewrite, to sign the document. */
  sign?: string;
}

/** Who is told how `apply` ended. */
export interface NotifySettings {
  /** Run by sh in the plan's folder; gets the summary on its standard input. */
  command: string;
  /** `change`: also on failure. */
  on: 'change' | 'failure' | 'always';
}
