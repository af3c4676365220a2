import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../core/errors.ts';
import type { Pair } from '../core/pair.ts';
import { UPDATES, productDir, updatesDir, type ArchiveKey } from './layout.ts';

/** What lies in the archive of one product by its names, whether a plan knows of it or not. */
export interface Inventory {
  /** Folders in the place of versions, sorted; whether a name is a version is for the caller to judge. */
  versions: string[];
  /** Folders in the place of updates. */
  pairs: Pair[];
  /** Versions that have a folder in the place of their full package. */
  fulls: string[];
}

/** A folder of the archive that holds no version. */
const REPORTS = 'reports';

const FROM = 'from_';
const FULL = 'full';

/** Lists the archive of a product; empty where there is none. Reads folders alone. */
export async function takeInventory(key: ArchiveKey): Promise<Inventory> {
  const versions = (await namesIn(productDir(key))).filter((name) => name !== REPORTS);
  const [pairs, fulls]: [Pair[], string[]] = [[], []];
  for (const to of versions) {
    const folders = await namesIn(updatesDir(key, to));
    pairs.push(
      ...folders.filter((name) => name.startsWith(FROM)).map((name) => ({ from: name.slice(FROM.length), to })),
    );
    if (folders.includes(FULL)) fulls.push(to);
  }
  return { versions, pairs, fulls };
}

/** The folders in a folder. Links count: one that replaced a folder is named by whoever reads it. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((one) => !one.name.startsWith('.') && (one.isDirectory() || one.isSymbolicLink()))
      .map((one) => one.name)
      .sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** Where an update lies below the product's folder; a version lies under its own name. */
export const updatePlace = ({ from, to }: Pair): string => join(to, UPDATES, `${FROM}${from}`);

/** Where the full package of a version lies, as {@link updatePlace}. */
export const fullPlace = (version: string): string => join(version, UPDATES, FULL);
