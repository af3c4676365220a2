/**
 * Whether a name, joined to a folder, stays below it: what images, archives and
 * manifests call their files may have been chosen to reach elsewhere. Links on
 * the disk are another matter.
 *
 * @param name with `/` between folders
 */
export const isRelativeName = (name: string): boolean =>
  name !== '' && !name.includes('\0') && name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
