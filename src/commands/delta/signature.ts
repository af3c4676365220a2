import { resolve } from 'node:path';
import { Option } from 'commander';
import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import { examples } from '../examples.ts';
import type { CommandContext, RegisterCommand } from '../host.ts';
import { wholeNumber } from './flags.ts';
import { prettyJson } from '../../text/pretty-json.ts';

interface Flags {
  blockSize?: number;
  sumSize?: number | 'min';
  hash: 'blake2' | 'md4';
  rollsum: 'rabinkarp' | 'rollsum';
  workers?: number;
  json?: boolean;
}

export const registerDeltaSignature: RegisterCommand = (group, run) => {
  group
    .command('signature')
    .description('write the signature of a file, byte for byte as `rdiff signature` does')
    .argument('<base>', 'file to sign')
    .argument('<sig>', 'signature to write')
    .option(
      '-b, --block-size <bytes>',
      'block length (default: about the square root of the size of the file)',
      wholeNumber('--block-size', 1),
    )
    .option('-S, --sum-size <bytes>', 'bytes of each strong sum, or `min` (default: all)', (text) =>
      text === 'min' ? text : wholeNumber('--sum-size', 1)(text),
    )
    .addOption(new Option('-H, --hash <name>', 'strong sum').choices(['blake2', 'md4']).default('blake2'))
    .addOption(new Option('-R, --rollsum <name>', 'weak sum').choices(['rabinkarp', 'rollsum']).default('rabinkarp'))
    .option('--workers <n>', 'threads (default: one per processor)', wholeNumber('--workers', 1))
    .option('--json', 'print one JSON document')
    .addHelpText(
      ...examples({
        'Write a signature with the defaults of rdiff': 'release-plan delta signature rootfs.img rootfs.signature',
        'For old devices, with MD4': 'release-plan delta signature -H md4 -b 2048 rootfs.img rootfs.signature',
      }),
    )
    .action(async (base: string, sig: string, flags: Flags) => {
      await run((context) => writeSignature(base, sig, flags, context));
    });
};

async function writeSignature(base: string, sig: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { checkFiles } = await import('./files.ts');
  const { runTask } = await import('./task.ts');
  const { signature } = await import('../../rdiff/index.ts');
  const { cwd, signal } = context;
  await checkFiles(cwd, { inputs: { BASE: base }, output: { SIG: sig } });
  const header = await runTask(
    context,
    `signature of ${base}`,
    async (onProgress) =>
      await signature(resolve(cwd, base), resolve(cwd, sig), {
        format: flags.hash,
        rollsum: flags.rollsum,
        ...(flags.blockSize === undefined ? {} : { blockBytes: flags.blockSize }),
        ...(flags.sumSize === undefined ? {} : { strongBytes: flags.sumSize === 'min' ? 'minimum' : flags.sumSize }),
        ...(flags.workers === undefined ? {} : { workers: flags.workers }),
        signal,
        onProgress,
      }),
    ({ blocks, blockBytes, strong, strongBytes }) =>
      `${blocks} blocks of ${blockBytes} bytes, ${strongBytes} bytes of ${strong} each`,
  );
  if (flags.json === true) context.out(prettyJson({ schema: 1, file: sig, ...header }));
  return EXIT.ok;
}
