import { ReleasePlanError } from '../core/errors.ts';

/** The programs that release-plan runs, and the Debian package that has each. */
export const TOOLS = {
  'kas': { debian: 'kas', version: ['--version'], purpose: 'builds' },
  'git': { debian: 'git', version: ['--version'], purpose: 'commits of layers, plans of other branches' },
  'openssl': { debian: 'openssl', version: ['version'], purpose: 'signatures' },
  'cpio': { debian: 'cpio', version: ['--version'], purpose: 'reading .swu packages again' },
  'unsquashfs': {
    debian: 'squashfs-tools',
    version: ['-version'],
    purpose: 'BUILD_VERSION in squashfs images, rebuild',
  },
  'debugfs': { debian: 'e2fsprogs', version: ['-V'], purpose: 'BUILD_VERSION in ext4 images, rebuild' },
  'dump.erofs': { debian: 'erofs-utils', version: ['-V'], purpose: 'recognising erofs images' },
  'fsck.erofs': { debian: 'erofs-utils', version: ['-V'], purpose: 'BUILD_VERSION in erofs images, rebuild' },
  'zstd': { debian: 'zstd', version: ['--version'], purpose: 'swu.compress: zstd' },
  'gzip': { debian: 'gzip', version: ['--version'], purpose: 'reading compressed deltas again' },
  'libdeflate-gzip': { debian: 'libdeflate-tools', version: ['-V'], purpose: 'swu.compress: gzip' },
  'rdiff': { debian: 'rdiff', version: ['--version'], purpose: "proof of deltas with the device's library" },
  'swupdate': { debian: 'swupdate', version: ['--version'], purpose: "proof of packages with the device's program" },
  'flock': { debian: 'util-linux', version: ['--version'], purpose: 'locks of archives and build directories' },
  'sfdisk': { debian: 'fdisk', version: ['--version'], purpose: 'partition tables of .wic images' },
  'setpriv': {
    debian: 'util-linux',
    version: ['--version'],
    purpose: 'an ostree or swupdate that ends with the run that started it',
  },
  'prlimit': { debian: 'util-linux', version: ['--version'], purpose: 'limits of programs that unpack images' },
  'xz': { debian: 'xz-utils', version: ['--version'], purpose: 'static deltas, xz squashfs images' },
  'ostree': { debian: 'ostree', version: ['--version'], purpose: 'OSTree plans' },
} as const;

export type ToolName = keyof typeof TOOLS;

/** The Debian package of a program, when it is one of ours. */
export function debianPackageOf(command: string): string | undefined {
  return command in TOOLS ? TOOLS[command as ToolName].debian : undefined;
}

/** The error for a program that is not there, naming its Debian package where we know it. */
export function missingTool(command: string, cause?: unknown): ReleasePlanError {
  const debian = debianPackageOf(command);
  return new ReleasePlanError('tool-missing', `program ${JSON.stringify(command)} not found`, {
    cause,
    hint:
      debian === undefined ? 'Check the path, or install the program.' : `Install it with: apt-get install ${debian}`,
  });
}
