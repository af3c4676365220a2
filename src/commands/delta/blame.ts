import { resolve } from 'node:path';
import { Option } from 'commander';
import { EXIT, type ExitCode } from '../../core/codes/index.ts';
import type { Blame } from '../../insight/blame/blame.ts';
import type { Grouping } from '../../insight/blame/group.ts';
import type { WhatIfRow } from '../../insight/what-if/what-if.ts';
import { prettyJson } from '../../text/pretty-json.ts';
import { examples } from '../examples.ts';
import type { CommandContext, RegisterCommand } from '../host.ts';
import { wholeNumber } from './flags.ts';

/** As `GROUPINGS` of the insight, which is loaded only when it is needed. */
const GROUPING_NAMES: readonly Grouping[] = ['file', 'directory', 'package', 'cause'];

const ROWS_SHOWN = 20;

interface Flags {
  by: Grouping;
  top?: number;
  compress?: 'gzip' | 'zstd';
  whatIf?: boolean;
  json?: boolean;
}

interface Paths {
  base: string;
  target: string;
  /** Made from base and target unless given. */
  delta: string | undefined;
}

export const registerDeltaBlame: RegisterCommand = (group, run) => {
  group
    .command('blame')
    .description("which files a delta's bytes are for, and why they could not be copied from BASE")
    .argument('<base>', 'the image that the delta starts from')
    .argument('<target>', 'the image that it makes: ext4, squashfs or erofs')
    .argument('[delta]', 'the delta, plain or compressed; made for the occasion unless given')
    .addOption(new Option('--by <what>', 'what to take together').choices([...GROUPING_NAMES]).default('file'))
    .option('--top <n>', `rows to show; ${ROWS_SHOWN} unless given, all with --json`, wholeNumber('--top', 1))
    .addOption(new Option('--compress <format>', 'compress the delta that is made').choices(['gzip', 'zstd']))
    .option('--what-if', 'make the same files into other kinds of images, and measure their deltas: takes minutes')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      ...examples({
        'Print the files that a delta is for': 'release-plan delta blame old.squashfs new.squashfs rootfs.delta.gz',
        'Print the ten largest packages of a delta that is made for this':
          'release-plan delta blame --compress gzip --by package --top 10 old.ext4 new.ext4',
        'The same for programs': 'release-plan delta blame --json old.erofs new.erofs rootfs.delta',
      }),
    )
    .action(async (base: string, target: string, delta: string | undefined, flags: Flags) => {
      await run((context) => blame({ base, target, delta }, flags, context));
    });
};

async function blame(paths: Paths, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { checkFiles } = await import('./files.ts');
  const { ReleasePlanError } = await import('../../core/errors.ts');
  if (paths.delta !== undefined && flags.compress !== undefined)
    throw new ReleasePlanError('usage', '--compress is for the delta that blame makes; DELTA is taken as it is');
  const inputs = { BASE: paths.base, TARGET: paths.target };
  await checkFiles(context.cwd, { inputs: paths.delta === undefined ? inputs : { ...inputs, DELTA: paths.delta } });
  const found = await explain(paths, flags, context);
  const others = flags.whatIf === true ? await measureOthers(paths, context) : undefined;
  if (flags.json === true) {
    const document = await documentOf(found, paths, flags);
    context.out(prettyJson(others === undefined ? document : { ...document, whatIf: others }));
  } else {
    context.out(await describe(found, flags));
    if (others !== undefined) context.out(`\n${await describeOthers(others)}`);
  }
  return EXIT.ok;
}

async function measureOthers({ base, target }: Paths, context: CommandContext): Promise<WhatIfRow[]> {
  const { whatIf } = await import('../../insight/what-if/what-if.ts');
  const { cwd, signal } = context;
  const onRow = ({ kind, times }: WhatIfRow): void =>
    context.report({ type: 'note', message: `measured ${kind}, times ${times}` });
  return await whatIf(resolve(cwd, base), resolve(cwd, target), { signal, onRow });
}

async function describeOthers(rows: readonly WhatIfRow[]): Promise<string> {
  const { formatColumns } = await import('../../text/rows.ts');
  const { printable } = await import('../../text/printable.ts');
  const cells = rows.map(({ kind, times, sizes, reason }) => {
    const name = times === 'kept' ? kind : `${kind}, one time for all files`;
    return sizes === null
      ? [name, '-', '-', '-', printable(reason ?? '')]
      : [name, String(sizes.targetBytes), String(sizes.deltaBytes), String(sizes.gzipBytes), ''];
  });
  return formatColumns([['the same files as', 'image', 'delta', 'gzip', ''], ...cells]);
}

async function explain({ base, target, delta }: Paths, flags: Flags, context: CommandContext): Promise<Blame> {
  const { blameDelta } = await import('../../insight/blame/blame.ts');
  const { cwd, signal } = context;
  const images = [resolve(cwd, base), resolve(cwd, target)] as const;
  if (delta !== undefined) return await blameDelta(...images, resolve(cwd, delta), { signal });
  const { stat } = await import('node:fs/promises');
  const { withScratch } = await import('../../io/scratch.ts');
  // A delta is never larger than its target; compressed it lies there as well.
  const needBytes = (flags.compress === undefined ? 1 : 2) * (await stat(images[1])).size;
  return await withScratch('blame', needBytes, async (folder) => {
    const made = await makeDelta({ base, target }, images, folder, flags, context);
    return await blameDelta(...images, made, { signal });
  });
}

async function makeDelta(
  names: { base: string; target: string },
  [base, target]: readonly [string, string],
  folder: string,
  { compress }: Flags,
  context: CommandContext,
): Promise<string> {
  const { join } = await import('node:path');
  const { createDelta, gzipFile, zstdFile } = await import('../../rdiff/index.ts');
  const { runTask } = await import('./task.ts');
  const { formatBytes } = await import('../../text/bytes.ts');
  const { signal } = context;
  const bare = join(folder, 'delta');
  await runTask(
    context,
    `delta from ${names.base} to ${names.target}`,
    async (onProgress) => await createDelta(base, target, bare, { signal, onProgress }),
    ({ deltaBytes }) => formatBytes(deltaBytes),
  );
  if (compress === undefined) return bare;
  const packed = join(folder, 'delta.packed');
  await (compress === 'gzip' ? gzipFile : zstdFile)(bare, packed, { signal });
  return packed;
}

async function documentOf(found: Blame, paths: Paths, { by, top }: Flags): Promise<object> {
  const { groupFiles } = await import('../../insight/blame/group.ts');
  const { files, ...rest } = found;
  return {
    schema: 1,
    base: paths.base,
    target: paths.target,
    delta: paths.delta ?? null,
    ...rest,
    files: files.slice(0, top),
    otherFilesBytes: top === undefined ? 0 : sumOf(files.slice(top)),
    ...(by === 'file' ? {} : { by, groups: groupFiles(found, by).slice(0, top) }),
  };
}

const sumOf = (rows: ReadonlyArray<{ bytes: number }>): number => rows.reduce((sum, { bytes }) => sum + bytes, 0);

async function describe(found: Blame, { by, top = ROWS_SHOWN }: Flags): Promise<string> {
  const { groupFiles } = await import('../../insight/blame/group.ts');
  const { formatBytes, formatShare } = await import('../../text/bytes.ts');
  const { formatColumns } = await import('../../text/rows.ts');
  const { printable } = await import('../../text/printable.ts');
  const { totalBytes } = found;
  const row = (name: string, bytes: number, ...more: string[]): string[] => [
    printable(name),
    String(bytes),
    formatShare(bytes, totalBytes),
    ...more,
  ];
  const groups = groupFiles(found, by);
  const shown: string[][] =
    by === 'file'
      ? found.files.slice(0, top).map((one) => row(one.path, one.bytes, one.cause, printable(one.package ?? '-')))
      : groups.slice(0, top).map((one) => row(one.name, one.bytes, String(one.files)));
  const rest = groups.slice(top);
  const files = rest.reduce((sum, one) => sum + one.files, 0);
  const count = by === 'file' ? '' : String(files);
  if (rest.length > 0) shown.push(row(`${rest.length} more`, sumOf(rest), count));
  const other = [
    ...metadataRows(found, by).map(({ what, bytes, cause }) => row(`(${what})`, bytes, by === 'file' ? cause : '')),
    row('(commands)', found.commandBytes),
    row('total', totalBytes),
  ];
  const heading = by === 'file' ? ['file', 'bytes', 'share', 'cause', 'package'] : [by, 'bytes', 'share', 'files'];
  const stored = found.compression === 'none' ? '' : ` as ${found.compression}, ${formatBytes(found.deltaBytes)} bare`;
  const summary =
    `${formatBytes(totalBytes)}${stored}; ${formatBytes(found.literalBytes)} of the target's ` +
    `${formatBytes(found.targetBytes)} (${found.filesystem}) are literals`;
  return `${summary}\n\n${formatColumns([heading, ...shown, ...other])}`;
}

/** Causes are told where files have a row of their own; elsewhere they would split what is one thing. */
function metadataRows({ metadata }: Blame, by: Grouping): Blame['metadata'] {
  if (by === 'file') return metadata;
  const rows = new Map<string, Blame['metadata'][number]>();
  for (const row of metadata) rows.set(row.what, { ...row, bytes: row.bytes + (rows.get(row.what)?.bytes ?? 0) });
  return [...rows.values()].sort((a, b) => b.bytes - a.bytes);
}
