import { formatPointer, type Finding, type Pointer } from '../finding.ts';
import { numbered, type PartitionSource, type PlanSource } from '../source.ts';
import { parseSizeBytes } from '../../text/units.ts';

const SECTOR_BYTES = 512;

/** A partition that is updated by delta has a base, which nothing writes to; slot sizes are whole sectors. */
export function partitionsTakeDeltas(plan: PlanSource): Finding[] {
  const partitions = numbered(plan.partitions);
  const findings = partitions.flatMap(([index, one]) => [
    ...writable(['partitions', index], one),
    ...baseless(['partitions', index], one),
    ...unevenSize(['partitions', index], one),
  ]);
  if (partitions.length > 0 && partitions.every(([, one]) => !('version_file' in one))) {
    findings.push({
      code: 'version-unproven',
      severity: 'warning',
      at: ['partitions'],
      on: 'key',
      message: 'no partition has a "version_file", so nothing shows which version an image really contains',
      hint:
        'Set it to a file in the image that contains BUILD_VERSION, such as /etc/buildinfo; kas also exits 0 after a ' +
        'stale build.',
    });
  }
  return findings;
}

/** Whether the plan says that a partition is updated by delta. */
const isDelta = ({ delta }: PartitionSource): boolean => delta !== undefined && delta !== 'none';

function writable(at: Pointer, partition: PartitionSource): Finding[] {
  if (
    !isDelta(partition) ||
    partition.read_only === true ||
    (partition.read_only === undefined && 'read_only' in partition)
  )
    return [];
  return [
    {
      code: 'partition-writable',
      at: 'read_only' in partition ? [...at, 'read_only'] : [...at, 'delta'],
      message: `${formatPointer(at)} is updated by delta but not read-only; once the device writes to it no delta fits`,
      hint: 'Set `read_only: true` if the device mounts it read-only; otherwise set `delta: none`.',
    },
  ];
}

function baseless(at: Pointer, partition: PartitionSource): Finding[] {
  if (!isDelta(partition) || !('device' in partition) || 'slots' in partition || 'base' in partition) return [];
  return [
    {
      code: 'partition-base-missing',
      at: [...at, 'device'],
      on: 'key',
      message: `${formatPointer(at)} is updated by delta but has no "base" to apply it to`,
      hint: 'Set `base` to the device with the base, use `slots`, or set `delta: none`.',
    },
  ];
}

function unevenSize(at: Pointer, { slot_size: size }: PartitionSource): Finding[] {
  if (size === undefined) return [];
  const bytes = parseSizeBytes(size);
  if (bytes !== undefined && bytes > 0 && bytes % SECTOR_BYTES === 0) return [];
  const why =
    bytes === undefined
      ? 'too large'
      : bytes === 0
        ? 'nothing'
        : `${bytes} bytes, which is not a multiple of ${SECTOR_BYTES}`;
  return [
    {
      code: 'partition-slot-size',
      at: [...at, 'slot_size'],
      message: `${formatPointer(at)}.slot_size is ${why}`,
      hint: 'Use the size from the partition table, such as 512MiB.',
    },
  ];
}
