/** Walks a folder. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { STAGING_PREFIX } from './atomic.ts';
import { ifPresent } from './present.ts';

/** Files below a folder in the order of their names, with their sizes; none when there is no such folder. */
export async function* filesBelow(root: string, inner = ''): AsyncGenerator<{ name: string; sizeBytes: number }> {
  const entries = (await ifPresent(readdir(join(root, inner), { withFileTypes: true }))) ?? [];
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    // Half written, by this run or another.
    if (entry.name.startsWith(STAGING_PREFIX)) continue;
    const name = inner === '' ? entry.name : `${inner}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(root, name);
    else if (entry.isFile()) {
      const found = await ifPresent(stat(join(root, name)));
      if (found !== undefined) yield { name, sizeBytes: found.size };
    }
  }
}
