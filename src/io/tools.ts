import { ReleasePlanError } from '../core/errors.ts';

/** The programs that release-plan runs, and the Debian package that has each. */
export const TOOLS = {
  'kas': { debian: 'kas', version: ['--version'] },
  'git': { debian: 'git', version: ['--version'] },
  'openssl': { debian: 'openssl', version: ['version'] },
  'cpio': { debian: 'cpio', version: ['--version'] },
  'unsquashfs': { debian: 'squashfs-tools', version: ['-version'] },
  'debugfs': { debian: 'e2fsprogs', version: ['-V'] },
  'dump.erofs': { debian: 'erofs-utils', version: ['-V'] },
  'fsck.erofs': { debian: 'erofs-utils', version: ['-V'] },
  'zstd': { debian: 'zstd', version: ['--version'] },
  'gzip': { debian: 'gzip', version: ['--version'] },
  'libdeflate-gzip': { debian: 'libdeflate-tools', version: ['-V'] },
  'rdiff': { debian: 'rdiff', version: ['--version'] },
  'swupdate': { debian: 'swupdate', version: ['--version'] },
  'flock': { debian: 'util-linux', version: ['--version'] },
  'sfdisk': { debian: 'fdisk', version: ['--version'] },
  'setpriv': { debian: 'util-linux', version: ['--version'] },
  'prlimit': { debian: 'util-linux', version: ['--version'] },
  'ostree': { debian: 'ostree', version: ['--version'] },
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
