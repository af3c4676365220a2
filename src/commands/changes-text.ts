import { formatBytes } from '../text/bytes.ts';
import { counted } from '../text/count.ts';
import { cvePage, isCve } from '../text/cve.ts';
import { codeSpan, link, markdownTable, markdownText, type Made } from '../text/markdown.ts';
import type { ReleaseChanges, PartitionChanges } from '../insight/changes/changes.ts';
import { permissionsFirst } from '../insight/changes/in-short.ts';
import type { CveChanges } from '../insight/changes/cve-changes.ts';
import type { FileChanges } from '../insight/changes/file-changes.ts';
import type { KernelChanges } from '../insight/changes/kernel-changes.ts';
import type { LayerChange } from '../insight/changes/layer-changes.ts';
import type { PackageSource, SourcedPackageChanges } from '../insight/changes/recorded-packages.ts';

/** Longer lists are no reading; the JSON has them whole. */
const ROWS_SHOWN = 100;

const SOURCES: Record<PackageSource, string> = {
  'package-manifest': "the build's package manifest",
  'image': 'the package database in the image',
  'buildhistory': 'buildhistory',
  'spdx': 'the SPDX documents',
  'cyclonedx': 'the CycloneDX documents',
  'license-manifest': "the build's licence manifest",
};

/** What changed, as release notes. @param product what it is about: a line under the title */
export function changesInMarkdown(changes: ReleaseChanges, product: string): string {
  const parts = [
    `# Changes from ${changes.from} to ${changes.to}\n`,
    `${markdownText(product)}\n`,
    `${summaryLines(changes)
      .map((line) => `- ${line}`)
      .join('\n')}\n`,
    ...layerParts(changes.layers),
    ...packageParts(changes.packages),
    ...cveParts(changes.cves),
    ...kernelParts(changes.kernel),
    ...configurationParts(changes.configuration),
    ...changes.partitions.flatMap(partitionParts),
  ];
  return parts.join('\n');
}

function summaryLines({ layers, packages, cves, partitions }: ReleaseChanges): string[] {
  return [
    layers.length === 0 ? 'No layer changed.' : `${counted(layers.length, 'layer')} changed.`,
    packages === null
      ? 'Packages are not known: no source names those of both versions.'
      : `Packages: ${packages.upgraded.length} with another version, ${packages.added.length} added, ` +
        `${packages.removed.length} removed, ${packages.relicensed.length} with another licence.`,
    cves === null
      ? 'Vulnerabilities are not known: not both versions have a list of cve-check or vex.'
      : `Vulnerabilities: ${cves.fixed.length} fixed, ${cves.introduced.length} new, ${cves.remaining} remain.`,
    ...partitions.map((one) => `${markdownText(one.partition)}: ${partitionSummary(one)}`),
  ];
}

function partitionSummary({ isSame, fromBytes, toBytes, files }: PartitionChanges): string {
  if (fromBytes === null) return `new, ${formatBytes(toBytes ?? 0)}.`;
  if (toBytes === null) return 'removed.';
  if (isSame) return 'the same image.';
  const grown = toBytes - fromBytes;
  const size = `${formatBytes(toBytes)} (${grown < 0 ? '-' : '+'}${formatBytes(Math.abs(grown))})`;
  if (files === null) return `another image, ${size}; its files were not compared.`;
  const { changed, added, removed } = files;
  return `${counted(changed.length, 'file')} changed, ${added.length} added, ${removed.length} removed; ${size}.`;
}

const made = (cell: string): Made => ({ markdown: cell });

/** A list as a table, cut where it gets long. */
function listed<T>(rows: readonly T[], head: readonly string[], cells: (row: T) => string[]): string {
  const table = markdownTable(
    head,
    rows.slice(0, ROWS_SHOWN).map((row) => cells(row).map(made)),
  );
  const more = rows.length - ROWS_SHOWN;
  return more > 0 ? `${table}\n${more} more; \`--format json\` lists all.\n` : table;
}

const shortCommit = (commit: string | null): string =>
  commit === null ? '-' : codeSpan(commit.replace(/^([0-9a-f]{12})[0-9a-f]*/, '$1'));

function layerParts(layers: readonly LayerChange[]): string[] {
  if (layers.length === 0) return [];
  const commitsOf = ({ commits, link: address }: LayerChange): string => {
    const dropped = commits === null || commits.dropped === 0 ? '' : `, ${commits.dropped} dropped`;
    const count = commits === null ? 'commits' : `${counted(commits.added, 'commit')}${dropped}`;
    return address === null ? (commits === null ? '-' : count) : link(count, address);
  };
  const table = markdownTable(
    ['Layer', 'From', 'To', 'Between'],
    layers.map((one) => [one.layer, made(shortCommit(one.from)), made(shortCommit(one.to)), made(commitsOf(one))]),
  );
  return ['## Layers\n', table, ...layers.flatMap(commitParts)];
}

function commitParts({ layer, commits }: LayerChange): string[] {
  if (commits === null || commits.list.length === 0) return [];
  const lines = commits.list.slice(0, ROWS_SHOWN).map(({ commit, subject, link: address }) => {
    const id = codeSpan(commit.slice(0, 12));
    return `- ${markdownText(subject)} (${address === null ? id : link(id, address)})\n`;
  });
  const more = commits.added - lines.length;
  return [`### ${markdownText(layer)}\n`, `${lines.join('')}${more > 0 ? `- ${counted(more, 'more commit')}\n` : ''}`];
}

function packageParts(packages: SourcedPackageChanges | null): string[] {
  if (packages === null) return [];
  const { upgraded, added, removed, relicensed, source, licenceSource } = packages;
  if (upgraded.length + added.length + removed.length + relicensed.length === 0) return [];
  const licences = licenceSource === null ? '' : `; licences by ${SOURCES[licenceSource]}`;
  const pair = ({ name, from, to }: { name: string; from: string; to: string }): string[] =>
    [name, from, to].map(markdownText);
  const single = ({ name, version, licence }: { name: string; version: string; licence?: string }): string[] =>
    [name, version, licence ?? '-'].map(markdownText);
  return [
    '## Packages\n',
    `By ${SOURCES[source]}${licences}.\n`,
    ...section('Other versions', upgraded, ['Package', 'From', 'To', 'Licence'], (one) => [
      ...pair(one),
      markdownText(one.licence ?? '-'),
    ]),
    ...section('Added', added, ['Package', 'Version', 'Licence'], single),
    ...section('Removed', removed, ['Package', 'Version', 'Licence'], single),
    ...section('Other licences', relicensed, ['Package', 'From', 'To'], pair),
  ];
}

const section = <T>(
  title: string,
  rows: readonly T[],
  head: readonly string[],
  cells: (row: T) => string[],
): string[] => (rows.length === 0 ? [] : [`### ${title}\n`, listed(rows, head, cells)]);

function cveParts(cves: CveChanges | null): string[] {
  if (cves === null || cves.fixed.length + cves.introduced.length === 0) return [];
  const cells = (one: CveChanges['fixed'][number] | CveChanges['introduced'][number]): string[] => [
    isCve(one.id) ? link(one.id, cvePage(one.id)) : markdownText(one.id),
    markdownText(`${one.package} ${one.version}`.trim()),
    one.score === null ? '-' : String(one.score),
    markdownText('now' in one ? one.now : one.before),
  ];
  const head = (last: string): string[] => ['Vulnerability', 'Package', 'CVSS', last];
  return [
    '## Vulnerabilities\n',
    "By the build's own check, which may know more now than it did then.\n",
    ...section('Fixed', cves.fixed, head('Now'), cells),
    ...section('New', cves.introduced, head('Before'), cells),
  ];
}

function kernelParts({ from, to, options }: KernelChanges): string[] {
  const isOther = from.join() !== to.join();
  if (!isOther && (options ?? []).length === 0) return [];
  const names = (releases: readonly string[]): string => releases.map(codeSpan).join(', ') || 'none with modules';
  return [
    '## Kernel\n',
    ...(isOther ? [`From ${names(from)} to ${names(to)}.\n`] : []),
    ...section('Options', options ?? [], ['Option', 'From', 'To'], (one) => [
      codeSpan(one.option),
      codeSpan(one.from ?? 'n'),
      codeSpan(one.to ?? 'n'),
    ]),
  ];
}

function configurationParts({ settings, chain, kas }: ReleaseChanges['configuration']): string[] {
  const lines = [
    ...(settings.length === 0 ? [] : [`- Other values of ${settings.map(codeSpan).join(', ')}`]),
    ...(chain === null
      ? []
      : [`- Chain of kas files: ${codeSpan(chain.from.join(':'))} became ${codeSpan(chain.to.join(':'))}`]),
    ...(kas === null ? [] : [`- ${markdownText(kas.from)} became ${markdownText(kas.to)}`]),
  ];
  return lines.length === 0 ? [] : ['## Configuration\n', `${lines.join('\n')}\n`];
}

function partitionParts(one: PartitionChanges): string[] {
  const layout = layoutLines(one);
  const { files } = one;
  const isEmpty = files === null || files.added.length + files.removed.length + files.changed.length === 0;
  if (layout.length === 0 && isEmpty) return [];
  return [
    `## Partition ${markdownText(one.partition)}\n`,
    ...(layout.length === 0 ? [] : [`${layout.join('\n')}\n`]),
    ...(files === null ? [] : fileParts(files)),
  ];
}

function layoutLines(one: PartitionChanges): string[] {
  if (one.fromBytes === null || one.toBytes === null) return [];
  const slot = (bytes: number | null): string => (bytes === null ? 'unknown' : formatBytes(bytes));
  return [
    ...(one.fromFilesystem === one.toFilesystem
      ? []
      : [`- File system: ${one.fromFilesystem ?? 'unknown'} became ${one.toFilesystem ?? 'unknown'}`]),
    ...(one.fromSlotBytes === one.toSlotBytes
      ? []
      : [`- Slot: ${slot(one.fromSlotBytes)} became ${slot(one.toSlotBytes)}`]),
  ];
}

function fileParts({ added, removed, changed }: FileChanges): string[] {
  const became = (before: string, after: string): string => (before === after ? after : `${before} -> ${after}`);
  const single = (one: FileChanges['added'][number]): string[] => [
    codeSpan(one.path),
    formatBytes(one.bytes),
    one.mode,
    one.owner,
  ];
  return [
    ...section('Changed', permissionsFirst(changed), ['File', 'Differs in', 'Size', 'Mode', 'Owner'], (one) => [
      codeSpan(one.path),
      one.differs.join(', '),
      became(formatBytes(one.from.bytes), formatBytes(one.to.bytes)),
      became(one.from.mode, one.to.mode),
      became(one.from.owner, one.to.owner),
    ]),
    ...section('Added', added, ['File', 'Size', 'Mode', 'Owner'], single),
    ...section('Removed', removed, ['File', 'Size', 'Mode', 'Owner'], single),
  ];
}
