import { resolve } from 'node:path';
import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import type { DeltaInspection } from '../../rdiff/index.ts';
import { examples } from '../examples.ts';
import type { CommandContext, RegisterCommand } from '../host.ts';
import { prettyJson } from '../../text/pretty-json.ts';

interface Flags {
  json?: boolean;
}

export const registerDeltaInspect: RegisterCommand = (group, run) => {
  group
    .command('inspect')
    .description('print the commands and sizes of a delta (plain, gzip or zstd)')
    .argument('<delta>', 'delta to inspect')
    .option('--json', 'print one JSON document')
    .addHelpText(
      ...examples({
        'Print what a delta consists of': 'release-plan delta inspect update.delta',
        'The same for programs': 'release-plan delta inspect --json update.delta.gz',
      }),
    )
    .action(async (delta: string, flags: Flags) => {
      await run((context) => inspect(delta, flags, context));
    });
};

async function inspect(delta: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { checkFiles } = await import('./files.ts');
  const { inspectDelta } = await import('../../rdiff/index.ts');
  await checkFiles(context.cwd, { inputs: { DELTA: delta } });
  const found = await inspectDelta(resolve(context.cwd, delta), { signal: context.signal });
  if (flags.json === true) context.out(prettyJson({ schema: 1, file: delta, ...found }));
  else context.out(await describe(found));
  return EXIT.ok;
}

async function describe(found: DeltaInspection): Promise<string> {
  const { formatBytes, formatShare } = await import('../../text/bytes.ts');
  const { formatColumns, formatRows } = await import('../../text/rows.ts');
  const { literals, copies } = found;
  const stored =
    found.compression === 'none'
      ? formatBytes(found.fileBytes)
      : `${formatBytes(found.fileBytes)} as ${found.compression}, ${formatBytes(found.deltaBytes)} bare`;
  const summary = formatRows([
    ['delta', stored],
    ['target', `${formatBytes(found.targetBytes)} (${found.targetBytes} bytes)`],
    ['base', `at least ${copies.reachBytes} bytes`],
    [
      'literals',
      `${literals.count}, ${formatBytes(literals.bytes)}: ${formatShare(literals.bytes, found.targetBytes)} ` +
        'of the target',
    ],
    ['copies', `${copies.count}, ${formatBytes(copies.bytes)}; ${copies.seeks} with a seek`],
  ]);
  const commands = formatColumns([
    ['command', 'count', 'bytes of the target'],
    ...found.opcodes.map(({ opcode, kind, count, targetBytes }) => [
      `${kind} 0x${opcode.toString(16).padStart(2, '0')}`,
      String(count),
      String(targetBytes),
    ]),
  ]);
  const lengths = formatColumns([
    ['length up to', 'literals', 'copies'],
    ...found.lengths.map((one) => [formatBytes(one.upToBytes), String(one.literals), String(one.copies)]),
  ]);
  return [summary, ...(found.commands === 0 ? [] : [commands, lengths])].join('\n');
}
