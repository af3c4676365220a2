/** What of an archive's folder has a name in a store. */
import { join } from 'node:path';
import type { ArchiveKey } from '../../archive/layout.ts';
import { takeInventory } from '../../archive/inventory.ts';
import { readFull, readUpdate, readVersion, type ReadOptions } from '../../archive/manifest.ts';
import type { ArchivedFile, ArchiveEntry } from '../../core/archive.ts';
import { digestBytes } from '../../io/hash.ts';
import { ifPresent } from '../../io/present.ts';
import { readRegular } from '../../io/regular.ts';
import { isVersion } from '../../plan/version.ts';
import { folderOf, type Subject } from './names.ts';
import type { Ref } from '../../archive/store-seen.ts';

/** Everything that is named as a version or what is made of one, versions first. */
export async function subjectsHere(key: ArchiveKey): Promise<Subject[]> {
  const { versions, fulls, pairs } = await takeInventory(key);
  return [
    ...versions.filter(isVersion).map((version): Subject => ({ kind: 'version', version })),
    ...fulls.filter(isVersion).map((version): Subject => ({ kind: 'full', version })),
    ...pairs
      .filter(({ from, to }) => isVersion(from) && isVersion(to))
      .map(({ from, to }): Subject => ({ kind: 'update', from, to })),
  ];
}

/** What a subject's ref would be; undefined for one without a manifest. Its files are not looked at. */
export async function refHere(key: ArchiveKey, subject: Subject): Promise<Ref | undefined> {
  const { dir, manifest, signature } = folderOf(key, subject);
  const text = await ifPresent(readRegular(join(dir, manifest)));
  if (text === undefined) return undefined;
  const signed = signature === undefined ? undefined : await ifPresent(readRegular(join(dir, signature)));
  return { manifest: digestBytes(text), ...(signed === undefined ? {} : { signature: digestBytes(signed) }) };
}

/** A subject as it stands in the folder, its files read as the options say. */
export async function entryHere(
  key: ArchiveKey,
  subject: Subject,
  options: ReadOptions,
): Promise<ArchiveEntry<{ files: ArchivedFile[] }>> {
  const { dir } = folderOf(key, subject);
  switch (subject.kind) {
    case 'version':
      return await readVersion(dir, subject.version, options);
    case 'full':
      return await readFull(dir, subject.version, options);
    case 'update':
      return await readUpdate(dir, subject.from, subject.to, options);
  }
}
