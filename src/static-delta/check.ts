/**
 * Whether a static delta is what it claims to be, without applying it: every
 * part against the superblock, the superblock against the repository.
 */
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReleasePlanError } from '../errors.ts';
import { digestBytes, digestFile, type FileDigest } from '../io/hash.ts';
import { ifThere } from '../io/look.ts';
import { advertisedDigests } from './advertised.ts';
import { checkOperations } from './check-operations.ts';
import { isNormal } from './gvariant.ts';
import { commitMetaPath, deltaFolder, deltaName, objectKey, objectPath, relativeDeltaFolder, type CommitPair, type ObjectName } from './names.ts';
import { readFileHead } from './objects.ts';
import { SIGNED_MAGIC, SUPERBLOCK_TYPE, readSuperblock, type FallbackEntry, type PartEntry, type Superblock } from './superblock.ts';
import { TreeReader } from './tree.ts';

/** What can be wrong with a delta. */
export type DeltaProblemKind =
  /** There is no superblock. */
  | 'absent'
  /** The superblock cannot be decoded, or has bits that no writer sets. */
  | 'superblock-corrupt'
  /** Made by `generate --sign`: no client that pulls can read it. */
  | 'superblock-signed'
  /** The superblock is not the one that the summary or the delta index tells clients of. */
  | 'superblock-not-advertised'
  /** It is a delta of other commits than its name says. */
  | 'other-commits'
  /** The commit object in it is not the repository's. */
  | 'commit-differs'
  /** The commit was signed, or its signatures changed, after the delta was made. */
  | 'commit-metadata-differs'
  /** A part is not the file that the superblock describes: of another delta, cut off, lengthened, altered. */
  | 'part-differs'
  | 'part-missing'
  /** A part's operations would not make its objects. */
  | 'part-corrupt'
  /** It makes or fetches objects that the target does not have, or the same one twice. */
  | 'objects-foreign'
  /** Objects of the target are neither in it nor in its source. */
  | 'objects-missing'
  /** Sizes in it are not those of the repository's objects: clients would show and reserve something else. */
  | 'sizes-differ';

/** One thing that is wrong, in words that end a sentence about the delta. */
export interface DeltaProblem {
  kind: DeltaProblemKind;
  message: string;
}

/** How thoroughly to look, and with what. */
export interface CheckOptions {
  /** Also decompress each part and follow its operations. */
  operations?: boolean;
  signal?: AbortSignal;
}

/**
 * Checks one static delta of a repository of mode archive.
 *
 * @param reader reads the trees of the repository's commits; one for all deltas of a run
 * @returns everything that is wrong; nothing when the delta is what it claims
 * @throws ReleasePlanError `ostree-object-damaged` when the source or the target cannot be read
 */
export async function checkStaticDelta(reader: TreeReader, pair: CommitPair, options: CheckOptions = {}): Promise<DeltaProblem[]> {
  const bytes = await ifThere(readFile(join(deltaFolder(reader.repo, pair), 'superblock')));
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

const problem = (kind: DeltaProblemKind, message: string): DeltaProblem => ({ kind, message });

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

const isCorrupt = (error: unknown): error is ReleasePlanError =>
  error instanceof ReleasePlanError && error.code === 'static-delta-corrupt';

async function checkAdvertised(repo: string, pair: CommitPair, superblock: Buffer): Promise<DeltaProblem[]> {
  const { sha256 } = digestBytes(superblock);
  return (await advertisedDigests(repo, pair)).filter((one) => one.sha256 !== sha256).map(({ file }) =>
    problem('superblock-not-advertised', `the superblock is not the one that the ${file} names`));
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
  const stored = await ifThere(readFile(objectPath(repo, { type: 'commit', checksum: to })));
  if (stored?.equals(commit) !== true) {
    problems.push(problem('commit-differs', `the commit in it is not the repository's ${to}`));
  }
  const key = `${relativeDeltaFolder({ from, to })}/commitmeta`;
  const carried = metadata.find((entry) => entry.key === key && entry.type === 'a{sv}')?.value;
  const current = await ifThere(readFile(commitMetaPath(repo, to)));
  if (!isSame(carried, current)) problems.push(problem('commit-metadata-differs', commitMetaWords(carried, current)));
  return problems;
}

const isSame = (a: Buffer | undefined, b: Buffer | undefined): boolean => (a ?? Buffer.alloc(0)).equals(b ?? Buffer.alloc(0));

function commitMetaWords(carried: Buffer | undefined, current: Buffer | undefined): string {
  if (carried === undefined) return 'the target commit was signed after the delta was made';
  if (current === undefined) return 'the target commit has no signatures any more, the delta still carries some';
  return 'the signatures of the target commit changed after the delta was made';
}

function checkObjects(reader: TreeReader, { from, to, parts, fallbacks }: Superblock): DeltaProblem[] {
  const [source, target] = [reader.read(from), reader.read(to)];
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
  for (const key of target.objects.keys()) if (!delivered.has(key) && !source.objects.has(key)) missing += 1;
  return [
    ...(foreign === 0 ? [] : [problem('objects-foreign', `${counted(foreign)} in it not part of the target`)]),
    ...(repeated === 0 ? [] : [problem('objects-foreign', `${counted(repeated)} in it twice`)]),
    ...(missing === 0 ? [] : [problem('objects-missing', `${counted(missing)} of the target neither in it nor in the source`)]),
  ];
}

const counted = (objects: number): string => (objects === 1 ? '1 object is' : `${objects} objects are`);

function checkSizes(repo: string, { parts, fallbacks }: Superblock): DeltaProblem[] {
  const problems = parts.flatMap(({ objects, uncompressedBytes }, index) => {
    const sizes = objects.map((object) => contentBytes(repo, object));
    // Objects that are not there are told as such.
    if (sizes.includes(undefined)) return [];
    const sum = sizes.reduce<number>((total, size) => total + (size ?? 0), 0);
    return sum === uncompressedBytes ? [] : [sizesDiffer(`part ${index}`, `${sum} bytes of objects`, uncompressedBytes)];
  });
  return [...problems, ...fallbacks.flatMap((fallback) => checkFallbackSizes(repo, fallback))];
}

const sizesDiffer = (what: string, has: string, said: number): DeltaProblem =>
  problem('sizes-differ', `${what} has ${has}, the superblock says ${said}`);

function checkFallbackSizes(repo: string, { object, sizeBytes, uncompressedBytes }: FallbackEntry): DeltaProblem[] {
  const stored = statSync(objectPath(repo, object), { throwIfNoEntry: false })?.size;
  const what = `object ${object.checksum}.${object.type}`;
  if (stored === undefined) return [problem('objects-missing', `${what}, which it leaves to be fetched, is missing`)];
  const content = contentBytes(repo, object) ?? 0;
  return [
    ...(stored === sizeBytes ? [] : [sizesDiffer(what, `${stored} bytes`, sizeBytes)]),
    ...(content === uncompressedBytes ? [] : [sizesDiffer(what, `${content} bytes of content`, uncompressedBytes)]),
  ];
}

/** As ostree counts: content of regular files, nothing for symbolic links. */
function contentBytes(repo: string, object: ObjectName): number | undefined {
  const stored = statSync(objectPath(repo, object), { throwIfNoEntry: false })?.size;
  if (stored === undefined || object.type !== 'file') return stored;
  return readFileHead(repo, object.checksum).sizeBytes;
}

async function checkParts(reader: TreeReader, superblock: Superblock, options: CheckOptions): Promise<DeltaProblem[]> {
  const problems: DeltaProblem[] = [];
  for (const [index, entry] of superblock.parts.entries()) {
    options.signal?.throwIfAborted();
    const found = await checkPartBytes(reader.repo, superblock, entry, index, options.signal);
    if (found !== undefined) problems.push(found);
    else if (options.operations === true) problems.push(...(await checkPartContent(reader, superblock, entry, index)));
  }
  return problems;
}

async function checkPartBytes(
  repo: string, superblock: Superblock, entry: PartEntry, index: number, signal?: AbortSignal,
): Promise<DeltaProblem | undefined> {
  if (entry.version !== 0) return problem('superblock-corrupt', `part ${index} has the unknown version ${entry.version}`);
  const inline = inlinePart(superblock, index);
  const path = join(deltaFolder(repo, superblock), String(index));
  const digest: FileDigest | undefined = inline ? digestBytes(inline) : await ifThere(digestFile(path, signal));
  if (digest === undefined) return problem('part-missing', `part ${index} is missing`);
  if (digest.sizeBytes !== entry.sizeBytes) {
    return problem('part-differs', `part ${index} has ${digest.sizeBytes} bytes, the superblock says ${entry.sizeBytes}`);
  }
  if (digest.sha256 === entry.sha256) return undefined;
  return problem('part-differs', `part ${index} is not what the superblock says: its sha256 is ${digest.sha256}`);
}

/** A part that stands in the superblock itself (`generate --inline`). */
function inlinePart({ metadata, from, to }: Superblock, index: number): Buffer | undefined {
  const key = `${relativeDeltaFolder({ from, to })}/${index}`;
  return metadata.find((entry) => entry.key === key && entry.type === '(yay)')?.value;
}

async function checkPartContent(
  reader: TreeReader, superblock: Superblock, entry: PartEntry, index: number,
): Promise<DeltaProblem[]> {
  const path = join(deltaFolder(reader.repo, superblock), String(index));
  const file = inlinePart(superblock, index) ?? (await readFile(path));
  try {
    await checkOperations(reader, superblock.from, entry, file);
    return [];
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    return [problem('part-corrupt', `part ${index} cannot be applied: ${error.message}`)];
  }
}
