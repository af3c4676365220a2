import { relative } from 'node:path';
import { renderTemplateFile, templatePath } from '../io/template.ts';
import { plansInCheckout } from './checkout.ts';
import { everyNight } from './cron.ts';
import { nightlyArguments, nightlyName } from './names.ts';
import { shellLine, yamlText } from './quote.ts';
import type { NightlyRun, Scheduler } from './schedule.ts';

/** A GitLab job that only a pipeline schedule starts. @see https://docs.gitlab.com/ci/yaml/ */
export const gitlab: Scheduler = {
  name: 'gitlab',
  about: 'a GitLab CI job, and the pipeline schedule that starts it',
  // GitLab expands `$NAME` and `*` in the path of an include: at the root there is neither.
  folder: '.',
  async files(run: NightlyRun) {
    const data = {
      name: nightlyName(run.name),
      run: run.name,
      when: everyNight(run.at),
      condition: `$CI_PIPELINE_SOURCE == "schedule" && $RELEASE_PLAN == "${run.name}"`,
      command: shellLine(['release-plan', ...nightlyArguments(plansInCheckout(run))]),
      secrets: run.secrets.join(', '),
      // A job's artifacts are in its checkout, and the archive is not.
      copy: `mkdir -p reports && cp ${shellLine(run.plans.flatMap((one) => one.reports))} reports/ || true`,
    };
    const content = await renderTemplateFile(templatePath('schedule/gitlab.hbs'), data, {
      yaml: (text) => yamlText(String(text)),
    });
    return [{ name: `${nightlyName(run.name)}.gitlab-ci.yml`, content }];
  },
  next(run, [file]) {
    // GitLab counts from the root of the repository, wherever the user is.
    const local = file === undefined ? '' : `/${relative(run.repository ?? '', file.path)}`;
    return [
      `Commit it, and add to .gitlab-ci.yml:  include: [{ local: ${yamlText(local)} }]`,
      `In Build > Pipeline schedules: cron "${everyNight(run.at)}", variable RELEASE_PLAN = ${run.name}`,
      ...(run.secrets.length === 0 ? [] : [`In Settings > CI/CD > Variables, protected: ${run.secrets.join(', ')}`]),
    ];
  },
};
