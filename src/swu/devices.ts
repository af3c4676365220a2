/** Which device an update writes and which one it reads, per slot. Pure. */
import type { Partition } from '../core/plan.ts';
import { ReleasePlanError } from '../core/errors.ts';

export type Slot = 'a' | 'b';

/**
 * SWUpdate passes the guard's arguments through a shell unquoted, and cuts
 * `data` (base, its size and sha256, target) at 255 bytes.
 */
const DEVICE = /^\/[A-Za-z0-9._/:+@=-]{1,83}$/;

/** The device that is written, and for a delta the one that is read. */
export interface Targets {
  device: string;
  base?: string;
}

/**
 * The devices of a partition when this slot is written; without A/B `slot` is undefined.
 *
 * @throws ReleasePlanError `swu-device` for a path that SWUpdate cannot be
 *   given, a delta without a base, or one that would overwrite its base
 */
export function targetsOf(
  partition: { name: string; kind: 'rdiff' | 'raw'; target: Partition['target'] },
  slot: Slot | undefined,
): Targets {
  const { name, kind, target } = partition;
  const found =
    'slots' in target ? { device: target.slots[slot ?? 'a'], base: target.slots[slot === 'b' ? 'a' : 'b'] } : target;
  checkDevice(name, found.device);
  if (kind === 'raw') return { device: found.device };
  if (found.base === undefined) {
    throw new ReleasePlanError(
      'swu-device',
      `partition ${name}: a delta requires slots, or a base in addition to device ${found.device}`,
      { hint: 'Set partitions[].slots or partitions[].base, or set delta: none to send the full image.' },
    );
  }
  checkDevice(name, found.base);
  if (found.base === found.device) {
    throw new ReleasePlanError(
      'swu-device',
      `partition ${name}: the delta would be written over its own base ${found.base}`,
      { hint: 'A delta reads its base while it writes the target; use two different devices.' },
    );
  }
  return { device: found.device, base: found.base };
}

function checkDevice(partition: string, device: string): void {
  if (!DEVICE.test(device)) {
    throw new ReleasePlanError(
      'swu-device',
      `partition ${partition}: ${JSON.stringify(device)} is not a device path that SWUpdate can use`,
      { hint: 'Use an absolute path of at most 84 letters, digits and . _ / : + @ = - characters.' },
    );
  }
}
