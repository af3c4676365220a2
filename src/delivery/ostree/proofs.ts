/** The record of what was proven: a delta whose bits have changed since is unproven. */
import { join } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import { writeFileAtomic } from '../../io/atomic.ts';
import { readSealedDocument } from '../../io/documents/read.ts';
import { sealJson } from '../../text/json.ts';
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
  try {
    const opened = await readSealedDocument<{ deltas: Record<string, DeltaProof> }>('staticDeltas', proofsFile(repo));
    return new Map('problem' in opened ? [] : Object.entries(opened.value.deltas));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new Map();
    throw error;
  }
}

/** Replaces the record. Call it under the repository's lock. */
export async function writeProofs(repo: OstreeRepository, proofs: ReadonlyMap<string, DeltaProof>): Promise<void> {
  await writeFileAtomic(
    proofsFile(repo),
    sealJson({ schema: 1, deltas: Object.fromEntries([...proofs].sort(([a], [b]) => (a < b ? -1 : 1))) }),
  );
}
