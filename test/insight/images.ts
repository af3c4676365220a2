/** Small images of every kind, made by the real programs out of trees whose content is known. */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { noise } from '../support/noise.ts';

const UUID = '6c3e9a6e-7b1c-4f2e-9d53-1f0a6d2b8c41';

/** Sbin is not in everybody's PATH. */
const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, E2FSPROGS_FAKE_TIME: '1700000000' };

export const tool = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env });

export type MakeImage = (tree: string, image: string) => void;

export const ext4 =
  (size: string, ...options: string[]): MakeImage =>
  (tree, image) => {
    rmSync(image, { force: true });
    writeFileSync(image, '');
    truncateSync(image, Number.parseInt(size, 10) * 2 ** 20);
    const type = options.includes('-t') ? [] : ['-t', 'ext4'];
    tool('mke2fs', '-q', '-F', ...type, '-U', UUID, '-E', `hash_seed=${UUID}`, ...options, '-d', tree, image);
  };

export const squashfs =
  (...options: string[]): MakeImage =>
  (tree, image) => {
    rmSync(image, { force: true });
    tool('mksquashfs', tree, image, '-noappend', '-mkfs-time', '0', '-quiet', '-no-progress', ...options);
  };

export const erofs =
  (...options: string[]): MakeImage =>
  (tree, image) => {
    rmSync(image, { force: true });
    tool('mkfs.erofs', '-T0', `-U${UUID}`, '--quiet', ...options, image, tree);
  };

/** The kinds that products use, by the names that tests give them. */
export const KINDS: Record<string, MakeImage> = {
  'ext4': ext4('24M'),
  'squashfs': squashfs('-noI', '-noD', '-noF', '-noX'),
  'squashfs-zstd': squashfs('-comp', 'zstd'),
  'erofs': erofs(),
  'erofs-lz4hc': erofs('-zlz4hc'),
};

/** Every way of laying out a file that the readers know, beyond {@link KINDS}. */
export const MORE_KINDS: Record<string, MakeImage> = {
  'ext2, small blocks': ext4('24M', '-t', 'ext2', '-b', '1024'),
  'ext3': ext4('24M', '-t', 'ext3'),
  'ext4, data in inodes': ext4('24M', '-O', 'inline_data'),
  'ext4, clusters': ext4('24M', '-O', 'bigalloc', '-C', '16384'),
  'ext4, groups of descriptors': ext4('24M', '-O', 'meta_bg,^resize_inode'),
  'ext4, 32 bits': ext4('24M', '-O', '^64bit,^metadata_csum'),
  'squashfs gzip': squashfs('-comp', 'gzip'),
  'squashfs xz': squashfs('-comp', 'xz'),
  'squashfs lz4, no fragments': squashfs('-comp', 'lz4', '-no-fragments'),
  'squashfs, blocks of 4 KiB': squashfs('-b', '4096', '-no-exports'),
  'erofs, clusters of 64 KiB': erofs('-zlz4hc', '-C65536'),
  'erofs, tails in inodes': erofs('-zlz4hc', '-Eztailpacking'),
  'erofs, fragments': erofs('-zlz4hc', '-Efragments'),
  'erofs, all in fragments': erofs('-zlz4hc', '-Eall-fragments,ztailpacking,dedupe', '-C65536'),
  'erofs, shared clusters': erofs('-zlz4hc', '-Ededupe'),
  'erofs, full indexes': erofs('-zlz4hc', '-Elegacy-compress'),
  'erofs, chunks': erofs('--chunksize=4096'),
  'erofs, chunks with indexes': erofs('--chunksize=65536', '-Eforce-chunk-indexes'),
};

const MODIFIED_S = 1_600_000_000;

/** Writes files; a folder comes with its first. All have one time, so that images differ by what differs. */
export function writeTree(tree: string, files: Record<string, Uint8Array | string>): void {
  const folders = new Set([tree]);
  for (const [path, content] of Object.entries(files)) {
    const file = join(tree, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    utimesSync(file, MODIFIED_S, MODIFIED_S);
    for (let at = dirname(file); at.startsWith(tree); at = dirname(at)) folders.add(at);
  }
  for (const folder of folders) utimesSync(folder, MODIFIED_S, MODIFIED_S);
}

/** A tree with what makes readers stumble: holes, links, empty and tiny files, blocks that compress to nothing. */
export function awkwardTree(tree: string): void {
  const small = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [`many/small-${index}`, `file ${index} `.repeat(5 + index * 9)]),
  );
  writeTree(tree, {
    'data/noise': noise(300_000, 1),
    'data/copy-of-noise': noise(300_000, 1),
    'data/text': 'plain text compresses well '.repeat(20_000),
    'data/mixed': Buffer.concat([
      noise(9_000, 2),
      Buffer.alloc(70_000, 65),
      noise(5_000, 3),
      Buffer.from('ab'.repeat(60_000)),
    ]),
    'empty': '',
    'ünïcode': 'name',
    ...small,
  });
  writeFileSync(join(tree, 'sparse'), 'start');
  truncateSync(join(tree, 'sparse'), 1_500_000);
  writeFileSync(
    join(tree, 'sparse'),
    Buffer.concat([Buffer.from('start'), Buffer.alloc(1_500_000), Buffer.from('end')]),
  );
  symlinkSync('data/text', join(tree, 'link'));
  symlinkSync(`/${'long/'.repeat(30)}`, join(tree, 'long-link'));
  linkSync(join(tree, 'data/text'), join(tree, 'hard-link'));
  execFileSync('mkfifo', [join(tree, 'pipe')]);
}
