import type { OpenImage } from '../filesystem/index.ts';
import type { PackageDatabase } from './database.ts';
import { readDpkg } from './dpkg.ts';
import { readOpkg } from './opkg.ts';
import { readRpm } from './rpm.ts';

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
