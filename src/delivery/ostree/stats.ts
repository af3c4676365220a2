/**
 * Delta statistics: what devices read before they fetch, to refuse an update
 * that they have no room for. One document per target commit, under the name
 * of its sha256, in canonical JSON `{to: {from: {size, u_size}}}`.
 *
 * @see aktualizr-lite, RootfsTreeManager::downloadDeltaStats: at most 1 MiB, from <repo>/delta-stats/<sha256>
 */
import { join } from 'node:path';
import { ReleasePlanError, errnoOf } from '../../core/errors.ts';
import { writeFileAtomic } from '../../io/atomic.ts';
import { digestBytes } from '../../io/hash.ts';
import { isRecord } from '../../fleet/registry.ts';
import { readRegularText } from '../../io/regular.ts';
import { canonicalJson } from '../../text/json.ts';
import { parseJson } from '../../text/parse-json.ts';
import type { OstreeRepository } from './repository.ts';

/** Bytes to fetch and bytes to write, in the names of the format. */
export interface DeltaSize {
  size: number;
  u_size: number;
}

/** How a Target names its statistics. */
export interface StatsRef {
  /** 64 hex digits. */
  sha256: string;
  /** Bytes. */
  size: number;
}

const MAX_BYTES = 1024 * 1024;

const statsFile = (repo: OstreeRepository, sha256: string): string => join(repo.path, 'delta-stats', sha256);

/**
 * The sizes of the deltas to one commit: those of an older document and the
 * proven ones, which count where both know a delta; of deltas that exist. Pure.
 */
export function mergeSizes(
  old: ReadonlyMap<string, DeltaSize>,
  proven: ReadonlyMap<string, DeltaSize>,
  exists: (from: string) => boolean,
): Map<string, DeltaSize> {
  return new Map([...old, ...proven].filter(([from]) => exists(from)));
}

/** Reads a document that a Target names; one that is missing or is not what its name says counts for nothing. */
export async function readStats(
  repo: OstreeRepository,
  to: string,
  ref: StatsRef | undefined,
): Promise<Map<string, DeltaSize>> {
  if (ref === undefined || !/^[0-9a-f]{64}$/.test(ref.sha256)) return new Map();
  let text: string;
  try {
    text = await readRegularText(statsFile(repo, ref.sha256), { maxBytes: MAX_BYTES });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new Map();
    throw error;
  }
  if (digestBytes(text).sha256 !== ref.sha256) return new Map();
  const parsed = parseJson(text);
  const sizes = 'value' in parsed && isRecord(parsed.value) ? parsed.value[to] : undefined;
  return new Map(
    Object.entries(isRecord(sizes) ? sizes : {}).flatMap(([from, one]) =>
      isRecord(one) && typeof one.size === 'number' && typeof one.u_size === 'number'
        ? [[from, { size: one.size, u_size: one.u_size }] as const]
        : [],
    ),
  );
}

/**
 * Writes the document of one target commit.
 *
 * @throws ReleasePlanError `ostree-stats-too-large`
 */
export async function writeStats(
  repo: OstreeRepository,
  to: string,
  sizes: ReadonlyMap<string, DeltaSize>,
): Promise<StatsRef> {
  const text = canonicalJson({ [to]: Object.fromEntries(sizes) });
  const { sha256, sizeBytes } = digestBytes(text);
  if (sizeBytes > MAX_BYTES)
    throw new ReleasePlanError(
      'ostree-stats-too-large',
      `the sizes of ${sizes.size} deltas to ${to} take ${sizeBytes} bytes, but devices read at most ${MAX_BYTES}`,
    );
  await writeFileAtomic(statsFile(repo, sha256), text);
  return { sha256, size: sizeBytes };
}
