import { renderTemplateFile, templatePath } from '../io/template.ts';
import { plansInCheckout } from './checkout.ts';
import { everyNight } from './cron.ts';
import { nightlyArguments, nightlyName } from './names.ts';
import { githubText, requireOneLine, shellLine } from './quote.ts';
import type { NightlyRun, Scheduler } from './schedule.ts';

/**
 * A GitHub workflow with a schedule. @see https://docs.github.com/actions/reference/workflow-syntax-for-github-actions
 */
export const github: Scheduler = {
  name: 'github',
  about: 'a GitHub workflow with a schedule',
  folder: '.github/workflows',
  async files(run: NightlyRun) {
    const data = {
      name: nightlyName(run.name),
      run: run.name,
      when: everyNight(run.at),
      command: shellLine(['release-plan', ...nightlyArguments(plansInCheckout(run))]),
      secrets: run.secrets,
      reports: run.plans.flatMap((one) => one.reports),
    };
    const content = await renderTemplateFile(templatePath('schedule/github.hbs'), data, {
      text: (value) => githubText(String(value)),
      line: (text) => requireOneLine(String(text)).replaceAll('${{', "${{ '${{' }}"),
      secret: (name) => '${{ secrets.' + String(name) + ' }}',
    });
    return [{ name: `${nightlyName(run.name)}.yml`, content }];
  },
  next(run, [file]) {
    return [
      `Commit ${file?.shown ?? ''} to the default branch; GitHub runs schedules on no other branch, and in UTC.`,
      ...(run.secrets.length === 0 ? [] : [`In Settings > Secrets and variables > Actions: ${run.secrets.join(', ')}`]),
    ];
  },
};
