/** What a delta has to carry, and how it is divided into parts. Reads heads of objects, no content. */
import { statSync } from 'node:fs';
import { withoutVersion, chooseSources, type Candidate } from './sources.ts';
import { FALLBACK_BYTES, PART_BYTES } from './limits.ts';
import { objectPath, type CommitPair, type ObjectName } from './names.ts';
import { isRegular, isWorldReadable, readFileHead, readMetadataObject, type FileHead } from './objects.ts';
import type { FallbackEntry } from './superblock.ts';
import type { CommitTree, TreeReader } from './tree.ts';

/** A file and where its bytes are found. */
export interface StoredFile {
  checksum: string;
  head: FileHead;
}

/** One object that a part makes. */
export type PlannedObject =
  | { kind: 'metadata'; name: ObjectName; sizeBytes: number }
  | { kind: 'link'; file: StoredFile }
  | {
      kind: 'file';
      file: StoredFile;
      source?: StoredFile;
      /** Another delta of the run makes the same file from the same source. */
      isShared?: true;
    };

/** A delta before its bytes. */
export interface DeltaPlan extends CommitPair {
  parts: PlannedObject[][];
  fallbacks: FallbackEntry[];
}

/** Reads each head once, for all deltas of a run. */
export class HeadReader {
  readonly #repo: string;
  readonly #heads = new Map<string, FileHead>();

  constructor(repo: string) {
    this.#repo = repo;
  }

  /** @throws ReleasePlanError `ostree-object-damaged` */
  read(checksum: string): FileHead {
    let head = this.#heads.get(checksum);
    if (head === undefined) {
      head = readFileHead(this.#repo, checksum);
      this.#heads.set(checksum, head);
    }
    return head;
  }
}

/**
 * Plans a delta.
 *
 * @throws ReleasePlanError `ostree-object-damaged`
 */
export function planDelta(trees: TreeReader, heads: HeadReader, pair: CommitPair): DeltaPlan {
  const [source, target] = [trees.read(pair.from), trees.read(pair.to)];
  const files = newFiles(source, target, heads);
  const sources = chooseSources(
    files.filter(({ head }) => isRegular(head) && head.sizeBytes > 0).map(candidateOf),
    possibleSources(source, files, heads),
  );
  const objects: PlannedObject[] = newMetadata(trees.repo, source, target);
  const fallbacks: FallbackEntry[] = [];
  for (const { checksum, head } of inOrder(files)) {
    const from = sources.get(checksum);
    if (!isRegular(head)) objects.push({ kind: 'link', file: { checksum, head } });
    else if (from !== undefined) {
      objects.push({
        kind: 'file',
        file: { checksum, head },
        source: { checksum: from.checksum, head: heads.read(from.checksum) },
      });
    } else if (head.sizeBytes > FALLBACK_BYTES) fallbacks.push(fallbackOf(trees.repo, checksum, head));
    else objects.push({ kind: 'file', file: { checksum, head } });
  }
  return { ...pair, parts: divide(objects), fallbacks };
}

interface NewFile extends StoredFile {
  path: string;
}

function newFiles(source: CommitTree, target: CommitTree, heads: HeadReader): NewFile[] {
  return target.files
    .filter(({ checksum }) => !source.objects.has(`${checksum}.file`))
    .map(({ path, checksum }) => ({ path, checksum, head: heads.read(checksum) }));
}

const candidateOf = ({ path, checksum, head }: NewFile): Candidate => ({ path, checksum, sizeBytes: head.sizeBytes });

/** Files of the source that have the path of a new one, or its name without digits: no other head is read. */
function possibleSources(source: CommitTree, files: readonly NewFile[], heads: HeadReader): Candidate[] {
  const nameOf = (path: string): string => withoutVersion(path.slice(path.lastIndexOf('/') + 1));
  const names = new Set(files.map(({ path }) => nameOf(path)));
  return source.files.flatMap(({ path, checksum }) => {
    if (!names.has(nameOf(path))) return [];
    const head = heads.read(checksum);
    return isRegular(head) && isWorldReadable(head) && head.sizeBytes > 0
      ? [{ path, checksum, sizeBytes: head.sizeBytes }]
      : [];
  });
}

function newMetadata(repo: string, source: CommitTree, target: CommitTree): PlannedObject[] {
  return [...target.objects.values()]
    .filter(
      (name) =>
        (name.type === 'dirtree' || name.type === 'dirmeta') && !source.objects.has(`${name.checksum}.${name.type}`),
    )
    .map((name) => ({ kind: 'metadata', name, sizeBytes: readMetadataObject(repo, name).length }));
}

/** Each object once; files of one kind together, so that the compressor finds what they have in common. */
function inOrder(files: readonly NewFile[]): NewFile[] {
  const kindOf = (path: string): string => /\.[a-z]+/.exec(path.slice(path.lastIndexOf('/') + 1))?.[0] ?? '';
  const once = new Map<string, NewFile>();
  for (const file of files) if (!once.has(file.checksum)) once.set(file.checksum, file);
  return [...once.values()]
    .map((file) => ({ file, key: `${kindOf(file.path)}\0${file.path}` }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ file }) => file);
}

/** A file that clients fetch by itself. */
export const fallbackOf = (repo: string, checksum: string, head: FileHead): FallbackEntry => {
  const object: ObjectName = { type: 'file', checksum };
  return { object, sizeBytes: statSync(objectPath(repo, object)).size, uncompressedBytes: head.sizeBytes };
};

/** What an object adds to its part's declared size: content of files, nothing for links, as ostree counts. */
export function uncompressedBytesOf(object: PlannedObject): number {
  return object.kind === 'metadata' ? object.sizeBytes : object.file.head.sizeBytes;
}

/** The name of what is planned. */
export const nameOfPlanned = (object: PlannedObject): ObjectName =>
  object.kind === 'metadata' ? object.name : { type: 'file', checksum: object.file.checksum };

/** Fills one part after the other; a part has at least one object, a delta at least one part, as ostree makes them. */
function divide(objects: readonly PlannedObject[]): PlannedObject[][] {
  const parts: PlannedObject[][] = [[]];
  let sizeBytes = 0;
  for (const object of objects) {
    const more = uncompressedBytesOf(object);
    if (sizeBytes > 0 && sizeBytes + more > PART_BYTES) {
      parts.push([]);
      sizeBytes = 0;
    }
    parts.at(-1)?.push(object);
    sizeBytes += more;
  }
  return parts;
}

/** Notes which files several deltas make from the same source. */
export function markShared(plans: readonly DeltaPlan[]): void {
  const seen = new Map<string, Extract<PlannedObject, { kind: 'file' }>>();
  for (const object of plans.flatMap((plan) => plan.parts.flat())) {
    if (object.kind !== 'file' || object.source === undefined) continue;
    const key = `${object.source.checksum}-${object.file.checksum}`;
    const other = seen.get(key);
    seen.set(key, object);
    if (other === undefined) continue;
    other.isShared = true;
    object.isShared = true;
  }
}
