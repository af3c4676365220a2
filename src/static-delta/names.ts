/** Names of OSTree's objects and the paths that they and static deltas have in a repository. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Two commits, 64 hex digits each. `from` is empty for a delta from nothing. */
export interface CommitPair {
  from: string;
  to: string;
}

/** The types of objects that a commit consists of. */
export type ObjectType = 'file' | 'dirtree' | 'dirmeta' | 'commit';

/** One object: its type and its checksum, 64 hex digits. */
export interface ObjectName {
  type: ObjectType;
  checksum: string;
}

/** @see ostree-core.h, OstreeObjectType */
const TYPE_NUMBERS: Readonly<Record<ObjectType, number>> = { file: 1, dirtree: 2, dirmeta: 3, commit: 4 };

const TYPES_BY_NUMBER = new Map(Object.entries(TYPE_NUMBERS).map(([type, number]) => [number, type as ObjectType]));

/** Bytes of an object's name in a superblock: its type, its checksum. */
export const OBJECT_NAME_BYTES = 33;

/** The name of an object as one text, for sets and maps. */
export const objectKey = ({ type, checksum }: ObjectName): string => `${checksum}.${type}`;

/** Reads 33 bytes; undefined when their type is none of ours. */
export function readObjectName(bytes: Buffer): ObjectName | undefined {
  const type = TYPES_BY_NUMBER.get(bytes[0] ?? 0);
  return type === undefined ? undefined : { type, checksum: bytes.toString('hex', 1, OBJECT_NAME_BYTES) };
}

/** The 33 bytes of an object's name. */
export const objectNameBytes = ({ type, checksum }: ObjectName): Buffer =>
  Buffer.concat([Buffer.from([TYPE_NUMBERS[type]]), Buffer.from(checksum, 'hex')]);

/** Where a repository of mode archive keeps an object; content is compressed there. */
export function objectPath(repo: string, { type, checksum }: ObjectName): string {
  return join(repo, 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.${type === 'file' ? 'filez' : type}`);
}

/** Whether a repository of mode archive has a commit object; no commit (an empty checksum) is everywhere. */
export const hasCommit = (repo: string, commit: string): boolean =>
  commit === '' || existsSync(objectPath(repo, { type: 'commit', checksum: commit }));

/** Where a repository keeps a commit's detached metadata: signatures that came after the commit. */
export const commitMetaPath = (repo: string, commit: string): string =>
  join(repo, 'objects', commit.slice(0, 2), `${commit.slice(2)}.commitmeta`);

/** A checksum as paths of deltas have it: base64, `/` as `_`, no padding. */
const inPath = (checksum: string): string =>
  Buffer.from(checksum, 'hex').toString('base64').replace(/=+$/, '').replaceAll('/', '_');

/**
 * A delta's folder, relative to its repository; keys in its superblock begin with it too.
 *
 * @see ostree-core.c, _ostree_get_relative_static_delta_path
 */
export function relativeDeltaFolder({ from, to }: CommitPair): string {
  const [left, right] = from === '' ? [inPath(to), ''] : [inPath(from), `-${inPath(to)}`];
  return `deltas/${left.slice(0, 2)}/${left.slice(2)}${right}`;
}

/** A delta's folder in a repository. */
export const deltaFolder = (repo: string, pair: CommitPair): string => join(repo, relativeDeltaFolder(pair));

/** A delta as ostree writes it in lists. */
export const deltaName = ({ from, to }: CommitPair): string => (from === '' ? to : `${from}-${to}`);

/** Where a repository says which deltas lead to a commit, with the digests of their superblocks. */
export function deltaIndexPath(repo: string, to: string): string {
  const name = inPath(to);
  return join(repo, 'delta-indexes', name.slice(0, 2), `${name.slice(2)}.index`);
}
