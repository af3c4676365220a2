import type { InstalledPackage } from '../core/archive.ts';

/**
 * The packages of a manifest that Yocto leaves beside an image: a line `name architecture version` for each.
 *
 * @returns undefined for a text that is no such manifest
 * @see OpenEmbedded meta/classes-recipe/image.bbclass, IMAGE_MANIFEST
 */
export function parseImageManifest(text: string): Map<string, InstalledPackage> | undefined {
  const packages = new Map<string, InstalledPackage>();
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const [name, architecture, version, ...rest] = line.trim().split(/\s+/);
    if (name === undefined || architecture === undefined || version === undefined || rest.length > 0) return undefined;
    packages.set(name, { name, version });
  }
  return packages.size === 0 ? undefined : packages;
}
