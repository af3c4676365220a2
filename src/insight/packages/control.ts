import type { InstalledPackage } from './database.ts';

/**
 * The installed packages of a status file: paragraphs of `Key: value`, as dpkg and opkg write them.
 *
 * @see deb-control(5)
 */
export function parseStatus(text: string): Map<string, InstalledPackage> {
  const packages = new Map<string, InstalledPackage>();
  for (const paragraph of text.split(/\n{2,}/)) {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}: *(.*)$`, 'm').exec(paragraph)?.[1]?.trim();
    const name = field('Package');
    const version = field('Version');
    if (name === undefined || version === undefined || !/\binstalled$/.test(field('Status') ?? '')) continue;
    const licence = field('License');
    packages.set(name, { name, version, ...(licence === undefined ? {} : { licence }) });
  }
  return packages;
}
