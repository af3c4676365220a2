import { resolve } from 'node:path';
import { EXIT, type ExitCode } from '../core/codes/index.ts';
import type { ArchivedDelta } from '../insight/identify/archived.ts';
import type { ChangedBlocks, SlotChange } from '../insight/identify/changes.ts';
import type { Identification } from '../insight/identify/identify.ts';
import { prettyJson } from '../text/pretty-json.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { printable } from '../text/printable.ts';

interface Flags {
  plan: string;
  partition?: string;
  json?: boolean;
}

/** `base`: what devices have in their slots. */
export const registerBase: RegisterCommand = (program, run) => {
  const group = program.command('base').description('tell what a device has in its slot');
  group.addHelpText(
    ...examples({
      'Find the version of a slot': 'release-plan base identify slot.sig --plan plan.yml',
      'The same for programs': 'release-plan base identify slot.sig --plan plan.yml --json',
    }),
  );
  group
    .command('identify')
    .description('find the archived version that a slot holds; exit 4 unless it holds one unaltered')
    .argument('<signature>', 'what `rdiff signature /dev/SLOT FILE` wrote on the device')
    .requiredOption('--plan <plan>', 'plan file')
    .option('--partition <name>', 'compare with the images of this partition alone')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      ...examples({
        'Find the version of a slot; slot.sig was made on the device by rdiff':
          'release-plan base identify slot.sig --plan plan.yml',
        'Compare with the images of one partition, for programs':
          'release-plan base identify slot.sig --plan plan.yml --partition rootfs --json',
      }),
    )
    .action(async (signature: string, flags: Flags) => {
      await run((context) => identify(signature, flags, context));
    });
};

async function identify(signature: string, flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { checkFiles } = await import('./delta/files.ts');
  const { requirePlan } = await import('../plan/load.ts');
  const { archivedImages, deltasFrom } = await import('../insight/identify/archived.ts');
  const { identifySlot } = await import('../insight/identify/identify.ts');
  const { cwd, signal } = context;
  await checkFiles(cwd, { inputs: { SIGNATURE: signature } });
  const { plan } = await requirePlan(flags.plan, { cwd });
  await checkPartition(flags.partition, plan.partitions);
  const candidates = await archivedImages(plan, flags.partition);
  const found = await identifySlot(resolve(cwd, signature), candidates, signal);
  const deltas =
    found.verdict === 'identical' && found.nearest !== null ? await deltasFrom(plan, found.nearest.version) : [];
  if (flags.json === true) context.out(prettyJson({ schema: 1, ...found, deltas }));
  else context.out(await describe(found, deltas));
  return found.verdict === 'identical' ? EXIT.ok : EXIT.inconsistent;
}

async function checkPartition(name: string | undefined, partitions: ReadonlyArray<{ name: string }>): Promise<void> {
  if (name === undefined || partitions.some((one) => one.name === name)) return;
  const { ReleasePlanError } = await import('../core/errors.ts');
  const names = partitions.map((one) => one.name).join(', ');
  throw new ReleasePlanError('usage', `--partition: the plan has no partition ${JSON.stringify(name)}`, {
    hint: `It has ${names === '' ? 'none' : names}.`,
  });
}

async function describe(found: Identification, deltas: readonly ArchivedDelta[]): Promise<string> {
  const { nearest, changes, verdict } = found;
  const tail =
    nearest?.isTailUnknown === true ? 'The slot is larger than the image: its last bytes were not compared.\n' : '';
  switch (verdict) {
    case 'identical':
      return `${nearest?.version} (${nearest?.partition}), unaltered\n${tail}${deltaLines(deltas)}`;
    case 'altered': {
      const rows = await Promise.all(changes.map(changeLine));
      return (
        `${nearest?.version} (${nearest?.partition}), altered: ${nearest?.differingBlocks} of ${nearest?.blocks} ` +
        `blocks differ\n${rows.join('')}${tail}\nNo delta can start from it: send the full package.\n`
      );
    }
    case 'unknown':
      return `no archived version${
        nearest === null
          ? '; the archive has no images to compare with'
          : `; the nearest is ${nearest.version} (${nearest.partition}), of which ${nearest.differingBlocks} of ` +
            `${nearest.blocks} blocks differ`
      }\n\nNo delta can start from it: send the full package.\n`;
  }
}

function deltaLines(deltas: readonly ArchivedDelta[]): string {
  if (deltas.length === 0) return '\nThe archive has no delta from this version: make one, or send the full package.\n';
  const lines = deltas.map(({ to, file }) => `  ${printable(`to ${to}: ${file}`)}\n`);
  return `\nDeltas from this version:\n${lines.join('')}`;
}

/** How many files a line names. */
const FILES_NAMED = 5;

const ABOUT: Record<SlotChange, string> = {
  mounted: 'superblock or journal: mounted read-write',
  trimmed: 'free space is zeros now: trimmed (fstrim, or e2fsck -E discard)',
  zeroed: 'overwritten with zeros',
  written: 'written by the file system (inode tables, bitmaps, folders)',
  edited: 'files changed',
};

async function changeLine({ change, blocks, bytes, files, folders, metadata }: ChangedBlocks): Promise<string> {
  const { formatBytes } = await import('../text/bytes.ts');
  const { printable } = await import('../text/printable.ts');
  // A folder is written when a file in it comes or goes, and says more than what lies beside it.
  const paths = [...folders.map((path) => (path.endsWith('/') ? path : `${path}/`)), ...files];
  const names = paths.slice(0, FILES_NAMED).map(printable);
  const more = paths.length > FILES_NAMED ? `, and ${paths.length - FILES_NAMED} more` : '';
  const hasPaths = (change === 'edited' || change === 'zeroed') && names.length > 0;
  const holds = hasPaths ? names : metadata;
  const some = hasPaths && paths.length > 1 ? 'some of ' : '';
  const about = change === 'edited' && folders.length > 0 ? 'files or folders changed' : ABOUT[change];
  return (
    `  ${blocks} block${blocks === 1 ? '' : 's'} (${formatBytes(bytes)}): ${about}` +
    `${holds.length === 0 ? '' : `; in ${some}${holds.join(', ')}${hasPaths ? more : ''}`}\n`
  );
}
