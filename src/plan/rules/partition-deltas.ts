import { partitionFacts } from '../../core/partition-type.ts';
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
    ...undeltable(['partitions', index], one),
    ...unsaid(['partitions', index], one),
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
  // rdiff_file reads the file that it replaces.
  if (partition.type === 'file') return [];
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

function undeltable(at: Pointer, { type, delta }: PartitionSource): Finding[] {
  const why = type === undefined ? undefined : partitionFacts(type).noDelta;
  if (why === undefined || delta !== 'rdiff') return [];
  return [
    {
      code: 'partition-delta-type',
      at: [...at, 'delta'],
      message: `${formatPointer(at)} is of type ${type} and cannot be updated by delta: ${why}`,
      hint: 'Write `delta: none`: the whole image is sent.',
    },
  ];
}

/** What is written on the device is lost, or kept, only because the plan says so. */
function unsaid(at: Pointer, partition: PartitionSource): Finding[] {
  const isWritable = partition.read_only !== true && !(partition.read_only === undefined && 'read_only' in partition);
  if (!isWritable || partition.delta === 'rdiff') return [];
  const shown = formatPointer(at);
  if (partition.update === 'if-changed' && !('slots' in partition))
    return [
      {
        code: 'partition-update',
        at: [...at, 'update'],
        message: `${shown} is writable and has no slots: whether a device's copy is unchanged cannot be told`,
        hint: 'Write `update: always` or `update: never`, or `read_only: true` if the device mounts it so.',
      },
    ];
  if ('update' in partition || partition.read_only === undefined) return [];
  return [
    {
      code: 'partition-update',
      severity: 'warning',
      at: [...at, 'read_only'],
      message: `${shown} is writable: each update overwrites what devices have written to it`,
      hint: 'Write `update: always` if that is meant, or `update: never` to leave it alone.',
    },
  ];
}
