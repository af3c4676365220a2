/** What is published: proven packages, as plain data that depends on no delivery system. */

/** One package of an archive, proven on the device's code. */
export interface ReleasePackage {
  product: string;
  machine: string;
  image: string;
  /** The version that a device runs after it. */
  version: string;
  /** What it starts from; absent for a full package, which takes any device. */
  base?: PackageBase;
  /** hardware-compatibility, as in its sw-description. */
  hardware: readonly string[];
  /** Absolute path of the file. */
  path: string;
  /** Its name at a destination, without folders. */
  fileName: string;
  sizeBytes: number;
  /** 64 hex digits. */
  sha256: string;
}

export interface PackageBase {
  version: string;
  /** sha256 of the base's image by partition: what a device must have on its slot. */
  images: Readonly<Record<string, string>>;
}

/** A package in words: `0.1.0 -> 0.2.0`, `0.2.0, full`. */
export const titleOf = ({ version, base }: Pick<ReleasePackage, 'version' | 'base'>): string =>
  base === undefined ? `${version}, full` : `${base.version} -> ${version}`;

/** What of a server's objects is named by the package: `tolomeo-board-image-prod-from-0.1.0`, or `-full`. */
export const seriesOf = ({ product, machine, image, base }: Omit<ReleasePackage, 'path'>): string =>
  [product, machine, image, base === undefined ? 'full' : `from-${base.version}`].join('-');
