import { renderTemplateFile, templatePath } from '../io/template.ts';
import { environmentFile, nightlyArguments, nightlyName } from './names.ts';
import { execStart, shellLine, unitValue } from './quote.ts';
import type { NightlyRun, Scheduler, TimeOfDay } from './schedule.ts';

const twoDigits = (number: number): string => String(number).padStart(2, '0');

/** 02:30, as people and systemd write it. */
export const clock = ({ hour, minute }: TimeOfDay): string => `${twoDigits(hour)}:${twoDigits(minute)}`;

/** A service that runs once, and the timer that starts it. @see systemd.timer(5), systemd.service(5) */
export const systemd: Scheduler = {
  name: 'systemd',
  about: 'a systemd service and its timer',
  async files(run: NightlyRun) {
    const data = {
      name: run.name,
      user: run.user,
      at: clock(run.at),
      environment: environmentFile(run.name),
      command: execStart([...run.program, ...nightlyArguments(run.plans.map((one) => one.file))]),
    };
    return await Promise.all(
      ['service', 'timer'].map(async (kind) => ({
        name: `${nightlyName(run.name)}.${kind}`,
        content: await renderTemplateFile(templatePath(`schedule/${kind}.hbs`), data, {
          value: (text) => unitValue(String(text)),
        }),
      })),
    );
  },
  next({ name }, files) {
    return [
      `sudo cp ${shellLine(files.map((one) => one.shown))} /etc/systemd/system/`,
      'sudo systemctl daemon-reload',
      `sudo systemctl enable --now ${nightlyName(name)}.timer`,
    ];
  },
};
