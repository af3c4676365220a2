/** index.json of a destination of files: what a device, or whoever serves devices, looks up. Pure. */
import { ReleasePlanError, messageOf } from '../../core/errors.ts';
import { isObject } from '../../text/parse-json.ts';
import { prettyJson } from '../../text/pretty-json.ts';
import type { ReleasePackage } from '../package.ts';

/** A file that the index names. */
export interface IndexedFile {
  /** Relative to the index. */
  file: string;
  size: number;
  sha256: string;
}

export interface IndexedDelta extends IndexedFile {
  /** The version that it starts from. */
  base: string;
  /** sha256 of the base's image by partition. */
  base_sha256: Record<string, string>;
}

/** What there is for one target version. */
export interface IndexedVersion {
  full?: IndexedFile;
  deltas: IndexedDelta[];
}

/** By machine, image and target version. */
export interface IndexDocument {
  schema: 1;
  machines: Record<string, Record<string, Record<string, IndexedVersion>>>;
}

export const INDEX_FILE = 'index.json';

/** Where a package lies, relative to the index. */
export const fileOf = ({ machine, image, version, fileName }: ReleasePackage): string =>
  `${machine}/${image}/${version}/${fileName}`;

/**
 * Reads an index.
 *
 * @param place where it was read, for the message
 * @throws ReleasePlanError `index-invalid`
 */
export function parseIndex(bytes: Buffer, place: string): IndexDocument {
  const broken = (problem: string, cause?: unknown): ReleasePlanError =>
    new ReleasePlanError('index-invalid', `${place} ${problem}`, cause === undefined ? {} : { cause });
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw broken(`is not JSON: ${messageOf(error)}`, error);
  }
  if (!isObject(value) || value.schema !== 1 || !isObject(value.machines)) throw broken('is not an index of schema 1');
  for (const images of Object.values(value.machines)) {
    for (const versions of isObject(images) ? Object.values(images) : [undefined]) {
      for (const version of isObject(versions) ? Object.values(versions) : [undefined]) {
        if (!isObject(version) || !Array.isArray(version.deltas)) throw broken('is not an index of schema 1');
      }
    }
  }
  return value as unknown as IndexDocument;
}

/**
 * The index with packages added. What it names already and is not among them stays: devices may ask for it.
 *
 * @param known undefined for the first
 */
export function withPackages(known: IndexDocument | undefined, packages: readonly ReleasePackage[]): IndexDocument {
  const index = structuredClone(known ?? { schema: 1 as const, machines: {} });
  for (const one of packages) {
    const images = own(index.machines, one.machine, () => ({}));
    const versions = own(images, one.image, () => ({}));
    const entry = own(versions, one.version, (): IndexedVersion => ({ deltas: [] }));
    const file: IndexedFile = { file: fileOf(one), size: one.sizeBytes, sha256: one.sha256 };
    if (one.base === undefined) entry.full = file;
    else {
      const { version: base, images: base_sha256 } = one.base;
      entry.deltas = [...entry.deltas.filter((delta) => delta.file !== file.file), { base, base_sha256, ...file }];
      entry.deltas.sort((a, b) => (a.base < b.base ? -1 : a.base > b.base ? 1 : 0));
    }
  }
  return { schema: 1, machines: sorted(index.machines, (images) => sorted(images, (versions) => sorted(versions))) };
}

/** The same packages give the same bytes. */
export const formatIndex = (index: IndexDocument): Buffer => Buffer.from(prettyJson(index));

function own<T>(record: Record<string, T>, key: string, make: () => T): T {
  if (!Object.hasOwn(record, key)) record[key] = make();
  return record[key] as T;
}

function sorted<T>(record: Record<string, T>, inner: (value: T) => T = (value) => value): Record<string, T> {
  return Object.fromEntries(
    Object.entries(record)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, inner(value)]),
  );
}
