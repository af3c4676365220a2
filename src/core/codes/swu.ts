import { EXIT, type CodeTable } from './entry.ts';

/** The content of SWUpdate packages. */
export const swuCodes = {
  'swu-device': {
    exit: EXIT.usage,
    about:
      'SWUpdate cannot use this device path: it passes device paths to a shell and into buffers of fixed size, and a ' +
      'delta cannot be written over its own base.',
    cure: 'Use absolute device paths without spaces or quotes, and for a delta a base other than the target.',
    example: 'device: "/dev/disk/by-label/root fs"   # instead: a path without a space',
  },
  'swu-board': {
    exit: EXIT.usage,
    about:
      'The machine name is not valid as a group in a sw-description, so `swupdate -H machine:revision` would not ' +
      'find it.',
    cure: 'Use letters, digits, "-" and "_", starting with a letter, or supply your own `swu.template`.',
    example: 'machine: 7inch.board   # instead: machine: board-7inch',
  },
  'swu-bootenv': {
    exit: EXIT.usage,
    about: 'A boot loader variable has an invalid name or value.',
    cure: 'Use names without "=" and values of one line. `{slot}` requires partitions with slots.',
    example: 'bootenv: { root: "{slot}" }   # in a plan whose partitions have no slots',
  },
  'swu-template': {
    exit: EXIT.usage,
    about: 'The template of the sw-description does not render, or SWUpdate cannot read the result.',
    cure: 'Compare it with templates/sw-description.hbs; docs/swupdate.md lists what a template is given.',
    example: 'template: my.hbs   # with {{vresion}} in it; instead: {{version}}',
  },
  'swu-member': {
    exit: EXIT.usage,
    about: 'A file cannot be added to a .swu: its name or size is not allowed, or it is already in the package.',
    cure: 'Rename or shrink the file as the message says.',
    example: 'file: bootloader.bin   # 5 GiB; a cpio member ends at 4 GiB - 1',
  },
  'swu-damaged': {
    exit: EXIT.inconsistent,
    about: 'The file is not a .swu, or is cut off.',
    cure: 'Remove it and run `release-plan apply` again, which makes it from the archive.',
    example: 'release-plan verify plan.yml   # a .swu was cut off by a copy',
  },
} satisfies CodeTable;
