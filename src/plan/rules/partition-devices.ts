import { posix } from 'node:path';
import { partitionFacts } from '../../core/partition-type.ts';
import { formatPointer, quote, type Finding, type Pointer } from '../finding.ts';
import { numbered, type PartitionSource, type PlanSource } from '../source.ts';

/** Each partition says where it is written, and no two write, or read as base, the same device. */
export function partitionDevices(plan: PlanSource): Finding[] {
  const partitions = numbered(plan.partitions);
  const single = partitions.flatMap(([index, one]) => {
    const at = ['partitions', index];
    return [...target(at, one), ...places(at, one)];
  });
  return [...single, ...shared(partitions)];
}

/** UBI volumes have names, everything else has paths. */
function places(at: Pointer, { type = 'block', slots, device, base }: PartitionSource): Finding[] {
  const isVolume = partitionFacts(type).place === 'name';
  const all: Array<[string | undefined, Pointer]> = [
    [slots?.a, [...at, 'slots', 'a']],
    [slots?.b, [...at, 'slots', 'b']],
    [device, [...at, 'device']],
    [base, [...at, 'base']],
  ];
  return all
    .filter(([place]) => place !== undefined && place.startsWith('/') === isVolume)
    .map(([place, where]) => ({
      code: 'partition-target',
      at: where,
      message: `${formatPointer(where)} is ${quote(place)}, which is ${isVolume ? 'a path and no volume' : 'no path'}`,
      hint: isVolume ? 'Write the name of the UBI volume, such as rootfs_a.' : 'Write an absolute path.',
    }));
}

function target(at: Pointer, partition: PartitionSource): Finding[] {
  const shown = formatPointer(at);
  const hasSlots = 'slots' in partition;
  const hasDevice = 'device' in partition;
  if (!hasSlots && !hasDevice) {
    return [
      {
        code: 'partition-target',
        at,
        message: `${shown} has neither "slots" nor "device"`,
        hint: 'Add `slots: { a: ..., b: ... }` for A/B, or `device: ...`.',
      },
    ];
  }
  if (hasSlots && hasDevice) {
    return [
      {
        code: 'partition-target',
        at: [...at, 'device'],
        on: 'key',
        message: `${shown} has both "slots" and "device"`,
        hint: 'Keep `slots` for A/B updates, or `device` otherwise.',
      },
    ];
  }
  if (hasSlots && 'base' in partition) {
    return [
      {
        code: 'partition-target',
        at: [...at, 'base'],
        on: 'key',
        message: `${shown} has both "base" and "slots"`,
        hint: 'Remove `base`; with slots, the base is the slot in use.',
      },
    ];
  }
  return [];
}

interface Use {
  device: string;
  at: Pointer;
  partition: number;
  isBase: boolean;
}

function usesOf(index: number, { slots, device, base }: PartitionSource): Use[] {
  const at = ['partitions', index];
  const uses: Array<[string | undefined, Pointer, boolean]> = [
    [slots?.a, [...at, 'slots', 'a'], false],
    [slots?.b, [...at, 'slots', 'b'], false],
    [device, [...at, 'device'], false],
    [base, [...at, 'base'], true],
  ];
  return uses.flatMap(([path, at, isBase]) =>
    path === undefined ? [] : [{ device: posix.normalize(path), at, partition: index, isBase }],
  );
}

function shared(partitions: ReadonlyArray<[number, PartitionSource]>): Finding[] {
  const first = new Map<string, Use>();
  return partitions
    .flatMap(([index, one]) => usesOf(index, one))
    .flatMap((use): Finding[] => {
      const other = first.get(use.device);
      if (other === undefined) {
        first.set(use.device, use);
        return [];
      }
      // Nothing writes a base that only serves as base.
      if (use.isBase && other.isBase) return [];
      return [
        {
          code: 'partition-device-shared',
          at: use.at,
          message: `${formatPointer(use.at)} is ${quote(use.device)}, as ${formatPointer(other.at)} is`,
          hint: hintFor(use, other),
        },
      ];
    });
}

function hintFor(use: Use, other: Use): string {
  if (use.partition !== other.partition)
    return 'One would overwrite the other; use a different device for each partition.';
  return use.isBase
    ? 'A delta cannot be written over its own base; set `base` to another device.'
    : 'Slots a and b have to be different devices; an update writes to one while the other is in use.';
}
