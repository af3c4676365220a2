import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { ReleasePlanError } from '../core/errors.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';

interface Flags {
  gitlab?: boolean;
  github?: boolean;
  matrix?: boolean;
  tags: string;
  buildTags?: string;
}

export const registerPipeline: RegisterCommand = (program, run) => {
  program
    .command('pipeline')
    .description('print the steps that are due as jobs of a CI, which makes them on its runners')
    .argument('<plan>', 'plan file')
    .option('--gitlab', 'a child pipeline for GitLab, with the steps that are due now')
    .option('--github', 'a workflow for GitHub, whose first job finds out what is due')
    .option('--matrix', 'what is due as outputs of a job, for that workflow')
    .option('--tags <tags>', 'tags of runners that make packages, comma-separated', 'release-plan')
    .option('--build-tags <tags>', 'tags of the runner that builds (default: those of --tags)')
    .addHelpText(
      ...examples({
        'Print a child pipeline': 'release-plan pipeline plan.yml --gitlab --build-tags yocto > due.gitlab-ci.yml',
        'Write the workflow': 'release-plan pipeline plan.yml --github > .github/workflows/release-plan.yml',
      }),
    )
    .action(async (plan: string, flags: Flags) => {
      await run(async (context) => await print(plan, flags, context));
    });
};

async function print(file: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const forms = (['gitlab', 'github', 'matrix'] as const).filter((form) => flags[form] === true);
  const [form] = forms;
  if (form === undefined || forms.length > 1)
    throw new ReleasePlanError('usage', form === undefined ? 'no form of the pipeline given' : 'several forms given', {
      hint: 'Pass one of --gitlab, --github, --matrix.',
    });
  const { requirePlan } = await import('../plan/load.ts');
  const { duePipeline, pipelineFacts, requireHandOut } = await import('../jobs/pipeline.ts');
  const { plan, diagnostics } = await requirePlan(file, { cwd: context.cwd });
  context.diagnostics(diagnostics);
  requireHandOut(plan);
  const tags = tagsOf(flags.tags, '--tags');
  const buildTags = flags.buildTags === undefined ? tags : tagsOf(flags.buildTags, '--build-tags');
  switch (form) {
    case 'gitlab': {
      const { gitlabPipeline } = await import('../hosts/pipeline/gitlab.ts');
      const facts = await pipelineFacts(plan, { tags, buildTags });
      context.out(await gitlabPipeline(await duePipeline(plan, context), facts));
      break;
    }
    case 'github': {
      const { githubWorkflow } = await import('../hosts/pipeline/github.ts');
      context.out(await githubWorkflow(await pipelineFacts(plan, { tags, buildTags })));
      break;
    }
    case 'matrix': {
      const { githubMatrix } = await import('../hosts/pipeline/github.ts');
      context.out(githubMatrix(await duePipeline(plan, context)));
      break;
    }
  }
  return EXIT.ok;
}

/** @throws ReleasePlanError `usage` */
function tagsOf(list: string, flag: string): string[] {
  const tags = list.split(',').map((one) => one.trim());
  const wrong = tags.find((one) => !/^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,127}$/.test(one));
  if (wrong === undefined) return tags;
  throw new ReleasePlanError('usage', `${flag}: ${JSON.stringify(wrong)} is not a tag of a runner`, {
    hint: 'Use letters, digits and . _ : / -, separated by commas.',
  });
}
