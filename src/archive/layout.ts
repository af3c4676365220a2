/**
 * Where everything lies in the archive. Names only, no disk.
 *
 * ```
 * <root>/<machine>/<image>/<version>/              a version
 * <root>/<machine>/<image>/<to>/updates/from_<from>/   an update
 * <root>/<machine>/<image>/<version>/updates/full/     the full package of a version
 * <root>/<machine>/<image>/reports/                consistency reports, and a folder for each plan's runs
 * ```
 */
import { basename, extname, join } from 'node:path';

/** What the archive of one product needs to know; a Plan is one. */
export interface ArchiveKey {
  /** Archive root, absolute. */
  artifacts: string;
  machine: string;
  image: string;
}

export const MANIFEST = 'manifest.json';
/** The signature over the statement of a manifest. */
export const MANIFEST_SIGNATURE = `${MANIFEST}.sig`;
export const DELTA_INFO = 'delta-info.json';
export const FULL_INFO = 'full-info.json';
export const BUILD_INFO = 'build-info.txt';
export const UPDATES = 'updates';
/** What a version can be built again from, see kas/lock.ts. */
export const LOCK = 'kas-lock.json';
/** What the build says of itself: SBOM, package list and their kind. */
export const RECORDS = 'records';

export const productDir = (key: ArchiveKey): string => join(key.artifacts, key.machine, key.image);

/** What was published of a product, see publish/record.ts. */
export const publishedFile = (key: ArchiveKey): string => join(productDir(key), 'published.json');

/** How its rollouts stood when they were last asked for, see publish/rollout/standing.ts. */
export const rolloutsFile = (key: ArchiveKey): string => join(productDir(key), 'rollouts.json');

/** When nights read what its store has, see store-read.ts. */
export const storeReadFile = (key: ArchiveKey): string => join(productDir(key), 'store-read.json');

/** The lock that apply, gc and repair hold while they change the archive of one product. */
export const lockFile = (key: ArchiveKey): string => join(productDir(key), '.release-plan.lock');

/** The lock that workers share while they write into the archive of one product. */
export const workersLockFile = (key: ArchiveKey): string => join(productDir(key), '.release-plan-workers.lock');

export const versionDir = (key: ArchiveKey, version: string): string => join(productDir(key), version);

export const updatesDir = (key: ArchiveKey, to: string): string => join(versionDir(key, to), UPDATES);

export const updateDir = (key: ArchiveKey, from: string, to: string): string =>
  join(updatesDir(key, to), `from_${from}`);

/** Where deltas lie that are not packed yet; no update. @param id of what they are made */
export const preparedDir = (key: ArchiveKey, { from, to }: { from: string; to: string }, id: string): string =>
  join(updatesDir(key, to), `.deltas-from_${from}-${id}`);

/** Where the full package of a version lies. */
export const fullDir = (key: ArchiveKey, version: string): string => join(updatesDir(key, version), 'full');

export const fullName = (version: string): string => `full-update-${version}.swu`;

export const swuName = (from: string, to: string): string => `delta-update-${from}-to-${to}.swu`;

export const deltaName = (partition: string): string => `${partition}.delta`;

export const signatureName = (partition: string): string => `${partition}.signature`;

/**
 * What a plan's own files in the archive are named by: two plans of one product, or two products in one archive, keep
 * theirs apart.
 */
export const planName = ({ product, file }: { product: string; file: string }): string =>
  `${product}-${basename(file, extname(file))}`;

/** What a plan's own files in the archive need to know; a Plan is one. */
export interface PlanKey extends ArchiveKey {
  product: string;
  /** The plan file. */
  file: string;
}

/** Where a plan's runs leave their records, and explained deltas are remembered: beside its report. */
export const runsDir = (key: PlanKey): string => join(productDir(key), 'reports', planName(key));

/** Of what deltas are made, file by file, for the page. */
export const explainedDir = (key: PlanKey): string => join(runsDir(key), 'blame');

/** What changed between the versions of pairs, for the page. */
export const changedDir = (key: PlanKey): string => join(runsDir(key), 'changes');

/** The consistency report of a plan. */
export const reportFile = (key: PlanKey, format: string): string =>
  join(productDir(key), 'reports', `${planName(key)}.${format}`);
