import type { InstalledPackage } from '../core/archive.ts';

/**
 * Packages of a kernel under names that the next kernel has too. OpenEmbedded puts the release into the names
 * (`kernel-module-ext4-6.6.23-yocto-standard`), so that each kernel would be hundreds of packages removed and added.
 *
 * @see OpenEmbedded meta/classes-recipe/kernel.bbclass, KERNEL_PACKAGE_NAME
 */
export function withoutKernelReleases(
  packages: ReadonlyMap<string, InstalledPackage>,
): ReadonlyMap<string, InstalledPackage> {
  const releases = [...packages.keys()].flatMap((name) => /^kernel-(\d+\.\d+.*)$/.exec(name)?.[1] ?? []);
  if (releases.length !== 1) return packages;
  const ending = `-${releases[0]}`;
  const renamed = new Map<string, InstalledPackage>();
  for (const [name, one] of packages) {
    const short = name.startsWith('kernel-') && name.endsWith(ending) ? name.slice(0, -ending.length) : name;
    const free = short === name || packages.has(short) ? name : short;
    renamed.set(free, { ...one, name: free });
  }
  return renamed;
}
