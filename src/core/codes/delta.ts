import { EXIT, type CodeTable } from './entry.ts';

/** Deltas, their proof, the engine that makes them, and librsync's files. */
export const deltaCodes = {
  'pair-inconsistent': {
    exit: EXIT.inconsistent,
    about: 'The two versions do not fit together, or a check failed, so no update between them is published.',
    cure: 'See the failed checks in the consistency report.',
    example: 'slot_size: 256MiB   # 0.1.0 was archived with 512MiB',
  },
  'delta-unproven': {
    exit: EXIT.inconsistent,
    about: 'Applying the delta to its base does not give the target. The delta is not published.',
    cure: 'Please report it with both images; `release-plan delta create` reproduces it.',
    example: 'engine: kas   # whose recipe made the delta from another image than the archived one',
  },
  'delta-not-a-delta': {
    exit: EXIT.usage,
    about: 'The file is not a librsync delta.',
    cure: 'Use a file made by `release-plan delta create` or `rdiff delta`: plain, or compressed with gzip or zstd.',
    example: 'release-plan delta apply old.img new.img out.img   # instead: old.img new.delta out.img',
  },
  'delta-truncated': {
    exit: EXIT.inconsistent,
    about: 'The delta is cut off: its end command is missing. Nothing was written.',
    cure: 'Download or make the delta again; a download or a full disk may have cut it off.',
    example: 'release-plan delta apply old.img half-downloaded.delta out.img',
  },
  'delta-corrupt': {
    exit: EXIT.inconsistent,
    about: 'The delta is corrupt: it contains a command that librsync never writes. Nothing was written.',
    cure: 'Download or make the delta again, and compare its sha256.',
    example: 'release-plan delta apply old.img damaged.delta out.img',
  },
  'delta-beyond-base': {
    exit: EXIT.inconsistent,
    about:
      'The delta copies data from past the end of the base: it was made for another base, or is corrupt. Nothing was ' +
      'written.',
    cure: 'Use the base that the delta was made from; delta-info.json beside the delta has its sha256.',
    example: 'release-plan delta apply 0.1.0.img from_0.2.0.delta out.img   # the delta is for 0.2.0',
  },
  'signature-corrupt': {
    exit: EXIT.inconsistent,
    about: 'The file is not a librsync signature, or is cut off.',
    cure: 'Make it again with `release-plan delta signature`.',
    example: 'release-plan delta inspect rootfs.signature   # cut off in a copy',
  },
  'engine-missing': {
    exit: EXIT.environment,
    about: 'The compiled delta engine (dist/rdiff) is missing: the package was not built, or not completely.',
    cure: 'Run `npm run build` in a checkout, or reinstall the package.',
    example: 'release-plan apply plan.yml   # in a clone where `npm run build` never ran',
  },
  'engine-memory': {
    exit: EXIT.usage,
    about: 'The memory limit is too small for the delta engine, or the system does not give it that much.',
    cure: 'Set --memory to 256MiB or more, or lower --workers.',
    example: 'release-plan delta create old.img new.img out.delta --memory 1MiB   # instead: --memory 512MiB',
  },
} satisfies CodeTable;
