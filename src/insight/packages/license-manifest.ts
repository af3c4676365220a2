import type { InstalledPackage } from './database.ts';

/**
 * The packages of a licence manifest of Yocto: paragraphs with PACKAGE NAME, PACKAGE VERSION, RECIPE NAME, LICENSE.
 *
 * @returns undefined for a text that is none; `image_license.manifest`, which lists what is beside the root file
 *   system, names recipes alone
 * @see OpenEmbedded meta/classes-recipe/license_image.bbclass, write_license_files
 */
export function parseLicenseManifest(text: string): Map<string, InstalledPackage> | undefined {
  const packages = new Map<string, InstalledPackage>();
  for (const paragraph of text.split(/\n\s*\n/)) {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}: *(.+)$`, 'm').exec(paragraph)?.[1]?.trim();
    const name = field('PACKAGE NAME');
    const licence = field('LICENSE');
    if (name === undefined) continue;
    const version = field('PACKAGE VERSION') ?? '';
    packages.set(name, { name, version, ...(licence === undefined ? {} : { licence }) });
  }
  return packages.size === 0 ? undefined : packages;
}
