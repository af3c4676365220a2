import type { DeltaCompression } from '../../rdiff/delta-source.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { openImage, type OpenImage } from '../filesystem/index.ts';
import type { MappedFilesystem } from '../filesystem/image-map.ts';
import type { MetadataKind } from '../filesystem/owner.ts';
import type { PackageDatabase } from '../packages/database.ts';
import { readPackages } from '../packages/packages.ts';
import { findCauses, openBase, type Cause, type CauseFinder } from './causes.ts';
import { CostCollector, type Costs } from './costs.ts';
import { deltaSpans, type DeltaTotals } from './delta-spans.ts';
import { openStoredDelta } from './stored-chunks.ts';

/** A file of the target and what it costs in the delta. */
export interface FileRow {
  path: string;
  /** Bytes of the delta as stored. */
  bytes: number;
  /** Bytes of the target that the delta holds as they are. */
  literalBytes: number;
  cause: Cause;
  /** The package that installed it; null for a file that no package lists, or an image without a database. */
  package: string | null;
}

/** What belongs to no file, by what it is. */
export interface MetadataRow {
  what: MetadataKind;
  bytes: number;
  literalBytes: number;
  cause: Cause;
}

/**
 * Where the bytes of a delta come from. The rows of files and metadata with the commands sum to
 * {@link Blame.totalBytes}, exactly.
 */
export interface Blame {
  filesystem: MappedFilesystem;
  compression: DeltaCompression;
  /** Size of the delta as stored. */
  totalBytes: number;
  /** Size of the bare delta. */
  deltaBytes: number;
  targetBytes: number;
  /** Bytes of the target that the delta holds as they are. */
  literalBytes: number;
  /** Largest first. */
  files: FileRow[];
  /** Largest first. */
  metadata: MetadataRow[];
  metadataBytes: number;
  /** Copies, the headers of literals, and what frames the file. */
  commandBytes: number;
  /** Where packages are known from. */
  packages: PackageDatabase['kind'] | null;
}

/**
 * Explains a delta: which file of the target each of its bytes is for, and why it could not be copied from the base.
 *
 * In a compressed delta a byte costs the bits that say it: of gzip those of its symbol, of zstd those of its sequence,
 * or the average of the literals of its block. Tables and headers are shared by what comes with them, evenly.
 *
 * @param deltaPath plain, gzip or zstd
 * @throws ReleasePlanError `image-unsupported`, `image-corrupt`, `delta-*`, `delta-other-target`, `tool-missing`; a
 *   system error; AbortError
 */
export async function blameDelta(
  basePath: string,
  targetPath: string,
  deltaPath: string,
  options: { signal?: AbortSignal } = {},
): Promise<Blame> {
  const { signal } = options;
  const target = await openImage(targetPath, signal);
  let base: OpenImage | undefined;
  try {
    base = await openBase((path) => openImage(path, signal), basePath);
    const delta = await openStoredDelta(deltaPath, signal);
    const totals: DeltaTotals = { deltaBytes: 0, targetBytes: 0, literalBytes: 0, reachBytes: 0 };
    const collector = new CostCollector(target, deltaPath);
    for await (const span of deltaSpans(delta.chunks, totals)) collector.add(span);
    checkTotals(totals, target, deltaPath);
    const { costs } = collector;
    const causes = await findCauses(base, target, costs.files.keys(), signal);
    const packages = await readPackages(target, signal);
    return {
      filesystem: target.filesystem,
      compression: delta.compression,
      totalBytes: delta.fileBytes,
      deltaBytes: totals.deltaBytes,
      targetBytes: totals.targetBytes,
      literalBytes: totals.literalBytes,
      ...rowsOf(costs, target, causes, packages),
      commandBytes: costs.commandBytes,
      packages: packages?.kind ?? null,
    };
  } finally {
    target.close();
    base?.close();
  }
}

function checkTotals({ targetBytes }: DeltaTotals, { bytes }: OpenImage, deltaPath: string): void {
  if (targetBytes === bytes.sizeBytes) return;
  throw new ReleasePlanError(
    'delta-other-target',
    `${deltaPath} makes a target of ${targetBytes} bytes; ${bytes.path} has ${bytes.sizeBytes}`,
  );
}

function rowsOf(
  costs: Costs,
  { tree }: OpenImage,
  causes: CauseFinder,
  packages: PackageDatabase | undefined,
): Pick<Blame, 'files' | 'metadata' | 'metadataBytes'> {
  const files = [...costs.files].map(([inode, cost]): FileRow => {
    const entry = tree.entryOf(inode);
    return {
      // A file that was deleted while it was open, in an image that was once mounted.
      path: entry === undefined ? '(no name)' : tree.pathOf(entry),
      ...cost,
      cause: causes.ofFile(inode),
      package: (entry === undefined ? undefined : packages?.ownerOf(entry)) ?? null,
    };
  });
  const metadata = new Map<string, MetadataRow>();
  for (const [owner, { bytes, literalBytes }] of costs.metadata) {
    const { what } = owner;
    const cause = causes.ofMetadata(owner);
    const row = metadata.get(`${what} ${cause}`);
    if (row === undefined) metadata.set(`${what} ${cause}`, { what, bytes, literalBytes, cause });
    else {
      row.bytes += bytes;
      row.literalBytes += literalBytes;
    }
  }
  const rows = [...metadata.values()].sort((a, b) => b.bytes - a.bytes || compareText(a.what, b.what));
  return {
    files: files.sort((a, b) => b.bytes - a.bytes || compareText(a.path, b.path)),
    metadata: rows,
    metadataBytes: rows.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
