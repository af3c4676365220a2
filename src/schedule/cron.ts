import { ReleasePlanError } from '../core/errors.ts';
import { renderTemplateFile, templatePath } from '../io/template.ts';
import { environmentFile, nightlyArguments, nightlyName } from './names.ts';
import { cronCommand, shellLine, shellWord } from './quote.ts';
import type { NightlyRun, Scheduler, TimeOfDay } from './schedule.ts';

/** cron cuts a longer line without a word. @see MAX_COMMAND in Debian's cron 3.0pl1 */
const LONGEST_COMMAND = 998;

/** Minute and hour, every day. @see crontab(5) */
export const everyNight = ({ hour, minute }: TimeOfDay): string => `${minute} ${hour} * * *`;

/** A line for the crontab of the account that builds. */
export const cron: Scheduler = {
  name: 'cron',
  about: 'a crontab line for the build account',
  async files(run: NightlyRun) {
    const environment = shellWord(environmentFile(run.name));
    const command = cronCommand(
      `set -a; [ ! -r ${environment} ] || . ${environment}; exec ` +
        `${shellLine([...run.program, ...nightlyArguments(run.plans.map((one) => one.file))])}`,
    );
    if (Buffer.byteLength(command) > LONGEST_COMMAND) {
      throw new ReleasePlanError(
        'schedule-text',
        `the crontab line would have ${Buffer.byteLength(command)} bytes, but cron reads at most ${LONGEST_COMMAND}`,
        { hint: 'Move the plan to a shorter path, or use --systemd.' },
      );
    }
    const data = { name: run.name, environment: environmentFile(run.name), when: everyNight(run.at), command };
    return [
      {
        name: `${nightlyName(run.name)}.cron`,
        content: await renderTemplateFile(templatePath('schedule/cron.hbs'), data, {}),
      },
    ];
  },
  next(_run, files) {
    return [`(crontab -l 2>/dev/null; cat ${shellLine(files.map((one) => one.shown))}) | crontab -`];
  },
};
