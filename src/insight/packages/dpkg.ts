import type { OpenImage } from '../filesystem/index.ts';
import { parseStatus } from './control.ts';
import { filesIn, ownersOf, readTexts } from './files.ts';
import type { PackageDatabase } from './database.ts';

const STATUS = '/var/lib/dpkg/status';
const INFO = '/var/lib/dpkg/info';

/** Debian's database. @see dpkg(1), FILES */
export async function readDpkg(image: OpenImage, signal?: AbortSignal): Promise<PackageDatabase | undefined> {
  const { tree } = image;
  const status = tree.resolve(STATUS);
  if (status === undefined) return undefined;
  const info = filesIn(image, INFO);
  const lists = [...info].filter(([name]) => name.endsWith('.list'));
  const texts = await readTexts(image, [status, ...lists.map(([, entry]) => entry)], signal);
  const owners = ownersOf(
    tree,
    lists.map(([name, entry]) => [packageOf(name), (texts.get(entry) ?? '').split('\n')] as const),
  );
  for (const [name, entry] of info) owners.set(entry, packageOf(name));
  return {
    kind: 'dpkg',
    packages: parseStatus(texts.get(status) ?? ''),
    ownerOf: (entry) => owners.get(entry),
  };
}

/** `libc6:amd64.list`, `bash.postinst` -> the package's name. */
const packageOf = (file: string): string => file.replace(/\.[^.]*$/, '').replace(/:.*$/, '');
