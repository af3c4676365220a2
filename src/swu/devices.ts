/** Where an update writes and what it reads, per slot, as SWUpdate's handlers want it said. Pure. */
import { partitionFacts, type PartitionType } from '../core/partition-type.ts';
import type { Partition } from '../core/plan.ts';
import { ReleasePlanError } from '../core/errors.ts';

export type Slot = 'a' | 'b';

/**
 * SWUpdate passes the guard's arguments through a shell unquoted, and cuts
 * `data` (base, its size and sha256, target, its size) at 255 bytes.
 */
const DEVICE = /^\/[A-Za-z0-9._/:+@=-]{1,79}$/;

/** The name of a UBI volume; the kernel allows 127 bytes. */
const VOLUME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,126}$/;

/** The place that is written, and for a delta the one that is read. */
export interface Targets {
  /** A device, a volume or a path, as the type of the partition has it. */
  device: string;
  base?: string;
}

/** What SWUpdate has to know of an engine's deltas. */
export interface DeltaFormat {
  /** The handler that applies one, by where it writes. */
  handlers: Readonly<Record<'block' | 'file', string>>;
  /** What the name of such a payload ends with, before that of its compression. */
  suffix: string;
}

/** A partition as far as its places go. */
export interface Placed {
  name: string;
  /** What kind of place; see {@link PartitionType}. */
  type: PartitionType;
  /** The format of the delta that is its payload; undefined where that is the image. */
  delta: DeltaFormat | undefined;
  target: Partition['target'];
}

/**
 * The places of a partition when this slot is written; without A/B `slot` is undefined.
 *
 * @throws ReleasePlanError `swu-device` for a path that SWUpdate cannot be
 *   given, a delta without a base, or one that would overwrite its base
 */
export function targetsOf(partition: Placed, slot: Slot | undefined): Targets {
  const { name, delta, target, type } = partition;
  const found =
    'slots' in target ? { device: target.slots[slot ?? 'a'], base: target.slots[slot === 'b' ? 'a' : 'b'] } : target;
  checkPlace(partition, found.device);
  if (delta === undefined) return { device: found.device };
  // rdiff_file reads the file that it replaces.
  if (type === 'file') return { device: found.device, base: found.device };
  if (found.base === undefined) {
    throw new ReleasePlanError(
      'swu-device',
      `partition ${name}: a delta requires slots, or a base in addition to device ${found.device}`,
      { hint: 'Set partitions[].slots or partitions[].base, or set delta: none to send the full image.' },
    );
  }
  checkPlace(partition, found.base);
  if (found.base === found.device) {
    throw new ReleasePlanError(
      'swu-device',
      `partition ${name}: the delta would be written over its own base ${found.base}`,
      { hint: 'A delta reads its base while it writes the target; use two different devices.' },
    );
  }
  return { device: found.device, base: found.base };
}

function checkPlace({ name, type }: Placed, place: string): void {
  const isVolume = partitionFacts(type).place === 'name';
  if ((isVolume ? VOLUME : DEVICE).test(place)) return;
  const wanted = isVolume
    ? 'Use the name of a UBI volume: letters, digits and . _ + -.'
    : 'Use an absolute path of letters, digits and . _ / : + @ = - with at most 80 characters.';
  throw new ReleasePlanError(
    'swu-device',
    `partition ${name}: ${JSON.stringify(place)} is not a ${isVolume ? 'volume' : 'device path'} that ` +
      'SWUpdate can use',
    { hint: wanted },
  );
}

/** How a sw-description says where an entry goes. */
export interface Handler {
  /** The section that the entry stands in. */
  section: 'images' | 'files';
  /** The name of the handler. */
  type: string;
  /** The setting that holds the place. */
  setting: 'device' | 'volume' | 'path';
  /** What keeps the place from being read before and after; undefined for block devices and files. */
  unreadable?: string;
}

/**
 * The handler of SWUpdate for a partition.
 *
 * @see SWUpdate's doc/source/handlers.rst
 */
export function handlerOf({ type, delta }: Pick<Placed, 'type' | 'delta'>): Handler {
  switch (type) {
    case 'block':
      return { section: 'images', type: delta?.handlers.block ?? 'raw', setting: 'device' };
    case 'file':
      return { section: 'files', type: delta?.handlers.file ?? 'rawfile', setting: 'path' };
    case 'ubivol':
      return { section: 'images', type: 'ubivol', setting: 'volume', unreadable: 'it is a UBI volume' };
    case 'flash':
      // Bad blocks are skipped, so that what stands where is the driver's business.
      return { section: 'images', type: 'flash', setting: 'device', unreadable: 'it is raw flash' };
  }
}
