/** The image pairs: one root file system before and after an upgrade, in four formats. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchSettings } from './bench.ts';
import { makeDebianTrees, makeSmallTrees, type Trees } from './trees.ts';

/** The formats of the images, as issue 3 names them. */
export const FORMATS = ['ext4', 'squashfs', 'erofs', 'squashfs-zstd'] as const;
export type Format = (typeof FORMATS)[number];

/** What a table calls a format. */
export const FORMAT_TITLES: Record<Format, string> = {
  'ext4': 'ext4',
  'squashfs': 'squashfs, uncompressed',
  'erofs': 'erofs lz4hc',
  'squashfs-zstd': 'squashfs zstd',
};

export interface ImagePair {
  format: Format;
  base: string;
  target: string;
}

/** Fixed, so that two images differ by what was upgraded alone, as reproducible builds do. */
const UUID = '6c3e9a6e-7b1c-4f2e-9d53-1f0a6d2b8c41';

const make: Record<Format, (tree: string, image: string, trees: Trees) => void> = {
  'ext4': (tree, image, trees) => {
    writeFileSync(image, '');
    truncateSync(image, slotBytesOf(trees));
    execFileSync('mke2fs', ['-q', '-t', 'ext4', '-U', UUID, '-E', `hash_seed=${UUID}`, '-d', tree, image]);
  },
  'squashfs': (tree, image) => squash(tree, image, ['-noI', '-noD', '-noF', '-noX']),
  'squashfs-zstd': (tree, image) => squash(tree, image, ['-comp', 'zstd']),
  'erofs': (tree, image) =>
    void execFileSync('mkfs.erofs', ['-T0', `-U${UUID}`, '-zlz4hc', '--quiet', image, tree], { stdio: 'ignore' }),
};

/** The same slot before and after: filled to about two thirds by the larger tree. */
function slotBytesOf(trees: Trees): number {
  const usedKiB = Math.max(
    ...Object.values(trees).map((tree) =>
      Number(execFileSync('du', ['-sk', tree], { encoding: 'utf8' }).split('\t')[0]),
    ),
  );
  return Math.ceil((usedKiB * 1.5) / 4096) * 4 * 2 ** 20 + 2 ** 23;
}

function squash(tree: string, image: string, options: readonly string[]): void {
  execFileSync('mksquashfs', [tree, image, '-noappend', '-mkfs-time', '0', '-quiet', '-no-progress', ...options], {
    stdio: 'ignore',
  });
}

/** The pairs, made on the first call and kept in the cache folder. */
export async function imagePairs(settings: BenchSettings): Promise<ImagePair[]> {
  const dir = join(settings.cacheDir, settings.full ? 'debian' : 'small');
  mkdirSync(dir, { recursive: true });
  const image = (format: Format, which: 'old' | 'new'): string => join(dir, `${which}.${format}`);
  const missing = FORMATS.flatMap((format) => (['old', 'new'] as const).map((which) => ({ format, which }))).filter(
    ({ format, which }) => !existsSync(image(format, which)),
  );
  if (missing.length > 0) {
    const trees = settings.full ? makeDebianTrees(dir, settings) : makeSmallTrees(dir);
    for (const { format, which } of missing) {
      settings.note(`making ${which}.${format}`);
      const staging = `${image(format, which)}.part`;
      rmSync(staging, { force: true });
      make[format](trees[which], staging, trees);
      renameSync(staging, image(format, which));
    }
  }
  return FORMATS.map((format) => ({ format, base: image(format, 'old'), target: image(format, 'new') }));
}
