import { renderTemplateFile, templatePath } from '../../io/template.ts';
import { nightlyName } from '../../schedule/names.ts';
import { shellLine, yamlText } from '../../schedule/quote.ts';
import type { Pipeline, PipelineFacts, PipelineJob } from './pipeline.ts';

/** More are refused by GitLab; then a job waits for the whole stage before it. */
const NEEDS_MAX = 50;

/** A child pipeline for GitLab. @see https://docs.gitlab.com/ci/pipelines/downstream_pipelines/ */
export async function gitlabPipeline({ builds, packages }: Pipeline, facts: PipelineFacts): Promise<string> {
  const { name, planPath, tags, buildTags } = facts;
  const job = ({ name: title, steps, needs }: PipelineJob) => ({
    title,
    command: shellLine(['release-plan', 'make', planPath, ...steps]),
    needs: needs.length > NEEDS_MAX ? undefined : JSON.stringify(needs),
    waits: needs.length <= NEEDS_MAX,
  });
  const data = {
    name,
    group: nightlyName(name),
    tags: JSON.stringify(tags),
    buildTags: JSON.stringify(buildTags),
    stages: JSON.stringify([
      ...(builds.length === 0 ? [] : ['build']),
      ...(packages.length === 0 ? [] : ['package']),
      'report',
    ]),
    builds: builds.map(job),
    packages: packages.map(job),
    report: shellLine(['release-plan', 'apply', planPath, '--wait']),
  };
  return await renderTemplateFile(templatePath('pipeline/gitlab.hbs'), data, {
    yaml: (text) => yamlText(String(text)),
  });
}
