/** A place that holds files by name, and nothing more: a folder, a bucket. */
import type { LocalFile } from '../../io/hash.ts';
import type { Revision } from '../../io/revision.ts';

/** What a store says of a file. */
export interface StoredFile {
  sizeBytes: number;
  /** 64 hex digits; undefined when the file was not put there by us and the store cannot tell. */
  sha256: string | undefined;
}

export interface FileStore {
  /** For people. */
  readonly address: string;
  /** Where a file is, for people and the record. */
  placeOf(name: string): string;
  find(name: string): Promise<StoredFile | undefined>;
  /** Files below a folder, with their sizes; `name` is relative to the store. */
  list(folder: string): AsyncIterable<{ name: string; sizeBytes: number }>;
  /** Bytes of an upload that was interrupted; 0 for none. */
  partialBytes(name: string): Promise<number>;
  /**
   * Puts a file there, whole or not at all, and checks what arrived.
   *
   * @throws ReleasePlanError `publish-damaged`
   */
  put(name: string, file: LocalFile, onBytes: (bytes: number) => void): Promise<void>;
  /** Reads a small file; undefined when there is none. */
  read(name: string): Promise<Revision | undefined>;
  /**
   * Replaces a small file at once.
   *
   * @param seen what it replaces; undefined when there was none
   * @returns false when somebody else wrote it since
   */
  replace(name: string, bytes: Buffer, seen: Revision | undefined): Promise<boolean>;
}
