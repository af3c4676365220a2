/** What a commit consists of: its objects, and its files by their paths. */
import { children, readString } from './gvariant.ts';
import { objectKey, type ObjectName } from './names.ts';
import { damagedObject, readMetadataObject } from './objects.ts';
import { COMMIT_TYPE } from './superblock.ts';

/** The type of a directory object: files with their checksums, folders with those of tree and mode. */
export const DIRTREE_TYPE = '(a(say)a(sayay))';

/** A file of a commit. */
export interface TreeFile {
  /** From the root, without a slash before it. */
  path: string;
  /** Of the file object. */
  checksum: string;
}

/** A commit with everything that it reaches. */
export interface CommitTree {
  commit: string;
  /** By {@link objectKey}; the commit itself is one of them. */
  objects: Map<string, ObjectName>;
  /** Files and symbolic links, by path in the order of the tree. */
  files: TreeFile[];
}

interface Directory {
  files: Array<{ name: string; checksum: string }>;
  folders: Array<{ name: string; tree: string; meta: string }>;
}

/**
 * Reads the trees of a repository's commits. Directories that commits share
 * are read once, so one reader serves all deltas of a run.
 */
export class TreeReader {
  readonly repo: string;
  readonly #directories = new Map<string, Directory>();
  readonly #trees = new Map<string, CommitTree>();

  constructor(repo: string) {
    this.repo = repo;
  }

  /**
   * The tree of a commit; that of no commit (an empty checksum) is empty.
   *
   * @throws ReleasePlanError `ostree-object-damaged` when an object is missing or malformed
   */
  read(commit: string): CommitTree {
    let tree = this.#trees.get(commit);
    if (tree === undefined) {
      tree = this.#walk(commit);
      this.#trees.set(commit, tree);
    }
    return tree;
  }

  /** Drops a commit's tree, which is as large as the commit; the directories that it shares with others stay. */
  forget(commit: string): void {
    this.#trees.delete(commit);
  }

  #walk(commit: string): CommitTree {
    const tree: CommitTree = { commit, objects: new Map(), files: [] };
    if (commit === '') return tree;
    const name: ObjectName = { type: 'commit', checksum: commit };
    tree.objects.set(objectKey(name), name);
    const [root, meta] = this.#decoded(name, (bytes) => {
      const fields = children(COMMIT_TYPE, bytes);
      return [checksumOf(fields[6]), checksumOf(fields[7])] as const;
    });
    this.#enter(tree, '', root, meta);
    return tree;
  }

  #enter(tree: CommitTree, prefix: string, checksum: string, meta: string): void {
    for (const name of [
      { type: 'dirmeta', checksum: meta },
      { type: 'dirtree', checksum },
    ] as const) {
      tree.objects.set(objectKey(name), name);
    }
    const { files, folders } = this.#directory(checksum);
    for (const file of files) {
      const name: ObjectName = { type: 'file', checksum: file.checksum };
      tree.objects.set(objectKey(name), name);
      tree.files.push({ path: `${prefix}${file.name}`, checksum: file.checksum });
    }
    for (const folder of folders) this.#enter(tree, `${prefix}${folder.name}/`, folder.tree, folder.meta);
  }

  #directory(checksum: string): Directory {
    let directory = this.#directories.get(checksum);
    if (directory === undefined) {
      directory = this.#decoded({ type: 'dirtree', checksum }, readDirectory);
      this.#directories.set(checksum, directory);
    }
    return directory;
  }

  #decoded<T>(name: ObjectName, decode: (bytes: Buffer) => T): T {
    const bytes = readMetadataObject(this.repo, name);
    try {
      return decode(bytes);
    } catch (error) {
      throw damagedObject(name, this.repo, error);
    }
  }
}

function readDirectory(bytes: Buffer): Directory {
  const [files, folders] = children(DIRTREE_TYPE, bytes) as [Buffer, Buffer];
  return {
    files: children('a(say)', files).map((entry) => {
      const [name, checksum] = children('(say)', entry) as [Buffer, Buffer];
      return { name: readString(name), checksum: checksumOf(checksum) };
    }),
    folders: children('a(sayay)', folders).map((entry) => {
      const [name, tree, meta] = children('(sayay)', entry) as [Buffer, Buffer, Buffer];
      return { name: readString(name), tree: checksumOf(tree), meta: checksumOf(meta) };
    }),
  };
}

function checksumOf(bytes: Buffer | undefined): string {
  if (bytes?.length !== 32) throw new Error(`a checksum in it has ${bytes?.length ?? 0} bytes`);
  return bytes.toString('hex');
}
