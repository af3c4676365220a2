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
  'swu-handler': {
    exit: EXIT.inconsistent,
    about:
      'A payload goes to a handler that does not fit it: a delta that is written as if it were the image ends ' +
      'in garbage.',
    cure: 'Deltas need type = "rdiff_image", whole images type = "raw" (or ubivol, flash).',
    example: 'type = "raw";   # of rootfs.delta.gz; instead: type = "rdiff_image"',
  },
  'swu-base': {
    exit: EXIT.inconsistent,
    about: 'A delta entry has no base, is written over its base, or names other devices than the plan does.',
    cure: 'Give it the device that is written, and in properties.rdiffbase another one that holds the base.',
    example: 'device = "/dev/mmcblk0p2"; properties: { rdiffbase = "/dev/mmcblk0p2"; };   # one of them: p3',
  },
  'swu-device-twice': {
    exit: EXIT.inconsistent,
    about: 'Two entries of one selection write the same device, or one writes what another one reads as its base.',
    cure: 'Give each partition its own device; a selection writes one slot from the other one.',
    example: 'device = "/dev/mmcblk0p2";   # in the entries of rootfs and of boot',
  },
  'swu-guard': {
    exit: EXIT.inconsistent,
    about:
      'Nothing checks the base of a delta before it is applied. SWUpdate patches whatever it finds there, and ' +
      'reports success: a device with another base would boot garbage.',
    cure:
      'Keep the guard in your template (scripts with `guard`, or the hook), or leave it out by name: ' +
      '`swu.guard: none`.',
    example: 'release-plan inspect update.swu   # whose sw-description has no script that checks the base',
  },
  'swu-readback': {
    exit: EXIT.inconsistent,
    about:
      'What an entry writes is not compared with the image afterwards: a delta that ends early counts as a success.',
    cure: 'Keep the readback entries in your template, or leave them out by name: `swu.readback: false`.',
    example: 'scripts: ();   # instead: ( { type = "readback"; device = ...; properties: { sha256; size; }; } )',
  },
  'swu-direct': {
    exit: EXIT.inconsistent,
    about: 'An entry is written while it is being received, before its sha256 is known and before a guard has run.',
    cure: 'Remove installed-directly, or allow it by name: `swu.installed_directly: true`.',
    example: 'installed-directly = true;   # instead: no such line',
  },
  'swu-selection': {
    exit: EXIT.inconsistent,
    about:
      'A selection (`-e set,mode`) or a board finds nothing to install, or lacks a payload: such devices ' +
      'cannot update.',
    cure: 'Write an entry for every payload into every selection of every board.',
    example: 'stable: { main: { ... }; };   # and no alt',
  },
  'swu-hash': {
    exit: EXIT.inconsistent,
    about: 'An entry lists a member without its sha256, so that the signature does not cover it.',
    cure: 'Write the sha256 of each member as it is stored in the package.',
    example: '{ filename = "boot.img"; type = "raw"; }   # instead: with sha256 = "..."',
  },
  'swu-version': {
    exit: EXIT.inconsistent,
    about:
      'The version of a package is missing, is not the one that it should be, or is one that devices order wrongly: ' +
      'of four numbers each has 16 bits.',
    cure: 'Name the version in software.version; keep each number of a four-part version at 65535 or below.',
    example: 'version: "1.0.0.70000"   # instead: at most 1.0.0.65535',
  },
  'swu-hardware': {
    exit: EXIT.inconsistent,
    about: 'A package does not say which hardware takes it, or says something else than the plan.',
    cure: 'Write hardware-compatibility beside or above the entries of each board.',
    example: 'board: { images: (...); };   # instead: with hardware-compatibility: [ "1.0" ]',
  },
  'swu-payload': {
    exit: EXIT.inconsistent,
    about: 'A payload is not stored as its entry says: the device cannot unpack it.',
    cure: 'Set `compressed` to how the member is compressed: zlib (the gzip format), zstd, xz.',
    example: 'compressed = "zlib";   # of a payload that zstd made; instead: compressed = "zstd"',
  },
  'swu-iv': {
    exit: EXIT.inconsistent,
    about: 'Encrypted payloads share an initialisation vector: equal beginnings can be seen without the key.',
    cure: 'Give each payload an `ivt` of its own.',
    example: 'encrypted = true;   # without ivt, or with the ivt of another payload',
  },
} satisfies CodeTable;
