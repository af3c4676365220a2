import { EXIT, type CodeTable } from './entry.ts';

/** The nightly run's schedule. */
export const scheduleCodes = {
  'schedule-text': {
    exit: EXIT.usage,
    about:
      'A path or command cannot be expressed in the format of the scheduler: it contains a control character, a ' +
      'backslash (in a crontab), or makes a line longer than cron reads.',
    cure: 'Rename the folder, or use another scheduler; --systemd accepts the most.',
    example: "release-plan schedule 'plan\\5.yml' --cron   # instead: a path without a backslash",
  },
  'schedule-ci': {
    exit: EXIT.usage,
    about:
      'CI jobs run in a fresh checkout that the runner cleans. The plan has to be in a git repository and the ' +
      'archive outside of it, or the only copy of what devices run could be deleted.',
    cure: 'Set `artifacts` (and `ostree.repo`) to an absolute path outside of the repository.',
    example: 'artifacts: artifacts   # inside the checkout; instead: /srv/artifacts',
  },
  'schedule-exists': {
    exit: EXIT.usage,
    about: 'A file of the schedule already exists with different content, perhaps edited by hand. Nothing was written.',
    cure: 'Compare it with the output of --stdout; --force replaces it.',
    example: 'release-plan schedule plan.yml --gitlab   # beside an edited .gitlab-ci.yml',
  },
} satisfies CodeTable;
