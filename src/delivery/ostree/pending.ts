/**
 * Marks of deltas that are being made: a run that was killed between the last
 * byte of a delta and its proof leaves one that must not get into the summary.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '../../io/present.ts';
import { ownFolder, type OstreeRepository } from './repository.ts';
import { deleteDelta, deltaName, type CommitPair } from './static-delta.ts';

const pendingFolder = (repo: OstreeRepository): string => join(ownFolder(repo), 'pending');

/** Says that a delta is being made. */
export async function notePending(repo: OstreeRepository, pair: CommitPair): Promise<void> {
  await mkdir(pendingFolder(repo), { recursive: true });
  await writeFile(join(pendingFolder(repo), deltaName(pair)), '');
}

/** Says that a delta is proven, or gone. */
export async function settlePending(repo: OstreeRepository, pair: CommitPair): Promise<void> {
  await rm(join(pendingFolder(repo), deltaName(pair)), { force: true });
}

/**
 * Removes what killed runs left: half-made and unproven deltas that this run
 * does not make itself, and the scratch of proofs. Call it under the lock.
 */
export async function cleanUp(repo: OstreeRepository, wanted: readonly CommitPair[]): Promise<void> {
  const mine = new Set(wanted.map(deltaName));
  for (const name of await namesIn(pendingFolder(repo))) {
    if (mine.has(name)) continue;
    const [from, to] = name.split('-');
    if (from === undefined || to === undefined) continue;
    await deleteDelta(repo, { from, to });
    await settlePending(repo, { from, to });
  }
  for (const name of await namesIn(ownFolder(repo))) {
    if (name.startsWith('proof-')) await rm(join(ownFolder(repo), name), { recursive: true, force: true });
  }
}
