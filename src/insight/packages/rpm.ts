import { writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { run } from '../../io/process.ts';
import { FEW_FILES_BYTES, withScratch } from '../../io/scratch.ts';
import { contentOf } from '../filesystem/content.ts';
import type { OpenImage } from '../filesystem/index.ts';
import { filesIn, ownersOf } from './files.ts';
import type { InstalledPackage, PackageDatabase } from './database.ts';

/** Where rpm keeps its database, newer first. */
const FOLDERS = ['/usr/lib/sysimage/rpm', '/var/lib/rpm'];

/** sqlite, ndb, Berkeley DB. */
const DATABASES = ['rpmdb.sqlite', 'Packages.db', 'Packages'];

/** The database of a large distribution is a tenth of this. */
const MOST_BYTES = 1024 * 1024 * 1024;

const QUERY_TIMEOUT_MS = 60_000;

/** No field of a package has a tab. */
const FORMAT = '[%{NAME}\\t%{VERSION}-%{RELEASE}\\t%{LICENSE}\\t%{FILENAMES}\\n]';

/**
 * The database of rpm, copied out of the image and asked by the program `rpm` (Debian package `rpm`), which alone reads
 * all of its formats.
 *
 * @returns undefined without a database, and with one of a format that the installed rpm was not built for
 */
export async function readRpm(image: OpenImage, signal?: AbortSignal): Promise<PackageDatabase | undefined> {
  const folder = FOLDERS.find((one) => DATABASES.some((name) => image.tree.resolve(`${one}/${name}`) !== undefined));
  if (folder === undefined) return undefined;
  const files = filesIn(image, folder);
  const answer = await withScratch('rpm', bytesOf(image, files), async (scratch) => {
    const database = join(scratch, 'db');
    await mkdir(database);
    await copyOut(image, files, database, signal);
    const args = ['--dbpath', database, '--query', '--all', '--queryformat', FORMAT];
    const options = { timeoutMs: QUERY_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
    return await run('rpm', args, options).catch((error: unknown) => {
      if (error instanceof ReleasePlanError && error.code === 'tool-failed') return undefined;
      throw error;
    });
  });
  return answer === undefined ? undefined : databaseOf(image, answer.stdout);
}

const sizeOf = ({ tree }: OpenImage, entry: number): number => tree.inodes[tree.inodeOf(entry)]?.sizeBytes ?? 0;

/** What {@link copyOut} stores; it refuses what is larger. */
const bytesOf = (image: OpenImage, files: ReadonlyMap<string, number>): number =>
  [...files.values()].reduce((sum, entry) => sum + Math.min(sizeOf(image, entry), MOST_BYTES), FEW_FILES_BYTES);

async function copyOut(
  image: OpenImage,
  files: ReadonlyMap<string, number>,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  for (const [name, entry] of files) {
    const sizeBytes = sizeOf(image, entry);
    if (sizeBytes > MOST_BYTES) throw image.bytes.corrupt(`its rpm database has a file of ${sizeBytes} bytes`);
    await writeFile(join(folder, name), '');
    for await (const { bytes } of contentOf(image, [image.tree.inodeOf(entry)], signal))
      await writeFile(join(folder, name), bytes, { flag: 'a' });
  }
}

function databaseOf(image: OpenImage, listing: string): PackageDatabase | undefined {
  const packages = new Map<string, InstalledPackage>();
  const lists = new Map<string, string[]>();
  for (const line of listing.split('\n')) {
    const [name = '', version = '', licence = '', path = ''] = line.split('\t');
    if (name === '') continue;
    packages.set(name, { name, version, licence });
    const paths = lists.get(name);
    if (paths === undefined) lists.set(name, [path]);
    else paths.push(path);
  }
  const owners = ownersOf(image.tree, lists);
  return packages.size === 0 ? undefined : { kind: 'rpm', packages, ownerOf: (entry) => owners.get(entry) };
}
