import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { InvalidPlanError, ReleasePlanError, errnoOf } from '../core/errors.ts';
import type { ProductFacts } from '../plan/first.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';

interface Flags extends ProductFacts {
  file: string;
  adopt?: string;
}

export const registerInit: RegisterCommand = (program, run) => {
  program
    .command('init')
    .description('create a first plan, with comments; never overwrites a file')
    .argument('[dir]', 'folder to create the plan in', '.')
    .option('--file <name>', 'file name of the plan', 'plan.yml')
    .option(
      '--kas <file>',
      'kas file of the product, relative to the folder; machine, distro and image are read from it',
    )
    .option('--product <name>', 'name of the product')
    .option('--machine <name>', 'MACHINE of the build')
    .option('--distro <name>', 'DISTRO of the build')
    .option('--image <name>', 'image recipe to build')
    .option(
      '--adopt <folder>',
      'create a plan and manifests for existing images in <machine>/<image>/<version>/ or <version>/',
    )
    .option('--ostree', 'create a plan for OSTree static deltas instead of SWUpdate')
    .addHelpText(
      ...examples({
        'Create plan.yml from the settings of a kas file': 'release-plan init --kas kas/product.yml',
        'Create a plan for images that exist already': 'release-plan init --adopt artifacts',
        'Create a plan for an OSTree product': 'release-plan init --ostree --machine board ota',
      }),
    )
    .action(async (dir: string, flags: Flags) => {
      await run((context) => init(dir, flags, context));
    });
};

/**
 * Writes a plan that validates once the files that it names exist.
 *
 * @throws ReleasePlanError `plan-exists`; InvalidPlanError when a flag's value cannot stand in a plan
 */
export async function init(dir: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { existsSync } = await import('node:fs');
  const { mkdir } = await import('node:fs/promises');
  const { dirname, join, resolve } = await import('node:path');
  const { checkPlan } = await import('../plan/load.ts');
  const { shortPath } = await import('../plan/source-text.ts');
  const { SCHEMA_COPY, firstPlan, schemaReference, schemaText } = await import('../plan/first.ts');

  const file = resolve(context.cwd, dir, flags.file);
  if (flags.adopt !== undefined && existsSync(file))
    throw new ReleasePlanError('plan-exists', `${file} exists already`);
  const planText = flags.adopt === undefined ? firstPlan(dirname(file), flags) : adoptedText(file, flags, context);
  const text = Buffer.from(await planText);
  const { diagnostics } = await checkPlan(text, file, { cwd: context.cwd, checkFiles: false });
  // The text is not on disk: a place in it would mean nothing.
  const wrong = diagnostics.map(({ where: _where, ...rest }) => rest);
  if (wrong.some((one) => one.severity === 'error')) throw new InvalidPlanError(wrong);

  await mkdir(dirname(file), { recursive: true });
  if (!(await writeNew(file, text))) throw new ReleasePlanError('plan-exists', `${file} already exists`);
  const shown = shortPath(file, context.cwd);
  if (schemaReference(dirname(file)).isCopy) {
    const copy = join(dirname(file), SCHEMA_COPY);
    await mkdir(dirname(copy), { recursive: true });
    if (await writeNew(copy, await schemaText()))
      context.out(`Created ${shortPath(copy, context.cwd)}, for editors that check plans as you type.\n`);
  }
  context.out(`Created ${shown}. Edit it, then run: release-plan validate ${shown}\n`);
  if (flags.adopt !== undefined)
    context.out(
      'Nothing is built on adopted images before their manifests are signed: ' +
        `release-plan verify ${shown} --sign-manifests\n`,
    );
  return EXIT.ok;
}

/** Writes the manifests, then the text of the plan: a plan of versions without manifests would build them anew. */
async function adoptedText(file: string, flags: Flags, context: CommandContext): Promise<string> {
  const { dirname, resolve } = await import('node:path');
  const { adoptImages, artifactsKey } = await import('../jobs/adopt.ts');
  const { adoptedPlan, productOf } = await import('../plan/first.ts');
  const dir = dirname(file);
  const root = resolve(context.cwd, flags.adopt ?? '.');
  const product = flags.product ?? productOf(dir);
  const distro = flags.distro ?? 'poky';
  const { left, ...adopted } = await adoptImages(
    {
      root,
      product,
      distro,
      ...(flags.machine === undefined ? {} : { machine: flags.machine }),
      ...(flags.image === undefined ? {} : { image: flags.image }),
    },
    { signal: context.signal, onProgress: (message) => context.report({ type: 'note', message }) },
  );
  for (const line of left) context.report({ type: 'warning', message: `left alone: ${line}` });
  return await adoptedPlan(dir, {
    ...adopted,
    product,
    distro,
    artifacts: artifactsKey(root, dir),
    ...(flags.kas === undefined ? {} : { kas: flags.kas }),
  });
}

/** Writes a file that is not there yet. @returns false when it is */
async function writeNew(file: string, content: string | Buffer): Promise<boolean> {
  const { writeFile } = await import('node:fs/promises');
  try {
    await writeFile(file, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    return false;
  }
}
