import { EXIT, type CodeTable } from './entry.ts';

/** Images and signatures that are explained: `delta blame`, `base identify`. */
export const insightCodes = {
  'signature-unsuitable': {
    exit: EXIT.usage,
    about: 'The signature is whole, but cannot tell blocks apart well enough to find the image that it was made of.',
    cure: 'Make it with the defaults of `rdiff signature`: blocks of 128 bytes to 16 MiB, and sums of 8 bytes or more.',
    example: 'release-plan base identify slot.sig --plan plan.yml   # made by rdiff signature -S 4',
  },
  'record-corrupt': {
    exit: EXIT.inconsistent,
    about: 'What a build said of itself is archived as it was left, and cannot be read: an SBOM that is cut off.',
    cure: 'Look at it: `zstd -dc FILE | tar -t`. Where both versions have package and licence lists, it is not read.',
    example: 'release-plan changes plan.yml 0.1.0 0.2.0   # records/sbom/image.spdx.tar.zst was cut off',
  },
  'image-corrupt': {
    exit: EXIT.inconsistent,
    about: 'The file system in the image is damaged: it refers to what is not there, or contradicts itself.',
    cure: 'Compare the sha256 of the image with its manifest; check it with e2fsck -n, unsquashfs -stat or fsck.erofs.',
    example: 'release-plan delta blame old.ext4 half-downloaded.ext4',
  },
  'image-unsupported': {
    exit: EXIT.usage,
    about: 'The image has no file system that release-plan can explain, or one with a feature that it cannot read.',
    cure: 'Use a squashfs, ext2, ext3, ext4 or erofs image. `delta inspect` works without a file system.',
    example: 'release-plan delta blame old.vfat new.vfat',
  },
  'delta-other-target': {
    exit: EXIT.inconsistent,
    about: 'The delta does not make this target: its size or its literals are not those of the image.',
    cure: 'Use the images that the delta was made from; delta-info.json beside the delta has their sha256.',
    example: 'release-plan delta blame old.ext4 newer.ext4 old-to-new.delta.gz',
  },
} satisfies CodeTable;
