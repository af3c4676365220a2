import type { InstalledPackage } from '../../core/archive.ts';

export type { InstalledPackage };

/** What is installed in an image. */
export interface PackageDatabase {
  kind: 'dpkg' | 'opkg' | 'rpm';
  packages: ReadonlyMap<string, InstalledPackage>;
  /** The package that a name in the image belongs to. */
  ownerOf(entry: number): string | undefined;
}
