/** The kinds of images that bench/image-kinds.ts compares, each by the commands of OE-core's image_types.bbclass. */
import { fragmentOptions, fragmentVariables } from './fragment.ts';
import type { Trees } from './trees.ts';
import type { TrixieCommand } from './trixie.ts';

/** What one image is made of. */
export interface Source {
  tree: string;
  image: string;
  which: keyof Trees;
  /** Of an image with a size of its own: those of both trees fit. */
  sizeKiB: { own: number; both: number };
  trixie: TrixieCommand;
}

export interface Command {
  argv: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Exit codes that are no failure, besides 0. */
  passes?: readonly number[];
}

export interface ImageKind {
  /** Part of file names. */
  id: string;
  title: string;
  /** Pure. */
  commands(source: Source): Command[];
}

const KIB = 1024;

/** REPRODUCIBLE_TIMESTAMP_ROOTFS, which OE-core's rootfs task gives to every file. */
export const ROOTFS_TIME = fragmentVariables('reproducible').get('REPRODUCIBLE_TIMESTAMP_ROOTFS') ?? '';

/** Of a distribution that gives every file the time of the build. */
const BUILD_TIMES: Readonly<Record<keyof Trees, string>> = { old: '1700000000', new: '1710000000' };

const timeOf = ({ which }: Source, ofBuild: boolean): string => (ofBuild ? BUILD_TIMES[which] : ROOTFS_TIME);

interface Ext4 {
  mke2fs: readonly string[];
  e2fsck: readonly string[];
  sizeKiB: number;
  options: readonly string[];
  env?: Readonly<Record<string, string>>;
}

function ext4({ tree, image }: Source, { mke2fs, e2fsck, sizeKiB, options, env = {} }: Ext4): Command[] {
  return [
    { argv: ['truncate', '-s', `${sizeKiB}K`, image] },
    { argv: [...mke2fs, '-t', 'ext4', '-F', ...options, image, '-d', tree], env },
    // 1: it changed something, as -D is to.
    { argv: [...e2fsck, '-pvfD', image], env, passes: [1] },
  ];
}

/** As the fragment's task has them: the time that its own line sets, and BitBake's SOURCE_DATE_EPOCH_FALLBACK. */
const FRAGMENT_ENV = { E2FSPROGS_FAKE_TIME: ROOTFS_TIME, SOURCE_DATE_EPOCH: '1302044400' };

const EXT4_FRAGMENT = fragmentOptions('delta-friendly-ext4', 'EXTRA_IMAGECMD:ext4');

const ext4Kinds: readonly ImageKind[] = [
  {
    id: 'ext4-plain',
    title: 'ext4, as OE-core makes it',
    commands: (source) =>
      ext4(source, { mke2fs: ['mke2fs'], e2fsck: ['e2fsck'], sizeKiB: source.sizeKiB.own, options: ['-i', '4096'] }),
  },
  {
    id: 'ext4-friendly',
    title: 'ext4, kas fragment',
    commands: (source) =>
      ext4(source, {
        mke2fs: ['mke2fs'],
        e2fsck: ['e2fsck'],
        sizeKiB: source.sizeKiB.both,
        options: EXT4_FRAGMENT,
        env: FRAGMENT_ENV,
      }),
  },
  {
    id: 'ext4-friendly-1.47.2',
    title: 'ext4, kas fragment, e2fsprogs 1.47.2',
    commands: (source) =>
      ext4(source, {
        mke2fs: source.trixie('usr/sbin/mke2fs'),
        e2fsck: source.trixie('usr/sbin/e2fsck'),
        sizeKiB: source.sizeKiB.both,
        options: EXT4_FRAGMENT,
        env: FRAGMENT_ENV,
      }),
  },
];

function squashfs(id: string, title: string, options: readonly string[], hasBuildTimes = false): ImageKind {
  return {
    id: `squashfs-${id}`,
    title: `squashfs, ${title}`,
    commands: (source) => {
      const time = timeOf(source, hasBuildTimes);
      // mksquashfs takes times from its options or from the environment, never from both.
      const times = hasBuildTimes ? ['-mkfs-time', time, '-all-time', time] : [];
      const env: Record<string, string> = hasBuildTimes ? {} : { SOURCE_DATE_EPOCH: time };
      return [{ argv: ['mksquashfs', source.tree, source.image, '-noappend', ...options, ...times], env }];
    },
  };
}

const SQUASHFS_FRAGMENT = fragmentOptions('delta-friendly-squashfs', 'EXTRA_IMAGECMD:squashfs');

const zstd = (kib: number, ...options: string[]): string[] => [
  '-comp',
  'zstd',
  // 128 KiB is mksquashfs's default.
  ...(kib === 128 ? [] : ['-b', String(kib * KIB)]),
  ...options,
];

const squashfsKinds: readonly ImageKind[] = [
  squashfs('none', 'none, kas fragment', SQUASHFS_FRAGMENT),
  squashfs('none-times', 'none, times of the build', SQUASHFS_FRAGMENT, true),
  squashfs('gzip', 'gzip, 128 KiB', []),
  squashfs('lz4', 'lz4, 128 KiB', ['-comp', 'lz4']),
  squashfs('lz4hc', 'lz4hc, 128 KiB', ['-comp', 'lz4', '-Xhc']),
  squashfs('lzo', 'lzo, 128 KiB', ['-comp', 'lzo']),
  squashfs('xz', 'xz, 128 KiB', ['-comp', 'xz']),
  ...[4, 64, 128, 1024].map((kib) => squashfs(`zstd-${kib}k`, `zstd, ${kib} KiB`, zstd(kib))),
  squashfs('zstd-16k-apart', 'zstd, 16 KiB, no fragments', zstd(16, '-no-fragments')),
  squashfs('zstd-128k-apart', 'zstd, 128 KiB, no fragments, kas fragment', [
    ...zstd(128),
    ...fragmentOptions('delta-friendly-squashfs', 'EXTRA_IMAGECMD:squashfs-zst'),
  ]),
];

/** What the kas fragment gives mkfs.erofs, for either of OE-core's types. */
const erofsFragment = (type: 'erofs' | 'erofs-lz4hc'): string[] =>
  fragmentOptions('delta-friendly-erofs', `EXTRA_IMAGECMD:${type}`);

function erofs(id: string, title: string, options: readonly string[], variant?: 'installed' | 'times'): ImageKind {
  return {
    id: `erofs-${id}`,
    title: `erofs, ${title}`,
    commands: (source) => {
      const program = variant === 'installed' ? ['mkfs.erofs'] : source.trixie('usr/bin/mkfs.erofs');
      const time = timeOf(source, variant === 'times');
      const common = erofsFragment('erofs').filter((option) => !options.includes(option));
      const dated = common.map((option) => (option.startsWith('-T') ? `-T${time}` : option));
      return [{ argv: [...program, ...options, ...dated, source.image, source.tree] }];
    },
  };
}

const cluster = (kib: number): string[] => [`-C${kib * KIB}`];

const erofsKinds: readonly ImageKind[] = [
  erofs('none', 'none, kas fragment', []),
  erofs('none-1.5', 'none, kas fragment, erofs-utils 1.5', [], 'installed'),
  erofs('none-times', 'none, times of the build', [], 'times'),
  erofs('lz4hc-4k', 'lz4hc, 4 KiB', ['-zlz4hc']),
  erofs('lz4hc-1.5', 'lz4hc, 4 KiB, erofs-utils 1.5', ['-zlz4hc'], 'installed'),
  erofs('lz4hc-dedupe', 'lz4hc, 4 KiB, dedupe', ['-zlz4hc', '-Ededupe']),
  erofs('lz4hc-64k', 'lz4hc, 64 KiB, kas fragment', ['-zlz4hc', ...erofsFragment('erofs-lz4hc')]),
  erofs('lz4hc-1024k', 'lz4hc, 1024 KiB', ['-zlz4hc', ...cluster(1024)]),
  ...[4, 16, 64, 1024].map((kib) => erofs(`zstd-${kib}k`, `zstd, ${kib} KiB`, ['-zzstd', ...cluster(kib)])),
  erofs('zstd-64k-dedupe', 'zstd, 64 KiB, dedupe', ['-zzstd', ...cluster(64), '-Ededupe']),
  erofs('zstd-64k-fragments', 'zstd, 64 KiB, fragments', ['-zzstd', ...cluster(64), '-Efragments']),
];

/** Every kind, in the order of the table. */
export const IMAGE_KINDS: readonly ImageKind[] = [...ext4Kinds, ...squashfsKinds, ...erofsKinds];

const UUID = fragmentVariables('delta-friendly-ext4').get('RELEASE_PLAN_IMAGE_UUID') ?? '';

/** A kind's commands as a person reads them, with `TREE`, `IMAGE` and `UUID` for what is long. */
export function commandsInWords(kind: ImageKind): string {
  const commands = kind.commands({
    tree: 'TREE',
    image: 'IMAGE',
    which: 'new',
    sizeKiB: { own: 0, both: 0 },
    trixie: (program) => [program.replace(/^.*\//, '')],
  });
  return commands
    .filter(({ argv }) => argv[0] !== 'truncate')
    .map(({ argv, env = {} }) =>
      [...Object.entries(env).map((one) => one.join('=')), ...argv].join(' ').replaceAll(UUID, 'UUID'),
    )
    .join('; ');
}
