/** A commit of nothing but some file objects: for a repository that is to hold these, as ostree itself stores them. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { container, stringBytes } from './gvariant.ts';
import { objectPath, type ObjectType } from './names.ts';
import { COMMIT_TYPE } from './superblock.ts';
import { DIRTREE_TYPE } from './tree.ts';

/** @see ostree-core.h, OSTREE_DIRMETA_GVARIANT_FORMAT */
const DIRMETA_TYPE = '(uuua(ayay))';

const FOLDER_MODE = 0o040755;

/**
 * Writes the metadata of such a commit into a repository of mode archive that
 * has the files; each is named by its checksum.
 *
 * @returns the commit
 */
export function writeFileCommit(repo: string, files: readonly string[]): string {
  const meta = write(
    repo,
    'dirmeta',
    container(DIRMETA_TYPE, [bigEndian(0), bigEndian(0), bigEndian(FOLDER_MODE), NONE]),
  );
  const entries = files
    .toSorted()
    .map((checksum) => container('(say)', [stringBytes(checksum), Buffer.from(checksum, 'hex')]));
  const tree = write(repo, 'dirtree', container(DIRTREE_TYPE, [container('a(say)', entries), NONE]));
  const [empty, time] = [stringBytes(''), Buffer.alloc(8)];
  const roots = [tree, meta].map((checksum) => Buffer.from(checksum, 'hex'));
  return write(repo, 'commit', container(COMMIT_TYPE, [NONE, NONE, NONE, empty, empty, time, ...roots]));
}

const NONE = Buffer.alloc(0);

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function write(repo: string, type: ObjectType, content: Buffer): string {
  const checksum = createHash('sha256').update(content).digest('hex');
  const path = objectPath(repo, { type, checksum });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return checksum;
}
