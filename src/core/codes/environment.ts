import { EXIT, type CodeTable } from './entry.ts';

/** The machine: programs, disks, locks, signals; and release-plan itself. */
export const environmentCodes = {
  'tool-missing': {
    exit: EXIT.environment,
    about: 'A required program is not installed.',
    cure: 'Install the Debian package that the message names; `release-plan doctor` checks all of them.',
    example: 'release-plan apply plan.yml   # on a host without squashfs-tools',
  },
  'tool-failed': {
    exit: EXIT.environment,
    about: 'A program exited with an error.',
    cure: 'See its output in the message.',
    example: 'release-plan verify plan.yml   # and unsquashfs cannot read an image',
  },
  'tool-stalled': {
    exit: EXIT.environment,
    about: 'A program did not finish in time and was stopped.',
    cure: 'Run the same command again. If the machine was not overloaded, please report it.',
    example: 'swupdate did not finish within 60 s   # three times; it can lose a signal of its own under load',
  },
  'io-failed': {
    exit: EXIT.environment,
    about: 'A file could not be read or written.',
    cure:
      'Check the path, its permissions and the free disk space, then run the same command again. Files are written ' +
      'atomically, so none is half written.',
    example: 'artifacts: /srv/artifacts   # which this user may not write to',
  },
  'disk-full': {
    exit: EXIT.environment,
    about: 'Not enough disk space for this step.',
    cure: 'Free the space that the message names, then run the same command again.',
    example: 'release-plan apply plan.yml   # an image of 512 MiB, a disk with 300 MiB free',
  },
  'output-failed': {
    exit: EXIT.environment,
    about:
      'Results could not be written to standard output. What the command did stands; what it was to print is missing ' +
      'or incomplete.',
    cure: 'Look at where standard output leads: a full disk, a device. Then run the same command again.',
    example: 'release-plan report plan.yml > /mnt/full/report.md',
  },
  'locked': {
    exit: EXIT.environment,
    about: 'Another run is using the same archive or repository.',
    cure: 'Wait for the process that the message names to finish, or pass --wait.',
    example: 'release-plan apply plan.yml   # during the nightly run on the same archive; instead: with --wait',
  },
  'interrupted': {
    exit: EXIT.interrupted,
    about: 'The run was interrupted.',
    cure: 'Run the same command again: it continues where it stopped.',
    example: 'release-plan apply plan.yml   # and Ctrl-C',
  },
  'bug': {
    exit: EXIT.bug,
    about: 'Unexpected failure in release-plan itself.',
    cure: 'Please report it with the command and the message.',
    example: 'RELEASE_PLAN_DEBUG=1 release-plan apply plan.yml   # prints a stack trace',
  },
  'file-not-regular': {
    exit: EXIT.usage,
    about:
      'What the plan or the command line names as a file is a folder, a pipe, a socket or a device. Reading it could ' +
      'wait for ever or never end, so it is not even opened.',
    cure: 'Name a regular file; write what a pipe would deliver into one first.',
    example: 'fleet: fleet/devices.json   # a file, not a pipe',
  },
  'file-too-large': {
    exit: EXIT.usage,
    about: 'A file is larger than any file of its kind needs to be; reading it could exhaust the memory.',
    cure: 'Check whether the right file is named.',
    example: 'fleet: fleet/devices.json   # the export, not an image',
  },
  'lock-refused': {
    exit: EXIT.environment,
    about:
      'In the place of a lock file stands a link or something else that is no file. Locking it would write into ' +
      'whatever it leads to; nothing was touched.',
    cure: 'Look who put it there, and remove it.',
    example: 'ls -l artifacts/MACHINE/IMAGE/.release-plan.lock',
  },
  'tool-output-too-large': {
    exit: EXIT.environment,
    about: 'A program printed more than any sound input makes it print, and was stopped before it filled the memory.',
    cure: 'Look at what it was given: a small image may hold a file of many gigabytes.',
    example: 'unsquashfs -lls image.squashfs etc/buildinfo',
  },
  'encryption-key-missing': {
    exit: EXIT.environment,
    about: 'The key that packages are encrypted with is not there: the file, or the environment variable.',
    cure: 'Set the variable, or put the file where the plan names it; it holds key and iv in hexadecimal.',
    example: 'encrypt: { key: "${SWU_AES}" }   # with SWU_AES not set',
  },
  'encryption-key-unreadable': {
    exit: EXIT.environment,
    about:
      'The encryption key is not what SWUpdate takes: the key (32, 48 or 64 hexadecimal digits), a blank, the iv (32).',
    cure: 'Make one: `echo "$(openssl rand -hex 32) $(openssl rand -hex 16)" > swu.aes`.',
    example: 'SWU_AES=secret release-plan apply plan.yml   # instead: 64 hex digits, a blank, 32 hex digits',
  },
} satisfies CodeTable;
