/** The kinds of images that bench/image-kinds.ts compares, each made as OpenEmbedded-Core's image_types.bbclass does. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchSettings } from './bench.ts';
import { fragmentOptions, fragmentVariables } from './fragment.ts';
import { makeDebianTrees, makeSmallTrees, type Trees } from './trees.ts';
import { trixie, type TrixieCommand } from './trixie.ts';

const KIB = 1024;

/** What one image is made of. */
interface Source {
  tree: string;
  image: string;
  which: keyof Trees;
  trees: Trees;
  trixie: TrixieCommand;
}

export interface ImageKind {
  id: string;
  title: string;
  /** What is to be said of it below the table. */
  fragment?: string;
  make(source: Source): void;
}

/** REPRODUCIBLE_TIMESTAMP_ROOTFS, which the rootfs task gives to every file. */
const ROOTFS_TIME = fragmentVariables('reproducible').get('REPRODUCIBLE_TIMESTAMP_ROOTFS') ?? '';

const run = (command: readonly string[], env: Record<string, string> = {}): void => {
  const [program = '', ...args] = command;
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
};

const usedKiB = (tree: string): number =>
  Number(execFileSync('du', ['-sk', tree], { encoding: 'utf8' }).split('\t')[0]);

/** @param trees those whose larger one decides the size; the overhead is that of IMAGE_OVERHEAD_FACTOR */
function ext4(trees: readonly string[], { tree, image }: Source, options: readonly string[], programs: Ext4): void {
  writeFileSync(image, '');
  truncateSync(image, Math.ceil(1.3 * Math.max(...trees.map(usedKiB))) * KIB);
  run([...programs.mke2fs, '-t', 'ext4', '-F', ...options, image, '-d', tree], programs.env);
  // -D gives 1 where it has changed something.
  const [program = '', ...args] = [...programs.e2fsck, '-pvfD', image];
  try {
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...programs.env } });
  } catch (error) {
    if ((error as { status?: number }).status !== 1) throw error;
  }
}

interface Ext4 {
  mke2fs: readonly string[];
  e2fsck: readonly string[];
  env: Record<string, string>;
}

const INSTALLED: Ext4 = { mke2fs: ['mke2fs'], e2fsck: ['e2fsck'], env: {} };

/** As the fragment's task has them: the time that its own line sets, and BitBake's SOURCE_DATE_EPOCH_FALLBACK. */
const FRAGMENT_ENV = { E2FSPROGS_FAKE_TIME: ROOTFS_TIME, SOURCE_DATE_EPOCH: '1302044400' };

const ext4Kinds: readonly ImageKind[] = [
  {
    id: 'ext4-plain',
    title: "ext4, OE-core's options",
    make: (source) => ext4([source.tree], source, ['-i', '4096'], INSTALLED),
  },
  {
    id: 'ext4-friendly',
    title: 'ext4, fragment',
    make: (source) =>
      ext4(Object.values(source.trees), source, fragmentOptions('delta-friendly-ext4', 'EXTRA_IMAGECMD:ext4'), {
        ...INSTALLED,
        env: FRAGMENT_ENV,
      }),
  },
  {
    id: 'ext4-friendly-1.47.2',
    title: 'ext4, fragment, e2fsprogs 1.47.2',
    make: (source) =>
      ext4(Object.values(source.trees), source, fragmentOptions('delta-friendly-ext4', 'EXTRA_IMAGECMD:ext4'), {
        mke2fs: source.trixie('usr/sbin/mke2fs'),
        e2fsck: source.trixie('usr/sbin/e2fsck'),
        env: FRAGMENT_ENV,
      }),
  },
];

function squashfs(id: string, title: string, options: readonly string[], timeOf?: Times): ImageKind {
  return {
    id: `squashfs-${id}`,
    title: `squashfs, ${title}`,
    make: ({ tree, image, which }) =>
      run(
        [
          'mksquashfs',
          tree,
          image,
          '-noappend',
          ...options,
          // mksquashfs takes times from its options or from the environment, never from both.
          ...(timeOf === undefined ? [] : ['-mkfs-time', timeOf[which], '-all-time', timeOf[which]]),
          '-no-progress',
          '-quiet',
        ],
        timeOf === undefined ? { SOURCE_DATE_EPOCH: ROOTFS_TIME } : {},
      ),
  };
}

type Times = Record<keyof Trees, string>;

/** Of a distribution that gives every file the time of the build. */
const BUILD_TIMES: Times = { old: '1700000000', new: '1710000000' };

const zstd = (...options: string[]): string[] => ['-comp', 'zstd', ...options];

const squashfsKinds: readonly ImageKind[] = [
  squashfs('none', 'none, fragment', fragmentOptions('delta-friendly-squashfs', 'EXTRA_IMAGECMD:squashfs')),
  squashfs('none-times', 'none, times of the build', ['-noI', '-noD', '-noF', '-noX'], BUILD_TIMES),
  squashfs('gzip', 'gzip, 128 KiB', []),
  ...[4, 16, 64, 128, 1024].map((kib) =>
    squashfs(`zstd-${kib}k`, `zstd, ${kib} KiB`, zstd(...(kib === 128 ? [] : ['-b', String(kib * KIB)]))),
  ),
  squashfs('zstd-4k-apart', 'zstd, 4 KiB, no fragments', zstd('-b', String(4 * KIB), '-no-fragments')),
  squashfs('zstd-16k-apart', 'zstd, 16 KiB, no fragments', zstd('-b', String(16 * KIB), '-no-fragments')),
  squashfs('zstd-128k-apart', 'zstd, 128 KiB, no fragments', zstd('-no-fragments')),
  squashfs('zstd-128k-times', 'zstd, 128 KiB, times of the build', zstd(), BUILD_TIMES),
  squashfs('xz', 'xz, 128 KiB', ['-comp', 'xz']),
];

function erofs(id: string, title: string, options: readonly string[], installed = false, timeOf?: Times): ImageKind {
  const friendly = fragmentOptions('delta-friendly-erofs', 'EXTRA_IMAGECMD:erofs');
  return {
    id: `erofs-${id}`,
    title: `erofs, ${title}`,
    make: ({ tree, image, which, trixie }) =>
      run([
        ...(installed ? ['mkfs.erofs'] : trixie('usr/bin/mkfs.erofs')),
        ...options,
        ...friendly.map((option) => (timeOf !== undefined && option.startsWith('-T') ? `-T${timeOf[which]}` : option)),
        image,
        tree,
      ]),
  };
}

const cluster = (kib: number): string[] => ['-C', String(kib * KIB)];

const erofsKinds: readonly ImageKind[] = [
  erofs('none-1.5', 'none, fragment, erofs-utils 1.5', [], true),
  erofs('none', 'none, fragment', []),
  erofs('none-times', 'none, times of the build', [], false, BUILD_TIMES),
  erofs('lz4hc-1.5', 'lz4hc, 4 KiB, erofs-utils 1.5', ['-zlz4hc'], true),
  erofs('lz4hc-4k', 'lz4hc, 4 KiB', ['-zlz4hc']),
  erofs('lz4hc-64k', 'lz4hc, 64 KiB', ['-zlz4hc', ...cluster(64)]),
  erofs('lz4hc-1024k', 'lz4hc, 1024 KiB', ['-zlz4hc', ...cluster(1024)]),
  erofs('lz4hc-dedupe', 'lz4hc, 4 KiB, dedupe', ['-zlz4hc', '-Ededupe']),
  erofs('zstd-4k', 'zstd, 4 KiB', ['-zzstd', ...cluster(4)]),
  erofs('zstd-16k', 'zstd, 16 KiB', ['-zzstd', ...cluster(16)]),
  erofs('zstd-64k', 'zstd, 64 KiB', ['-zzstd', ...cluster(64)]),
  erofs('zstd-1024k', 'zstd, 1024 KiB', ['-zzstd', ...cluster(1024)]),
  erofs('zstd-64k-dedupe', 'zstd, 64 KiB, dedupe', ['-zzstd', ...cluster(64), '-Ededupe']),
  erofs('zstd-64k-fragments', 'zstd, 64 KiB, fragments', ['-zzstd', ...cluster(64), '-Efragments']),
];

/** Every kind, in the order of the table. */
export const IMAGE_KINDS: readonly ImageKind[] = [...ext4Kinds, ...squashfsKinds, ...erofsKinds];

/** The root file systems of the bench, every file with the time that OE-core's rootfs task gives it. */
function datedTrees(dir: string, settings: BenchSettings): Trees {
  const dated: Trees = { old: join(dir, 'old.dated'), new: join(dir, 'new.dated') };
  if (existsSync(dated.old) && existsSync(dated.new)) return dated;
  const trees = settings.full ? makeDebianTrees(dir, settings) : makeSmallTrees(dir);
  for (const which of ['old', 'new'] as const) {
    settings.note(`dating ${which}`);
    const staging = `${dated[which]}.part`;
    for (const old of [staging, dated[which]]) rmSync(old, { recursive: true, force: true });
    run(['cp', '-a', trees[which], staging]);
    run(['find', staging, '-exec', 'touch', '-h', `--date=@${ROOTFS_TIME}`, '{}', '+']);
    renameSync(staging, dated[which]);
  }
  return dated;
}

/** An image before and after an upgrade. */
export interface KindPair {
  kind: ImageKind;
  base: string;
  target: string;
}

/** The pairs, one after the other, each made on the first call and kept in the cache folder. */
export async function* kindPairs(settings: BenchSettings): AsyncGenerator<KindPair> {
  const dir = join(settings.cacheDir, settings.full ? 'debian' : 'small');
  const images = join(dir, 'kinds');
  mkdirSync(images, { recursive: true });
  const command = await trixie(settings);
  const trees = datedTrees(dir, settings);
  for (const kind of IMAGE_KINDS) {
    const [base, target] = (['old', 'new'] as const).map((which) => {
      const image = join(images, `${which}.${kind.id}`);
      if (!existsSync(image)) {
        settings.note(`making ${which}.${kind.id}`);
        const staging = `${image}.part`;
        rmSync(staging, { force: true });
        kind.make({ tree: trees[which], image: staging, which, trees, trixie: command });
        renameSync(staging, image);
      }
      return image;
    }) as [string, string];
    yield { kind, base, target };
  }
}
