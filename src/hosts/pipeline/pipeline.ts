/** The steps that are due as jobs of somebody's CI. Pure but for the templates. */
import { versionsOf, type WorkStep } from '../../core/step.ts';
import { stepText } from './step-text.ts';

/** A job that makes steps. */
export interface PipelineJob {
  name: string;
  /** Words of step-text.ts. */
  steps: string[];
  /** The jobs that have to have ended before, by name. */
  needs: string[];
}

export interface Pipeline {
  /** One after the other: they share a build directory. */
  builds: PipelineJob[];
  /** Beside one another. */
  packages: PipelineJob[];
}

/** What the jobs of a pipeline are told of their plan. */
export interface PipelineFacts {
  /** Product and machine, as jobs are named by. */
  name: string;
  /** The plan file, from the root of its repository. */
  planPath: string;
  /** What runners that make packages and the report are tagged with. */
  tags: readonly string[];
  /** What the runner with the build directory is tagged with. */
  buildTags: readonly string[];
}

/** GitHub makes at most 256 jobs of a matrix; GitLab's limit is the administrator's, 500 by default. */
const JOBS_MAX = 200;

/**
 * Makes jobs of steps: one for each build, and one for each package, or for a
 * share of them where there are very many.
 *
 * @param steps that a job can make, in order; archiving is part of its build
 */
export function pipelineOf(steps: readonly WorkStep[]): Pipeline {
  const builds = steps.flatMap((step): PipelineJob[] =>
    step.kind === 'build' ? [{ name: `build ${step.version}`, steps: [stepText(step)], needs: [] }] : [],
  );
  const packages = steps.filter(({ kind }) => kind === 'delta' || kind === 'full');
  const share = Math.ceil(packages.length / JOBS_MAX);
  const jobs: PipelineJob[] = [];
  for (let at = 0; at < packages.length; at += share) {
    const some = packages.slice(at, at + share);
    const versions = new Set(some.flatMap(versionsOf));
    const [first] = some;
    if (first === undefined) continue;
    jobs.push({
      name: share === 1 ? nameOf(first) : `packages ${at + 1} to ${at + some.length}`,
      steps: some.map(stepText),
      needs: builds.filter(({ name }) => versions.has(name.slice('build '.length))).map(({ name }) => name),
    });
  }
  return { builds, packages: jobs };
}

function nameOf(step: WorkStep): string {
  switch (step.kind) {
    case 'delta':
      return `delta ${step.from} to ${step.to}`;
    case 'full':
      return `full package ${step.version}`;
    case 'build':
    case 'archive':
      return `build ${step.version}`;
  }
}
