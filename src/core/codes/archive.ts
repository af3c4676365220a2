import { EXIT, type CodeTable } from './entry.ts';

/** The archive: what is stored, and what may be removed. */
export const archiveCodes = {
  'archive-damaged': {
    exit: EXIT.inconsistent,
    about:
      'A file in the archive is missing or does not match its manifest. Nothing is built on it, since devices may ' +
      'run what was archived.',
    cure:
      'Run `release-plan verify PLAN --repair`, which makes again whatever can be made again, and restore the other ' +
      'files that it names from a backup. Without a backup, move the folder away and build the version again: it has ' +
      'to give the same bytes.',
    example: 'artifacts/board/image/0.1.0/rootfs.squashfs   # a bit flipped on the disk',
  },
  'archive-unreadable': {
    exit: EXIT.environment,
    about:
      'A file in the archive cannot be read. It may still be intact, so nothing is built on it and nothing ' +
      'replaces it.',
    cure:
      'EIO: the disk is failing; check the kernel log and copy the archive to another disk, or run `release-plan ' +
      'verify PLAN --repair`, which makes again whatever can be made again. EACCES: give this user permission to ' +
      'read it. EMFILE: raise the limit of open files (`ulimit -n`). Then run the same command again.',
    example:
      'release-plan verify plan.yml   # artifacts/board/image/0.1.0/rootfs.squashfs cannot be read: EIO: i/o ' +
      'error, read',
  },
  'archive-conflict': {
    exit: EXIT.inconsistent,
    about: 'The version is already archived with different bytes. Archived files never change: devices may run them.',
    cure: 'Give the new build a new version.',
    example: 'release-plan apply plan.yml   # 0.2.0 was rebuilt after a change; instead: call it 0.2.1',
  },
  'archive-missing': {
    exit: EXIT.inconsistent,
    about: 'A version that this step requires is not in the archive.',
    cure: 'Run `release-plan apply` without --only, so that the version is built and archived first.',
    example: 'release-plan apply plan.yml --only delta   # before 0.1.0 was built',
  },
  'archive-not-there': {
    exit: EXIT.ok,
    about:
      'validate --with-archive found no archive for the product. That is normal for a product that was never built; ' +
      'otherwise a disk may not be mounted.',
    cure: 'Check `artifacts` in the plan, or leave out --with-archive.',
    example: 'release-plan validate --with-archive plan.yml   # on a laptop without the archive',
  },
  'base-not-archived': {
    exit: EXIT.ok,
    about:
      'A delta starts from a version that is not in the archive. apply would build it again, and the same sources ' +
      'may not give the bytes that devices run: then no device could use the delta.',
    cure: 'Copy the released version into the archive. If it was never released, let apply build it.',
    example:
      'release-plan validate --with-archive plan.yml   # from: ["0.1.0"], which was built before the archive began',
  },
  'base-unknown': {
    exit: EXIT.ok,
    about:
      'Devices run a version that is neither in the plan nor in the archive. No delta can start from it, so they ' +
      'download the full image.',
    cure: 'Copy the released version into the archive and add it to the plan, or accept the full image.',
    example: 'versions:   # without "0.0.9", which twelve devices still run and no archive has',
  },
  'update-damaged': {
    exit: EXIT.ok,
    about:
      'A file of an archived update is missing or does not match its delta-info.json. Both images are intact, so ' +
      'apply makes the update again.',
    cure: 'Run `release-plan apply`.',
    example: 'artifacts/board/image/0.2.0/updates/from_0.1.0/rootfs.delta   # cut off',
  },
  'gc-undecided': {
    exit: EXIT.environment,
    about:
      'Cannot determine what is still in use: the fleet, the registry or the report of another plan is unreadable, ' +
      'or a device does not report its version. Nothing was removed.',
    cure: 'Fix what the message names, then run the same command again.',
    example: 'release-plan gc plan.yml --yes   # and the fleet command answers 503',
  },
  'archive-lost': {
    exit: EXIT.environment,
    about:
      'The archive, or a version that is known to have been archived, is not there. Most often a disk is ' +
      'not mounted. ' +
      'Building it anew would give other bytes than devices run, so nothing was made.',
    cure:
      'Mount the archive, or restore the version from a backup or from the trash. To start a new archive ' +
      'all the same, ' +
      'give --new-archive.',
    example: 'mount /srv/artifacts && release-plan apply plan.yml',
  },
  'archive-other': {
    exit: EXIT.environment,
    about: 'The archive is another one than the plan had before. Nothing was made.',
    cure: 'Mount the right one, or give --new-archive when the plan is to have this one from now on.',
    example: 'release-plan apply --new-archive plan.yml',
  },
  'archive-contradicted': {
    exit: EXIT.inconsistent,
    about:
      'The registry, or a signed package that exists, knows an archived version with other bytes than the ' +
      'archive has ' +
      'now. Nothing was signed.',
    cure: 'Find out which of the two was altered, and restore the version or the registry from a backup.',
    example: 'release-plan verify plan.yml',
  },
} satisfies CodeTable;
