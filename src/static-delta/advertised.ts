/** What clients are told of a delta before they fetch it: the digest of its superblock. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { ifPresent } from '../io/present.ts';
import { children } from './gvariant.ts';
import { deltaIndexPath, deltaName, type CommitPair } from './names.ts';
import { readDictionary } from './superblock.ts';

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
  await look('summary', join(repo, 'summary'), (bytes) => children(SUMMARY_TYPE, bytes)[1] ?? Buffer.alloc(0));
  await look('delta index', deltaIndexPath(repo, pair.to), (bytes) => bytes);
  return found;
}

function digestIn(open: () => Buffer, name: string): string | undefined {
  try {
    const deltas = readDictionary(open()).find(({ key, type }) => key === DELTAS_KEY && type === 'a{sv}');
    const entry = deltas && readDictionary(deltas.value).find(({ key, type }) => key === name && type === 'ay');
    return entry?.value.toString('hex');
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code === 'static-delta-corrupt') return undefined;
    throw error;
  }
}
