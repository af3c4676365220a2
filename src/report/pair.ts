import { pairText } from '../core/pair.ts';
import { type ArchivedPartition, type VersionManifest } from '../core/archive.ts';
import type { CheckName, CheckRow } from '../core/report.ts';

/**
 * What two versions must share before a delta between them makes sense: the
 * machine, the Yocto configuration, the partition layout, and delta
 * partitions that nothing on the device writes to.
 */
export function checkPair(base: VersionManifest, target: VersionManifest): CheckRow[] {
  const row = (check: CheckName, problems: readonly string[], good: string): CheckRow => ({
    check,
    subject: pairText({ from: base.version, to: target.version }),
    result: problems.length === 0 ? 'pass' : 'fail',
    detail: problems.length === 0 ? good : problems.join('; '),
  });
  return [
    row(
      'machine',
      differing(base, target, ['product', 'machine', 'distro', 'image']),
      `${target.machine}, ${target.distro}, ${target.image}`,
    ),
    row('configuration', configurationProblems(base, target), `sha256 ${target.configuration.digest.slice(0, 12)}`),
    row(
      'layout',
      layoutProblems(base, target),
      target.partitions.map((one) => `${one.name}: ${one.filesystem}`).join(', '),
    ),
    row('read-only', writableDeltas(target), 'no delta partition is written to on the device'),
  ];
}

function differing(
  base: VersionManifest,
  target: VersionManifest,
  keys: ReadonlyArray<'product' | 'machine' | 'distro' | 'image'>,
): string[] {
  return keys
    .filter((key) => base[key] !== target[key])
    .map((key) => `${key} is ${base[key]} in ${base.version} and ${target[key]} in ${target.version}`);
}

/** Names of the settings that two configurations do not share, sorted. */
export const differingSettings = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]).sort();

/** How many differing settings a row names; the manifests hold all. */
const NAMED_SETTINGS = 8;

function configurationProblems(base: VersionManifest, target: VersionManifest): string[] {
  if (base.configuration.digest === target.configuration.digest) return [];
  const [a, b] = [base.configuration.settings, target.configuration.settings];
  const names = differingSettings(a, b);
  const whereOf = (name: string): string =>
    a[name] === undefined ? `only in ${target.version}` : b[name] === undefined ? `only in ${base.version}` : 'differs';
  const named = names.slice(0, NAMED_SETTINGS).map((name) => `${name} (${whereOf(name)})`);
  const more = names.length > NAMED_SETTINGS ? ` and ${names.length - NAMED_SETTINGS} more` : '';
  return [`the Yocto configuration differs: ${named.join(', ')}${more}`];
}

function layoutProblems(base: VersionManifest, target: VersionManifest): string[] {
  const names = [...new Set([...base.partitions, ...target.partitions].map((one) => one.name))];
  const problems = names.flatMap((name) => {
    const [a, b] = [base, target].map((manifest) => manifest.partitions.find((one) => one.name === name));
    if (a === undefined || b === undefined)
      return [`partition ${name} exists only in ${a === undefined ? target.version : base.version}`];
    return partitionProblems(a, b, base.version, target.version);
  });
  const [a, b] = [tablesOf(base), tablesOf(target)];
  if (a.length > 0 && b.length > 0 && JSON.stringify(a) !== JSON.stringify(b))
    problems.push('the partition tables of the disk images (.wic) differ');
  return problems;
}

/** The tables without the names of their images, which may hold the version. */
const tablesOf = (manifest: VersionManifest): unknown[] => Object.values(manifest.partitionTables);

function partitionProblems(a: ArchivedPartition, b: ArchivedPartition, from: string, to: string): string[] {
  const problems: string[] = [];
  if (a.filesystem !== b.filesystem)
    problems.push(`${a.name} is ${a.filesystem} in ${from} and ${b.filesystem} in ${to}`);
  if (a.slotSizeBytes !== b.slotSizeBytes)
    problems.push(
      `the slot of ${a.name} has ${a.slotSizeBytes ?? 'no known'} bytes in ${from} and ` +
        `${b.slotSizeBytes ?? 'no known'} in ${to}`,
    );
  return problems;
}

const writableDeltas = (target: VersionManifest): string[] =>
  target.partitions
    .filter((one) => one.delta !== 'none' && !one.readOnly)
    .map((one) => `${one.name} is written to on the device, so its bytes are no base for a delta`);
