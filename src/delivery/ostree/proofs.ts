/** The record of what was proven: a delta whose bits have changed since is unproven. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import { writeFileAtomic } from '../../io/atomic.ts';
import { openSealedJson, sealJson } from '../../text/json.ts';
import { ownFolder, type OstreeRepository } from './repository.ts';

/** One delta that a client was shown to apply. */
export interface DeltaProof {
  /** sha256 of the superblock. */
  superblock: string;
  sizeBytes: number;
  uncompressedBytes: number;
  /** ISO 8601, UTC. */
  provenAt: string;
}

const proofsFile = (repo: OstreeRepository): string => join(ownFolder(repo), 'proofs.json');

/**
 * The proofs by delta (`from-to`). A record that is missing or was altered proves nothing: everything is shown again.
 */
export async function readProofs(repo: OstreeRepository): Promise<Map<string, DeltaProof>> {
  let text: string;
  try {
    text = await readFile(proofsFile(repo), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new Map();
    throw error;
  }
  const opened = openSealedJson(text);
  if ('problem' in opened || opened.value.schema !== 1) return new Map();
  // The seal holds, so the shape is what writeProofs wrote.
  return new Map(Object.entries(opened.value.deltas as Record<string, DeltaProof>));
}

/** Replaces the record. Call it under the repository's lock. */
export async function writeProofs(repo: OstreeRepository, proofs: ReadonlyMap<string, DeltaProof>): Promise<void> {
  await writeFileAtomic(
    proofsFile(repo),
    sealJson({ schema: 1, deltas: Object.fromEntries([...proofs].sort(([a], [b]) => (a < b ? -1 : 1))) }),
  );
}
