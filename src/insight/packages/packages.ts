import type { OpenImage } from '../filesystem/index.ts';
import { readDpkg } from './dpkg.ts';
import { readOpkg } from './opkg.ts';
import { readRpm } from './rpm.ts';

/** A package as the image's own database has it. */
export interface InstalledPackage {
  name: string;
  version: string;
  /** As written by the packager; absent where the database does not say. */
  licence?: string;
}

/** What is installed in an image. */
export interface PackageDatabase {
  kind: 'dpkg' | 'opkg' | 'rpm';
  packages: ReadonlyMap<string, InstalledPackage>;
  /** The package that a name in the image belongs to. */
  ownerOf(entry: number): string | undefined;
}

/** Every kind of database; the first that an image has is taken. */
const READERS: ReadonlyArray<(image: OpenImage, signal?: AbortSignal) => Promise<PackageDatabase | undefined>> = [
  readOpkg,
  readDpkg,
  readRpm,
];

/**
 * The packages of an image, by its own database.
 *
 * @returns undefined for an image without one, or with one that cannot be read here
 * @throws ReleasePlanError `image-corrupt`, `tool-missing`; AbortError
 */
export async function readPackages(image: OpenImage, signal?: AbortSignal): Promise<PackageDatabase | undefined> {
  for (const read of READERS) {
    const found = await read(image, signal);
    if (found !== undefined) return found;
  }
  return undefined;
}
