import type { InstalledPackage } from './database.ts';

/** `busybox_1.36.1-r0_core2-64.ipk`, `busybox_1.36.1-r0_amd64.deb`, `busybox-1.36.1-r0.core2_64.rpm`. */
const NAMES = [
  /^(?<name>[^_]+)_(?<version>[^_]+)_.+\.(?:ipk|deb)$/,
  /^(?<name>.+)-(?<version>[^-]+-[^-]+)\.[^.]+\.rpm$/,
];

/**
 * The packages of buildhistory's `installed-packages.txt`: a file name in each line.
 *
 * @returns undefined for a text that is none
 * @see OpenEmbedded meta/classes/buildhistory.bbclass
 */
export function parseInstalledPackages(text: string): Map<string, InstalledPackage> | undefined {
  const packages = new Map<string, InstalledPackage>();
  for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
    const { name, version } =
      NAMES.map((pattern) => pattern.exec(line.trim())).find((one) => one !== null)?.groups ?? {};
    if (name === undefined || version === undefined) return undefined;
    packages.set(name, { name, version });
  }
  return packages.size === 0 ? undefined : packages;
}
