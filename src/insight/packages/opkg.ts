import type { OpenImage } from '../filesystem/index.ts';
import { parseStatus } from './control.ts';
import { filesIn, ownersOf, readTexts } from './files.ts';
import type { PackageDatabase } from './database.ts';

/** Where opkg keeps its database: the second is OpenEmbedded's since 2014, the first older, the third OpenWrt's. */
const FOLDERS = ['/usr/lib/opkg', '/var/lib/opkg', '/lib/opkg'];

/**
 * The database of opkg, which most Yocto images use. A list has a path in each line, since 0.3 with its mode after a
 * tab.
 */
export async function readOpkg(image: OpenImage, signal?: AbortSignal): Promise<PackageDatabase | undefined> {
  const { tree } = image;
  for (const folder of FOLDERS) {
    const status = tree.resolve(`${folder}/status`);
    if (status === undefined) continue;
    const info = filesIn(image, `${folder}/info`);
    const lists = [...info].filter(([name]) => name.endsWith('.list'));
    const texts = await readTexts(image, [status, ...lists.map(([, entry]) => entry)], signal);
    const pathsOf = (text: string): string[] => text.split('\n').map((line) => line.split('\t', 1)[0] ?? '');
    const owners = ownersOf(
      tree,
      lists.map(([name, entry]) => [packageOf(name), pathsOf(texts.get(entry) ?? '')] as const),
    );
    for (const [name, entry] of info) owners.set(entry, packageOf(name));
    return {
      kind: 'opkg',
      packages: parseStatus(texts.get(status) ?? ''),
      ownerOf: (entry) => owners.get(entry),
    };
  }
  return undefined;
}

/** `busybox.list`, `busybox.postinst-busybox` -> the package's name, which has no dot before its suffix. */
const packageOf = (file: string): string =>
  file.replace(/\.(list|control|preinst|postinst|prerm|postrm|conffiles).*$/, '');
