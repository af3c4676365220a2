/** What nights remember of an archive, in the archive: plain JSON, sealed as manifests are. */
import { join } from 'node:path';
import { errnoOf, messageOf } from '../core/errors.ts';
import { writeFileAtomic } from '../io/atomic.ts';
import { readSealedDocument } from '../io/documents/read.ts';
import { sealJson } from '../text/json.ts';
import type { NightRecord } from '../core/archive.ts';
import { productDir, type ArchiveKey } from './layout.ts';
import type { LedgerEntries } from './ledger.ts';

export interface ArchiveMemory {
  /** When a night last read its share; ISO 8601, UTC. */
  readAt?: string;
  /** When each file was last read and found whole. */
  files: LedgerEntries;
  /** The last night of each plan, by {@link planName}. */
  nights: Record<string, NightRecord>;
}

export const memoryFile = (key: ArchiveKey): string => join(productDir(key), 'state.json');

/** The memory of an archive that no night has seen. */
const NOTHING: ArchiveMemory = { files: {}, nights: {} };

/**
 * Reads the memory. One that is damaged is forgotten: then this night reads
 * everything, and the next has something to remember.
 *
 * @returns the memory, and what was wrong with the one on disk
 */
export async function readMemory(key: ArchiveKey): Promise<{ memory: ArchiveMemory; problem?: string }> {
  const path = memoryFile(key);
  try {
    const opened = await readSealedDocument<ArchiveMemory & { schema: 1 }>('state', path);
    if ('problem' in opened) return { memory: NOTHING, problem: `${path} ${opened.problem}` };
    const { schema: _schema, ...memory } = opened.value;
    return { memory };
  } catch (error) {
    return errnoOf(error) === 'ENOENT'
      ? { memory: NOTHING }
      : { memory: NOTHING, problem: `${path} cannot be read: ${messageOf(error)}` };
  }
}

/** Writes the memory whole or not at all. */
export async function writeMemory(key: ArchiveKey, memory: ArchiveMemory): Promise<void> {
  await writeFileAtomic(memoryFile(key), sealJson({ schema: 1, ...memory }));
}
