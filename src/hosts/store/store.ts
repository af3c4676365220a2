/**
 * Where archives are at home when that is no folder: content by its sha256, and small files by name. The interfaces are
 * narrow, so that a store is a file.
 */
import type { FileDigest, LocalFile } from '../../io/hash.ts';
import type { Revision } from '../../io/revision.ts';

/** A name in a store. */
export interface StoredName {
  name: string;
  /** As {@link Revision.tag}. */
  tag: string | undefined;
  /** By the store's own clock, in milliseconds of the epoch; NaN when it does not say. */
  modifiedAtMs: number;
}

/** Told of bytes as they move. */
export type OnBytes = (bytes: number) => void;

/** What can be read. */
export interface Store {
  /** For people. */
  readonly address: string;
  /** The names below a folder, with the folder; none when there is no such folder. */
  list(folder: string): AsyncIterable<StoredName>;
  /** A small file; undefined when there is none. */
  read(name: string): Promise<Revision | undefined>;
  /**
   * How long ago an object was written or touched, in milliseconds, by the store's own clock as far as it has one; NaN
   * when that is not said. Undefined when it is not there, as far as can be told without reading it.
   */
  ageMs(object: FileDigest): Promise<number | undefined>;
  /** sha256 of an object as it is read, 64 hex digits; undefined when there is none. */
  digest(object: FileDigest, onBytes: OnBytes): Promise<string | undefined>;
  /**
   * Writes an object into a file, going on behind the bytes that the file holds already. Nothing is checked: see
   * {@link fetchObject}.
   *
   * @returns false when there is no such object
   */
  fetch(object: FileDigest, path: string, onBytes: OnBytes): Promise<boolean>;
}

/** What can be written, too. */
export interface WriteStore extends Store {
  /** Whether {@link write} holds against others that write at the same time. Asked for each run. */
  honoursConditions(): Promise<boolean>;
  /**
   * Brings a file there as an object, whole or not at all, going on where an interrupted run stopped, and checks what
   * arrived.
   *
   * @throws ReleasePlanError `store-damaged`
   */
  put(file: LocalFile, onBytes: OnBytes): Promise<void>;
  /**
   * Makes an object as young as one that was just written, without sending it.
   *
   * @returns false when the store cannot: then it has to be put again
   */
  touch(object: FileDigest): Promise<boolean>;
  /**
   * Writes a small file, on condition that the name has what was seen there, or nothing.
   *
   * @returns false when somebody else wrote it since
   */
  write(name: string, bytes: Buffer, seen: Revision | undefined): Promise<boolean>;
  /** Removes a small file; none is no failure. */
  remove(name: string): Promise<void>;
  /** What the clock of the store says, in milliseconds of the epoch; undefined where it has none of its own. */
  clockMs(): Promise<number | undefined>;
}

/** An object, whether something names it or not. */
export interface StoredObject extends FileDigest {
  /** As {@link StoredName.modifiedAtMs}. */
  modifiedAtMs: number;
}

/** What can be emptied, too: for the host that runs gc. */
export interface PruneStore extends WriteStore {
  objects(): AsyncIterable<StoredObject>;
  /** Removes an object; none is no failure. */
  removeObject(object: FileDigest): Promise<void>;
  /**
   * Gives up uploads that were begun before a time of the store's clock, in milliseconds of the epoch, and not ended.
   *
   * @returns how many
   */
  abandonUploads(beforeMs: number): Promise<number>;
}
