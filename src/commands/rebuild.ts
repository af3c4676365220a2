import { EXIT, type ExitCode } from '../core/codes/index.ts';
import type { RebuildResult } from '../jobs/rebuild.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';

interface Flags {
  into?: string;
  keep?: boolean;
  sharedState?: boolean;
  json?: boolean;
}

export const registerRebuild: RegisterCommand = (program, run) => {
  program
    .command('rebuild')
    .description('build an archived version again from its lock and compare bit for bit; exit 4 when it differs')
    .argument('<plan>', 'plan file')
    .argument('<version>', 'an archived version')
    .option('--into <folder>', 'where to build; .release-plan/rebuild/VERSION beside the plan by default')
    .option('--keep', 'leave the folder there when nothing differs, too')
    .option('--shared-state', 'take results from SSTATE_DIR: faster, but what it holds is not built again')
    .option('--json', 'the result as one JSON document on stdout')
    .addHelpText(
      ...examples({
        'Build a version again, and compare it with the archive': 'release-plan rebuild plan.yml 1.4.0',
        'Keep the build, in a folder of its own': 'release-plan rebuild plan.yml 1.4.0 --into /scratch/rebuild --keep',
        'List the files that differ': "release-plan rebuild plan.yml 1.4.0 --json | jq '.images[].differences[].path'",
      }),
    )
    .action(async (file: string, version: string, flags: Flags) => {
      await run((context) => rebuild(file, version, flags, context));
    });
};

async function rebuild(file: string, version: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { resolve } = await import('node:path');
  const { requirePlan } = await import('../plan/load.ts');
  const { rebuildVersion } = await import('../jobs/rebuild.ts');
  const { rebuildInWords } = await import('./rebuild-text.ts');
  const { prettyJson } = await import('../text/pretty-json.ts');
  const { plan } = await requirePlan(file, { cwd: context.cwd });
  let result: RebuildResult | undefined;
  let failure: unknown;
  await context.drive([
    {
      title: `rebuild ${version}`,
      run: async (progress) => {
        try {
          result = await rebuildVersion(plan, version, {
            env: context.env,
            signal: context.signal,
            onProgress: progress,
            keep: flags.keep === true,
            useSharedState: flags.sharedState === true,
            ...(flags.into === undefined ? {} : { into: resolve(context.cwd, flags.into) }),
          });
          return result.isSame
            ? { state: 'done', message: 'every image is the archived one, bit for bit' }
            : { state: 'failed', message: 'images differ from the archived ones' };
        } catch (error) {
          failure = error;
          return { state: 'failed', message: 'not built' };
        }
      },
    },
  ]);
  if (result === undefined) throw failure;
  context.out(flags.json === true ? prettyJson({ schema: 1, ...result }) : rebuildInWords(result));
  if (result.isSame) return EXIT.ok;
  const { ReleasePlanError } = await import('../core/errors.ts');
  const which = result.images.filter((one) => one.archivedSha256 !== one.rebuiltSha256).map((one) => one.file);
  throw new ReleasePlanError(
    'rebuild-differs',
    `${version} was built again in ${result.dir}, and ${which.join(', ')} ${which.length === 1 ? 'differs' : 'differ'}`,
  );
}
