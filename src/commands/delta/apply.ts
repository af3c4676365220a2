import { resolve } from 'node:path';
import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import { examples } from '../examples.ts';
import type { CommandContext, RegisterCommand } from '../host.ts';
import { prettyJson } from '../../text/pretty-json.ts';

interface Flags {
  json?: boolean;
}

export const registerDeltaApply: RegisterCommand = (group, run) => {
  group
    .command('apply')
    .description('reconstruct a target from its base and a delta (plain, gzip or zstd)')
    .argument('<base>', 'file that the delta was made from')
    .argument('<delta>', 'delta to apply')
    .argument('<out>', 'target to write; written atomically')
    .option('--json', 'print one JSON document')
    .addHelpText(
      ...examples({
        'Reconstruct the new image on a build host': 'release-plan delta apply old.img update.delta new.img',
        'Print its size and sha256': 'release-plan delta apply --json old.img update.delta.gz new.img',
      }),
    )
    .action(async (base: string, delta: string, out: string, flags: Flags) => {
      await run((context) => apply({ base, delta, out }, flags, context));
    });
};

async function apply(
  { base, delta, out }: { base: string; delta: string; out: string },
  flags: Flags,
  context: CommandContext,
): Promise<ExitCode> {
  const { checkFiles } = await import('./files.ts');
  const { runTask } = await import('./task.ts');
  const { applyDelta } = await import('../../rdiff/index.ts');
  const { formatBytes } = await import('../../text/bytes.ts');
  const { cwd, signal } = context;
  await checkFiles(cwd, { inputs: { BASE: base, DELTA: delta }, output: { OUT: out } });
  const applied = await runTask(
    context,
    `apply ${delta} to ${base}`,
    async (onProgress) =>
      await applyDelta(resolve(cwd, base), resolve(cwd, delta), resolve(cwd, out), { signal, onProgress }),
    ({ targetBytes, targetSha256 }) => `${formatBytes(targetBytes)}, sha256 ${targetSha256}`,
  );
  if (flags.json === true) context.out(prettyJson({ schema: 1, file: out, ...applied }));
  return EXIT.ok;
}
