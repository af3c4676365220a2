/** Packages to publish: files of noise with the facts that a package has. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestBytes } from '../../src/io/hash.ts';
import type { ReleasePackage } from '../../src/publish/package.ts';
import { noise } from './noise.ts';

export interface PackageWish {
  version: string;
  base?: string;
  sizeBytes?: number;
  /** Two seeds give other bytes. */
  seed?: number;
}

/** Writes a package's file into a folder. */
export function releasePackage(
  dir: string,
  { version, base, sizeBytes = 2000, seed = 1 }: PackageWish,
): ReleasePackage {
  const fileName = base === undefined ? `full-update-${version}.swu` : `delta-update-${base}-to-${version}.swu`;
  const path = join(dir, fileName);
  const bytes = noise(sizeBytes, seed);
  writeFileSync(path, bytes);
  return {
    product: 'tolomeo',
    machine: 'board-a',
    image: 'image-prod',
    version,
    ...(base === undefined
      ? {}
      : { base: { version: base, images: { rootfs: digestBytes(`${base} rootfs`).sha256 } } }),
    hardware: ['1.0'],
    path,
    fileName,
    ...digestBytes(bytes),
  };
}
