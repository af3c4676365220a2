/**
 * Whether a static delta is what it claims to be, without applying it: every
 * part against the superblock, the superblock against the repository.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestBytes } from '../io/hash.ts';
import { ifPresent } from '../io/present.ts';
import { advertisedDigests } from './advertised.ts';
import { checkParts, checkSizes } from './check-parts.ts';
import { isCorrupt } from './gvariant-type.ts';
import { isNormal } from './gvariant.ts';
import {
  commitMetaPath,
  deltaFolder,
  deltaName,
  hasCommit,
  objectKey,
  objectPath,
  relativeDeltaFolder,
} from './names.ts';
import type { CommitPair } from './names.ts';
import { problem, type CheckOptions, type DeltaProblem } from './problem.ts';
import { SIGNED_MAGIC, SUPERBLOCK_TYPE, readSuperblock, type Superblock } from './superblock.ts';
import type { TreeReader } from './tree.ts';

/**
 * Checks one static delta of a repository of mode archive.
 *
 * A source that was pruned from the repository cannot be compared; the rest is.
 *
 * @param reader reads the trees of the repository's commits; one for all deltas of a run
 * @returns everything that is wrong; nothing when the delta is what it claims
 * @throws ReleasePlanError `ostree-object-damaged` when the tree of the target, or of a source that is there,
 *   cannot be read
 */
export async function checkStaticDelta(
  reader: TreeReader,
  pair: CommitPair,
  options: CheckOptions = {},
): Promise<DeltaProblem[]> {
  const bytes = await ifPresent(readFile(join(deltaFolder(reader.repo, pair), 'superblock')));
  if (bytes === undefined) return [problem('absent', `there is no static delta ${deltaName(pair)}`)];
  const superblock = openSuperblock(bytes);
  const advertised = await checkAdvertised(reader.repo, pair, bytes);
  if ('kind' in superblock) return [superblock, ...advertised];
  const commits = checkCommits(superblock, pair);
  // Everything below is about the commits of its name.
  if (commits.length > 0) return [...commits, ...advertised];
  return [
    ...advertised,
    ...(await checkCommit(reader.repo, superblock)),
    ...checkObjects(reader, superblock),
    ...checkSizes(reader.repo, superblock),
    ...(await checkParts(reader, superblock, options)),
  ];
}

function openSuperblock(bytes: Buffer): Superblock | DeltaProblem {
  if (bytes.toString('latin1', 0, SIGNED_MAGIC.length) === SIGNED_MAGIC) {
    return problem('superblock-signed', 'the superblock is signed; no client that pulls can read it');
  }
  try {
    const superblock = readSuperblock(bytes);
    if (!isNormal(SUPERBLOCK_TYPE, bytes)) return problem('superblock-corrupt', 'the superblock is damaged');
    if (superblock.isEndiannessDeclared) return superblock;
    return problem('superblock-corrupt', 'the superblock does not say the byte order of its numbers');
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    return problem('superblock-corrupt', `the superblock is damaged: ${error.message}`);
  }
}

async function checkAdvertised(repo: string, pair: CommitPair, superblock: Buffer): Promise<DeltaProblem[]> {
  const { sha256 } = digestBytes(superblock);
  return (await advertisedDigests(repo, pair))
    .filter((one) => one.sha256 !== sha256)
    .map(({ file }) => problem('superblock-not-advertised', `the superblock is not the one that the ${file} names`));
}

/** Before this no release of ostree made static deltas. */
const FIRST_DELTAS_SECONDS = Date.UTC(2013, 0) / 1000;
const DAY_SECONDS = 86_400;

function checkCommits({ from, to, timeSeconds }: Superblock, pair: CommitPair): DeltaProblem[] {
  const problems: DeltaProblem[] = [];
  if (from !== pair.from || to !== pair.to) {
    problems.push(problem('other-commits', `the superblock is of the delta ${deltaName({ from, to })}`));
  }
  if (timeSeconds < FIRST_DELTAS_SECONDS || timeSeconds > Date.now() / 1000 + DAY_SECONDS) {
    problems.push(problem('superblock-corrupt', 'the superblock is damaged: it was made at an impossible time'));
  }
  return problems;
}

async function checkCommit(repo: string, { to, from, commit, metadata }: Superblock): Promise<DeltaProblem[]> {
  const problems: DeltaProblem[] = [];
  const stored = await ifPresent(readFile(objectPath(repo, { type: 'commit', checksum: to })));
  if (stored?.equals(commit) !== true) {
    problems.push(problem('commit-differs', `the commit in it is not the repository's ${to}`));
  }
  const key = `${relativeDeltaFolder({ from, to })}/commitmeta`;
  const carried = metadata.find((entry) => entry.key === key && entry.type === 'a{sv}')?.value;
  const current = await ifPresent(readFile(commitMetaPath(repo, to)));
  if (!isSame(carried, current)) problems.push(problem('commit-metadata-differs', commitMetaWords(carried, current)));
  return problems;
}

const isSame = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  (a ?? Buffer.alloc(0)).equals(b ?? Buffer.alloc(0));

function commitMetaWords(carried: Buffer | undefined, current: Buffer | undefined): string {
  if (carried === undefined) return 'the target commit was signed after the delta was made';
  if (current === undefined) return 'the target commit has no signatures any more, the delta still carries some';
  return 'the signatures of the target commit changed after the delta was made';
}

function checkObjects(reader: TreeReader, { from, to, parts, fallbacks }: Superblock): DeltaProblem[] {
  const target = reader.read(to);
  // Of a source that was pruned nobody can tell what it had.
  const source = hasCommit(reader.repo, from) ? reader.read(from) : undefined;
  const delivered = new Set<string>();
  let foreign = 0;
  let repeated = 0;
  for (const object of [...parts.flatMap((part) => part.objects), ...fallbacks.map((one) => one.object)]) {
    const key = objectKey(object);
    if (!target.objects.has(key)) foreign += 1;
    if (delivered.has(key)) repeated += 1;
    delivered.add(key);
  }
  delivered.add(objectKey({ type: 'commit', checksum: to }));
  let missing = 0;
  for (const key of source === undefined ? [] : target.objects.keys())
    if (!delivered.has(key) && source?.objects.has(key) !== true) missing += 1;
  return [
    ...(foreign === 0 ? [] : [problem('objects-foreign', `${counted(foreign)} in it not part of the target`)]),
    ...(repeated === 0 ? [] : [problem('objects-foreign', `${counted(repeated)} in it twice`)]),
    ...(missing === 0
      ? []
      : [problem('objects-missing', `${counted(missing)} of the target neither in it nor in the source`)]),
  ];
}

const counted = (objects: number): string => (objects === 1 ? '1 object is' : `${objects} objects are`);
