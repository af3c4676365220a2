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
} satisfies CodeTable;
