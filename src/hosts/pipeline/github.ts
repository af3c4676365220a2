import { renderTemplateFile, templatePath } from '../../io/template.ts';
import { nightlyName } from '../../schedule/names.ts';
import { githubText, shellLine } from '../../schedule/quote.ts';
import type { Pipeline, PipelineFacts } from './pipeline.ts';

/** A workflow for GitHub whose jobs are what {@link githubMatrix} says when it runs. */
export async function githubWorkflow(facts: PipelineFacts): Promise<string> {
  const { name, planPath, tags, buildTags } = facts;
  const data = {
    name: nightlyName(name),
    tags: JSON.stringify(['self-hosted', ...tags]),
    buildTags: JSON.stringify(['self-hosted', ...buildTags]),
    // Steps are words without anything special, and several are in one variable.
    make: `${shellLine(['release-plan', 'make', planPath])} $STEPS`,
    matrix: `${shellLine(['release-plan', 'pipeline', planPath, '--matrix'])} >> "$GITHUB_OUTPUT"`,
    report: shellLine(['release-plan', 'apply', planPath, '--wait']),
  };
  return await renderTemplateFile(templatePath('pipeline/github.hbs'), data, {
    text: (value) => githubText(String(value)),
    // Strict templates have no way to write what GitHub replaces.
    expression: (value) => '${{ ' + String(value) + ' }}',
  });
}

/** Outputs of a job: the builds and the packages, each as a JSON list of jobs for a matrix. */
export function githubMatrix({ builds, packages }: Pipeline): string {
  const list = (jobs: Pipeline['builds']): string =>
    JSON.stringify(jobs.map(({ name, steps }) => ({ name, steps: steps.join(' ') })));
  return `builds=${list(builds)}\npackages=${list(packages)}\n`;
}
