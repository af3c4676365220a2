/** What of a plan may reach devices, as plain data. Types only. */

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

/** Something that the plan requires and that must not go out, and why. */
export interface Unproven {
  /** A version or a pair, in words. */
  subject: string;
  reason: string;
}

/** What is fit to be published. */
export type Publication =
  | { kind: 'packages'; packages: ReleasePackage[]; unproven: Unproven[] }
  /** An OSTree repository as it stands; nothing of it goes out while something is unproven. */
  | { kind: 'repository'; repo: string; unproven: Unproven[] };
