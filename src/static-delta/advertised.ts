/** What clients are told of a delta before they fetch it: the digest of its superblock. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { ifPresent, namesIn } from '../io/present.ts';
import { children } from './gvariant.ts';
import { deltaIndexPath, deltaName, type CommitPair } from './names.ts';
import { readDictionary, type MetadataEntry } from './superblock.ts';

const SUMMARY_TYPE = '(a(s(taya{sv}))a{sv})';
const DELTAS_KEY = 'ostree.static-deltas';

/** A digest that clients hold a superblock against, and the file that says it. */
export interface AdvertisedDigest {
  file: 'summary' | 'delta index';
  /** 64 hex digits. */
  sha256: string;
}

/**
 * The digests that the repository tells clients of a delta; none when it is
 * not advertised. A file that cannot be decoded says nothing here: `ostree`
 * writes it anew with the next summary.
 */
export async function advertisedDigests(repo: string, pair: CommitPair): Promise<AdvertisedDigest[]> {
  const found: AdvertisedDigest[] = [];
  const look = async (file: AdvertisedDigest['file'], path: string, open: (bytes: Buffer) => Buffer): Promise<void> => {
    const bytes = await ifPresent(readFile(path));
    const sha256 = bytes === undefined ? undefined : digestIn(() => open(bytes), deltaName(pair));
    if (sha256 !== undefined) found.push({ file, sha256 });
  };
  await look('summary', join(repo, 'summary'), metadataOfSummary);
  await look('delta index', deltaIndexPath(repo, pair.to), (bytes) => bytes);
  return found;
}

/**
 * The deltas that the repository tells clients of, as `from-to` or `to`: in its
 * summary, or in its delta indexes alone (`core.no-deltas-in-summary`).
 */
export async function advertisedNames(repo: string): Promise<Set<string>> {
  const names = new Set<string>();
  const add = async (path: string, open: (bytes: Buffer) => Buffer): Promise<void> => {
    const bytes = await ifPresent(readFile(path));
    for (const { key } of bytes === undefined ? [] : deltasIn(() => open(bytes))) names.add(key);
  };
  await add(join(repo, 'summary'), metadataOfSummary);
  const indexes = join(repo, 'delta-indexes');
  for (const folder of await namesIn(indexes)) {
    for (const name of await namesIn(join(indexes, folder))) await add(join(indexes, folder, name), (bytes) => bytes);
  }
  return names;
}

const metadataOfSummary = (bytes: Buffer): Buffer => children(SUMMARY_TYPE, bytes)[1] ?? Buffer.alloc(0);

const digestIn = (open: () => Buffer, name: string): string | undefined =>
  deltasIn(open)
    .find(({ key, type }) => key === name && type === 'ay')
    ?.value.toString('hex');

function deltasIn(open: () => Buffer): MetadataEntry[] {
  try {
    const deltas = readDictionary(open()).find(({ key, type }) => key === DELTAS_KEY && type === 'a{sv}');
    return deltas === undefined ? [] : readDictionary(deltas.value);
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'static-delta-corrupt') return [];
    throw error;
  }
}
