import { resolve } from 'node:path';
import { Option } from 'commander';
import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import type { CreateDeltaOptions, DeltaSummary, Progress } from '../../rdiff/index.ts';
import { examples } from '../examples.ts';
import type { CommandContext, RegisterCommand } from '../host.ts';
import { size, wholeNumber } from './flags.ts';
import { prettyJson } from '../../text/pretty-json.ts';

interface Flags {
  compress?: 'gzip' | 'zstd';
  memory?: number;
  workers?: number;
  prove?: boolean;
  json?: boolean;
}

export const registerDeltaCreate: RegisterCommand = (group, run) => {
  group
    .command('create')
    .description('create a delta from BASE to TARGET, for `rdiff patch` and SWUpdate')
    .argument('<base>', 'image that the device has')
    .argument('<target>', 'image that the device is to get')
    .argument('<delta>', 'delta to write; written atomically')
    .addOption(new Option('--compress <format>', 'compress the delta').choices(['gzip', 'zstd']))
    .option('--memory <size>', 'memory limit, such as 512MiB', size('--memory'))
    .option('--workers <n>', 'threads (default: one per processor)', wholeNumber('--workers', 1))
    .option('--prove', 'apply the delta to BASE and compare with TARGET before writing it')
    .option('--json', 'print one JSON document')
    .addHelpText(
      ...examples({
        'Create a delta and prove it': 'release-plan delta create --prove old.img new.img update.delta',
        'Compress it with zstd, in at most 512 MiB of memory':
          'release-plan delta create --compress zstd --memory 512MiB old.img new.img update.delta.zst',
      }),
    )
    .action(async (base: string, target: string, delta: string, flags: Flags) => {
      await run((context) => create({ base, target, delta }, flags, context));
    });
};

interface Paths {
  base: string;
  target: string;
  delta: string;
}

/** What was made, and how large it is as stored. */
interface Created {
  summary: DeltaSummary;
  fileBytes: number;
}

async function create(paths: Paths, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { checkFiles } = await import('./files.ts');
  const { runTask } = await import('./task.ts');
  const { formatBytes, formatShare } = await import('../../text/bytes.ts');
  const { cwd, signal } = context;
  await checkFiles(cwd, { inputs: { BASE: paths.base, TARGET: paths.target }, output: { DELTA: paths.delta } });
  const options: CreateDeltaOptions = {
    signal,
    ...(flags.memory === undefined ? {} : { memoryBytes: flags.memory }),
    ...(flags.workers === undefined ? {} : { workers: flags.workers }),
  };
  const absolute: Paths = {
    base: resolve(cwd, paths.base),
    target: resolve(cwd, paths.target),
    delta: resolve(cwd, paths.delta),
  };
  const created = await runTask(
    context,
    `delta from ${paths.base} to ${paths.target}`,
    async (onProgress) => await publish(absolute, flags, { ...options, onProgress }),
    ({ summary, fileBytes }) =>
      `${formatBytes(fileBytes)}, ${formatShare(fileBytes, summary.targetBytes)} of the target; ${summary.copies} ` +
      `copies, ${summary.literals} literals`,
  );
  if (flags.json === true)
    context.out(
      prettyJson({
        schema: 1,
        file: paths.delta,
        compression: flags.compress ?? 'none',
        fileBytes: created.fileBytes,
        proven: flags.prove === true,
        ...created.summary,
      }),
    );
  return EXIT.ok;
}

/** Makes the delta beside its place, compresses and proves it at the same time, and gives it its name. */
async function publish(paths: Paths, flags: Flags, options: CreateDeltaOptions): Promise<Created> {
  const { rm, stat } = await import('node:fs/promises');
  const { publishFile } = await import('../../io/atomic.ts');
  const { createDelta, gzipFile, zstdFile } = await import('../../rdiff/index.ts');
  return await publishFile(paths.delta, async (temporary) => {
    const bare = flags.compress === undefined ? temporary : `${temporary}.bare`;
    try {
      const summary = await createDelta(paths.base, paths.target, bare, options);
      const signal = options.signal === undefined ? {} : { signal: options.signal };
      const compress = { gzip: gzipFile, zstd: zstdFile };
      await Promise.all([
        flags.compress === undefined ? undefined : compress[flags.compress](bare, temporary, signal),
        flags.prove === true ? prove(paths, bare, options) : undefined,
      ]);
      return { summary, fileBytes: (await stat(temporary)).size };
    } finally {
      if (bare !== temporary) await rm(bare, { force: true });
    }
  });
}

async function prove(
  { base, target }: Paths,
  bare: string,
  options: { signal?: AbortSignal; onProgress?: (progress: Progress) => void },
): Promise<void> {
  const { proveDelta } = await import('../../rdiff/index.ts');
  const { ReleasePlanError } = await import('../../core/errors.ts');
  const proof = await proveDelta(base, bare, target, { ...options, digest: false });
  if (!proof.equal)
    throw new ReleasePlanError(
      'delta-unproven',
      `the delta applied to ${base} differs from ${target}, first at byte ${proof.firstDifference}`,
    );
}
