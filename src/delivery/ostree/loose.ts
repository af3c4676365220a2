/** What an update costs without a static delta: the objects that a client lacks. */
import { statSync } from 'node:fs';
import { ReleasePlanError } from '../../core/errors.ts';
import { hasCommit, objectPath, type ObjectName } from '../../static-delta/names.ts';
import type { TreeReader } from '../../static-delta/tree.ts';
import { readContent, type CommitPair } from './static-delta.ts';

/** What is fetched object by object, one request each. */
export interface LooseCost {
  bytes: number;
  objects: number;
}

/**
 * What a client which has `from` fetches to have `to` without a delta.
 *
 * @param reader one for all pairs of a run
 * @returns undefined where the repository's trees do not tell
 */
export async function looseBytes(reader: TreeReader, pair: CommitPair): Promise<LooseCost | undefined> {
  try {
    const lacked = await lackedObjects(reader, pair);
    const sizes = lacked?.map((name) => statSync(objectPath(reader.repo, name), { throwIfNoEntry: false })?.size ?? 0);
    return sizes && { bytes: sizes.reduce((sum, size) => sum + size, 0), objects: sizes.length };
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'ostree-object-damaged') return undefined;
    throw error;
  }
}

async function lackedObjects(reader: TreeReader, pair: CommitPair): Promise<ObjectName[] | undefined> {
  if (hasCommit(reader.repo, pair.from)) {
    const [source, target] = [reader.read(pair.from).objects, reader.read(pair.to).objects];
    return [...target].filter(([key]) => !source.has(key)).map(([, name]) => name);
  }
  // Of a source that was pruned the delta alone still says what it lacks.
  const content = await readContent({ path: reader.repo }, pair);
  return 'problem' in content ? undefined : [{ type: 'commit', checksum: pair.to }, ...content.objects];
}
