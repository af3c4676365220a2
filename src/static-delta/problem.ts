/** What can be wrong with a static delta. */
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

/** A problem of a kind, in words. */
export const problem = (kind: DeltaProblemKind, message: string): DeltaProblem => ({ kind, message });

/** How thoroughly to look, and with what. */
export interface CheckOptions {
  /** Also decompress each part and follow its operations. */
  operations?: boolean;
  signal?: AbortSignal;
}
