/** What bytes that belong to no file are for. */
export type MetadataKind =
  | 'superblock'
  | 'group descriptors'
  | 'allocation bitmap'
  | 'inode table'
  | 'directory'
  | 'block map'
  | 'journal'
  | 'extended attributes'
  | 'fragment table'
  | 'lookup table'
  | 'free space';

/** Whom a range of an image's bytes belongs to. Inodes are numbers into the image's tree. */
export type Owner =
  | { kind: 'file'; inode: number }
  /** One compressed block holds several files; weights are the bytes that each has in it. */
  | { kind: 'shared'; parts: ReadonlyArray<{ inode: number; weight: number }> }
  /** `inodes` are those that the bytes describe, where they describe any. */
  | { kind: 'metadata'; what: MetadataKind; inodes: readonly number[] };
