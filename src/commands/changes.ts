import { resolve } from 'node:path';
import { Option } from 'commander';
import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';

interface Flags {
  format: 'markdown' | 'json';
  output?: string;
  files: boolean;
}

interface Versions {
  from: string;
  to: string;
}

/** `changes`: what is new in a version. */
export const registerChanges: RegisterCommand = (program, run) => {
  program
    .command('changes')
    .description('print what changed between two archived versions')
    .argument('<plan>', 'plan file')
    .argument('<from>', 'archived version')
    .argument('<to>', 'archived version')
    .addOption(new Option('--format <name>', 'output format').choices(['markdown', 'json']).default('markdown'))
    .option('--output <file>', 'write to a file instead of stdout')
    .option('--no-files', 'do not open the images: layers, packages and vulnerabilities by what builds left')
    .addHelpText(
      ...examples({
        'Write release notes': 'release-plan changes plan.yml 0.1.0 0.2.0 --output CHANGES.md',
        'Print layers and packages alone': 'release-plan changes --no-files plan.yml 0.1.0 0.2.0',
        'The same for programs': 'release-plan changes --format json plan.yml 0.1.0 0.2.0',
      }),
    )
    .action(async (plan: string, from: string, to: string, flags: Flags) => {
      await run((context) => changes(plan, { from, to }, flags, context));
    });
};

async function changes(file: string, versions: Versions, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { requirePlan } = await import('../plan/load.ts');
  const { requireArchived } = await import('../insight/changes/archived.ts');
  const { changesBetween } = await import('../insight/changes/changes.ts');
  const { checkFiles } = await import('./delta/files.ts');
  const { cwd, signal } = context;
  if (flags.output !== undefined)
    await checkFiles(cwd, { inputs: { PLAN: file }, output: { '--output': flags.output } });
  const { plan } = await requirePlan(file, { cwd });
  await checkVersions(plan, versions);
  const found = await changesBetween(
    await requireArchived(plan, versions.from, signal),
    await requireArchived(plan, versions.to, signal),
    {
      recordsAlone: !flags.files,
      signal,
      ...(plan.kas === undefined ? {} : { workDir: plan.kas.workDir }),
    },
  );
  const text = await rendered(plan, found, flags);
  if (flags.output === undefined) context.out(text);
  else {
    const { writeFileAtomic } = await import('../io/atomic.ts');
    await writeFileAtomic(resolve(cwd, flags.output), text);
    context.report({ type: 'note', message: `wrote ${flags.output}` });
  }
  return EXIT.ok;
}

async function checkVersions(plan: Plan, { from, to }: Versions): Promise<void> {
  if (plan.partitions.length === 0)
    throw new ReleasePlanError('usage', `${plan.file} has no partitions, so no images of it are archived`, {
      hint: 'Compare commits in their repository; `changes` compares archived images.',
    });
  const { takeInventory } = await import('../archive/inventory.ts');
  const { suggestion } = await import('../text/suggest.ts');
  const { versions } = await takeInventory(plan);
  for (const version of [from, to]) {
    if (versions.includes(version)) continue;
    const hint = versions.length === 0 ? {} : { hint: suggestion(version, versions, 'versions') };
    throw new ReleasePlanError('archive-missing', `${JSON.stringify(version)} is not in the archive`, hint);
  }
}

async function rendered(
  plan: Plan,
  found: import('../insight/changes/changes.ts').ReleaseChanges,
  { format }: Flags,
): Promise<string> {
  const { product, machine, image } = plan;
  if (format === 'json') {
    const { prettyJson } = await import('../text/pretty-json.ts');
    return prettyJson({ schema: 1, product, machine, image, ...found });
  }
  const { changesInMarkdown } = await import('./changes-text.ts');
  return changesInMarkdown(found, `${product}, machine ${machine}, image ${image}`);
}
