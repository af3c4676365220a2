import { EXIT, type CodeTable } from './entry.ts';

/** The plan's rules on partitions, and the images that go onto them. */
export const partitionCodes = {
  'partition-duplicate': {
    exit: EXIT.usage,
    about: 'Two partitions use the same name or file, or a partition uses a file name that the archive reserves.',
    cure: 'Use a different name for each.',
    example: 'partitions:\n  - name: rootfs\n  - name: rootfs   # instead: another name',
  },
  'partition-target': {
    exit: EXIT.usage,
    about: 'It is unclear where the partition is written: either to two A/B slots or to one device.',
    cure: 'Set either slots, or device (with base, for a delta).',
    example: 'slots: { a: /dev/mmcblk0p2, b: /dev/mmcblk0p3 }\ndevice: /dev/mmcblk0p2   # instead: one of the two',
  },
  'partition-device-shared': {
    exit: EXIT.usage,
    about: 'Two partitions write to the same device, or one writes to the device that is the base of a delta.',
    cure: 'Use a different device for each.',
    example: 'slots: { a: /dev/mmcblk0p2, b: /dev/mmcblk0p2 }   # instead: b: /dev/mmcblk0p3',
  },
  'partition-writable': {
    exit: EXIT.usage,
    about:
      'A partition is updated by delta although the device may write to it. Its content would then differ from the ' +
      'base of the delta, and SWUpdate does not notice.',
    cure: 'Set read_only: true if the device mounts it read-only; otherwise set delta: none.',
    example: 'delta: rdiff\nread_only: false   # instead: read_only: true, or delta: none',
  },
  'partition-base-missing': {
    exit: EXIT.usage,
    about: 'A partition without A/B slots is updated by delta, but no device is given for its base.',
    cure: 'Set base, or set delta: none.',
    example: 'device: /dev/mmcblk0p2\ndelta: rdiff   # instead: with base: /dev/mmcblk0p3',
  },
  'partition-slot-size': {
    exit: EXIT.usage,
    about: 'The slot size is not a positive multiple of 512 bytes.',
    cure: 'Use the size from the partition table.',
    example: 'slot_size: 1000   # instead: slot_size: 1024',
  },
  'image-too-large': {
    exit: EXIT.inconsistent,
    about: 'The image does not fit into the slot that it is written to.',
    cure: 'Make the image smaller, or correct slot_size.',
    example: 'slot_size: 512MiB   # with an image of 540 MiB',
  },
  'partition-delta-type': {
    exit: EXIT.usage,
    about: 'A partition of a type that takes whole images alone is to be updated by delta.',
    cure: 'Write `delta: none`; deltas are for block devices and files.',
    example: 'type: ubivol\ndelta: rdiff   # instead: delta: none',
  },
  'partition-update': {
    exit: EXIT.usage,
    about: 'A writable partition does not say what updates do with it: what devices wrote there would be overwritten.',
    cure: 'Write `update: always` or `update: never`, or `read_only: true` if devices mount it so.',
    example: 'name: data\nread_only: false   # with update: never, or update: always',
  },
  'image-kind-large-deltas': {
    exit: EXIT.ok,
    about:
      'The image is compressed in a way that makes its deltas several times as large as they need to be: a change of ' +
      'a few bytes changes everything that is compressed together with them.',
    cure:
      'Include the kas fragment that the message names, or make the image uncompressed if it fits the slot: packages ' +
      'and deltas are compressed anyway. docs/delta-friendly-images.md compares the kinds of images.',
    example: 'file: "image-prod-{machine}.squashfs-zst"   # instead: .squashfs, with kas/delta-friendly-squashfs.yml',
  },
} satisfies CodeTable;
