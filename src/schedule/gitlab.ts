import { relative } from 'node:path';
import { renderTemplateFile, templatePath } from '../io/template.ts';
import { planInCheckout } from './checkout.ts';
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
      name: nightlyName(run.product),
      product: run.product,
      when: everyNight(run.at),
      condition: `$CI_PIPELINE_SOURCE == "schedule" && $RELEASE_PLAN == "${run.product}"`,
      command: shellLine(['release-plan', ...nightlyArguments(planInCheckout(run))]),
      secrets: run.secrets.join(', '),
    };
    const content = await renderTemplateFile(templatePath('schedule/gitlab.hbs'), data, {
      yaml: (text) => yamlText(String(text)),
    });
    return [{ name: `${nightlyName(run.product)}.gitlab-ci.yml`, content }];
  },
  next(run, [file]) {
    // GitLab counts from the root of the repository, wherever the user is.
    const local = file === undefined ? '' : `/${relative(run.repository?.root ?? '', file.path)}`;
    return [
      `Commit it, and add to .gitlab-ci.yml:  include: [{ local: ${yamlText(local)} }]`,
      `In Build > Pipeline schedules: cron "${everyNight(run.at)}", variable RELEASE_PLAN = ${run.product}`,
      ...(run.secrets.length === 0 ? [] : [`In Settings > CI/CD > Variables, protected: ${run.secrets.join(', ')}`]),
    ];
  },
};
