/** Which files of its source a delta reads on a client. */
import { decompressedLimit } from './limits.ts';
import { readOperations } from './operations.ts';
import { readPart, readPartFile } from './part.ts';
import type { Superblock } from './superblock.ts';

/**
 * The file objects that a delta's parts set as sources of copies and patches.
 *
 * @returns their checksums, each once
 * @throws ReleasePlanError `static-delta-corrupt`
 */
export async function usedSources(repo: string, superblock: Superblock): Promise<string[]> {
  const sources = new Set<string>();
  for (const [index, entry] of superblock.parts.entries()) {
    const limitBytes = decompressedLimit(entry.uncompressedBytes, entry.objects.length);
    const part = await readPart(await readPartFile(repo, superblock, index), limitBytes);
    for (const operation of readOperations(part, entry.objects)) {
      if (operation.kind === 'set-source') sources.add(operation.source);
    }
  }
  return [...sources];
}
