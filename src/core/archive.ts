/** What is archived, as plain data: the records in the archive, and what is found to stand there. */
import type { ReadonlyPairMap } from './pair.ts';
import type { EngineName, SwuSettings } from './plan.ts';

/** One file of an archived version or update. */
export interface ArchivedFile {
  /** Relative to the folder of its manifest. */
  path: string;
  role: 'image' | 'signature' | 'collected' | 'build-info' | 'delta' | 'delta-gz' | 'swu' | 'lock' | BuildRecordKind;
  /** Name of the partition, for images, signatures and deltas. */
  partition?: string;
  sizeBytes: number;
  /** 64 hex digits. */
  sha256: string;
}

/** What a build says of itself, where it does: archived as `records/<kind>/`, so that versions can be compared. */
export type BuildRecordKind = 'provenance' | 'sbom' | 'packages' | 'licenses' | 'buildhistory' | 'cves';

/** A package of an image, as its database or a record of the build has it. */
export interface InstalledPackage {
  name: string;
  version: string;
  /** As written by the packager; absent where the database does not say. */
  licence?: string;
}

/** A partition as it was when a version was archived: what two versions must share. */
export interface ArchivedPartition {
  name: string;
  file: string;
  /** squashfs, ext4, erofs, vfat, ... as found by magic; `unknown` when none fits. */
  filesystem: string;
  readOnly: boolean;
  slotSizeBytes?: number;
  /** Format of its deltas, or `none`: the whole image travels. */
  delta: string;
}

/** What kas and Yocto were told for a version: read from the build, see kas/configuration.ts. */
export interface BuildConfiguration {
  /** sha256 over {@link settings}: equal digests mean equal configuration. */
  digest: string;
  /** Variable (or layer entry) -> digest of what local.conf and bblayers.conf say of it; values may be secret. */
  settings: Record<string, string>;
  /** Layer repository -> commit, where git knows one. */
  layers: Record<string, string>;
  /** The chain as given to kas, relative to the plan's folder. */
  chain: string[];
  /** First line of `kas --version`. */
  kas: string;
}

/** Something that was shown to hold, and how, when an artifact was made. */
export interface Proof {
  check:
    | 'build-version'
    | 'fresh-image'
    | 'delta-applies'
    | 'swu-opens'
    | 'swu-content'
    | 'librsync-applies'
    | 'swupdate-accepts'
    | 'swupdate-installs';
  result: 'pass' | 'not-checked';
  detail: string;
}

/** manifest.json of an archived version. */
export interface VersionManifest {
  schema: 1;
  product: string;
  machine: string;
  distro: string;
  image: string;
  version: string;
  /** ISO 8601, UTC. */
  archivedAt: string;
  configuration: BuildConfiguration;
  /** Made by something else, and found by `init --adopt`: nothing is known of its build. Absent otherwise. */
  adopted?: true;
  /** Built with kas.allow_dirty of what no commit names: never promoted. Absent otherwise. */
  dirty?: true;
  /** What kas and BitBake warned of; absent in manifests of releases that did not keep it. */
  warnings?: string[];
  partitions: ArchivedPartition[];
  /** Disk image file -> its partition table as `sfdisk --json` gives it, for every .wic kept. */
  partitionTables: Record<string, unknown>;
  proof: Proof[];
  files: ArchivedFile[];
  /** Program -> version line. */
  tools: Record<string, string>;
}

/** The `algorithm` of a partition that is not updated by delta. */
export const WHOLE_IMAGE = 'whole-image';

/** How a partition travels in a package: it is left out when both versions have the same image, or always. */
export type Travels = 'delta' | 'image' | 'unchanged' | 'never';

/** A package as its folder's manifest has it. */
export interface PackageInfo {
  file: string;
  sizeBytes: number;
  sha256: string;
  signed: 'rsa' | 'rsa-pss' | 'cms' | 'no';
  compress: SwuSettings['compress'];
}

/** full-info.json of a full package, which needs no base; also the manifest of its folder, written last. */
export interface FullInfo {
  schema: 1;
  product: string;
  machine: string;
  distro: string;
  image: string;
  version: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  partitions: Array<{
    name: string;
    image: { file: string; sizeBytes: number; sha256: string };
    travels: Extract<Travels, 'image' | 'never'>;
  }>;
  swu: PackageInfo;
  proof: Proof[];
  /** As in {@link DeltaInfo}. */
  recipe: string;
  trust?: string;
  files: ArchivedFile[];
  tools: Record<string, string>;
}

/** One partition in delta-info.json. */
export interface DeltaPartitionInfo {
  name: string;
  /** Format of the delta, or {@link WHOLE_IMAGE}. */
  algorithm: string;
  /** Absent in updates of releases that sent every partition. */
  travels?: Travels;
  base: { file: string; sizeBytes: number; sha256: string };
  target: { file: string; sizeBytes: number; sha256: string };
  delta?: { file: string; sizeBytes: number; sha256: string };
  deltaCompressed?: { file: string; sizeBytes: number; sha256: string };
  signature?: { file: string; sizeBytes: number; sha256: string };
}

/** delta-info.json of an update; also the manifest of its folder, written last. */
export interface DeltaInfo {
  schema: 1;
  product: string;
  machine: string;
  distro: string;
  image: string;
  from: string;
  to: string;
  engine: EngineName;
  /** The engine's version when it was made, see delta/engine.ts; absent, thus 0, before engines were counted. */
  engineVersion?: number;
  /** ISO 8601, UTC. */
  createdAt: string;
  partitions: DeltaPartitionInfo[];
  swu: PackageInfo;
  /** What was shown before the folder got its name. */
  proof: Proof[];
  /**
   * Digest of what the plan says of packaging, see delta/recipe.ts: an update made from another recipe is made again.
   */
  recipe: string;
  /** sha256 of the public key or certificate that the .swu was checked against. */
  trust?: string;
  files: ArchivedFile[];
  tools: Record<string, string>;
}

/** What one nightly run of a plan found, for the next to compare with. */
export interface NightRecord {
  /** ISO 8601, UTC. */
  ranAt: string;
  /** Versions that are whole, each with the digest of its manifest. */
  versions: Record<string, string>;
  /** Updates that are whole, by pair as `pairText` writes it, likewise. */
  updates: Record<string, string>;
  /** What is damaged, by version or pair: a line for each problem. */
  damaged: Record<string, string[]>;
  /** What could not be read, likewise; absent in records of releases that told it as damage. */
  unreadable?: Record<string, string[]>;
  /** Checks of the consistency report, as `check subject`, and the worst of their results. */
  checks: Record<string, 'pass' | 'fail' | 'not-checked'>;
}

/** What stands under a final name in the archive. */
export type ArchiveEntry<T> =
  | { state: 'absent' }
  | { state: 'whole'; manifest: T; dir: string }
  | {
      state: 'damaged';
      dir: string;
      problems: string[];
      /** The manifest, when it is sound itself, and the files that are not what it says. */
      found?: { manifest: T; files: ArchivedFile[] };
    }
  | {
      /** Something of it cannot be read, which says nothing about its bytes: neither whole nor damaged. */
      state: 'unreadable';
      dir: string;
      /** A line for each file that cannot be read, and for each that is damaged besides. */
      problems: string[];
      /** The disk does not give the bytes back (EIO). Otherwise this process may not read them, or not now. */
      isLost: boolean;
      found?: { manifest: T; files: ArchivedFile[] };
    };

/** What is wrong with something in the archive, a line each; nothing when it is whole or absent. */
export const problemsOf = (entry: ArchiveEntry<unknown> | undefined): string[] =>
  entry?.state === 'damaged' || entry?.state === 'unreadable' ? entry.problems : [];

/** The manifest of something that is whole in the archive. */
export const manifestOf = <T>(entry: ArchiveEntry<T> | undefined): T | undefined =>
  entry?.state === 'whole' ? entry.manifest : undefined;

/** Bytes of the files of something that is whole in the archive; 0 otherwise. */
export const bytesOf = (entry: ArchiveEntry<{ files: ArchivedFile[] }> | undefined): number =>
  (manifestOf(entry)?.files ?? []).reduce((sum, file) => sum + file.sizeBytes, 0);

/** What the archive has of a plan. */
export interface ArchiveState {
  readonly versions: ReadonlyMap<string, ArchiveEntry<VersionManifest>>;
  readonly updates: ReadonlyPairMap<ArchiveEntry<DeltaInfo>>;
  /** Full packages, by version. */
  readonly fulls: ReadonlyMap<string, ArchiveEntry<FullInfo>>;
}
