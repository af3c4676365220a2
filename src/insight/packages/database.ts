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
