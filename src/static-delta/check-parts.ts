/** The parts of a static delta against its superblock, and what the superblock says of sizes against the repository. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { digestBytes, digestFile, type FileDigest } from '../io/hash.ts';
import { ifPresent } from '../io/present.ts';
import { checkOperations } from './check-operations.ts';
import { isCorrupt } from './gvariant-type.ts';
import { deltaFolder, objectPath, type ObjectName } from './names.ts';
import { readFileHead } from './objects.ts';
import { inlinePart, readPartFile } from './part.ts';
import { problem, type CheckOptions, type DeltaProblem } from './problem.ts';
import type { FallbackEntry, PartEntry, Superblock } from './superblock.ts';
import type { TreeReader } from './tree.ts';

/** Sizes in the superblock against the repository's objects. */
export function checkSizes(repo: string, { parts, fallbacks }: Superblock): DeltaProblem[] {
  const problems = parts.flatMap(({ objects, uncompressedBytes }, index) => {
    const sizes = objects.map((object) => contentBytes(repo, object));
    // Objects that are not there are told as such.
    if (sizes.includes(undefined)) return [];
    const sum = sizes.reduce<number>((total, size) => total + (size ?? 0), 0);
    return sum === uncompressedBytes
      ? []
      : [sizesDiffer(`part ${index}`, `${sum} bytes of objects`, uncompressedBytes)];
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

/** Each part's file against its entry; with `operations` also what it would do. */
export async function checkParts(
  reader: TreeReader,
  superblock: Superblock,
  options: CheckOptions,
): Promise<DeltaProblem[]> {
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
  repo: string,
  superblock: Superblock,
  entry: PartEntry,
  index: number,
  signal?: AbortSignal,
): Promise<DeltaProblem | undefined> {
  if (entry.version !== 0)
    return problem('superblock-corrupt', `part ${index} has the unknown version ${entry.version}`);
  const inline = inlinePart(superblock, index);
  const path = join(deltaFolder(repo, superblock), String(index));
  const digest: FileDigest | undefined = inline ? digestBytes(inline) : await ifPresent(digestFile(path, signal));
  if (digest === undefined) return problem('part-missing', `part ${index} is missing`);
  if (digest.sizeBytes !== entry.sizeBytes) {
    return problem(
      'part-differs',
      `part ${index} has ${digest.sizeBytes} bytes, the superblock says ${entry.sizeBytes}`,
    );
  }
  if (digest.sha256 === entry.sha256) return undefined;
  return problem('part-differs', `part ${index} is not what the superblock says: its sha256 is ${digest.sha256}`);
}

async function checkPartContent(
  reader: TreeReader,
  superblock: Superblock,
  entry: PartEntry,
  index: number,
): Promise<DeltaProblem[]> {
  try {
    await checkOperations(reader, superblock.from, entry, await readPartFile(reader.repo, superblock, index));
    return [];
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    return [problem('part-corrupt', `part ${index} cannot be applied: ${error.message}`)];
  }
}
