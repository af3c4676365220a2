/** Small files that change: kept the same here and in a store, as long as only one side changed. */
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../../io/atomic.ts';
import { digestBytes } from '../../io/hash.ts';
import { ifPresent } from '../../io/present.ts';
import { refuseDifferences } from './there.ts';
import { take } from './take.ts';
import type { Transfer } from './transfer.ts';

export interface StoredDocument {
  /** Below `documents/`. */
  name: string;
  /** Here. */
  path: string;
  /** What is found out again: when both sides changed, the one that is brought counts. */
  lastWins?: boolean;
}

/**
 * Brings documents to the side that is behind.
 *
 * @param direction what is not in the way of it is left for the other
 * @returns the names of what was brought
 * @throws ReleasePlanError `store-differs` when both sides changed since they were last the same
 */
export async function moveDocuments(
  { store, seen, signal }: Transfer,
  documents: readonly StoredDocument[],
  direction: 'push' | 'pull',
): Promise<string[]> {
  const moved: string[] = [];
  for (const document of documents) {
    const name = `documents/${document.name}`;
    const here = await ifPresent(readFile(document.path));
    const there = await store.read(name);
    const last = seen.documents.get(name);
    const [ours, theirs] = [here && digestBytes(here).sha256, there && digestBytes(there.bytes).sha256];
    const wins = (way: typeof direction): boolean => document.lastWins === true && ours !== last && way === direction;
    if (here === undefined && there === undefined) continue;
    if (ours === theirs && ours !== undefined) seen.documents.set(name, ours);
    else if (here !== undefined && ours !== undefined && (theirs === undefined || theirs === last || wins('push'))) {
      if (direction === 'pull') continue;
      const taken = await take(store, name, here, there, signal);
      // Told at the same time by another host.
      if (taken.state === 'lost' && document.lastWins === true) continue;
      if (taken.state === 'lost') refuseDifferences([{ name, here: ours, there: 'another, since a moment' }], store);
      seen.documents.set(name, ours);
      moved.push(document.name);
    } else if (there !== undefined && theirs !== undefined && (ours === undefined || ours === last || wins('pull'))) {
      if (direction === 'push') continue;
      await writeFileAtomic(document.path, there.bytes);
      seen.documents.set(name, theirs);
      moved.push(document.name);
    } else refuseDifferences([{ name, here: ours ?? 'none', there: theirs ?? 'none' }], store);
  }
  return moved;
}
