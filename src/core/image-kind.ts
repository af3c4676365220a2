/** What kind of file system an image is, as far as the size of its deltas depends on it. */

/** How squashfs compresses; `none` where file contents stand in the image as they are. */
export type SquashfsCompression = 'none' | 'gzip' | 'lzma' | 'lzo' | 'xz' | 'lz4' | 'zstd' | 'unknown';

/** How erofs compresses. lz4 and lz4hc are one to it: only their programs differ. */
export type ErofsCompression = 'none' | 'lz4' | 'lzma' | 'deflate' | 'zstd' | 'unknown';

export type ImageKind =
  | {
      filesystem: 'squashfs';
      compression: SquashfsCompression;
      /** Of the blocks that are compressed, each by itself. */
      blockBytes: number;
      /** Whether the ends of files share blocks, which are compressed together. */
      hasFragments: boolean;
    }
  | {
      filesystem: 'erofs';
      compression: ErofsCompression;
      /** Whether the ends of files, or whole files, are packed and compressed together. */
      hasFragments: boolean;
    }
  | { filesystem: 'ext4' | 'vfat' | 'unknown' };
