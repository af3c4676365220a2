import type { ImageBytes } from './image-bytes.ts';

/** A file of an image as its inode describes it; hard links share one. */
export interface ImageInode {
  kind: 'file' | 'folder' | 'link' | 'other';
  /** Permissions, without the file's kind. */
  mode: number;
  uid: number;
  gid: number;
  sizeBytes: number;
  /** When the content changed last, seconds of the epoch. */
  modifiedS: number;
  /** The other times that the inode has, as they stand there. */
  otherTimes: string;
  /** Where its content lies, as it stands in the inode: two inodes that differ in this alone were moved. */
  location: string;
}

/** Longer paths are refused by Linux; the root is at depth 0. */
const DEEPEST = 2048;

/** More files than any image has; a few KiB of compressed metadata can claim as many. */
const MOST_ENTRIES = 4_000_000;

/** As many as Linux follows. */
const MOST_LINKS = 40;

/** The root's entry. */
export const ROOT = 0;

/** The names of an image. Entries are numbers, the root's is 0; paths begin with a slash. */
export class ImageTree {
  /** By the numbers that {@link ImageTree.inodeOf} gives. */
  readonly inodes: ImageInode[] = [];
  readonly #bytes: ImageBytes;
  readonly #names: string[] = [''];
  readonly #parents: number[] = [ROOT];
  readonly #depths: number[] = [0];
  readonly #inodeOf: number[] = [0];
  readonly #children = new Map<string, number>();
  /** The first entry of each inode. */
  readonly #entryOf = new Map<number, number>();
  readonly #linkTargets = new Map<number, string>();

  constructor(bytes: ImageBytes) {
    this.#bytes = bytes;
  }

  get entries(): number {
    return this.#names.length;
  }

  addInode(inode: ImageInode): number {
    this.#bytes.step();
    if (this.inodes.length >= MOST_ENTRIES) throw this.#bytes.corrupt(`it has more than ${MOST_ENTRIES} inodes`);
    return this.inodes.push(inode) - 1;
  }

  /** Says which inode the root is. */
  setRoot(inode: number): void {
    this.#inodeOf[ROOT] = inode;
    this.#entryOf.set(inode, ROOT);
  }

  /**
   * Adds a name to a folder.
   *
   * @returns the new entry
   * @throws ReleasePlanError `image-corrupt` for a name that no file can have, twice the same, or too deep a tree
   */
  add(parent: number, name: string, inode: number): number {
    this.#bytes.step();
    if (this.entries >= MOST_ENTRIES) throw this.#bytes.corrupt(`it has more than ${MOST_ENTRIES} files`);
    const depth = (this.#depths[parent] ?? 0) + 1;
    if (depth > DEEPEST) throw this.#bytes.corrupt(`its folders are nested deeper than ${DEEPEST}`);
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name))
      throw this.#bytes.corrupt(`a folder has the entry ${JSON.stringify(name)}`);
    const key = `${parent}/${name}`;
    if (this.#children.has(key)) throw this.#bytes.corrupt(`a folder has the entry ${JSON.stringify(name)} twice`);
    const entry = this.#names.push(name) - 1;
    this.#parents.push(parent);
    this.#depths.push(depth);
    this.#inodeOf.push(inode);
    this.#children.set(key, entry);
    if (!this.#entryOf.has(inode)) this.#entryOf.set(inode, entry);
    return entry;
  }

  setLinkTarget(inode: number, target: string): void {
    this.#linkTargets.set(inode, target);
  }

  /** Where a symbolic link leads, as written. */
  linkTargetOf(inode: number): string | undefined {
    return this.#linkTargets.get(inode);
  }

  inodeOf(entry: number): number {
    return this.#inodeOf[entry] ?? 0;
  }

  nameOf(entry: number): string {
    return this.#names[entry] ?? '';
  }

  /** The first name of an inode; undefined for one that no folder names. */
  entryOf(inode: number): number | undefined {
    return this.#entryOf.get(inode);
  }

  pathOf(entry: number): string {
    const names: string[] = [];
    for (let at = entry; at !== ROOT; at = this.#parents[at] ?? ROOT) names.push(this.nameOf(at));
    return `/${names.toReversed().join('/')}`;
  }

  /** The path of an inode's first name. */
  pathOfInode(inode: number): string | undefined {
    const entry = this.entryOf(inode);
    return entry === undefined ? undefined : this.pathOf(entry);
  }

  /** The entry of a path; links are not followed. */
  find(path: string): number | undefined {
    let at: number | undefined = ROOT;
    for (const name of path.split('/')) {
      if (name === '' || at === undefined) continue;
      at = this.#children.get(`${at}/${name}`);
    }
    return at;
  }

  /**
   * The entry of a path with links followed, within the image; the last part is not followed. Package databases name
   * /bin/sh where the image has /usr/bin/sh.
   */
  resolve(path: string): number | undefined {
    const rest = path.split('/').toReversed();
    let at = ROOT;
    for (let links = 0; rest.length > 0;) {
      const name = rest.pop() ?? '';
      if (name === '' || name === '.') continue;
      if (name === '..') {
        at = this.#parents[at] ?? ROOT;
        continue;
      }
      const entry = this.#children.get(`${at}/${name}`);
      if (entry === undefined) return undefined;
      const target = rest.length === 0 ? undefined : this.linkTargetOf(this.inodeOf(entry));
      if (target === undefined) {
        at = entry;
        continue;
      }
      links += 1;
      if (links > MOST_LINKS) return undefined;
      if (target.startsWith('/')) at = ROOT;
      rest.push(...target.split('/').toReversed());
    }
    return at;
  }

  /** Every entry but the root, in the order in which they were read. */
  *walk(): Generator<number, void, undefined> {
    for (let entry = 1; entry < this.#names.length; entry += 1) yield entry;
  }

  /** The names directly in each folder, by the folder's entry. */
  namesByFolder(): Map<number, string[]> {
    const folders = new Map<number, string[]>();
    for (const entry of this.walk()) {
      const parent = this.#parents[entry] ?? ROOT;
      const names = folders.get(parent);
      if (names === undefined) folders.set(parent, [this.nameOf(entry)]);
      else names.push(this.nameOf(entry));
    }
    return folders;
  }
}
