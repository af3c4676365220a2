import { formatPointer, quote, type Finding } from '../finding.ts';
import { numbered, type PlanSource } from '../source.ts';

/** Names that the archive gives to files of its own. */
const RESERVED_FILES = new Set([
  'manifest.json',
  'manifest.json.sig',
  'build-info.txt',
  'delta-info.json',
  'updates',
  'kas-lock.json',
  'records',
]);

/** Partitions and their files get names in the archive; none may take another's. */
export function partitionNames(plan: PlanSource): Finding[] {
  const partitions = numbered(plan.partitions);
  const names = new Map<string, number>();
  const files = new Map<string, number>();
  const signatures = new Set(
    partitions.flatMap(([, one]) => (one.name === undefined ? [] : [`${one.name}.signature`])),
  );
  return partitions.flatMap(([index, { name, file }]) => {
    const findings: Finding[] = [];
    if (name !== undefined)
      findings.push(...taken(names, name, index, 'name', 'Use a unique name; deltas are archived by it.'));
    if (file !== undefined)
      findings.push(...taken(files, file, index, 'file', 'Use a different image for each partition.'));
    if (file !== undefined && (RESERVED_FILES.has(file) || signatures.has(file))) {
      const at = ['partitions', index, 'file'];
      findings.push({
        code: 'partition-duplicate',
        at,
        message: `${formatPointer(at)} is ${quote(file)}, a name that the archive reserves`,
        hint: 'Give the image another name in the build.',
      });
    }
    return findings;
  });
}

function taken(seen: Map<string, number>, value: string, index: number, key: 'name' | 'file', hint: string): Finding[] {
  const first = seen.get(value);
  if (first === undefined) {
    seen.set(value, index);
    return [];
  }
  return [
    {
      code: 'partition-duplicate',
      at: ['partitions', index, key],
      message: `partitions[${index}] has the ${key} ${quote(value)}, as partitions[${first}] has`,
      hint,
    },
  ];
}
