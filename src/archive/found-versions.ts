/** Versions in a folder that something else than release-plan wrote: a build's artifacts collector, or a person. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { filesystemOf, type Filesystem } from '../io/filesystem.ts';
import { namesIn } from '../io/present.ts';
import { MANIFEST } from './layout.ts';

/** An image file as found. */
export interface FoundImage {
  file: string;
  filesystem: Exclude<Filesystem, 'unknown'>;
  sizeBytes: number;
}

/** A folder that holds the images of one version. */
export interface FoundVersion {
  dir: string;
  version: string;
  /** From the folders above it, in the layout `<machine>/<image>/<version>`; undefined in a plain one. */
  machine?: string;
  image?: string;
  images: FoundImage[];
  /** release-plan has archived it already. */
  hasManifest: boolean;
}

/** Smaller than any superblock. */
const SMALLEST_IMAGE = 2048;

/**
 * Searches for folders that are named as a version and hold images:
 * `<machine>/<image>/<version>/`, as Tolomeo's artifacts collector and
 * release-plan have it, or `<version>/`.
 *
 * @param isVersion what may be a version's name
 */
export async function findVersions(root: string, isVersion: (name: string) => boolean): Promise<FoundVersion[]> {
  const found: FoundVersion[] = [];
  for (const dir of await foldersWithin(root, 3)) {
    const [first = '', second = '', third] = relative(root, dir).split('/');
    const version = third ?? (second === '' ? first : '');
    if (!isVersion(version)) continue;
    const images = await imagesIn(dir);
    if (images.length === 0) continue;
    const hasManifest = (await namesIn(dir)).includes(MANIFEST);
    found.push({
      dir,
      version,
      images,
      hasManifest,
      ...(third === undefined ? {} : { machine: first, image: second }),
    });
  }
  return found;
}

async function foldersWithin(root: string, depth: number): Promise<string[]> {
  if (depth === 0) return [];
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter((one) => one.isDirectory()).map((one) => join(root, one.name));
  const below = await Promise.all(folders.map((one) => foldersWithin(one, depth - 1)));
  return [...folders, ...below.flat()].sort();
}

/** Regular files alone: a link beside an image is its second name. */
async function imagesIn(dir: string): Promise<FoundImage[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const images: FoundImage[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(dir, entry.name);
    const { size } = await stat(path);
    const filesystem = size < SMALLEST_IMAGE ? 'unknown' : await filesystemOf(path);
    if (filesystem !== 'unknown') images.push({ file: basename(path), filesystem, sizeBytes: size });
  }
  return images.sort((a, b) => (a.file < b.file ? -1 : 1));
}
