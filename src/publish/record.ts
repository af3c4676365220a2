/** What was published, where and when: kept beside the archive, so that people and `gc` know without asking servers. */
import { writeFileAtomic } from '../io/atomic.ts';
import { sealJson } from '../text/json.ts';
import type { ReleasePackage } from './package.ts';
import { readDestinationRecord } from './sealed-record.ts';

/** One package at one destination. */
export interface PublishedPackage {
  destination: string;
  kind: string;
  /** Where the destination is. */
  address: string;
  /** Where at the destination the package is. */
  place: string;
  version: string;
  /** Absent for the full package. */
  base?: string;
  fileName: string;
  sizeBytes: number;
  /** 64 hex digits. */
  sha256: string;
  /** When it was found whole there for the first time; ISO 8601, UTC. */
  at: string;
}

interface RecordFile {
  schema: 1;
  published: PublishedPackage[];
}

/**
 * What was published of a product.
 *
 * @throws ReleasePlanError `index-invalid` when the record was altered
 */
export async function readRecord(path: string): Promise<PublishedPackage[]> {
  const hint = 'Move it away and publish again: what is at the destinations is found, and recorded anew.';
  return (await readDestinationRecord<RecordFile>('published', path, hint))?.published ?? [];
}

/** Adds an entry, written atomically; one for the same package at the same place keeps its time. */
export async function addToRecord(path: string, entry: PublishedPackage): Promise<void> {
  const known = await readRecord(path);
  if (known.some((one) => isSame(one, entry))) return;
  const others = known.filter((one) => !(one.destination === entry.destination && one.fileName === entry.fileName));
  await writeFileAtomic(path, sealJson({ schema: 1, published: [...others, entry] } satisfies RecordFile));
}

/** The entry of a package that is whole at a destination. */
export const entryFor = (
  one: ReleasePackage,
  destination: { name: string; kind: string; address: string },
  place: string,
  at: string,
): PublishedPackage => ({
  destination: destination.name,
  kind: destination.kind,
  address: destination.address,
  place,
  version: one.version,
  ...(one.base === undefined ? {} : { base: one.base.version }),
  fileName: one.fileName,
  sizeBytes: one.sizeBytes,
  sha256: one.sha256,
  at,
});

const isSame = (a: PublishedPackage, b: PublishedPackage): boolean =>
  a.destination === b.destination && a.address === b.address && a.place === b.place && a.sha256 === b.sha256;
